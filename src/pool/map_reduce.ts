/**
 * `MapReduce`: maps a closure over items on every core. This file is what users see; the calls are carried out in
 * `map_call.ts` and `stream.ts`.
 *
 * @module
 */
import { UnsupportedError } from "../errors.ts";
import type { Critical } from "./critical.ts";
import type { Items, StreamItems } from "./items.ts";
import type { Work } from "./job.ts";
import { MapCall } from "./map_call.ts";
import type { MapMethod } from "./map_method.ts";
import {
  type Backend,
  checkMapOptions,
  checkPoolOptions,
  type MapOptions,
  type MapReduceOptions,
} from "./options.ts";
import type { Ordered } from "./ordered.ts";
import { PoolState } from "./pool_state.ts";
import { streamResults } from "./stream.ts";
import type { WorkerLocal } from "./worker_place.ts";

type AnyWork = Work<never, unknown>;

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
  readonly #state: PoolState;

  /**
   * Makes the pool; nothing is forked yet.
   *
   * @throws {TypeError} when an option is of the wrong type or unknown
   * @throws {RangeError} when `np` is not a non-negative integer
   * @throws {UnsupportedError} for the backend `"worker"`, which this version does not have
   */
  constructor(options: MapReduceOptions = {}) {
    const checked = checkPoolOptions(options);
    if (checked.backend === "worker") {
      throw new UnsupportedError(
        'new MapReduce({ backend: "worker" })',
        'a later version; "fork" and "serial" are there',
      );
    }
    this.#state = new PoolState(checked);
  }

  /** The number of workers: as given, else `cpuCount()`, or 1 inside a job. */
  get np(): number {
    return this.#state.np;
  }

  /** Where jobs run. */
  get backend(): Backend {
    return this.#state.backend;
  }

  /** A section that one worker at a time is in. */
  get critical(): Critical {
    return this.#state.sections.critical;
  }

  /** A section that jobs pass in input order. */
  get ordered(): Ordered {
    return this.#state.sections.ordered;
  }

  /** Per-worker namespace: `local.rank` is 0…np-1 in a worker, `undefined` outside; kept from job to job of one map. */
  get local(): WorkerLocal {
    return this.#state.sections.local;
  }

  /** The same as {@linkcode MapReduce.local}. */
  get tls(): WorkerLocal {
    return this.#state.sections.local;
  }

  /** 0 ≤ x < 1, from a stream that depends on the pool's `seed` and the job's index only. */
  random(): number {
    return this.#state.sections.random();
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
    (async (work: AnyWork, items: Items<unknown>, options?: MapOptions) =>
      await new MapCall(this.#state, "map", { work, items, options }).results()) as MapMethod<"promise">;

  /** As {@linkcode MapReduce.map}, and blocks until the results are there. Jobs may use it: maps nest. */
  readonly mapSync: MapMethod<"array"> =
    ((work: AnyWork, items: Items<unknown>, options?: MapOptions) =>
      new MapCall(this.#state, "mapSync", { work, items, options }).resultsSync()) as MapMethod<"array">;

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
    this.#state.close();
  }

  #stream(
    action: string,
    work: unknown,
    items: StreamItems<unknown>,
    given: MapOptions | undefined,
    isOrdered: boolean,
  ): AsyncGenerator<unknown> {
    this.#state.checkCall(action, work);
    const checked = checkMapOptions<unknown, unknown>(action, given);
    // shares of what is not known yet cannot be fixed
    const schedule = checked.schedule === "static" ? "dynamic" : checked.schedule;
    return streamResults({
      pool: this.#state,
      action,
      items,
      work,
      options: { ...checked, schedule },
      isOrdered,
      np: this.#state.np,
    });
  }
}
