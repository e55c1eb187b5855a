/**
 * Who uses a segment: kept by the kernel, which forgets the dead.
 *
 * | lock | held by | for |
 * |---|---|---|
 * | `flock`, shared | each process that has the segment open | as long as it has a view of it |
 * | `flock`, exclusive | who asks whether anyone has | microseconds |
 * | `fcntl`, of the open file description, byte 0 | who asks, or removes the name | microseconds |
 *
 * The third one makes askers wait for each other, where they would take each other for users, and nobody else removes
 * a name between the look whose it is and its removal. The two kinds of locks do not know of each other (fcntl(2)).
 *
 * @module
 */
import { EAGAIN, F_OFD_SETLK, F_WRLCK, LOCK_EX, LOCK_NB } from "../../ffi/constants.ts";
import { backend, c, errno, systemCallError } from "../../ffi/libc.ts";
import { patiently } from "../memory/hold.ts";

/** struct flock { short l_type; short l_whence; off_t l_start; off_t l_len; pid_t l_pid; } */
const request: Int32Array<ArrayBuffer> = new Int32Array(8);

/**
 * Whether nobody holds a segment; if so, nobody can before the descriptor is closed. The descriptor must hold the
 * other lock, see {@linkcode becomeSole}.
 *
 * @throws {SystemCallError} when the kernel cannot tell
 */
export function isUnheld(fd: number, what: string): boolean {
  if (c.flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  if (errno() === EAGAIN) return false;
  throw systemCallError("flock", what);
}

/**
 * From here on until the descriptor, which must be open for writing, is closed no other process asks who holds the
 * segment or removes its name.
 *
 * @throws {SystemCallError} `EAGAIN` when a process that does is stopped
 */
export function becomeSole(fd: number, what: string): void {
  request.fill(0);
  new Int16Array(request.buffer)[0] = F_WRLCK;
  request[4] = 1;
  const address = backend.addressOf(request);
  patiently(() => c.fcntl(fd, F_OFD_SETLK, address), "fcntl", what, "another process keeps it locked");
}
