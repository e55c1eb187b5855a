/**
 * `critical` and `ordered` as users call them, and the worker's place that they depend on.
 *
 * @module
 */
import { DeadlockError } from "../errors.ts";
import { Mutex, MUTEX_WORDS } from "../sync/mutex.ts";
import type { Turnstile } from "../sync/turnstile.ts";
import { self } from "../process/identity.ts";
import { lendMutex, type LentMutex } from "../sync/lock_page.ts";
import { JobRandom, OUTSIDE_JOBS, type Seed } from "./random.ts";

/** A section that one worker at a time is in. */
export interface Critical {
  /**
   * Runs `body` while no other worker of this pool is in `critical`; its value. Blocks while another is.
   *
   * @throws {DeadlockError} when this worker is in it already
   */
  <T>(body: () => T): T;
  /**
   * Enters until the guard is disposed: `using _ = pool.critical.enter()`.
   *
   * @throws {DeadlockError} when this worker is in it already
   */
  enter(): Disposable;
  /** How many workers died inside: what they were changing may be half done. */
  readonly abandoned: number;
}

/** A section that jobs pass in input order. */
export interface Ordered {
  /**
   * Runs `body` when every job before this one has passed or ended; its value. Blocks until then.
   *
   * @throws {DeadlockError} when this job has been in it already
   */
  <T>(body: () => T): T;
  /**
   * Enters until the guard is disposed: `using _ = pool.ordered.enter()`.
   *
   * @throws {DeadlockError} when this job has been in it already
   */
  enter(): Disposable;
}

/** Per-worker namespace; anything may be kept in it. */
export interface WorkerLocal {
  /** 0…np-1 in a worker, `undefined` outside. */
  rank: number | undefined;
  /** Whatever a job keeps for later jobs of its worker. */
  [name: string]: unknown;
}

/** Where in a map the running code is. */
export interface WorkerPlace {
  readonly rank: number;
  readonly local: WorkerLocal;
  /** Waits for turns; absent where jobs run one after the other anyway. */
  readonly turnstile: Turnstile | undefined;
  /** The job that runs. */
  index: number;
  /** The last job that entered `ordered`. */
  orderedIndex: number;
  /** Whether that job is still inside. */
  isInOrdered: boolean;
}

/** Locks of pools that were collected without having been disposed. */
const abandonedLocks = new FinalizationRegistry<LentMutex>(giveBack);

/** Those of all pools that were not disposed: a job may enter the sections of any pool, not only of its own. */
const live = new Set<WeakRef<Sections>>();
/** When there are more, those that were collected are looked for. */
let sweepAt = 64;

/** Runs of this process that are under way: their workers may use the lock of any pool. */
let runs = 0;
let returned: LentMutex[] = [];
let runner = 0;

/** To be called before a run forks: its workers share the locks of all pools. */
export function shareLocks(): void {
  forgetInherited();
  runs++;
  for (const sections of liveSections()) sections.share();
}

/** To be called when the workers of a run are gone. */
export function unshareLocks(): void {
  if (--runs > 0) return;
  for (const lent of returned) lent.giveBack();
  returned = [];
}

/** Frees whatever a worker that has died was in; nobody needs to be told by `untold`. */
export function releaseLocksOf(pid: number, untold: Sections | undefined): void {
  for (const sections of liveSections()) sections.mutex.releaseFor(pid, sections === untold);
}

function* liveSections(): Generator<Sections> {
  for (const ref of live) {
    const sections = ref.deref();
    if (sections === undefined) live.delete(ref);
    else yield sections;
  }
}

/** A child's parent has runs of its own, and gives back what it has to. */
function forgetInherited(): void {
  if (runner === self.pid) return;
  runner = self.pid;
  runs = 0;
  returned = [];
}

function giveBack(lent: LentMutex): void {
  forgetInherited();
  if (runs > 0) returned.push(lent);
  else lent.giveBack();
}

/** The sections of one pool. A forked child works on its own copy of this object and on the same lock. */
export class Sections {
  /** Where the running code is; `undefined` outside of jobs. */
  place: WorkerPlace | undefined;
  /** The pool's `critical`. */
  readonly critical: Critical;
  /** The pool's `ordered`. */
  readonly ordered: Ordered;
  readonly #outside: WorkerLocal = { rank: undefined };
  readonly #random: JobRandom;
  #mutex = new Mutex(new Int32Array(MUTEX_WORDS), 0);
  #lent: LentMutex | undefined;
  readonly #ref = new WeakRef(this);
  /** The process that last shared the lock with workers, whether it was inside then, and who was when it was forked. */
  #sharer = 0;
  #wasInside = false;
  #insideBefore = 0;

  /** Makes the sections; `seed` fixes the streams of `random()`. */
  constructor(seed: Seed) {
    this.#random = new JobRandom(seed);
    this.#random.start(OUTSIDE_JOBS);
    this.critical = makeCritical(this);
    this.ordered = makeOrdered(this);
    live.add(this.#ref);
    if (live.size < sweepAt) return;
    for (const _ of liveSections()); // forgets those that were collected
    sweepAt = Math.max(64, 2 * live.size);
  }

  /** Per-worker namespace. */
  get local(): WorkerLocal {
    return this.place?.local ?? this.#outside;
  }

  /** The next number of the running job's stream. */
  random(): number {
    return this.#random.next();
  }

  /** The lock of `critical`. */
  get mutex(): Mutex {
    return this.#mutex;
  }

  /** Has the lock in shared memory, for workers that are about to be forked; until then only this process could hold it. */
  share(): void {
    const isHeld = this.#mutex.isHeld;
    this.#insideBefore = this.#blockedHolder();
    this.#sharer = self.pid;
    this.#wasInside = isHeld;
    if (this.#lent !== undefined) return;
    this.#lent = lendMutex();
    this.#mutex = this.#lent.mutex;
    if (isHeld) this.#mutex.tryAcquire();
    abandonedLocks.register(this, this.#lent, this.#lent);
  }

  /** Gives the shared lock back; no run of the pool may be under way. */
  unshare(): void {
    if (this.#mutex.isHeld) return;
    live.delete(this.#ref);
    if (this.#lent === undefined) return;
    abandonedLocks.unregister(this.#lent);
    giveBack(this.#lent);
    this.#lent = undefined;
    this.#mutex = new Mutex(new Int32Array(MUTEX_WORDS), 0);
  }

  /** The process above this one that was inside when it forked, and waits: for this one, as far as anybody can tell. */
  #blockedHolder(): number {
    return this.#sharer !== self.pid && this.#wasInside ? this.#sharer : this.#insideBefore;
  }

  /** The job at `index` begins. */
  startJob(place: WorkerPlace, index: number): void {
    place.index = index;
    this.#random.start(index);
  }

  /** Waits for the lock. */
  acquire(): void {
    if (this.#mutex.tryAcquire()) return;
    if (this.#mutex.isHeld) {
      throw new DeadlockError(
        "critical was entered again by the worker that is in it: it would wait for itself for ever",
      );
    }
    const holder = this.#blockedHolder();
    if (holder !== 0 && this.#mutex.isHeldBy(holder)) {
      throw new DeadlockError(
        "critical is held by the code that started this map and waits for it: start the map outside of critical",
      );
    }
    this.#mutex.acquire();
  }

  /** Waits for the running job's turn. */
  enterOrdered(): WorkerPlace {
    const { place } = this;
    if (place === undefined) {
      throw new TypeError("ordered: wanted inside of a job of this pool's map, got called outside");
    }
    if (place.orderedIndex === place.index) {
      throw new DeadlockError(
        `ordered was entered twice by job ${place.index}: its turn is over, and would not come again`,
      );
    }
    place.turnstile?.enter(place.index);
    place.orderedIndex = place.index;
    place.isInOrdered = true;
    return place;
  }

  /** Passes the turn to the next job. */
  leaveOrdered(place: WorkerPlace): void {
    if (!place.isInOrdered) return;
    place.isInOrdered = false;
    place.turnstile?.raise(place.orderedIndex + 1);
  }
}

function makeCritical(sections: Sections): Critical {
  function critical<T>(body: () => T): T {
    sections.acquire();
    try {
      return settled(body(), "critical");
    } finally {
      sections.mutex.release();
    }
  }
  const enter = (): Disposable => {
    sections.acquire();
    const { mutex } = sections;
    const owner = self.pid;
    let isInside = true;
    return {
      [Symbol.dispose](): void {
        if (isInside && owner === self.pid) mutex.release();
        isInside = false;
      },
    };
  };
  return Object.defineProperty(Object.assign(critical, { enter, abandoned: 0 }), "abandoned", {
    get: () => sections.mutex.abandoned,
    enumerable: true,
  });
}

function makeOrdered(sections: Sections): Ordered {
  function ordered<T>(body: () => T): T {
    const place = sections.enterOrdered();
    try {
      return settled(body(), "ordered");
    } finally {
      sections.leaveOrdered(place);
    }
  }
  const enter = (): Disposable => {
    const place = sections.enterOrdered();
    const { index } = place;
    return {
      [Symbol.dispose](): void {
        if (place.index === index) sections.leaveOrdered(place);
      },
    };
  };
  return Object.assign(ordered, { enter });
}

function settled<T>(value: T, section: string): T {
  if (isThenable(value)) {
    throw new TypeError(
      `${section}: wanted a body that ends before it returns, got one that returns a promise`,
    );
  }
  return value;
}

/** Whether `value` is what `await` would wait for. */
export function isThenable(value: unknown): boolean {
  return ((typeof value === "object" && value !== null) || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function";
}
