/**
 * Holding a file of a named array, so that others can tell that it is used; `src/named/lock.ts` has the whole picture.
 *
 * @module
 */
import { EAGAIN, LOCK_NB, LOCK_SH } from "../../ffi/constants.ts";
import { c, errno, sleepMs, systemCallError } from "../../ffi/libc.ts";

/** The others hold their locks for microseconds, unless they are stopped. */
const PATIENCE_MS = 5000;

/**
 * Holds a segment for as long as the descriptor, or a copy of it in whatever process, is open. Blocks while somebody
 * looks whether it is held.
 *
 * @throws {SystemCallError} `EAGAIN` when another program has locked it for good
 */
export function hold(fd: number, what: string): void {
  patiently(() => c.flock(fd, LOCK_SH | LOCK_NB), "flock", what, "another program keeps it locked");
}

/**
 * Repeats a lock that does not wait, until it is taken. Blocks.
 *
 * @param reason what it means that it cannot be taken
 * @throws {SystemCallError} `EAGAIN` when another keeps it for five seconds
 */
export function patiently(lock: () => number, syscall: string, what: string, reason: string): void {
  const end = performance.now() + PATIENCE_MS;
  while (lock() < 0) {
    if (errno() !== EAGAIN) throw systemCallError(syscall, what);
    if (performance.now() > end) throw systemCallError(syscall, `${what}: ${reason}`, EAGAIN);
    sleepMs(0.05);
  }
}
