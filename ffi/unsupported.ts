/**
 * The back-end of a platform that has none: every call says what is needed.
 *
 * @module
 */
import { UnsupportedError } from "./errors.ts";
import type { Backend, Bound, CFunction } from "./types.ts";

/** A back-end whose every call throws {@linkcode UnsupportedError} naming `needs`. */
export function unsupportedBackend(needs: string, cause?: unknown): Backend {
  const refuse = (what: string): never => {
    throw new UnsupportedError(`${what} is not available here`, needs, cause === undefined ? {} : { cause });
  };
  return {
    bind<S extends Record<string, CFunction>>(symbols: S): Bound<S> {
      return Object.fromEntries(
        Object.keys(symbols).map((key) => [key, () => refuse(`the system call ${key}`)]),
      ) as unknown as Bound<S>;
    },
    viewAt: () => refuse("shared memory"),
    maxViewBytes: 0,
    addressOf: () => refuse("shared memory"),
    collectGarbage: () => {},
    createWaiter: () => refuse("waiting for a descriptor"),
    engineFlags: {},
    unsafeThreads: [],
    threadsMayIdle: false,
    isMainThread: false,
    marksInherited: false,
    noteEnvironment: () => {},
    prepareFork: () => refuse("fork"),
    adoptChild: () => refuse("fork"),
  };
}
