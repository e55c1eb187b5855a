/**
 * One map in progress, on the master's side: its workers, their results, their deaths, its deadlines.
 *
 * ```
 *  worker 0 ─ ring ─┐   bell (pipe): news, or the end of the process
 *  worker 1 ─ ring ─┼─▶ Run ─▶ sink ─▶ results, reduce, imap's queue
 *      ⋮            │
 *  NEXT ◀───────────┘   LIMIT, CLOSED: how far workers may claim
 * ```
 *
 * The same object serves `map`, which waits beside the event loop, and `mapSync`, which blocks.
 *
 * @module
 */
import { SIGKILL } from "../../ffi/constants.ts";
import { clearInterval, setInterval } from "node:timers";
import { backend } from "../../ffi/libc.ts";
import type { DescriptorWaiter, Readiness } from "../../ffi/types.ts";
import { UnsupportedError } from "../errors.ts";
import { pinSegments, setExportable } from "../memory/segment.ts";
import { prepareForks } from "../process/fork.ts";
import { type ChildEnd, peekEnd } from "../process/reap.ts";
import type { Turnstile } from "../sync/turnstile.ts";
import { pollDoorbells } from "../transport/doorbell.ts";
import type { ResultSink } from "../transport/result_reader.ts";
import {
  CLOSED,
  type ControlMemory,
  END,
  FINISHED,
  FORKED,
  LIMIT,
  LOWER,
  NEVER,
  POS,
  SLEEPERS,
  slotAt,
} from "./control.ts";
import { Deadlines } from "./deadlines.ts";
import { Casualties } from "./casualties.ts";
import { ChunkStarts } from "./lost_claims.ts";
import { EVERYONE, futexWake } from "../sync/futex.ts";
import { rehearseWorker } from "./rehearsal.ts";
import { remainsOf } from "./remains.ts";
import { releaseLocksOf, shareLocks, unshareLocks } from "./sections.ts";
import { turnstileOf, type WorkerTask } from "./worker_loop.ts";
import { type WorkerBody, WorkerProcess } from "./worker_process.ts";

const MAX_STARTS = 3;
/** Somebody who kills what has not even started says nothing about fork. */
const MAX_KILLED_STARTS = 30;
/** The event loop gets a turn at least this often while results come in. */
const DRAIN_MS = 10;
/**
 * Results are looked for this often without a bell: a worker does not ring for each, and its next job may be long.
 * A look costs microseconds.
 */
const LOOK_MS = 10;

/**
 * Who takes the results of a run that has failed: a client that threw has not finished with the result at hand, which
 * would be given to it again.
 */
const NOBODY: ResultSink = { values: undefined, put() {}, putError() {} };

/** The parts of the options that a run acts on. */
export interface RunOptions {
  readonly timeout: number;
  readonly jobTimeout: number;
  readonly retries: number;
  readonly stopsAtError: boolean;
}

/** What a run works for. */
export interface RunClient extends ResultSink {
  /** Some results have come; `done` of them in all. */
  progressed(done: number): void;
}

/** A map in progress. */
export class Run {
  readonly #task: WorkerTask;
  readonly #body: WorkerBody;
  readonly #client: RunClient;
  readonly #options: RunOptions;
  readonly #memory: ControlMemory;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #workers: readonly WorkerProcess[];
  readonly #byBell = new Map<number, WorkerProcess>();
  readonly #unread = new Set<WorkerProcess>();
  readonly #turnstile: Turnstile;
  readonly #deadlines: Deadlines;
  readonly #casualties: Casualties;
  readonly #chunkStarts = new ChunkStarts();
  #waiter: DescriptorWaiter | undefined;
  #pinned: readonly ArrayBuffer[] = [];
  #failure: { readonly error: unknown } | undefined;
  #looking: ReturnType<typeof setInterval> | undefined;
  #isKilled = false;
  #isOver = false;

  /** Makes a run over `task.memory`, which `end` gives back. */
  constructor(task: WorkerTask, body: WorkerBody, client: RunClient, options: RunOptions) {
    const { np } = task.rules;
    this.#task = task;
    this.#body = body;
    this.#client = client;
    this.#options = options;
    this.#memory = task.memory;
    this.#words = task.memory.words;
    const sought = (index: number): void => this.#chunkStarts.add(index);
    this.#workers = Array.from({ length: np }, (_, rank) => new WorkerProcess(task.memory, rank, sought));
    this.#turnstile = turnstileOf(task.memory, np, -1);
    this.#deadlines = new Deadlines(task.memory, options);
    this.#casualties = new Casualties(options);
  }

  /** Whether an error has ended it; its workers are being killed. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Lets workers claim items up to `limit`; with `isLast` there will be no more. */
  open(limit: number, isLast: boolean): void {
    const words = this.#words;
    Atomics.store(words, LIMIT, limit);
    if (isLast) Atomics.store(words, CLOSED, 1);
    if (Atomics.load(words, SLEEPERS) > 0) futexWake(words, LIMIT, EVERYONE);
  }

  /**
   * Forks the workers. Blocks for some milliseconds.
   *
   * @throws {UnsupportedError} when fork is not safe here
   * @throws {SystemCallError} when the system has no room; nothing is left behind
   */
  start(isAsync: boolean): void {
    this.#pinned = pinSegments();
    setExportable(true);
    try {
      shareLocks();
      if (isAsync) this.#waiter = backend.createWaiter();
      const context = prepareForks();
      rehearseWorker();
      for (const worker of this.#workers) this.#fork(worker, context);
      if (!isAsync) return;
      this.#deadlines.arm(() => this.#checkDeadlines());
      this.#looking = setInterval(() => this.#look(), LOOK_MS).unref();
    } catch (error) {
      this.fail(error);
      this.#finishBlocking();
      throw error;
    }
  }

  /** Ends the run with `error`, unless it has ended: the workers are killed. */
  fail(error: unknown): void {
    if (this.#failure !== undefined || this.#isOver) return;
    this.#failure = { error };
    this.kill();
  }

  /** Kills the workers as anyone else could: their deaths are judged. */
  kill(): void {
    this.#isKilled = true;
    for (const worker of this.#workers) worker.signal(SIGKILL);
  }

  /** Waits beside the event loop until every worker is gone; throws what ended the run. */
  async finish(): Promise<void> {
    while (await this.step());
  }

  /**
   * Waits beside the event loop for news and takes it in; false when every worker is gone.
   *
   * @throws what ended the run, when every worker is gone
   */
  async step(): Promise<boolean> {
    if (this.#byBell.size === 0 && this.#unread.size === 0) {
      this.#end();
      this.#throwFailure();
      return false;
    }
    if (this.#unread.size > 0) await new Promise((resolve) => setTimeout(resolve, 0));
    else await this.#hearBeside(this.#waiter!);
    this.#drainUnread();
    return true;
  }

  async #hearBeside(waiter: DescriptorWaiter): Promise<void> {
    const news = await waiter.wait();
    this.#hear(news);
    if (news.length > 0 || this.#byBell.size === 0) return;
    // nothing is watched any more: look oneself, and let the event loop turn
    for (const [fd, worker] of this.#byBell) {
      if (peekEnd(worker.pid) !== undefined) this.#hear([{ fd, ended: true }]);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** Nobody waits for news any more, for now: the event loop may end. */
  rest(): void {
    this.#waiter?.rest();
  }

  /** Waits until every worker is gone; throws what ended the run. Blocks. */
  finishSync(): void {
    this.#finishBlocking();
    this.#throwFailure();
  }

  #finishBlocking(): void {
    try {
      while (this.#byBell.size > 0) {
        const dueMs = this.#deadlines.untilNextMs();
        const waitMs = this.#unread.size > 0 ? 0 : dueMs < 0 ? LOOK_MS : Math.min(dueMs, LOOK_MS);
        this.#hear(pollDoorbells([...this.#byBell.keys()], waitMs));
        this.#look();
        this.#checkDeadlines();
      }
    } finally {
      this.#end();
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #fork(worker: WorkerProcess, context = prepareForks()): void {
    worker.fork(context, this.#body);
    this.#byBell.set(worker.bell, worker);
    this.#waiter?.add(worker.bell);
    this.#deadlines.expectStart(worker);
  }

  #hear(news: readonly Readiness[]): void {
    for (const { fd, ended } of news) {
      const worker = this.#byBell.get(fd);
      if (worker === undefined) continue;
      this.#unread.add(worker);
      if (!ended) continue;
      this.#drain(worker, Infinity);
      this.#unread.delete(worker);
      this.#byBell.delete(fd);
      this.#lose(worker);
    }
  }

  /** Takes what was published without a bell. */
  #look(): void {
    for (const worker of this.#byBell.values()) if (worker.reader.hasNews) this.#unread.add(worker);
    this.#drainUnread();
  }

  #drainUnread(): void {
    const deadline = performance.now() + DRAIN_MS;
    for (const worker of this.#unread) {
      if (this.#drain(worker, deadline)) this.#unread.delete(worker);
    }
  }

  /** Takes what `worker` has published; false if time ran out. A client that throws ends the run. */
  #drain(worker: WorkerProcess, deadline: number): boolean {
    try {
      worker.answer();
      const isDry = worker.reader.drain(this.#failure === undefined ? this.#client : NOBODY, deadline);
      if (this.#failure === undefined) this.#report();
      return isDry;
    } catch (error) {
      this.fail(error);
      return true;
    }
  }

  #report(): void {
    let done = this.#casualties.settled;
    for (const { received } of this.#workers) done += received;
    this.#client.progressed(done);
  }

  /** A process is gone: everything it published is read. Decides what that means and who goes on in its place. */
  #lose(worker: WorkerProcess): void {
    // those that this run kills leave nothing to a next holder of the same run
    const untold = this.#failure !== undefined ? this.#task.sections : undefined;
    const end = worker.bury((pid) => releaseLocksOf(pid, untold));
    this.#deadlines.forget(worker);
    if (this.#failure !== undefined) return;
    try {
      if (worker.state === FINISHED) return;
      if (worker.state !== FORKED) worker.failedStarts = 0;
      if (worker.state === FORKED && !this.#isKilled) this.#restart(worker, end);
      else this.#mourn(worker, end);
    } catch (error) {
      this.fail(error);
    }
  }

  /** The process died before its prologue was through, so no user code has run: another is forked. */
  #restart(worker: WorkerProcess, end: ChildEnd): void {
    const wasKilledByOthers = end.signal === "SIGKILL" && !worker.wasSilent;
    if (++worker.failedStarts >= (wasKilledByOthers ? MAX_KILLED_STARTS : MAX_STARTS)) {
      throw new UnsupportedError(
        `worker ${worker.rank} did not start in ${worker.failedStarts} tries`,
        "other threads of this process to be idle when it forks",
      );
    }
    this.#fork(worker);
  }

  /** The process died after its start: judges whose fault that was, and sends another in its place. */
  #mourn(worker: WorkerProcess, end: ChildEnd): void {
    const words = this.#words;
    const slot = slotAt(worker.rank);
    const { index, hasJobs, isRunning, mayClaim } = remainsOf(
      words,
      this.#workers.length,
      this.#chunkStarts,
      {
        rank: worker.rank,
        isStatic: this.#task.rules.schedule === "static",
        nextIndex: worker.reader.nextIndex,
        readAll: () => {
          for (const other of this.#byBell.values()) this.#drain(other, Infinity);
        },
      },
    );
    // it had done its part: nothing is lost with it
    if (!hasJobs && !mayClaim) return this.#retire(slot);
    const verdict = this.#casualties.judge(
      { index, rank: worker.rank, pid: worker.lastPid, isRunning },
      end,
      this.#deadlines.takeTimedOut(worker),
    );
    if (verdict.error !== undefined) {
      // without a claim of its own the worker takes no job down with it
      if (this.#options.stopsAtError || !hasJobs) throw verdict.error;
      const thrown = { error: verdict.error, stack: "", lossy: false };
      this.#client.putError(index, thrown, true, { rank: worker.rank, pid: worker.lastPid });
      this.#report();
    }
    words[slot + POS] = hasJobs ? verdict.resumeAt : words[slot + END]!;
    if (words[slot + POS]! >= words[slot + END]! && !mayClaim) return this.#retire(slot);
    Atomics.store(words, slot + LOWER, Math.min(words[slot + POS]!, words[slot + END]!));
    this.#turnstile.wake();
    this.#fork(worker);
  }

  /** A worker that nobody takes the place of holds up no turn. */
  #retire(slot: number): void {
    Atomics.store(this.#words, slot + LOWER, NEVER);
    this.#turnstile.wake();
  }

  #checkDeadlines(): void {
    const expired = this.#deadlines.check(this.#workers);
    if (expired !== undefined) this.fail(expired);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deadlines.disarm();
    clearInterval(this.#looking);
    setExportable(false);
    unshareLocks();
    this.#pinned = [];
    this.#memory.giveBack(this.#workers.map((worker) => worker.furthest));
  }
}
