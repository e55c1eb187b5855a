/**
 * What a worker that has died leaves to its successor.
 *
 * @module
 */
import { CLOSED, END, INTENT, INTENT_END, LIMIT, NEXT, NO_INTENT, POS, slotAt } from "./control.ts";
import { type ChunkStarts, hadClaimed } from "./lost_claims.ts";

/** What is left of a dead worker's part. */
export interface Remains {
  /** The job that it was running, would have run next, or that the next claim would give. */
  readonly index: number;
  /** Whether jobs of its chunk are left, `index` the first of them. */
  readonly hasJobs: boolean;
  /** Whether the job at `index` had begun and has no result. */
  readonly isRunning: boolean;
  /** Whether a successor could claim more. */
  readonly mayClaim: boolean;
}

/** What the remains are told from. */
export interface DeadWorker {
  readonly rank: number;
  /** Whether each worker has a share of its own, which nobody else claims. */
  readonly isStatic: boolean;
  /** The job whose result would have come next. */
  readonly nextIndex: number;
  /** Takes in everything that the other workers have published. */
  readonly readAll: () => void;
}

/** Looks at the slot of a dead worker, everything of which has been read, and settles what it was claiming. */
export function remainsOf(
  words: Int32Array<ArrayBuffer>,
  np: number,
  starts: ChunkStarts,
  { rank, isStatic, nextIndex, readAll }: DeadWorker,
): Remains {
  const slot = slotAt(rank);
  const start = words[slot + INTENT]!;
  const isClaiming = start !== NO_INTENT;
  if (isClaiming) {
    // it holds what it had claimed, or nothing
    const isHeld = hadClaimed(words, np, rank, start, starts, readAll);
    words[slot + POS] = start;
    words[slot + END] = isHeld ? words[slot + INTENT_END]! : start;
  }
  const position = words[slot + POS]!;
  const end = words[slot + END]!;
  const isAnswered = nextIndex > position;
  const next = position + (position < end && isAnswered ? 1 : 0);
  const hasJobs = next < end;
  return {
    index: hasJobs ? next : Math.min(words[NEXT]!, words[LIMIT]! - 1),
    hasJobs,
    // what it had only claimed had not begun
    isRunning: hasJobs && !isAnswered && !isClaiming,
    mayClaim: words[CLOSED] === 0 || words[NEXT]! < words[LIMIT]! || isStatic,
  };
}
