/**
 * What all maps of one pool share: its options, its sections, the runs that are under way.
 *
 * @module
 */
import { describe } from "../describe.ts";
import { PoolClosedError } from "../errors.ts";
import { cpuCount } from "../process/cpu_count.ts";
import { isForkedChild } from "../process/identity.ts";
import { ControlMemory } from "./control.ts";
import { getDebug } from "./debug.ts";
import type { Work } from "./job.ts";
import type { Backend, ResolvedMapOptions, ResolvedPoolOptions } from "./options.ts";
import { anySeed } from "./random.ts";
import type { Run } from "./run.ts";
import { Sections } from "./sections.ts";
import type { SerialTask } from "./serial.ts";
import type { WorkerTask } from "./worker_loop.ts";

/** One map of the pool: what is done with its items, and how. */
export interface MapParts {
  readonly work: Work<unknown, unknown>;
  readonly options: ResolvedMapOptions<unknown, unknown>;
}

/** How a map's items come to its workers. */
export interface ItemParts {
  /** The number of workers. */
  readonly np: number;
  /** The item at an index. */
  readonly itemAt: (index: number) => unknown;
  /** Whether somebody waits for each result. */
  readonly isEager: boolean;
}

/** The state of one pool. */
export class PoolState {
  readonly backend: Backend;
  readonly sections: Sections;
  readonly #np: number | undefined;
  readonly #shared: unknown;
  readonly #active = new Set<Run>();
  #isClosed = false;

  /** The state of a pool with these options; nothing is forked yet. */
  constructor({ np, backend = "fork", shared, seed }: ResolvedPoolOptions) {
    this.backend = backend;
    this.sections = new Sections(seed ?? anySeed());
    this.#np = np;
    this.#shared = shared;
  }

  /** The number of workers: as given, else `cpuCount()`, or 1 inside a job. */
  get np(): number {
    return this.#np ?? (isForkedChild() ? 1 : cpuCount());
  }

  /** Whether the pool was disposed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether maps run in this process, as of now. */
  get runsHere(): boolean {
    return getDebug() || this.backend === "serial" || this.np === 0;
  }

  /**
   * Checks what every map checks first.
   *
   * @throws {PoolClosedError} when the pool was disposed
   * @throws {TypeError} when `work` is no function
   */
  checkCall(action: string, work: unknown): asserts work is Work<unknown, unknown> {
    if (this.#isClosed) throw new PoolClosedError();
    if (typeof work !== "function") {
      throw new TypeError(`${action}: work must be a function, got ${describe(work)}`);
    }
  }

  /** What the workers of a map are given. */
  workerTask({ work, options }: MapParts, { np, itemAt, isEager }: ItemParts): WorkerTask {
    return {
      memory: ControlMemory.borrow(np),
      rules: { schedule: options.schedule, chunkSize: options.chunkSize, np },
      sections: this.sections,
      work,
      itemAt,
      star: options.star,
      shared: options.shared ?? this.#shared,
      signal: options.signal,
      isTimed: options.jobTimeout < Infinity,
      stopsAtError: options.onError === "throw",
      isEager,
    };
  }

  /** What a map in this process is given. */
  serialTask({ work, options }: MapParts): SerialTask {
    return {
      sections: this.sections,
      work,
      shared: options.shared ?? this.#shared,
      options,
      isDebug: getDebug(),
      isClosed: () => this.#isClosed,
    };
  }

  /** `run` has begun. */
  enter(run: Run): void {
    this.#active.add(run);
  }

  /** `run` has ended. */
  leave(run: Run): void {
    this.#active.delete(run);
    this.#giveBackIfIdle();
  }

  /** Ends what runs, and takes no more. */
  close(): void {
    this.#isClosed = true;
    for (const run of this.#active) run.fail(new PoolClosedError());
    this.#giveBackIfIdle();
  }

  #giveBackIfIdle(): void {
    if (this.#isClosed && this.#active.size === 0) this.sections.lock.unshare();
  }
}
