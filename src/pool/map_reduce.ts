/**
 * `MapReduce`: maps a closure over items on every core.
 *
 * @module
 */
import { PoolClosedError, UnsupportedError } from "../errors.ts";
import { cpuCount } from "../process/cpu_count.ts";
import { isForkedChild } from "../process/identity.ts";
import { Collector } from "./collect.ts";
import { ControlMemory } from "./control.ts";
import { getDebug } from "./debug.ts";
import { type IndexedItems, indexedItems, type Items, type StreamItems } from "./items.ts";
import type { Work } from "./job.ts";
import type { MapMethod } from "./map_method.ts";
import {
  type Backend,
  checkMapOptions,
  checkPoolOptions,
  type MapOptions,
  type MapReduceOptions,
  type ResolvedMapOptions,
} from "./options.ts";
import { anySeed } from "./random.ts";
import { Run } from "./run.ts";
import { type Critical, type Ordered, Sections, type WorkerLocal } from "./sections.ts";
import { master, SerialRunner, type SerialTask } from "./serial.ts";
import { streamResults } from "./stream.ts";
import { runWorker, type WorkerTask } from "./worker_loop.ts";
import { describe } from "../describe.ts";

type AnyWork = Work<never, unknown>;

/** A checked call of `map`. */
interface MapCall<R, A> {
  readonly source: IndexedItems<unknown>;
  readonly options: ResolvedMapOptions<R, A>;
  readonly work: Work<unknown, unknown>;
}

/**
 * A pool of forked workers: maps a closure over items on every core, with nothing serialised on the way in.
 *
 * Workers are forked at each call of a map, so `work` sees every variable as it is then, copy on write; shared arrays
 * are the same memory in every process. Between maps there are no processes.
 *
 * **In a worker**: jobs run synchronously; what they change is their own, except in shared arrays. What they return
 * is copied to the master, shared arrays by reference.
 *
 * **Differs from** rainwoodman's `sharedmem.MapReduce`: no `with` block is needed, exceptions keep their class, a
 * dead worker is an error at once, `ordered` may be skipped.
 *
 * @example The sum of squares
 * ```ts
 * import { MapReduce, range } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * using pool = new MapReduce({ np: 2 });
 * const squares = await pool.map((i) => i * i, range(1000));
 * assert.equal(squares.reduce((a, b) => a + b), 332833500);
 * ```
 */
export class MapReduce implements Disposable {
  readonly #np: number | undefined;
  readonly #backend: Backend;
  readonly #shared: unknown;
  readonly #sections: Sections;
  readonly #active = new Set<{ fail(error: unknown): void }>();
  #isClosed = false;

  /**
   * Makes the pool; nothing is forked yet.
   *
   * @throws {TypeError} when an option is of the wrong type or unknown
   * @throws {RangeError} when `np` is not a non-negative integer
   * @throws {UnsupportedError} for the backend `"worker"`, which this version does not have
   */
  constructor(options: MapReduceOptions = {}) {
    const { np, backend = "fork", shared, seed } = checkPoolOptions(options);
    if (backend === "worker") {
      throw new UnsupportedError(
        'new MapReduce({ backend: "worker" })',
        'a later version; "fork" and "serial" are there',
      );
    }
    this.#np = np;
    this.#backend = backend;
    this.#shared = shared;
    this.#sections = new Sections(seed ?? anySeed());
  }

  /** The number of workers: as given, else `cpuCount()`, or 1 inside a job. */
  get np(): number {
    return this.#np ?? (isForkedChild() ? 1 : cpuCount());
  }

  /** Where jobs run. */
  get backend(): Backend {
    return this.#backend;
  }

  /** A section that one worker at a time is in. */
  get critical(): Critical {
    return this.#sections.critical;
  }

  /** A section that jobs pass in input order. */
  get ordered(): Ordered {
    return this.#sections.ordered;
  }

  /** Per-worker namespace: `local.rank` is 0…np-1 in a worker, `undefined` outside; kept from job to job of one map. */
  get local(): WorkerLocal {
    return this.#sections.local;
  }

  /** The same as {@linkcode MapReduce.local}. */
  get tls(): WorkerLocal {
    return this.#sections.local;
  }

  /** 0 ≤ x < 1, from a stream that depends on the pool's `seed` and the job's index only. */
  random(): number {
    return this.#sections.random();
  }

  /**
   * Runs `work` on every item, on `np` forked workers; a promise of the results in input order. Forks at the call,
   * which blocks for some milliseconds; then the event loop goes on. O(items) memory.
   *
   * Rejects with {@linkcode WorkerError} when a job threw (the first error wins, the other workers are stopped),
   * {@linkcode WorkerExitError} when a worker died, {@linkcode CodecError} when a result cannot be carried,
   * {@linkcode JobTimeoutError} when a job or the map took too long, {@linkcode AsyncJobError} when a job returned a
   * promise, {@linkcode PoolClosedError} when the pool is disposed, {@linkcode UnsupportedError} when fork is not safe
   * in this process, `TypeError` and `RangeError` for wrong arguments.
   */
  readonly map: MapMethod<"promise"> =
    ((work: AnyWork, items: Items<unknown>, options?: MapOptions) =>
      this.#map(work, items, options)) as MapMethod<"promise">;

  /** As {@linkcode MapReduce.map}, and blocks until the results are there. Jobs may use it: maps nest. */
  readonly mapSync: MapMethod<"array"> =
    ((work: AnyWork, items: Items<unknown>, options?: MapOptions) =>
      this.#mapSync(work, items, options)) as MapMethod<"array">;

  /**
   * Runs `work` on items as they are consumed; an async iterable of the results in input order, each as soon as it
   * and those before it are there. Look-ahead is bounded: `items` may be infinite or asynchronous. Workers are forked
   * when the first result is asked for; ending the iteration early stops them and the iterator of `items`. Errors as
   * for {@linkcode MapReduce.map}.
   */
  readonly imap: MapMethod<"stream"> =
    ((work: AnyWork, items: StreamItems<unknown>, options?: MapOptions) =>
      this.#stream("imap", work, items, options, true)) as MapMethod<"stream">;

  /** As {@linkcode MapReduce.imap}, with results in order of arrival. */
  readonly imapUnordered: MapMethod<"stream"> =
    ((work: AnyWork, items: StreamItems<unknown>, options?: MapOptions) =>
      this.#stream("imapUnordered", work, items, options, false)) as MapMethod<"stream">;

  /** Stops what still runs, with {@linkcode PoolClosedError}; later calls throw it too. Does not block. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const run of this.#active) run.fail(new PoolClosedError());
    if (this.#active.size === 0) this.#sections.unshare();
  }

  #leave(run: { fail(error: unknown): void }): void {
    this.#active.delete(run);
    if (this.#isClosed && this.#active.size === 0) this.#sections.unshare();
  }

  async #map(work: AnyWork, items: Items<unknown>, options: MapOptions | undefined): Promise<unknown[]> {
    const call = this.#check("map", work, items, options);
    if (this.#runsHere(call)) return this.#mapHere(call);
    // a forked child has no event loop to wait beside
    if (isForkedChild()) return this.#mapForked(call);
    const { run, collector } = this.#prepare(call);
    try {
      run.start(true);
      this.#active.add(run);
      await this.#finishBeside(run, call.options.signal);
      collector.checkWhole();
    } finally {
      this.#leave(run);
      collector.stop();
    }
    return collector.results;
  }

  #mapSync(work: AnyWork, items: Items<unknown>, options: MapOptions | undefined): unknown[] {
    const call = this.#check("mapSync", work, items, options);
    return this.#runsHere(call) ? this.#mapHere(call) : this.#mapForked(call);
  }

  #check(
    action: string,
    work: unknown,
    items: Items<unknown>,
    given: MapOptions | undefined,
  ): MapCall<unknown, unknown> {
    this.#checkCall(action, work);
    const options = checkMapOptions<unknown, unknown>(action, given);
    const source = indexedItems(items, action);
    options.signal?.throwIfAborted();
    return { source, options, work: work as Work<unknown, unknown> };
  }

  #checkCall(action: string, work: unknown): void {
    if (this.#isClosed) throw new PoolClosedError();
    if (typeof work !== "function") {
      throw new TypeError(`${action}: work must be a function, got ${describe(work)}`);
    }
  }

  #runsHere({ source, options }: MapCall<unknown, unknown>): boolean {
    return getDebug() || this.#backend === "serial" || this.np === 0 || source.length === 0 ||
      source.length < options.minLength;
  }

  #mapHere({ source, options, work }: MapCall<unknown, unknown>): unknown[] {
    const collector = new Collector(source.length, options);
    const runner = new SerialRunner(this.#serialTask(options, work));
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

  #serialTask(options: ResolvedMapOptions<unknown, unknown>, work: Work<unknown, unknown>): SerialTask {
    const shared = options.shared ?? this.#shared;
    return {
      sections: this.#sections,
      work,
      shared,
      options,
      isDebug: getDebug(),
      isClosed: () => this.#isClosed,
    };
  }

  #mapForked(call: MapCall<unknown, unknown>): unknown[] {
    const { run, collector } = this.#prepare(call);
    try {
      run.start(false);
      this.#active.add(run);
      run.finishSync();
      collector.checkWhole();
    } finally {
      this.#leave(run);
      collector.stop();
    }
    return collector.results;
  }

  #prepare(
    { source, options, work }: MapCall<unknown, unknown>,
  ): { run: Run; collector: Collector<unknown, unknown> } {
    const collector = new Collector(source.length, options);
    const np = Math.min(this.np, source.length);
    const task = this.#task(np, options, work, (index) => source.at(index), false);
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

  #task(
    np: number,
    options: ResolvedMapOptions<unknown, unknown>,
    work: Work<unknown, unknown>,
    itemAt: (index: number) => unknown,
    isEager: boolean,
  ): WorkerTask {
    return {
      memory: ControlMemory.borrow(np),
      rules: { schedule: options.schedule, chunkSize: options.chunkSize, np },
      sections: this.#sections,
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

  async #finishBeside(run: Run, signal: AbortSignal | undefined): Promise<void> {
    const abort = (): void => run.fail(signal!.reason);
    signal?.addEventListener("abort", abort);
    try {
      await run.finish();
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  #stream(
    action: string,
    work: unknown,
    items: StreamItems<unknown>,
    given: MapOptions | undefined,
    isOrdered: boolean,
  ): AsyncGenerator<unknown> {
    this.#checkCall(action, work);
    const checked = checkMapOptions<unknown, unknown>(action, given);
    // shares of what is not known yet cannot be fixed
    const schedule = checked.schedule === "static" ? "dynamic" : checked.schedule;
    const options = { ...checked, schedule };
    return streamResults({
      action,
      items,
      options,
      isOrdered,
      np: this.np,
      runsHere: () => getDebug() || this.#backend === "serial" || this.np === 0,
      serialTask: () => this.#serialTask(options, work as Work<unknown, unknown>),
      task: (np, itemAt) => this.#task(np, options, work as Work<unknown, unknown>, itemAt, true),
      enter: (run) => this.#active.add(run),
      leave: (run) => this.#leave(run),
      isClosed: () => this.#isClosed,
    });
  }
}
