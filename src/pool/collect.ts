/**
 * Where the results of a map gather, in input order.
 *
 * @module
 */
import { SharedMemError, WorkerError } from "../errors.ts";
import { ProgressReporter } from "../observe/progress.ts";
import type { ThrownValue, WorkerIdentity } from "../transport/result_reader.ts";
import type { ResolvedMapOptions } from "./options.ts";
import type { RunClient } from "./run.ts";

/** Longer arrays made by `new Array(n)` are hash tables in V8. */
const MAX_PREALLOCATED = 2 ** 25;

/** Collects what `map` returns. */
export class Collector<R, A> implements RunClient {
  /** The results by index; what `map` returns. */
  readonly results: unknown[];
  /** The same, where values need no more treatment. */
  readonly values: unknown[] | undefined;
  readonly #reduce: ((result: R, index: number) => A) | undefined;
  readonly #settles: boolean;
  readonly #progress: ProgressReporter;
  #done = 0;
  /** Ends the run with an error. */
  fail: (error: unknown) => void = (error) => {
    throw error;
  };

  /** Collects `length` results. */
  constructor(length: number, { reduce, onError, progress }: ResolvedMapOptions<R, A>) {
    this.results = emptyResults(length);
    this.#reduce = reduce;
    this.#settles = onError === "settle";
    this.values = reduce === undefined && !this.#settles ? this.results : undefined;
    this.#progress = new ProgressReporter(progress, length);
  }

  put(index: number, value: unknown): void {
    const reduced = this.#reduce === undefined ? value : this.#reduce(value as R, index);
    this.results[index] = this.#settles ? { status: "fulfilled", value: reduced } : reduced;
  }

  putError(index: number, thrown: ThrownValue, refused: boolean, worker: WorkerIdentity): void {
    const error = asError(index, thrown, refused, worker);
    if (this.#settles) this.results[index] = { status: "rejected", reason: error };
    else this.fail(error);
  }

  progressed(done: number): void {
    this.#done = done;
    this.#progress.update(done);
  }

  /** Throws unless every job has an outcome: whatever went wrong, a hole must not pass for a result. */
  checkWhole(): void {
    const missing = this.results.length - this.#done;
    if (missing !== 0) {
      throw new SharedMemError(`${missing} of ${this.results.length} results did not arrive`);
    }
  }

  /** Ends the progress report. */
  stop(): void {
    this.#progress.stop();
  }
}

/** The error that the user sees for what came over. */
export function asError(
  index: number,
  thrown: ThrownValue,
  refused: boolean,
  { rank, pid }: WorkerIdentity,
): unknown {
  if (refused) return thrown.error;
  return new WorkerError({ index, rank, pid }, thrown.error, thrown.stack, thrown.lossy);
}

function emptyResults(length: number): unknown[] {
  // filled arrays stay dense in both engines
  if (length <= MAX_PREALLOCATED) return new Array(length).fill(undefined);
  const results: unknown[] = [];
  for (let i = 0; i < length; i++) results.push(undefined);
  return results;
}
