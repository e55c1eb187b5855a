/**
 * The C library as the rest of the code sees it: numbers in, numbers out, failures as `SystemCallError`.
 *
 * @module
 */
import process from "node:process";
import { EAGAIN, EINTR, errorName, O_CLOEXEC, O_RDONLY, POLLOUT, SC_PAGESIZE } from "./constants.ts";
import { SystemCallError } from "./errors.ts";
import { symbols } from "./symbols.ts";
import type { Backend, Bound } from "./types.ts";
import { unsupportedBackend } from "./unsupported.ts";

/** The runtime's FFI, chosen once. */
export const backend: Backend = await chooseBackend();

/** What is missing for system calls to work here; `undefined` when they do. */
export const missing: string | undefined = backend.maxViewBytes > 0 ? undefined : missingPart();

/** The raw functions of `symbols.ts`; their results are not checked. */
export const c: Bound<typeof symbols> = backend.bind(symbols);

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** The thread that loaded this module keeps its `errno` here; a forked child finds it at the same place. */
const errnoCell: Int32Array = missing === undefined
  ? new Int32Array(backend.viewAt(c.__errno_location(), 4))
  : new Int32Array(1);

/** Bytes of a page of memory. */
export const PAGE_BYTES: number = missing === undefined ? c.sysconf(SC_PAGESIZE) : 4096;

async function chooseBackend(): Promise<Backend> {
  if (process.platform !== "linux") return unsupportedBackend(missingPart());
  try {
    const { openBackend } = "Bun" in globalThis ? await import("./bun.ts") : await import("./deno.ts");
    return openBackend();
  } catch (cause) {
    return unsupportedBackend(missingPart(), cause);
  }
}

function missingPart(): string {
  return process.platform === "linux"
    ? "Deno or Bun with glibc, and in Deno the permission --allow-ffi"
    : `Linux with glibc (this is ${process.platform})`;
}

/** The error number that the last failed call of this thread left. */
export function errno(): number {
  return errnoCell[0]!;
}

/** The error for a call that has just failed: the one place where `errno` becomes an exception. */
export function systemCallError(syscall: string, detail?: string, number: number = errno()): SystemCallError {
  return new SystemCallError(syscall, number, errorName(number), detail);
}

/** `result`, unless it is negative: then a `SystemCallError` with `detail`. */
export function checked(syscall: string, result: number, detail?: string): number {
  if (result < 0) throw systemCallError(syscall, detail);
  return result;
}

/** A string as C wants it; a NUL inside would silently cut it. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw new TypeError(`a string for the system must not hold NUL, got ${JSON.stringify(text)}`);
  }
  return ENCODER.encode(text + "\0");
}

/** Sleeps in the calling thread for less than a second; returns early on a signal. Blocks. */
export function sleepMs(ms: number): void {
  c.usleep(Math.round(ms * 1000));
}

/** The value of an environment variable, read from the process, for which Deno asks no permission. */
export function getenv(name: string): string | undefined {
  if (missing !== undefined) return undefined;
  const address = c.getenv(cString(name));
  if (address === 0) return undefined;
  const length = c.strlen(address);
  return length === 0 ? "" : DECODER.decode(new Uint8Array(backend.viewAt(address, length)).slice());
}

/** Where small files, links and directories are read to: fresh memory would cost a page fault a page, at each fork. */
let scratch = new Uint8Array(8192);

/** The bytes of a small file such as those of `/proc`; `undefined` if it cannot be read. Blocks. */
export function readFileBytes(path: string): Uint8Array<ArrayBuffer> | undefined {
  if (missing !== undefined) return undefined;
  const fd = c.open(cString(path), O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return undefined;
  let length = 0;
  for (;;) {
    if (length === scratch.length) {
      const larger = new Uint8Array(4 * scratch.length);
      larger.set(scratch);
      scratch = larger;
    }
    const count = c.read(fd, scratch.subarray(length), scratch.length - length);
    if (count < 0 && errno() === EINTR) continue;
    if (count <= 0) {
      c.close(fd);
      return count < 0 ? undefined : scratch.slice(0, length);
    }
    length += count;
  }
}

/** The text of a small file such as those of `/proc`; `undefined` if it cannot be read. Blocks. */
export function readFile(path: string): string | undefined {
  const bytes = readFileBytes(path);
  return bytes && DECODER.decode(bytes);
}

/** The names in a directory, without `.` and `..`; `[]` if it cannot be read. Blocks. */
export function listDirectory(path: string): string[] {
  const names: string[] = [];
  const fd = c.open(cString(path), O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return names;
  readDirectory(fd, names);
  c.close(fd);
  return names;
}

/** Adds the names in an open directory to `names`; false, with `errno`, if it cannot be read to its end. Blocks. */
export function readDirectory(fd: number, names: string[]): boolean {
  const bytes = scratch;
  const view = new DataView(bytes.buffer);
  for (;;) {
    const count = c.getdents64(fd, bytes, bytes.length);
    if (count <= 0) return count === 0;
    // struct linux_dirent64 { u64 ino; s64 off; u16 reclen; u8 type; char name[]; }
    for (let at = 0; at < count; at += view.getUint16(at + 16, true)) {
      const name = DECODER.decode(bytes.subarray(at + 19, bytes.indexOf(0, at + 19)));
      if (name !== "." && name !== "..") names.push(name);
    }
  }
}

/** Where a symbolic link points; `undefined` if there is none. */
export function readLink(path: string): string | undefined {
  const length = c.readlink(cString(path), scratch, scratch.length);
  return length < 0 ? undefined : DECODER.decode(scratch.subarray(0, length));
}

/** Writes all of `bytes`, waiting where the descriptor does not; false when the reader is gone. Blocks. */
export function writeFully(fd: number, bytes: Uint8Array<ArrayBuffer>): boolean {
  for (let at = 0; at < bytes.length;) {
    const count = c.write(fd, bytes.subarray(at), bytes.length - at);
    if (count >= 0) at += count;
    else if (errno() === EAGAIN) c.poll(new Int32Array([fd, POLLOUT]), 1, -1);
    else if (errno() !== EINTR) return false;
  }
  return true;
}

/** How many processors this process may run on. */
export function affinityCount(): number {
  // 8192 processors; the call returns how many bytes it wrote
  const mask = new Uint8Array(1024);
  const result = c.sched_getaffinity(0, mask.length, mask);
  if (result < 0) return 0;
  let count = 0;
  for (let byte of mask) for (; byte > 0; byte &= byte - 1) count++;
  return count;
}

/** Whether a descriptor is a terminal. */
export function isTerminal(fd: number): boolean {
  return missing === undefined && c.isatty(fd) === 1;
}

/** `count` random bytes from the kernel. */
export function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  checked("getrandom", c.getrandom(bytes, count, 0));
  return bytes;
}

/** Closes descriptors; those already closed are no error. */
export function closeAll(...fds: number[]): void {
  for (const fd of fds) if (fd >= 0) c.close(fd);
}

/** Sets or, with `undefined`, removes an environment variable, for this process and what it starts. */
export function setenv(name: string, value: string | undefined): void {
  if (value === undefined) c.unsetenv(cString(name));
  else c.setenv(cString(name), cString(value), 1);
  backend.noteEnvironment(name, value);
}

/** Replaces the program of this process by itself, with the same arguments and today's environment; returns on failure. */
export function executeSelf(): void {
  const line = readFileBytes("/proc/self/cmdline");
  if (line === undefined) return;
  const base = backend.addressOf(line);
  const starts = [base];
  for (let at = 0; at < line.length - 1; at++) if (line[at] === 0) starts.push(base + at + 1);
  const argv = new BigUint64Array([...starts.map(BigInt), 0n]);
  c.execv(cString("/proc/self/exe"), argv);
}
