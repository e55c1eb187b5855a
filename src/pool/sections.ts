/**
 * What the jobs of one pool meet: its sections, the worker's namespace, random numbers.
 *
 * @module
 */
import { type Critical, makeCritical } from "./critical.ts";
import { CriticalLock } from "./critical_lock.ts";
import { makeOrdered, type Ordered } from "./ordered.ts";
import { JobRandom, OUTSIDE_JOBS, type Seed } from "./random.ts";
import type { WorkerLocal, WorkerPlace } from "./worker_place.ts";

/** The sections of one pool. A forked child works on its own copy of this object and on the same lock. */
export class Sections {
  /** Where the running code is; `undefined` outside of jobs. */
  place: WorkerPlace | undefined;
  /** The lock of `critical`. */
  readonly lock: CriticalLock = new CriticalLock();
  /** The pool's `critical`. */
  readonly critical: Critical = makeCritical(this.lock);
  /** The pool's `ordered`. */
  readonly ordered: Ordered = makeOrdered(() => this.place);
  readonly #outside: WorkerLocal = { rank: undefined };
  readonly #random: JobRandom;

  /** Makes the sections; `seed` fixes the streams of `random()`. */
  constructor(seed: Seed) {
    this.#random = new JobRandom(seed);
    this.#random.start(OUTSIDE_JOBS);
  }

  /** Per-worker namespace. */
  get local(): WorkerLocal {
    return this.place?.local ?? this.#outside;
  }

  /** The next number of the running job's stream. */
  random(): number {
    return this.#random.next();
  }

  /** The job at `index` begins. */
  startJob(place: WorkerPlace, index: number): void {
    place.index = index;
    this.#random.start(index);
  }
}
