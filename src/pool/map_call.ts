/**
 * One call of `map` or `mapSync`: checked, then run on forked workers or in this process.
 *
 * @module
 */
import { isForkedChild } from "../process/identity.ts";
import { Collector } from "./collect.ts";
import { type IndexedItems, indexedItems, type Items } from "./items.ts";
import { checkMapOptions, type MapOptions } from "./options.ts";
import type { MapParts, PoolState } from "./pool_state.ts";
import { Run } from "./run.ts";
import { master, SerialRunner } from "./serial.ts";
import { runWorker } from "./worker_loop.ts";

/** What `map` was called with. */
export interface MapArguments {
  readonly work: unknown;
  readonly items: Items<unknown>;
  readonly options: MapOptions | undefined;
}

/** A checked call. */
export class MapCall {
  readonly #pool: PoolState;
  readonly #source: IndexedItems<unknown>;
  readonly #parts: MapParts;

  /**
   * Checks the arguments; `action` is named in errors.
   *
   * @throws {PoolClosedError} when the pool was disposed
   * @throws {TypeError} when an argument is of the wrong type
   * @throws {RangeError} when a number is out of range
   */
  constructor(pool: PoolState, action: string, { work, items, options: given }: MapArguments) {
    pool.checkCall(action, work);
    const options = checkMapOptions<unknown, unknown>(action, given);
    this.#pool = pool;
    this.#source = indexedItems(items, action);
    options.signal?.throwIfAborted();
    this.#parts = { work, options };
  }

  /** The results, in input order; waits for them beside the event loop. */
  async results(): Promise<unknown[]> {
    // a forked child has no event loop to wait beside
    if (this.#runsHere || isForkedChild()) return this.resultsSync();
    const { run, collector } = this.#prepare();
    try {
      run.start(true);
      this.#pool.enter(run);
      await this.#finishBeside(run);
      collector.checkWhole();
    } finally {
      this.#pool.leave(run);
      collector.stop();
    }
    return collector.results;
  }

  /** The same. Blocks until they are there. */
  resultsSync(): unknown[] {
    if (this.#runsHere) return this.#resultsHere();
    const { run, collector } = this.#prepare();
    try {
      run.start(false);
      this.#pool.enter(run);
      run.finishSync();
      collector.checkWhole();
    } finally {
      this.#pool.leave(run);
      collector.stop();
    }
    return collector.results;
  }

  get #runsHere(): boolean {
    const { length } = this.#source;
    return this.#pool.runsHere || length === 0 || length < this.#parts.options.minLength;
  }

  #resultsHere(): unknown[] {
    const source = this.#source;
    const collector = new Collector(source.length, this.#parts.options);
    const runner = new SerialRunner(this.#pool.serialTask(this.#parts));
    const put = (index: number, value: unknown): void => {
      if (collector.values !== undefined) collector.values[index] = value;
      else collector.put(index, value);
    };
    try {
      for (let index = 0; index < source.length; index++) {
        runner.run(index, source.at(index), put, (at, thrown, refused) => {
          collector.putError(at, thrown, refused, master());
        });
        collector.progressed(index + 1);
      }
    } finally {
      collector.stop();
    }
    return collector.results;
  }

  #prepare(): { run: Run; collector: Collector<unknown, unknown> } {
    const source = this.#source;
    const { options } = this.#parts;
    const collector = new Collector(source.length, options);
    const task = this.#pool.workerTask(this.#parts, {
      np: Math.min(this.#pool.np, source.length),
      itemAt: (index) => source.at(index),
      isEager: false,
    });
    const run = new Run(
      task,
      (rank, writer) => runWorker(task, rank, writer),
      collector,
      { ...options, stopsAtError: task.stopsAtError },
    );
    collector.fail = (error) => run.fail(error);
    run.open(source.length, true);
    return { run, collector };
  }

  async #finishBeside(run: Run): Promise<void> {
    const { signal } = this.#parts.options;
    const abort = (): void => run.fail(signal!.reason);
    signal?.addEventListener("abort", abort);
    try {
      await run.finish();
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }
}
