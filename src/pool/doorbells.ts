/**
 * How a run hears of its workers: the doorbell of each, a pipe, becomes readable when there is news and ends with the
 * process. Waits beside the event loop or blocks.
 *
 * @module
 */
import { clearInterval, setInterval } from "node:timers";
import { backend } from "../../ffi/libc.ts";
import type { DescriptorWaiter, Readiness } from "../../ffi/types.ts";
import { peekEnd } from "../process/reap.ts";
import { pollDoorbells } from "../transport/doorbell.ts";
import type { WorkerProcess } from "./worker_process.ts";

/** The event loop gets a turn at least this often while results come in. */
const DRAIN_MS = 10;
/**
 * Results are looked for this often without a bell: a worker does not ring for each, and its next job may be long.
 * A look costs microseconds.
 */
const LOOK_MS = 10;

/** Who hears the doorbells of a run. */
export interface DoorbellListener {
  /** Takes what `worker` has published; false when that was not all by `deadline`, of `performance.now()`. */
  drain(worker: WorkerProcess, deadline: number): boolean;
  /** The process of `worker` is gone, and everything that it published was taken. */
  lose(worker: WorkerProcess): void;
}

/** The doorbells of a run's living workers. */
export class Doorbells {
  readonly #listener: DoorbellListener;
  readonly #byBell = new Map<number, WorkerProcess>();
  readonly #unread = new Set<WorkerProcess>();
  #waiter: DescriptorWaiter | undefined;
  #looking: ReturnType<typeof setInterval> | undefined;

  constructor(listener: DoorbellListener) {
    this.#listener = listener;
  }

  /** Whether there are none: every worker is gone. */
  get isEmpty(): boolean {
    return this.#byBell.size === 0;
  }

  /** Prepares for {@linkcode Doorbells.wait}; to be called before the first worker is forked. */
  open(): void {
    this.#waiter = backend.createWaiter();
  }

  /** From now on results are also looked for while nobody waits; the timer does not keep the event loop alive. */
  keepLooking(): void {
    this.#looking = setInterval(() => this.look(), LOOK_MS).unref();
  }

  /** Looks no more. */
  close(): void {
    clearInterval(this.#looking);
  }

  /** `worker` was forked just now. */
  add(worker: WorkerProcess): void {
    this.#byBell.set(worker.bell, worker);
    this.#waiter?.add(worker.bell);
  }

  /** Nobody waits for news any more, for now: the event loop may end. */
  rest(): void {
    this.#waiter?.rest();
  }

  /** Waits beside the event loop for news and takes it in. */
  async wait(): Promise<void> {
    if (this.#unread.size > 0) await new Promise((resolve) => setTimeout(resolve, 0));
    else await this.#hearBeside(this.#waiter!);
    this.#drainUnread();
  }

  /** Waits for news at most `maxMs` (-1: no limit) and takes it in. Blocks. */
  waitBlocking(maxMs: number): void {
    const waitMs = this.#unread.size > 0 ? 0 : maxMs < 0 ? LOOK_MS : Math.min(maxMs, LOOK_MS);
    this.#hear(pollDoorbells([...this.#byBell.keys()], waitMs));
    this.look();
  }

  /** Takes what was published without a bell, for as long as one turn of the event loop may take. */
  look(): void {
    for (const worker of this.#byBell.values()) if (worker.reader.hasNews) this.#unread.add(worker);
    this.#drainUnread();
  }

  /** Takes everything that was published. */
  readAll(): void {
    for (const worker of this.#byBell.values()) this.#listener.drain(worker, Infinity);
  }

  async #hearBeside(waiter: DescriptorWaiter): Promise<void> {
    const news = await waiter.wait();
    this.#hear(news);
    if (news.length > 0 || this.isEmpty) return;
    // nothing is watched any more: look oneself, and let the event loop turn
    for (const [fd, worker] of this.#byBell) {
      if (peekEnd(worker.pid) !== undefined) this.#hear([{ fd, ended: true }]);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }

  #hear(news: readonly Readiness[]): void {
    for (const { fd, ended } of news) {
      const worker = this.#byBell.get(fd);
      if (worker === undefined) continue;
      this.#unread.add(worker);
      if (!ended) continue;
      this.#listener.drain(worker, Infinity);
      this.#unread.delete(worker);
      this.#byBell.delete(fd);
      this.#listener.lose(worker);
    }
  }

  #drainUnread(): void {
    const deadline = performance.now() + DRAIN_MS;
    for (const worker of this.#unread) {
      if (this.#listener.drain(worker, deadline)) this.#unread.delete(worker);
    }
  }
}
