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
import { isThenable, type Sections, type WorkerPlace } from "./sections.ts";

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
export function runWorker(task: WorkerTask, rank: number, parentPid: number, writer: ResultWriter): void {
  const { memory, sections, rules } = task;
  const turnstile = turnstileOf(memory, rules.np, rank);
  const place: WorkerPlace = {
    rank,
    local: { rank },
    turnstile,
    index: -1,
    orderedIndex: -1,
    isInOrdered: false,
  };
  sections.enterWorker(place, parentPid);
  const job = new WorkerJob(sections, place, rules.np, task.shared, task.signal);
  const claims = new Claims(memory.words, rules, rank);
  const { words } = memory;
  const slot = slotAt(rank);

  // a worker that takes the place of a dead one goes on with its chunk
  let start = words[slot + POS]! < words[slot + END]! ? words[slot + POS]! : claims.claim(false);
  while (start >= 0) {
    const startMs = performance.now();
    const end = words[slot + END]!;
    passTurns(turnstile, words, slot, start);
    writer.seek(start);
    if (!runChunk(task, place, job, turnstile, writer, start, end)) break;
    claims.took(end - start, performance.now() - startMs);
    if (task.isEager) writer.announce();
    start = claims.claim(turnstile.isUsed);
  }
  turnstile.raise(NEVER);
  Atomics.store(words, slot + STATE, FINISHED);
}

/** Runs the jobs of one chunk; false when an error ended the run. */
function runChunk(
  task: WorkerTask,
  place: WorkerPlace,
  job: WorkerJob,
  turnstile: Turnstile,
  writer: ResultWriter,
  start: number,
  end: number,
): boolean {
  const { memory: { words, doubles }, sections, work, itemAt, star, isTimed } = task;
  const slot = slotAt(place.rank);
  const jobStart = jobStartAt(place.rank);
  for (let index = start; index < end; index++) {
    words[slot + POS] = index;
    if (isTimed) doubles[jobStart] = performance.now();
    sections.startJob(place, index);
    let isWhole = true;
    try {
      const value = star
        ? (work as (...values: unknown[]) => unknown)(...itemAt(index) as Iterable<unknown>, job)
        : work(itemAt(index), job);
      isWhole = finishJob(sections, place, writer, index, value);
    } catch (error) {
      isWhole = false;
      endSections(sections, place);
      writer.putError(THROWN, error);
    }
    if (isTimed) doubles[jobStart] = 0;
    passTurns(turnstile, words, slot, index + 1);
    if (!isWhole) {
      writer.announce();
      if (task.stopsAtError) return false;
    }
  }
  return true;
}

/** This worker holds no job before `bound` any more. */
function passTurns(turnstile: Turnstile, words: Int32Array<ArrayBuffer>, slot: number, bound: number): void {
  if (turnstile.isUsed) turnstile.raise(bound);
  else words[slot + LOWER] = bound;
}

/** Publishes what a job returned; false when it was refused. */
function finishJob(
  sections: Sections,
  place: WorkerPlace,
  writer: ResultWriter,
  index: number,
  value: unknown,
): boolean {
  if (sections.mutex.isHeld) {
    endSections(sections, place);
    throw new TypeError(
      "critical: wanted the guard disposed before the job ends, got one that was not (use `using`)",
    );
  }
  place.isInOrdered = false;
  // a plain property read: most results are numbers, and a getter of the user's runs once more in the encoder
  if (typeof value === "object" && value !== null && isThenable(value)) {
    writer.putError(REFUSED, new AsyncJobError(index));
    return false;
  }
  try {
    writer.put(value);
    return true;
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    writer.putError(REFUSED, atJob(error, index));
    return false;
  }
}

/** What a job that failed still holds goes to the others. */
function endSections(sections: Sections, place: WorkerPlace): void {
  if (sections.mutex.isHeld) sections.mutex.release();
  place.isInOrdered = false;
}
