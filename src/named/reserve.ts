/**
 * Takes all memory of a segment when it is made: what is not there is an error then, never SIGBUS at first touch.
 *
 * Source: posix_fallocate(3), shmem_fallocate in mm/shmem.c, which gives everything back when a signal comes.
 *
 * @module
 */
import { EINTR, ENOMEM, ENOSPC } from "../../ffi/constants.ts";
import type { SystemCallError } from "../../ffi/errors.ts";
import { c, cString, systemCallError } from "../../ffi/libc.ts";
import { memoryBudget } from "../memory/memory_budget.ts";
import { DIRECTORY } from "./name.ts";

/** At most so many bytes in one call: what a signal takes back. */
const CHUNK_BYTES = 2 ** 26;
/** Takes 40 µs: no timer's signals come faster. */
const MIN_CHUNK_BYTES = 2 ** 16;
/** Below this, asking how much memory there is would take longer than taking it. */
const UNCHECKED_BYTES = 2 ** 24;
/** Docker's default. */
const SMALL_BYTES = 2 ** 26;

/**
 * Whether that much can be had, before any of it is taken from others.
 *
 * @throws {SystemCallError} `ENOSPC` when `/dev/shm` has not so much left, `ENOMEM` when the machine has not
 */
export function checkSpace(byteLength: number, what: string): void {
  if (byteLength > spaceLeft().left) throw noSpace(byteLength, what);
  if (byteLength < UNCHECKED_BYTES) return;
  const { totalBytes, availableBytes } = memoryBudget();
  if (totalBytes === 0 || byteLength <= availableBytes) return;
  const detail = `${what} wants ${byteLength} bytes in ${DIRECTORY}, this machine has ${availableBytes} left`;
  throw systemCallError("posix_fallocate", detail, ENOMEM);
}

/** Takes the memory behind the first `byteLength` bytes of a file; errors as {@linkcode checkSpace}. Blocks. */
export function reserve(fd: number, byteLength: number, what: string): void {
  let chunk = CHUNK_BYTES;
  for (let at = 0; at < byteLength;) {
    const bytes = Math.min(chunk, byteLength - at);
    const number = c.posix_fallocate(fd, at, bytes);
    if (number === 0) at += bytes;
    else if (number === EINTR) chunk = Math.max(MIN_CHUNK_BYTES, chunk / 2);
    else if (number === ENOSPC) throw noSpace(byteLength, what);
    else {throw systemCallError(
        "posix_fallocate",
        `${what} wants ${byteLength} bytes in ${DIRECTORY}`,
        number,
      );}
  }
}

function noSpace(byteLength: number, what: string): SystemCallError {
  const { left, total } = spaceLeft();
  const isSmall = total <= SMALL_BYTES;
  const advice = isSmall
    ? `; a container gets a larger one by --shm-size, and empty() is not limited by it`
    : "; empty() is not limited by it";
  const detail =
    `${what} wants ${byteLength} bytes in ${DIRECTORY}, which has ${left} left of ${total}${advice}`;
  return systemCallError("posix_fallocate", detail, ENOSPC);
}

/** Bytes of the file system. */
function spaceLeft(): { left: number; total: number } {
  // struct statvfs on 64 bits: unsigned long f_bsize, f_frsize, f_blocks, f_bfree, f_bavail, …
  const fields = new BigUint64Array(16);
  if (c.statvfs(cString(DIRECTORY), fields) < 0) return { left: Infinity, total: Infinity };
  const [, unit, blocks, , available] = [...fields].map(Number);
  // 0 is a file system without a limit
  if (blocks === 0) return { left: Infinity, total: Infinity };
  return { left: unit! * available!, total: unit! * blocks! };
}
