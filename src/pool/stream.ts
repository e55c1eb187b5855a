/**
 * `imap` over forked workers: results as they are consumed, items as they are needed.
 *
 * ```
 * items ─pull─▶ feed (or by index) ─▶ workers ─▶ arrivals ─▶ yield
 *        └──────────── at most LOOK_AHEAD × np on the way ───────┘
 * ```
 *
 * Everything is driven by the consumer: while it does not ask, nothing is pulled and nothing keeps the event loop.
 *
 * @module
 */
import { clearTimeout, setTimeout } from "node:timers";
import { PoolClosedError, SharedMemError } from "../errors.ts";
import { Decoder } from "../transport/decoder.ts";
import { Arrivals } from "./arrivals.ts";
import { ItemFeed } from "./item_feed.ts";
import { type IndexedItems, streamItems } from "./items.ts";
import { Run } from "./run.ts";
import type { Source, StreamCall } from "./stream_call.ts";
import { streamHere } from "./stream_here.ts";
import { runWorker } from "./worker_loop.ts";

/** Items on the way, a worker: enough that a worker seldom waits for the consumer's turn of the event loop. */
const LOOK_AHEAD = 32;
/** A consumer that is away for this long no longer keeps the process alive. */
const REST_MS = 100;

/** The results of `call`; the workers are forked at the first step. */
export async function* streamResults(call: StreamCall): AsyncGenerator<unknown, void, undefined> {
  if (call.pool.isClosed) throw new PoolClosedError();
  call.options.signal?.throwIfAborted();
  const source = streamItems(call.items, call.action);
  if (source.kind === "indexed") {
    if (source.length === 0) return;
    if (call.pool.runsHere || source.length < call.options.minLength) return yield* streamHere(call, source);
  } else if (call.pool.runsHere) return yield* streamHere(call, source);
  yield* new Stream(call, source).results();
}

/** One stream over forked workers. */
class Stream {
  readonly #call: StreamCall;
  readonly #source: Source;
  readonly #arrivals: Arrivals;
  readonly #run: Run;
  readonly #feed: ItemFeed | undefined;
  readonly #window: number;
  #pulled = 0;
  #consumed = 0;
  #total = Infinity;
  #inputError: { readonly error: unknown } | undefined;
  #pulling: Promise<void> | undefined;
  #stepping: Promise<void> | undefined;
  #isOver = false;

  constructor(call: StreamCall, source: Source) {
    this.#call = call;
    this.#source = source;
    const { options } = call;
    const length = source.kind === "indexed" ? source.length : undefined;
    const np = Math.min(call.np, length ?? Infinity);
    this.#window = np * Math.max(LOOK_AHEAD, 2 * (options.chunkSize ?? 1));
    this.#arrivals = new Arrivals(options, length);
    const feed = source.kind === "indexed" ? undefined : new ItemFeed(this.#window);
    this.#feed = feed;
    if (feed !== undefined) this.#arrivals.settled = (index) => feed.vacate(index);
    const task = call.pool.workerTask(call, {
      np,
      itemAt: (index) => (source as IndexedItems<unknown>).at(index),
      isEager: true,
    });
    this.#run = new Run(
      task,
      (rank, writer, sharing) => {
        const decoder = new Decoder(sharing);
        const itemAt = feed === undefined ? task.itemAt : (index: number) => feed.at(index, decoder, sharing);
        runWorker({ ...task, itemAt }, rank, writer);
      },
      this.#arrivals,
      { ...options, stopsAtError: task.stopsAtError },
    );
    this.#arrivals.fail = (error) => this.#run.fail(error);
  }

  async *results(): AsyncGenerator<unknown, void, undefined> {
    const { isOrdered, options: { signal }, pool } = this.#call;
    const run = this.#run;
    const abort = (): void => run.fail(signal!.reason);
    let restTimer: ReturnType<typeof setTimeout> | undefined;
    try {
      this.#pull();
      run.start(true);
      pool.enter(run);
      signal?.addEventListener("abort", abort);
      while (this.#consumed < this.#total) {
        const index = run.hasFailed ? -1 : this.#arrivals.available(this.#consumed, isOrdered);
        if (index >= 0) {
          this.#consumed++;
          restTimer = setTimeout(() => run.rest(), REST_MS).unref();
          yield this.#arrivals.take(index);
          clearTimeout(restTimer);
          this.#pull();
        } else if (this.#isOver) throw new SharedMemError(`result ${this.#consumed} did not arrive`);
        else await this.#news();
      }
      if (this.#inputError !== undefined) throw this.#inputError.error;
    } finally {
      clearTimeout(restTimer);
      await this.#close();
      signal?.removeEventListener("abort", abort);
      pool.leave(run);
    }
  }

  /** Waits for a result, an item or a failure, whichever comes first. */
  async #news(): Promise<void> {
    this.#stepping ??= this.#step();
    await (this.#pulling === undefined ? this.#stepping : Promise.race([this.#stepping, this.#pulling]));
  }

  async #step(): Promise<void> {
    try {
      if (!await this.#run.step()) this.#isOver = true;
    } catch (error) {
      this.#isOver = true;
      throw error;
    } finally {
      this.#stepping = undefined;
    }
  }

  /** Takes items in as far as the look-ahead allows. */
  #pull(): void {
    const source = this.#source;
    if (source.kind === "indexed") {
      const limit = Math.min(source.length, this.#consumed + this.#window);
      this.#total = source.length;
      if (limit > this.#pulled) this.#run.open(this.#pulled = limit, limit === source.length);
    } else if (source.kind === "iterator") {
      const before = this.#pulled;
      while (this.#hasRoom) {
        try {
          const step = source.iterator.next();
          if (step.done) this.#endInput();
          else this.#accept(step.value);
        } catch (error) {
          this.#endInput(error);
        }
      }
      if (this.#pulled > before && this.#total === Infinity) this.#run.open(this.#pulled, false);
    } else if (this.#hasRoom) this.#pulling ??= this.#pullAsync(source.iterator);
  }

  get #hasRoom(): boolean {
    return this.#total === Infinity && this.#pulled - this.#consumed < this.#window &&
      this.#feed!.hasRoom(this.#pulled);
  }

  async #pullAsync(iterator: AsyncIterator<unknown>): Promise<void> {
    try {
      while (this.#hasRoom) {
        const step = await iterator.next();
        if (step.done) this.#endInput();
        else {
          this.#accept(step.value);
          this.#run.open(this.#pulled, false);
        }
      }
    } catch (error) {
      this.#endInput(error);
    } finally {
      this.#pulling = undefined;
    }
  }

  #accept(item: unknown): void {
    this.#feed!.put(this.#pulled, item);
    this.#pulled++;
  }

  #endInput(...errors: [] | [unknown]): void {
    this.#total = this.#pulled;
    if (errors.length > 0) this.#inputError = { error: errors[0] };
    this.#run.open(this.#pulled, true);
  }

  /** Ends workers and input, however far they are. */
  async #close(): Promise<void> {
    const wasPulling = this.#pulling !== undefined;
    const isEnded = this.#total !== Infinity;
    this.#total = Math.min(this.#total, this.#pulled);
    this.#run.fail(new PoolClosedError());
    while (!this.#isOver) await this.#news().catch(() => {});
    this.#feed?.close();
    this.#arrivals.stop();
    if (isEnded || this.#source.kind === "indexed") return;
    const returned = this.#source.iterator.return?.();
    // an iterator that is busy with its next item may take for ever
    if (wasPulling) Promise.resolve(returned).catch(() => {});
    else await returned;
  }
}
