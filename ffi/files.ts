/**
 * Files through the C library: opened, read and written whole, or replaced at once. Failures are `SystemCallError`;
 * nothing stays open or behind.
 *
 * Sources: open(2), pread(2), write(2), rename(2).
 *
 * @module
 */
import {
  EINTR,
  EISDIR,
  ENOENT,
  ENOSPC,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NOCTTY,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
} from "./constants.ts";
import { c, checked, cString, errno, randomBytes, readLink, systemCallError } from "./libc.ts";
import { statusOf } from "./status.ts";

/** Linux transfers at most 2^31 - 4096 bytes a call. */
const MAX_TRANSFER = 2 ** 30;
const NEW_FILE_MODE = 0o666;

/**
 * Opens a file, close-on-exec; waits for a writer where it is a FIFO.
 *
 * @param what is named in errors, e.g. `load("a.npy")`
 * @param flags besides `O_CLOEXEC`
 */
export function openFile(path: string, what: string, flags: number = O_RDONLY): number {
  return checked("open", open(path, flags), what);
}

/** Negative, with `errno`, when it fails. */
function open(path: string, flags: number): number {
  const name = cString(path);
  for (;;) {
    const fd = c.open(name, flags | O_CLOEXEC | O_NOCTTY, NEW_FILE_MODE);
    if (fd >= 0 || errno() !== EINTR) return fd;
  }
}

/**
 * Reads until `target` is full or the file ends, and tells how many bytes. Blocks.
 *
 * @param position where in the file; `undefined` reads on from where the descriptor stands, as a pipe wants it
 */
export function readFully(
  fd: number,
  target: Uint8Array<ArrayBuffer>,
  position: number | undefined,
  what: string,
): number {
  let at = 0;
  while (at < target.length) {
    const bytes = Math.min(target.length - at, MAX_TRANSFER);
    const part = target.subarray(at, at + bytes);
    const count = position === undefined ? c.read(fd, part, bytes) : c.pread(fd, part, bytes, position + at);
    if (count === 0) break;
    if (count > 0) at += count;
    else if (errno() !== EINTR) throw systemCallError(position === undefined ? "read" : "pread", what);
  }
  return at;
}

/** Writes all of `bytes`. Blocks. */
export function writeAll(fd: number, bytes: Uint8Array<ArrayBuffer>, what: string): void {
  let at = 0;
  while (at < bytes.length) {
    const part = bytes.subarray(at, at + MAX_TRANSFER);
    const count = c.write(fd, part, part.length);
    if (count > 0) at += count;
    else if (count === 0) throw systemCallError("write", what, ENOSPC);
    else if (errno() !== EINTR) throw systemCallError("write", what);
  }
}

/** Writes all of `bytes` from a place of a regular file on. Blocks. */
export function writeAllAt(fd: number, bytes: Uint8Array<ArrayBuffer>, position: number, what: string): void {
  let at = 0;
  while (at < bytes.length) {
    const part = bytes.subarray(at, at + MAX_TRANSFER);
    const count = c.pwrite(fd, part, part.length, position + at);
    if (count > 0) at += count;
    else if (count === 0) throw systemCallError("pwrite", what, ENOSPC);
    else if (errno() !== EINTR) throw systemCallError("pwrite", what);
  }
}

/**
 * Gives a file new contents at once: whoever opens it sees the old ones or the new ones, whole. Permissions of a file
 * that is there are kept, a symbolic link is followed; a device, a pipe or a socket is written to as it is.
 *
 * The contents go to a file without a meaning beside it, `.sharedmem-….tmp`, which takes its place and is removed when
 * anything fails; it stays behind only when the process is killed.
 *
 * @param write is given the descriptor to write to
 */
export function replaceFile(path: string, what: string, write: (fd: number) => void): void {
  const { path: target, mode, isRegular } = presentFile(path, what);
  if (!isRegular) return writeThrough(path, what, write);
  const folder = target.slice(0, target.lastIndexOf("/") + 1);
  const temporary = `${folder}.sharedmem-${randomName()}.tmp`;
  const fd = openFile(temporary, what, O_WRONLY | O_CREAT | O_EXCL);
  try {
    if (mode !== undefined) checked("fchmod", c.fchmod(fd, mode), what);
    write(fd);
  } catch (error) {
    c.close(fd);
    c.unlink(cString(temporary));
    throw error;
  }
  // network file systems report here that there was no room
  let failed: [string, number] | undefined;
  if (c.close(fd) < 0 && errno() !== EINTR) failed = ["close", errno()];
  else if (c.rename(cString(temporary), cString(target)) < 0) failed = ["rename", errno()];
  if (failed === undefined) return;
  c.unlink(cString(temporary));
  throw systemCallError(failed[0], what, failed[1]);
}

interface PresentFile {
  /** Beyond symbolic links. */
  readonly path: string;
  /** `undefined` when there is nothing. */
  readonly mode: number | undefined;
  /** Whether it is, or may become, a regular file. */
  readonly isRegular: boolean;
}

/** What is there already. Throws when it may not be written. */
function presentFile(path: string, what: string): PresentFile {
  // opened and closed again it would end for its reader
  if (statusOf(path)?.kind === "a FIFO") return { path, mode: 0, isRegular: false };
  // a FIFO without a reader would wait, and be no regular file either
  const fd = open(path, O_WRONLY | O_NONBLOCK);
  if (fd < 0) {
    const number = errno();
    if (number === ENOENT) return { path: linkTarget(path), mode: undefined, isRegular: true };
    const status = statusOf(path);
    if (status !== undefined && !status.isRegular && number !== EISDIR) {
      return { path, mode: 0, isRegular: false };
    }
    throw systemCallError("open", what, number);
  }
  const status = statusOf(fd);
  const failure = status === undefined ? systemCallError("statx", what) : undefined;
  // beyond symbolic links; a file that lies elsewhere than its name says is taken by that
  const real = readLink(`/proc/self/fd/${fd}`);
  c.close(fd);
  if (status === undefined) throw failure;
  const isThere = real !== undefined && statusOf(real)?.identity === status.identity;
  return { path: isThere ? real : path, mode: status.mode, isRegular: status.isRegular };
}

/** Where symbolic links lead that end in nothing: not in a circle, as the system has looked. */
function linkTarget(path: string): string {
  let target = path;
  for (let link = readLink(target); link !== undefined; link = readLink(target)) {
    target = link.startsWith("/") ? link : target.slice(0, target.lastIndexOf("/") + 1) + link;
  }
  return target;
}

function writeThrough(path: string, what: string, write: (fd: number) => void): void {
  const fd = openFile(path, what, O_WRONLY);
  try {
    write(fd);
  } finally {
    c.close(fd);
  }
}

function randomName(): string {
  return Array.from(randomBytes(8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
