/**
 * The lock behind a pool's `critical`, and the list of all pools' locks: a job may enter the sections of any pool, not
 * only of its own, so before a run forks all of them move to shared memory, and a worker's death frees it in all.
 *
 * ```
 *  made ─▶ private words ── a run forks ─▶ a place in the page of locks ── disposed or collected, no run ─▶ given back
 * ```
 *
 * @module
 */
import { DeadlockError } from "../errors.ts";
import { self } from "../process/identity.ts";
import { lendMutex, type LentMutex } from "../sync/lock_page.ts";
import { Mutex, MUTEX_WORDS } from "../sync/mutex.ts";

/** Those of all pools that were not disposed. */
const live = new Set<WeakRef<CriticalLock>>();
/** When there are more, those that were collected are looked for. */
let sweepAt = 64;

/** Locks of pools that were collected without having been disposed. */
const abandonedLocks = new FinalizationRegistry<LentMutex>(giveBack);

/** Runs of this process that are under way: their workers may use the lock of any pool. */
let runs = 0;
let returned: LentMutex[] = [];
let runner = 0;

/** To be called before a run forks: its workers share the locks of all pools. */
export function shareLocks(): void {
  forgetInherited();
  runs++;
  for (const lock of liveLocks()) lock.share();
}

/** To be called when the workers of a run are gone. */
export function unshareLocks(): void {
  if (--runs > 0) return;
  for (const lent of returned) lent.giveBack();
  returned = [];
}

/** Frees whatever a worker that has died was in; nobody needs to be told by `untold`. */
export function releaseLocksOf(pid: number, untold: CriticalLock | undefined): void {
  for (const lock of liveLocks()) lock.releaseFor(pid, lock === untold);
}

function* liveLocks(): Generator<CriticalLock> {
  for (const ref of live) {
    const lock = ref.deref();
    if (lock === undefined) live.delete(ref);
    else yield lock;
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

/** The lock of one pool. A forked child works on its own copy of this object and on the same words. */
export class CriticalLock {
  #mutex = new Mutex(new Int32Array(MUTEX_WORDS), 0);
  #lent: LentMutex | undefined;
  readonly #ref = new WeakRef(this);
  /** The process that last shared the lock with workers, whether it was inside then, and who was when it was forked. */
  #sharer = 0;
  #wasInside = false;
  #insideBefore = 0;

  /** Makes the lock, in private memory until a run forks. */
  constructor() {
    live.add(this.#ref);
    if (live.size < sweepAt) return;
    for (const _ of liveLocks()); // forgets those that were collected
    sweepAt = Math.max(64, 2 * live.size);
  }

  /** Whether this process is inside. */
  get isHeld(): boolean {
    return this.#mutex.isHeld;
  }

  /** How many workers died inside. */
  get abandoned(): number {
    return this.#mutex.abandoned;
  }

  /**
   * Waits for the lock. Blocks.
   *
   * @throws {DeadlockError} when this process is inside, or one that waits for it
   */
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

  /** Gives it back. This process must be inside. */
  release(): void {
    this.#mutex.release();
  }

  /** Frees it if `pid`, which has died and is not reaped yet, was inside; counted as abandoned unless `isExpected`. */
  releaseFor(pid: number, isExpected: boolean): void {
    this.#mutex.releaseFor(pid, isExpected);
  }

  /** Moves it to shared memory, for workers that are about to be forked; until then only this process could hold it. */
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

  /** Gives the place in shared memory back; no run of the pool may be under way. */
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
}
