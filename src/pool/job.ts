/**
 * What a job is given besides its item.
 *
 * @module
 */
import type { Critical } from "./critical.ts";
import type { Ordered } from "./ordered.ts";
import type { Sections } from "./sections.ts";
import type { WorkerLocal, WorkerPlace } from "./worker_place.ts";

/** The second argument of `work`: the same function runs wherever nothing can be captured. */
export interface Job<S = unknown> {
  /** The job's position in the input. */
  readonly index: number;
  /** The worker's rank, 0…np-1. */
  readonly rank: number;
  /** The number of workers. */
  readonly np: number;
  /** The pool's `critical`. */
  readonly critical: Critical;
  /** The pool's `ordered`. */
  readonly ordered: Ordered;
  /** The worker's namespace. */
  readonly local: WorkerLocal;
  /** The option `shared`. */
  readonly shared: S;
  /** The next number of the job's own stream, 0 ≤ x < 1. */
  random(): number;
  /** The map's signal. A forked worker never sees it fire: it is killed. */
  readonly signal: AbortSignal;
}

/** Runs on an item; under `fork` a closure over anything. */
export type Work<T, R, S = unknown> = (item: T, job: Job<S>) => R;

/** Work that takes its item apart, with `star: true`: the item's elements, then the job. */
export type StarWork<T extends readonly unknown[], R> = (
  ...values: number extends T["length"] ? T[number][] : [...T, Job]
) => R;

/** Items are arrays of arguments. */
export interface StarOption {
  /** `work(...item, job)`. */
  star: true;
}

/** One object serves all jobs of a worker; its index moves on. */
export class WorkerJob implements Job {
  readonly #sections: Sections;
  readonly #place: WorkerPlace;
  readonly np: number;
  readonly shared: unknown;
  /** A property, so that it may be taken apart from the object. */
  readonly random: () => number;
  #signal: AbortSignal | undefined;

  /** Makes the object for the worker at `place`. */
  constructor(
    sections: Sections,
    place: WorkerPlace,
    np: number,
    shared: unknown,
    signal: AbortSignal | undefined,
  ) {
    this.#sections = sections;
    this.#place = place;
    this.np = np;
    this.shared = shared;
    this.#signal = signal;
    this.random = () => sections.random();
  }

  get index(): number {
    return this.#place.index;
  }

  get rank(): number {
    return this.#place.rank;
  }

  get critical(): Critical {
    return this.#sections.critical;
  }

  get ordered(): Ordered {
    return this.#sections.ordered;
  }

  get local(): WorkerLocal {
    return this.#place.local;
  }

  get signal(): AbortSignal {
    return this.#signal ??= new AbortController().signal;
  }
}
