/**
 * What a worker's death means for the run: nothing, an outcome for its job, the end of the run; and whether another
 * process goes on in its place.
 *
 * ```
 *  dead ─┬ it had finished ────────────────────▶ nobody
 *        ├ it had not started, nobody killed it ▶ another, a few times
 *        └ remains ─┬ nothing is left ──────────▶ nobody; its turns are passed
 *                   └ verdict ─ an outcome, or a try more, for the job that it ran ─▶ another goes on
 * ```
 *
 * @module
 */
import { type JobTimeoutError, UnsupportedError, type WorkerExitError } from "../errors.ts";
import type { ChildEnd } from "../process/reap.ts";
import type { Turnstile } from "../sync/turnstile.ts";
import { Casualties } from "./casualties.ts";
import { END, FINISHED, FORKED, LOWER, NEVER, POS, slotAt } from "./control.ts";
import type { Deadlines } from "./deadlines.ts";
import type { ChunkStarts } from "./lost_claims.ts";
import { remainsOf } from "./remains.ts";
import { turnstileOf, type WorkerTask } from "./worker_loop.ts";
import type { WorkerProcess } from "./worker_process.ts";

const MAX_STARTS = 3;
/** Somebody who kills what has not even started says nothing about fork. */
const MAX_KILLED_STARTS = 30;

/** What a run's deaths are judged by. */
export interface SuccessionRules {
  /** How often a job may be run again. */
  readonly retries: number;
  /** Whether the first error ends the run. */
  readonly stopsAtError: boolean;
  /** Where workers have begun chunks, as far as their results were read. */
  readonly chunkStarts: ChunkStarts;
  /** Which jobs took too long. */
  readonly deadlines: Deadlines;
  /** Takes in everything that the living workers have published. */
  readonly readAll: () => void;
  /** The job at `index` has `error` as its outcome. */
  readonly settle: (index: number, error: WorkerExitError | JobTimeoutError, worker: WorkerProcess) => void;
}

/** Judges the deaths of one run. */
export class Succession {
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #np: number;
  readonly #isStatic: boolean;
  readonly #rules: SuccessionRules;
  readonly #casualties: Casualties;
  readonly #turnstile: Turnstile;

  constructor({ memory, rules }: WorkerTask, by: SuccessionRules) {
    this.#words = memory.words;
    this.#np = rules.np;
    this.#isStatic = rules.schedule === "static";
    this.#rules = by;
    this.#casualties = new Casualties(by);
    this.#turnstile = turnstileOf(memory, rules.np, -1);
  }

  /** How many jobs have a death as their outcome. */
  get settled(): number {
    return this.#casualties.settled;
  }

  /**
   * Whether another process is to go on in the place of `worker`, whose process has ended and whose results were all
   * read; its slot is made ready for that. `isKilled` tells that this run has killed its workers.
   *
   * @throws what ends the run
   */
  hasSuccessor(worker: WorkerProcess, end: ChildEnd, isKilled: boolean): boolean {
    if (worker.state === FINISHED) return false;
    if (worker.state !== FORKED) worker.failedStarts = 0;
    else if (!isKilled) return this.#mayRestart(worker, end);
    return this.#mourn(worker, end);
  }

  /** The process died before its prologue was through, so no user code has run. */
  #mayRestart(worker: WorkerProcess, end: ChildEnd): true {
    const wasKilledByOthers = end.signal === "SIGKILL" && !worker.wasSilent;
    if (++worker.failedStarts >= (wasKilledByOthers ? MAX_KILLED_STARTS : MAX_STARTS)) {
      throw new UnsupportedError(
        `worker ${worker.rank} did not start in ${worker.failedStarts} tries`,
        "other threads of this process to be idle when it forks",
      );
    }
    return true;
  }

  /** The process died after its start: judges whose fault that was. */
  #mourn(worker: WorkerProcess, end: ChildEnd): boolean {
    const words = this.#words;
    const { rank } = worker;
    const { chunkStarts, deadlines, readAll, settle, stopsAtError } = this.#rules;
    const slot = slotAt(rank);
    const { index, hasJobs, isRunning, mayClaim } = remainsOf(words, this.#np, chunkStarts, {
      rank,
      isStatic: this.#isStatic,
      nextIndex: worker.reader.nextIndex,
      readAll,
    });
    // it had done its part: nothing is lost with it
    if (!hasJobs && !mayClaim) return this.#retire(slot);
    const verdict = this.#casualties.judge(
      { index, rank, pid: worker.lastPid, isRunning },
      end,
      deadlines.takeTimedOut(worker),
    );
    if (verdict.error !== undefined) {
      // without a claim of its own the worker takes no job down with it
      if (stopsAtError || !hasJobs) throw verdict.error;
      settle(index, verdict.error, worker);
    }
    words[slot + POS] = hasJobs ? verdict.resumeAt : words[slot + END]!;
    if (words[slot + POS]! >= words[slot + END]! && !mayClaim) return this.#retire(slot);
    Atomics.store(words, slot + LOWER, Math.min(words[slot + POS]!, words[slot + END]!));
    this.#turnstile.wake();
    return true;
  }

  /** A worker that nobody takes the place of holds up no turn. */
  #retire(slot: number): false {
    Atomics.store(this.#words, slot + LOWER, NEVER);
    this.#turnstile.wake();
    return false;
  }
}
