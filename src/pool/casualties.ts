/**
 * Whose fault a worker's death was, and where its successor goes on.
 *
 * @module
 */
import { type JobTimeoutError, WorkerExitError } from "../errors.ts";
import type { ChildEnd } from "../process/reap.ts";

/** A dead worker. */
export interface Casualty {
  /** The job that it was running, or would have run next. */
  readonly index: number;
  readonly rank: number;
  readonly pid: number;
  /** Whether that job had begun and has no result. */
  readonly isRunning: boolean;
}

/** What is to be done. */
export interface Verdict {
  /** The outcome of the job at `index`; `undefined` when it has none yet. */
  readonly error: WorkerExitError | JobTimeoutError | undefined;
  /** The first job that the successor runs. */
  readonly resumeAt: number;
}

/** A worker that dies this often between two jobs takes the next one down with it. */
const MAX_IDLE_DEATHS = 3;
/** Somebody who kills workers between jobs says less about the next job. */
const MAX_IDLE_KILLS = 30;

/** Counts deaths by job. */
export class Casualties {
  readonly #retries: number;
  readonly #isForgiving: boolean;
  readonly #deaths = new Map<number, number>();
  readonly #idleDeaths = new Map<number, number>();

  /** How many jobs have a death as their outcome. */
  settled = 0;

  /** A job may be run again `retries` times; without retries and with `stopsAtError` any death ends the run. */
  constructor({ retries, stopsAtError }: { readonly retries: number; readonly stopsAtError: boolean }) {
    this.#retries = retries;
    this.#isForgiving = retries > 0 || !stopsAtError;
  }

  /** Judges a death; `timedOut` is set when it was killed for taking too long, which is no reason to try again. */
  judge(casualty: Casualty, end: ChildEnd, timedOut: JobTimeoutError | undefined): Verdict {
    const verdict = this.#judge(casualty, end, timedOut);
    if (verdict.error !== undefined) this.settled++;
    return verdict;
  }

  #judge(casualty: Casualty, end: ChildEnd, timedOut: JobTimeoutError | undefined): Verdict {
    const { index, isRunning } = casualty;
    const error = timedOut ?? new WorkerExitError(casualty, end.signal, end.exitCode, reason(end));
    if (!isRunning) {
      const deaths = (this.#idleDeaths.get(index) ?? 0) + 1;
      this.#idleDeaths.set(index, deaths);
      // nothing was lost: the job that comes next has not begun
      const limit = end.signal === "SIGKILL" ? MAX_IDLE_KILLS : MAX_IDLE_DEATHS;
      if (deaths < limit && this.#isForgiving) return { error: undefined, resumeAt: index };
      return { error, resumeAt: index + 1 };
    }
    const deaths = (this.#deaths.get(index) ?? 0) + 1;
    this.#deaths.set(index, deaths);
    if (timedOut === undefined && deaths <= this.#retries) return { error: undefined, resumeAt: index };
    return { error, resumeAt: index + 1 };
  }
}

/** A guess at the cause, for the message. */
function reason({ signal, exitCode }: ChildEnd): string {
  switch (signal) {
    case null:
      return exitCode === null
        ? "its status is not known, because this process ignores SIGCHLD"
        : "the job called process.exit, Deno.exit or _exit";
    case "SIGKILL":
      return "killed from outside, or by the kernel because memory ran out";
    case "SIGTRAP":
    case "SIGABRT":
      return "the engine gave up, usually because its heap limit was reached";
    case "SIGSEGV":
      return "a crash in native code, such as a wrong address given to FFI";
    case "SIGBUS":
      return "memory behind a mapped file is gone: it was truncated, or its file system is full";
    case "SIGXCPU":
      return "the limit of processor time was reached";
    default:
      return "";
  }
}
