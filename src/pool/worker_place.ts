/**
 * The worker's place in a map, which sections, random numbers and jobs depend on.
 *
 * @module
 */
import type { Turnstile } from "../sync/turnstile.ts";

/** Per-worker namespace; anything may be kept in it. */
export interface WorkerLocal {
  /** 0…np-1 in a worker, `undefined` outside. */
  rank: number | undefined;
  /** Whatever a job keeps for later jobs of its worker. */
  [name: string]: unknown;
}

/** Where in a map the running code is. */
export interface WorkerPlace {
  readonly rank: number;
  readonly local: WorkerLocal;
  /** Waits for turns; absent where jobs run one after the other anyway. */
  readonly turnstile: Turnstile | undefined;
  /** The job that runs. */
  index: number;
  /** The last job that entered `ordered`. */
  orderedIndex: number;
  /** Whether that job is still inside. */
  isInOrdered: boolean;
}

/** The place of the worker of `rank`, before its first job. */
export function placeOf(rank: number, turnstile: Turnstile | undefined): WorkerPlace {
  return { rank, local: { rank }, turnstile, index: -1, orderedIndex: -1, isInOrdered: false };
}
