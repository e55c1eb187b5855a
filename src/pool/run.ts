/**
 * One map in progress, on the master's side: its workers, their results, its end.
 *
 * ```
 *  worker 0 ─ ring ─┐   Doorbells: news, or the end of the process
 *  worker 1 ─ ring ─┼─▶ Run ─▶ client ─▶ results, reduce, imap's queue
 *      ⋮            │    │
 *  NEXT ◀───────────┘    ├ Succession: what a death means, who goes on in the place of the dead
 *       LIMIT, CLOSED ◀──┴ Deadlines: who is late
 * ```
 *
 * The same object serves `map`, which waits beside the event loop, and `mapSync`, which blocks.
 *
 * @module
 */
import { SIGKILL } from "../../ffi/constants.ts";
import { pinSegments, setExportable } from "../memory/segment.ts";
import { prepareForks } from "../process/fork.ts";
import { EVERYONE, futexWake } from "../sync/futex.ts";
import type { ResultSink } from "../transport/result_reader.ts";
import { CLOSED, type ControlMemory, LIMIT, SLEEPERS } from "./control.ts";
import { releaseLocksOf, shareLocks, unshareLocks } from "./critical_lock.ts";
import { Deadlines } from "./deadlines.ts";
import { Doorbells } from "./doorbells.ts";
import { ChunkStarts } from "./lost_claims.ts";
import { rehearseWorker } from "./rehearsal.ts";
import { Succession } from "./succession.ts";
import type { WorkerTask } from "./worker_loop.ts";
import { type WorkerBody, WorkerProcess } from "./worker_process.ts";

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
  readonly #memory: ControlMemory;
  readonly #workers: readonly WorkerProcess[];
  readonly #doorbells: Doorbells;
  readonly #deadlines: Deadlines;
  readonly #succession: Succession;
  #pinned: readonly ArrayBuffer[] = [];
  #failure: { readonly error: unknown } | undefined;
  #isKilled = false;
  #isOver = false;

  /** Makes a run over `task.memory`, which the run's end gives back. */
  constructor(task: WorkerTask, body: WorkerBody, client: RunClient, options: RunOptions) {
    const { memory, rules: { np } } = task;
    this.#task = task;
    this.#body = body;
    this.#client = client;
    this.#memory = memory;
    const chunkStarts = new ChunkStarts();
    const sought = (index: number): void => chunkStarts.add(index);
    this.#workers = Array.from({ length: np }, (_, rank) => new WorkerProcess(memory, rank, sought));
    this.#doorbells = new Doorbells({
      drain: (worker, deadline) => this.#drain(worker, deadline),
      lose: (worker) => this.#lose(worker),
    });
    this.#deadlines = new Deadlines(memory, options);
    this.#succession = new Succession(task, {
      retries: options.retries,
      stopsAtError: options.stopsAtError,
      chunkStarts,
      deadlines: this.#deadlines,
      readAll: () => this.#doorbells.readAll(),
      settle: (index, error, { rank, lastPid }) => {
        client.putError(index, { error, stack: "", lossy: false }, true, { rank, pid: lastPid });
        this.#report();
      },
    });
  }

  /** Whether an error has ended it; its workers are being killed. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Lets workers claim items up to `limit`; with `isLast` there will be no more. */
  open(limit: number, isLast: boolean): void {
    const { words } = this.#memory;
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
      if (isAsync) this.#doorbells.open();
      const context = prepareForks();
      rehearseWorker();
      for (const worker of this.#workers) this.#fork(worker, context);
      if (!isAsync) return;
      this.#deadlines.arm(() => this.#checkDeadlines());
      this.#doorbells.keepLooking();
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
    if (this.#doorbells.isEmpty) {
      this.#end();
      this.#throwFailure();
      return false;
    }
    await this.#doorbells.wait();
    return true;
  }

  /** Nobody waits for news any more, for now: the event loop may end. */
  rest(): void {
    this.#doorbells.rest();
  }

  /** Waits until every worker is gone; throws what ended the run. Blocks. */
  finishSync(): void {
    this.#finishBlocking();
    this.#throwFailure();
  }

  #finishBlocking(): void {
    try {
      while (!this.#doorbells.isEmpty) {
        this.#doorbells.waitBlocking(this.#deadlines.untilNextMs());
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
    this.#doorbells.add(worker);
    this.#deadlines.expectStart(worker);
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
    let done = this.#succession.settled;
    for (const { received } of this.#workers) done += received;
    this.#client.progressed(done);
  }

  /** A process is gone: everything it published is read. */
  #lose(worker: WorkerProcess): void {
    // those that this run kills leave nothing to a next holder of the same run
    const untold = this.#failure !== undefined ? this.#task.sections.lock : undefined;
    const end = worker.bury((pid) => releaseLocksOf(pid, untold));
    this.#deadlines.forget(worker);
    if (this.#failure !== undefined) return;
    try {
      const isFollowed = this.#succession.hasSuccessor(worker, end, this.#isKilled);
      // what was read meanwhile may have ended the run
      if (isFollowed && !this.hasFailed) this.#fork(worker);
    } catch (error) {
      this.fail(error);
    }
  }

  #checkDeadlines(): void {
    const expired = this.#deadlines.check(this.#workers);
    if (expired !== undefined) this.fail(expired);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deadlines.disarm();
    this.#doorbells.close();
    setExportable(false);
    unshareLocks();
    this.#pinned = [];
    this.#memory.giveBack(this.#workers.map((worker) => worker.furthest));
  }
}
