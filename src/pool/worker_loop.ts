/**
 * What a forked worker does: claim a chunk, run its jobs, publish each result, until nothing is left.
 *
 * @module
 */
import { AsyncJobError, CodecError } from "../errors.ts";
import { Turnstile } from "../sync/turnstile.ts";
import { REFUSED, THROWN } from "../transport/result_format.ts";
import { atJob, type ResultWriter } from "../transport/result_writer.ts";
import { type ClaimRules, Claims } from "./claims.ts";
import {
  type ControlMemory,
  END,
  FINISHED,
  jobStartAt,
  LOWER,
  NEVER,
  ORDERED_USED,
  POS,
  slotAt,
  STATE,
  TURN,
  WAITERS,
} from "./control.ts";
import { type Work, WorkerJob } from "./job.ts";
import type { Sections } from "./sections.ts";
import { isThenable } from "./thenable.ts";
import { placeOf, type WorkerPlace } from "./worker_place.ts";

/** What every worker of a run knows by inheritance. */
export interface WorkerTask {
  readonly memory: ControlMemory;
  readonly rules: ClaimRules;
  readonly sections: Sections;
  readonly work: Work<unknown, unknown>;
  /** The item at an index. */
  readonly itemAt: (index: number) => unknown;
  readonly star: boolean;
  readonly shared: unknown;
  readonly signal: AbortSignal | undefined;
  /** Whether the master watches the time of each job. */
  readonly isTimed: boolean;
  /** Whether the first error ends the run. */
  readonly stopsAtError: boolean;
  /** Whether somebody waits for each result. */
  readonly isEager: boolean;
}

/** The words of a run's turns, for {@linkcode Turnstile}. */
export function turnstileOf(memory: ControlMemory, np: number, rank: number): Turnstile {
  const bounds = Array.from({ length: np }, (_, other) => slotAt(other) + LOWER);
  return new Turnstile(
    { words: memory.words, turn: TURN, waiters: WAITERS, used: ORDERED_USED, bounds },
    rank,
  );
}

/** Runs jobs in this process until there are no more; called in the child, after its prologue. */
export function runWorker(task: WorkerTask, rank: number, writer: ResultWriter): void {
  new Worker(task, rank, writer).run();
}

/** One worker at work. */
class Worker {
  readonly #task: WorkerTask;
  readonly #writer: ResultWriter;
  readonly #sections: Sections;
  readonly #turnstile: Turnstile;
  readonly #place: WorkerPlace;
  readonly #job: WorkerJob;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #doubles: Float64Array<ArrayBuffer>;
  readonly #slot: number;
  readonly #jobStart: number;

  constructor(task: WorkerTask, rank: number, writer: ResultWriter) {
    const { memory, sections, rules: { np }, shared, signal } = task;
    this.#task = task;
    this.#writer = writer;
    this.#sections = sections;
    this.#turnstile = turnstileOf(memory, np, rank);
    this.#place = placeOf(rank, this.#turnstile);
    this.#job = new WorkerJob(sections, this.#place, np, shared, signal);
    this.#words = memory.words;
    this.#doubles = memory.doubles;
    this.#slot = slotAt(rank);
    this.#jobStart = jobStartAt(rank);
    sections.place = this.#place;
  }

  /** Claims and runs chunks until there are no more. */
  run(): void {
    const words = this.#words;
    const slot = this.#slot;
    const { memory, rules, isEager } = this.#task;
    const claims = new Claims(memory.words, rules, this.#place.rank);
    // a worker that takes the place of a dead one goes on with its chunk
    let start = words[slot + POS]! < words[slot + END]! ? words[slot + POS]! : claims.claim(false);
    while (start >= 0) {
      // waiting is no work: it says nothing of how long jobs take
      const startMs = performance.now() - this.#turnstile.waitedMs;
      const end = words[slot + END]!;
      this.#passTurns(start);
      this.#writer.seek(start);
      if (!this.#runChunk(start, end)) break;
      claims.took(end - start, performance.now() - this.#turnstile.waitedMs - startMs);
      if (isEager) this.#writer.announce();
      start = claims.claim(this.#turnstile.isUsed);
    }
    this.#turnstile.raise(NEVER);
    Atomics.store(words, slot + STATE, FINISHED);
  }

  /** Runs the jobs of one chunk; false when an error ended the run. */
  #runChunk(start: number, end: number): boolean {
    for (let index = start; index < end; index++) {
      if (this.#runJob(index)) continue;
      this.#writer.announce();
      if (this.#task.stopsAtError) return false;
    }
    return true;
  }

  /** Runs one job and publishes what comes of it; false when that is an error. Small, so that engines compile it early. */
  #runJob(index: number): boolean {
    this.#words[this.#slot + POS] = index;
    if (this.#task.isTimed) this.#doubles[this.#jobStart] = performance.now();
    this.#sections.startJob(this.#place, index);
    let isWhole: boolean;
    try {
      isWhole = this.#finish(index, this.#call(this.#task.itemAt(index)));
    } catch (error) {
      isWhole = this.#fail(error);
    }
    if (this.#task.isTimed) this.#doubles[this.#jobStart] = 0;
    this.#passTurns(index + 1);
    return isWhole;
  }

  #call(item: unknown): unknown {
    const { work, star } = this.#task;
    if (!star) return work(item, this.#job);
    return (work as (...values: unknown[]) => unknown)(...item as Iterable<unknown>, this.#job);
  }

  /** Publishes what a job returned; false when it was refused. */
  #finish(index: number, value: unknown): boolean {
    if (this.#sections.lock.isHeld) throw guardNotDisposed();
    this.#place.isInOrdered = false;
    if (typeof value === "object" && isThenable(value)) return this.#refuse(new AsyncJobError(index));
    try {
      this.#writer.put(value);
      return true;
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      return this.#refuse(atJob(error, index));
    }
  }

  #refuse(error: AsyncJobError | CodecError): false {
    this.#writer.putError(REFUSED, error);
    return false;
  }

  /** What the job still holds goes to the others. */
  #fail(error: unknown): false {
    if (this.#sections.lock.isHeld) this.#sections.lock.release();
    this.#place.isInOrdered = false;
    this.#writer.putError(THROWN, error);
    return false;
  }

  /** This worker holds no job before `bound` any more. */
  #passTurns(bound: number): void {
    if (this.#turnstile.isUsed) this.#turnstile.raise(bound);
    else this.#words[this.#slot + LOWER] = bound;
  }
}

function guardNotDisposed(): TypeError {
  return new TypeError(
    "critical: wanted the guard disposed before the job ends, got one that was not (use `using`)",
  );
}
