/**
 * `critical` as users call it.
 *
 * @module
 */
import { self } from "../process/identity.ts";
import type { CriticalLock } from "./critical_lock.ts";
import { settled } from "./thenable.ts";

/** A section that one worker at a time is in. */
export interface Critical {
  /**
   * Runs `body` while no other worker of this pool is in `critical`; its value. Blocks while another is.
   *
   * @throws {DeadlockError} when this worker is in it already
   */
  <T>(body: () => T): T;
  /**
   * Enters until the guard is disposed: `using _ = pool.critical.enter()`.
   *
   * @throws {DeadlockError} when this worker is in it already
   */
  enter(): Disposable;
  /** How many workers died inside: what they were changing may be half done. */
  readonly abandoned: number;
}

/** The section that `lock` guards. */
export function makeCritical(lock: CriticalLock): Critical {
  function critical<T>(body: () => T): T {
    lock.acquire();
    try {
      return settled(body(), "critical");
    } finally {
      lock.release();
    }
  }
  const enter = (): Disposable => {
    lock.acquire();
    const owner = self.pid;
    let isInside = true;
    return {
      [Symbol.dispose](): void {
        if (isInside && owner === self.pid) lock.release();
        isInside = false;
      },
    };
  };
  return Object.defineProperty(Object.assign(critical, { enter, abandoned: 0 }), "abandoned", {
    get: () => lock.abandoned,
    enumerable: true,
  });
}
