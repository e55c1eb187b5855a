/**
 * A file that nobody can see before it is whole.
 *
 * Source: open(2), `O_TMPFILE`; linkat(2).
 *
 * @module
 */
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_FOLLOW,
  EACCES,
  EEXIST,
  EISDIR,
  ENOENT,
  EOPNOTSUPP,
  EROFS,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_RDWR,
  O_TMPFILE,
} from "../../ffi/constants.ts";
import type { SystemCallError } from "../../ffi/errors.ts";
import { c, checked, cString, errno, randomBytes, systemCallError } from "../../ffi/libc.ts";
import { statusOf } from "../../ffi/status.ts";
import { hold } from "../memory/hold.ts";
import { DIRECTORY, temporaryPath } from "./name.ts";

/** A file without a name, or with one that nobody asks for. */
export interface UnnamedFile {
  /** Open for reading and writing, and held. */
  readonly fd: number;
  /** The name that it must have until it is published, where the file system has no files without one. */
  readonly temporary: string | undefined;
}

const MODE = 0o600;
const NO_PATH = cString("");

/**
 * An empty file in `/dev/shm` that is held.
 *
 * @throws {SystemCallError} when there cannot be one: the message says why and what to do instead
 */
export function openUnnamed(what: string): UnnamedFile {
  const fd = c.open(cString(DIRECTORY), O_TMPFILE | O_RDWR | O_CLOEXEC, MODE);
  if (fd < 0) {
    const number = errno();
    // 21 and 22 come from kernels that do not know the flag
    if (number !== EOPNOTSUPP && number !== EISDIR) throw directoryError("open", what, number);
    return openTemporary(what);
  }
  return finishing(fd, undefined, () => hold(fd, what));
}

/** gVisor, for one, has no `O_TMPFILE`. */
function openTemporary(what: string): UnnamedFile {
  for (;;) {
    const path = temporaryPath(randomBytes(12));
    const fd = c.open(cString(path), O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC, MODE);
    if (fd < 0) {
      const number = errno();
      if (number === EEXIST) continue;
      throw directoryError("open", what, number);
    }
    const file = finishing(fd, path, () => hold(fd, what));
    // clear() may have found it before it was held
    if (statusOf(fd)?.links !== 0) return file;
    c.close(fd);
  }
}

function finishing(fd: number, temporary: string | undefined, finish: () => void): UnnamedFile {
  try {
    finish();
    return { fd, temporary };
  } catch (error) {
    abandon({ fd, temporary });
    c.close(fd);
    throw error;
  }
}

/** Gives a file its name; false when another has it. */
export function publish({ fd, temporary }: UnnamedFile, path: string, what: string): boolean {
  if (temporary !== undefined) return isLinked(link(AT_FDCWD, cString(temporary), path, 0), what);
  const result = link(fd, NO_PATH, path, AT_EMPTY_PATH);
  // without CAP_DAC_READ_SEARCH, before Linux 6.10
  if (result < 0 && errno() === ENOENT) {
    return isLinked(link(AT_FDCWD, cString(`/proc/self/fd/${fd}`), path, AT_SYMLINK_FOLLOW), what);
  }
  return isLinked(result, what);
}

/** Removes the name that a file had before it was published. */
export function abandon({ temporary }: UnnamedFile): void {
  if (temporary !== undefined) c.unlink(cString(temporary));
}

function link(directory: number, from: Uint8Array<ArrayBuffer>, path: string, flags: number): number {
  return c.linkat(directory, from, AT_FDCWD, cString(path), flags);
}

function isLinked(result: number, what: string): boolean {
  if (result < 0 && errno() === EEXIST) return false;
  checked("linkat", result, what);
  return true;
}

const advice = "named arrays need a writable /dev/shm, empty() does not";

function directoryError(syscall: string, what: string, number: number): SystemCallError {
  const reasons: Readonly<Record<number, string>> = {
    [EACCES]: `this user may not write to ${DIRECTORY}`,
    [EROFS]: `${DIRECTORY} is mounted read-only`,
    [ENOENT]: `there is no ${DIRECTORY}`,
  };
  const reason = reasons[number];
  return systemCallError(syscall, reason === undefined ? what : `${what}: ${reason}; ${advice}`, number);
}
