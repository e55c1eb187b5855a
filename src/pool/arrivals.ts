/**
 * Results of `imap` between their arrival and their consumption.
 *
 * @module
 */
import { ProgressReporter } from "../observe/progress.ts";
import type { ThrownValue, WorkerIdentity } from "../transport/result_reader.ts";
import { asError } from "./collect.ts";
import type { ResolvedMapOptions } from "./options.ts";
import type { RunClient } from "./run.ts";

/** Results that have come and were not yet consumed. */
export class Arrivals implements RunClient {
  readonly values = undefined;
  readonly #options: ResolvedMapOptions<unknown, unknown>;
  readonly #progress: ProgressReporter;
  readonly #arrived = new Map<number, unknown>();
  /** Called when a job's error ends the stream. */
  fail: (error: unknown) => void = (error) => {
    throw error;
  };
  /** Called when the outcome of a job is there. */
  settled: (index: number) => void = () => {};

  constructor(options: ResolvedMapOptions<unknown, unknown>, total: number | undefined) {
    this.#options = options;
    this.#progress = new ProgressReporter(options.progress, total);
  }

  put(index: number, value: unknown): void {
    this.settled(index);
    const { reduce, onError } = this.#options;
    const reduced = reduce === undefined ? value : reduce(value, index);
    this.#arrived.set(index, onError === "settle" ? { status: "fulfilled", value: reduced } : reduced);
  }

  putError(index: number, thrown: ThrownValue, refused: boolean, worker: WorkerIdentity): void {
    this.settled(index);
    const error = asError(index, thrown, refused, worker);
    if (this.#options.onError === "settle") this.#arrived.set(index, { status: "rejected", reason: error });
    else this.fail(error);
  }

  progressed(done: number): void {
    this.#progress.update(done);
  }

  stop(): void {
    this.#progress.stop();
  }

  /** The index of the next result to hand out: `next`, or the first that came; -1 when it is not there. */
  available(next: number, isOrdered: boolean): number {
    if (isOrdered) return this.#arrived.has(next) ? next : -1;
    for (const index of this.#arrived.keys()) return index;
    return -1;
  }

  take(index: number): unknown {
    const value = this.#arrived.get(index);
    this.#arrived.delete(index);
    return value;
  }
}
