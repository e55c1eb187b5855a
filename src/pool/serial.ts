/**
 * Maps that run in the master: `np: 0`, the serial backend, debug mode, fewer than `minLength` items.
 *
 * @module
 */
import { AsyncJobError, JobTimeoutError, PoolClosedError } from "../errors.ts";
import { self } from "../process/identity.ts";
import type { ThrownValue } from "../transport/result_reader.ts";
import { type Work, WorkerJob } from "./job.ts";
import type { ResolvedMapOptions } from "./options.ts";
import type { Sections } from "./sections.ts";
import { isThenable } from "./thenable.ts";
import { placeOf, type WorkerPlace } from "./worker_place.ts";

/** What a serial map needs to know. */
export interface SerialTask {
  readonly sections: Sections;
  readonly work: Work<unknown, unknown>;
  readonly shared: unknown;
  readonly options: ResolvedMapOptions<unknown, unknown>;
  /** Exceptions pass unwrapped. */
  readonly isDebug: boolean;
  /** Whether the pool was disposed meanwhile. */
  readonly isClosed: () => boolean;
}

/** Runs jobs one after the other. */
export class SerialRunner {
  readonly #task: SerialTask;
  readonly #place: WorkerPlace = placeOf(0, undefined);
  readonly #job: WorkerJob;
  readonly #startedMs = performance.now();

  /** Makes the runner of one map. */
  constructor(task: SerialTask) {
    this.#task = task;
    this.#job = new WorkerJob(task.sections, this.#place, 1, task.shared, task.options.signal);
  }

  /**
   * Runs the job at `index`. What the job throws goes to `failed`, or in debug mode without "settle" to the caller.
   *
   * @throws what ends the map: a timeout, the signal's reason, the pool's end
   */
  run(
    index: number,
    item: unknown,
    put: (index: number, value: unknown) => void,
    failed: (index: number, thrown: ThrownValue, refused: boolean) => void,
  ): void {
    const { sections, work, options, isDebug, isClosed } = this.#task;
    if (isClosed()) throw new PoolClosedError();
    options.signal?.throwIfAborted();
    const outer = sections.place;
    sections.place = this.#place;
    sections.startJob(this.#place, index);
    const startMs = performance.now();
    let value: unknown;
    try {
      value = options.star
        ? (work as (...values: unknown[]) => unknown)(...item as Iterable<unknown>, this.#job)
        : work(item, this.#job);
    } catch (error) {
      if (isDebug && options.onError === "throw") throw error;
      const stack = error instanceof Error ? error.stack ?? "" : "";
      failed(index, { error, stack, lossy: false }, isDebug);
      return;
    } finally {
      if (sections.lock.isHeld && outer === undefined) sections.lock.release();
      this.#place.isInOrdered = false;
      sections.place = outer;
    }
    const nowMs = performance.now();
    const refusal = isThenable(value)
      ? new AsyncJobError(index)
      : nowMs - startMs > options.jobTimeout
      ? new JobTimeoutError(index, nowMs - startMs, options.jobTimeout)
      : undefined;
    if (refusal !== undefined) failed(index, { error: refusal, stack: "", lossy: false }, true);
    else put(index, value);
    const elapsedMs = nowMs - this.#startedMs;
    if (elapsedMs > options.timeout) throw new JobTimeoutError(-1, elapsedMs, options.timeout);
  }
}

/** Who runs the jobs of a serial map. */
export function master(): { readonly rank: number; readonly pid: number } {
  return { rank: 0, pid: self.pid };
}
