/**
 * Opens the file of a segment, and refuses whatever is not one that this user made for himself.
 *
 * @module
 */
import {
  EACCES,
  EISDIR,
  ELOOP,
  ENOENT,
  EPERM,
  O_CLOEXEC,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
} from "../../ffi/constants.ts";
import type { SystemCallError } from "../../ffi/errors.ts";
import { c, cString, errno, systemCallError } from "../../ffi/libc.ts";
import { type FileStatus, statusOf } from "../../ffi/status.ts";

/** A file that is open. */
export interface OpenFile {
  readonly fd: number;
  readonly status: FileStatus;
}

/** What a file may be opened for. */
export type Access = "read" | "write";

/** Who others are: group and everybody. */
const OTHERS_WRITE = 0o022;

/**
 * Opens a segment of this user's; `undefined` when there is no such file. Never waits, never follows a link.
 *
 * @param what is named in errors, e.g. `attach("A")`
 * @throws {SystemCallError} when it is another user's or others may write it (`EPERM`), no regular file (`ELOOP` for a
 *   symbolic link, `EISDIR` for a directory, else `EPERM`), or cannot be opened; the message says whose and what it is
 */
export function openSegment(path: string, access: Access, what: string): OpenFile | undefined {
  const file = openObject(path, access, what);
  if (file === undefined) return undefined;
  const problem = problemOf(file.status);
  if (problem === undefined) return file;
  c.close(file.fd);
  throw refusal(path, problem, what);
}

/** Opens a regular file of whoever lets this process; errors as {@linkcode openSegment}. */
export function openObject(path: string, access: Access, what: string): OpenFile | undefined {
  const flags = (access === "read" ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
  const fd = c.open(cString(path), flags, 0);
  if (fd < 0) {
    const number = errno();
    if (number === ENOENT) return undefined;
    throw openError(path, number, what);
  }
  const status = statusOf(fd);
  if (status === undefined) {
    const error = systemCallError("statx", `${what}: ${path}`);
    c.close(fd);
    throw error;
  }
  const problem = kindProblem(status);
  if (problem === undefined) return { fd, status };
  c.close(fd);
  throw refusal(path, problem, what);
}

/** Why a file is no segment of this user's; `undefined` when it is one. */
export function problemOf(status: FileStatus): Problem | undefined {
  const kind = kindProblem(status);
  if (kind !== undefined) return kind;
  const user = c.geteuid();
  if (status.uid !== user) return `belongs to the user ${status.uid}, wanted ${user}, this process's`;
  if ((status.mode & OTHERS_WRITE) === 0) return undefined;
  return `may be written by other users (mode 0${status.mode.toString(8)}), wanted 0600`;
}

/** What is wrong with a file, as a message says it after its path. */
type Problem = string;

function kindProblem({ isRegular, kind, uid }: FileStatus): Problem | undefined {
  return isRegular ? undefined : `is ${kind} (of the user ${uid}), wanted a regular file`;
}

/** The file could not be opened: says why not, if it can be seen. */
function openError(path: string, number: number, what: string): SystemCallError {
  const status = statusOf(path);
  const problem = status && problemOf(status);
  if (problem === undefined) return systemCallError("open", `${what}: ${path}`, number);
  const known = [EACCES, EISDIR, ELOOP].includes(number) ? number : EPERM;
  return systemCallError("open", `${what} refuses ${path}: it ${problem}`, known);
}

function refusal(path: string, problem: Problem, what: string): SystemCallError {
  return systemCallError("open", `${what} refuses ${path}: it ${problem}`, EPERM);
}
