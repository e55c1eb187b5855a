/**
 * Takes names away: of segments that nobody uses, and of any.
 *
 * Whoever removes a name holds the lock of askers (`lock.ts`) of the file, and has seen that the name still stands for
 * that file: a segment that has been put in the place of a stale one in the meantime is never hit.
 *
 * @module
 */
import { ENOENT, S_ISVTX } from "../../ffi/constants.ts";
import { c, cString, errno, systemCallError } from "../../ffi/libc.ts";
import { type FileStatus, statusOf } from "../../ffi/status.ts";
import { becomeSole, isUnheld } from "./lock.ts";
import { type OpenFile, openSegment } from "./open_segment.ts";

/** What became of a file that was looked at. */
export type Fate = "removed" | "held" | "persistent" | "gone";

/**
 * Whether a segment outlives its users: the sticky bit of its file says so, which no reader of `.npy` sees and
 * nothing else uses.
 */
export function isPersistent({ mode }: FileStatus): boolean {
  return (mode & S_ISVTX) !== 0;
}

/**
 * Removes the name of a segment that nobody holds; that of a persistent one only if `evenPersistent`.
 *
 * @throws {SystemCallError} as `openSegment()`, for a file that is not this user's segment
 */
export function removeStale(path: string, evenPersistent: boolean, what: string): Fate {
  const file = openSegment(path, "write", what);
  if (file === undefined) return "gone";
  try {
    if (isPersistent(file.status) && !evenPersistent) return "persistent";
    becomeSole(file.fd, `${what}: ${path}`);
    if (!isUnheld(file.fd, `${what}: ${path}`)) return "held";
    return removeName(file, path, what) ? "removed" : "gone";
  } finally {
    c.close(file.fd);
  }
}

/** Removes the name of a segment, used or not; false when there is none. Errors as {@linkcode removeStale}. */
export function removeAny(path: string, what: string): boolean {
  for (;;) {
    const file = openSegment(path, "write", what);
    if (file === undefined) return false;
    try {
      becomeSole(file.fd, `${what}: ${path}`);
      // else another file has taken its place
      if (removeName(file, path, what)) return true;
    } finally {
      c.close(file.fd);
    }
  }
}

/** False when the name does not stand for that file any more. */
function removeName({ status }: OpenFile, path: string, what: string): boolean {
  if (statusOf(path)?.identity !== status.identity) return false;
  if (c.unlink(cString(path)) === 0) return true;
  if (errno() === ENOENT) return false;
  throw systemCallError("unlink", `${what}: ${path}`);
}
