/**
 * `ordered` as users call it. Who waits for whom is the turnstile's part (`sync/turnstile.ts`).
 *
 * @module
 */
import { DeadlockError } from "../errors.ts";
import { settled } from "./thenable.ts";
import type { WorkerPlace } from "./worker_place.ts";

/** A section that jobs pass in input order. */
export interface Ordered {
  /**
   * Runs `body` when every job before this one has passed or ended; its value. Blocks until then.
   *
   * @throws {DeadlockError} when this job has been in it already
   */
  <T>(body: () => T): T;
  /**
   * Enters until the guard is disposed: `using _ = pool.ordered.enter()`.
   *
   * @throws {DeadlockError} when this job has been in it already
   */
  enter(): Disposable;
}

/** The section of the pool whose running job `placeNow` tells. */
export function makeOrdered(placeNow: () => WorkerPlace | undefined): Ordered {
  function ordered<T>(body: () => T): T {
    const place = pass(placeNow());
    try {
      return settled(body(), "ordered");
    } finally {
      leave(place);
    }
  }
  const enter = (): Disposable => {
    const place = pass(placeNow());
    const { index } = place;
    return {
      [Symbol.dispose](): void {
        if (place.index === index) leave(place);
      },
    };
  };
  return Object.assign(ordered, { enter });
}

/** Waits for the running job's turn. */
function pass(place: WorkerPlace | undefined): WorkerPlace {
  if (place === undefined) {
    throw new TypeError("ordered: wanted inside of a job of this pool's map, got called outside");
  }
  if (place.orderedIndex === place.index) {
    throw new DeadlockError(
      `ordered was entered twice by job ${place.index}: its turn is over, and would not come again`,
    );
  }
  place.turnstile?.enter(place.index);
  place.orderedIndex = place.index;
  place.isInOrdered = true;
  return place;
}

/** Passes the turn to the next job. */
function leave(place: WorkerPlace): void {
  if (!place.isInOrdered) return;
  place.isInOrdered = false;
  place.turnstile?.raise(place.orderedIndex + 1);
}
