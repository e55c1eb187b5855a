/**
 * The times that a run watches: the map's, each job's, and a new child's to prove itself.
 *
 * @module
 */
import { SIGCONT, SIGKILL, SIGSTOP } from "../../ffi/constants.ts";
import { clearTimeout, setTimeout } from "node:timers";
import { JobTimeoutError } from "../errors.ts";
import { awaitStop } from "../process/reap.ts";
import { type ControlMemory, FORKED, jobStartAt, POS, slotAt } from "./control.ts";
import type { WorkerProcess } from "./worker_process.ts";

/** A child that is silent for this long before its flag hangs on a lock that it inherited. */
const START_LIMIT_MS = 1000;
const STOP_LIMIT_MS = 20;
/** Timers hold 31 bits. */
const MAX_TIMER_MS = 2 ** 30;

/** Watches the clock for one run. */
export class Deadlines {
  readonly #memory: ControlMemory;
  readonly #timeoutMs: number;
  readonly #jobTimeoutMs: number;
  readonly #startedMs = performance.now();
  readonly #starting = new Set<WorkerProcess>();
  readonly #timedOut = new Map<WorkerProcess, JobTimeoutError>();
  /** Never keeps the event loop alive: whoever waits for the run does. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wake: (() => void) | undefined;

  /** The limits are in milliseconds, `Infinity` for none. */
  constructor(
    memory: ControlMemory,
    { timeout, jobTimeout }: { readonly timeout: number; readonly jobTimeout: number },
  ) {
    this.#memory = memory;
    this.#timeoutMs = timeout;
    this.#jobTimeoutMs = jobTimeout;
  }

  /** Calls `wake` whenever something may be due. */
  arm(wake: () => void): void {
    this.#wake = wake;
    this.#schedule();
  }

  /** Sets no more timers. */
  disarm(): void {
    this.#wake = undefined;
    clearTimeout(this.#timer);
  }

  /** `worker` was forked just now. */
  expectStart(worker: WorkerProcess): void {
    this.#starting.add(worker);
    this.#schedule();
  }

  /** `worker` is gone. */
  forget(worker: WorkerProcess): void {
    this.#starting.delete(worker);
  }

  /** The error of the job for which `worker` was killed, once. */
  takeTimedOut(worker: WorkerProcess): JobTimeoutError | undefined {
    const error = this.#timedOut.get(worker);
    this.#timedOut.delete(worker);
    return error;
  }

  /** Milliseconds until something may be due; -1 when nothing ever is. */
  untilNextMs(): number {
    let due = this.#startedMs + this.#timeoutMs;
    for (const { forkedAtMs } of this.#starting) due = Math.min(due, forkedAtMs + START_LIMIT_MS);
    if (this.#jobTimeoutMs < Infinity) due = Math.min(due, this.#nextJobDue());
    return due === Infinity ? -1 : Math.max(0, Math.min(due - performance.now(), MAX_TIMER_MS));
  }

  /** Kills what is late; the error when the whole map is. */
  check(workers: readonly WorkerProcess[]): JobTimeoutError | undefined {
    const nowMs = performance.now();
    for (const worker of this.#starting) {
      if (worker.state !== FORKED) this.#starting.delete(worker);
      else if (nowMs - worker.forkedAtMs >= START_LIMIT_MS) {
        this.#starting.delete(worker);
        worker.wasSilent = true;
        worker.signal(SIGKILL);
      }
    }
    if (this.#jobTimeoutMs < Infinity) { for (const worker of workers) this.#checkJob(worker, nowMs); }
    this.#schedule();
    const elapsedMs = nowMs - this.#startedMs;
    return elapsedMs >= this.#timeoutMs ? new JobTimeoutError(-1, elapsedMs, this.#timeoutMs) : undefined;
  }

  #schedule(): void {
    if (this.#wake === undefined) return;
    clearTimeout(this.#timer);
    const delayMs = this.untilNextMs();
    if (delayMs >= 0) this.#timer = setTimeout(this.#wake, Math.ceil(delayMs)).unref();
  }

  #nextJobDue(): number {
    const { doubles, capacity } = this.#memory;
    // a job that begins now is due after the whole time
    let due = performance.now() + this.#jobTimeoutMs;
    for (let rank = 0; rank < capacity; rank++) {
      const startMs = doubles[jobStartAt(rank)]!;
      if (startMs > 0) due = Math.min(due, startMs + this.#jobTimeoutMs);
    }
    return due;
  }

  /** Stops the worker first: a job that ended meanwhile must not cost the next one its life. */
  #checkJob(worker: WorkerProcess, nowMs: number): void {
    const { doubles, words } = this.#memory;
    const at = jobStartAt(worker.rank);
    const startMs = doubles[at]!;
    if (
      worker.pid === 0 || startMs === 0 || nowMs - startMs < this.#jobTimeoutMs || this.#timedOut.has(worker)
    ) return;
    worker.signal(SIGSTOP);
    if (!awaitStop(worker.pid, STOP_LIMIT_MS) || doubles[at] === startMs) {
      const index = words[slotAt(worker.rank) + POS]!;
      this.#timedOut.set(worker, new JobTimeoutError(index, nowMs - startMs, this.#jobTimeoutMs));
      worker.signal(SIGKILL);
    } else worker.signal(SIGCONT);
  }
}
