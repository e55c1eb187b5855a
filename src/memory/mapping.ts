/**
 * Shared memory from the kernel. Nothing stays mapped or open when a call fails.
 *
 * Sources: mmap(2), memfd_create(2), the kernel's overcommit-accounting.rst: a mapping made by `MAP_SHARED |
 * MAP_ANONYMOUS` is accounted as a whole when it is made, the pages of a memfd only when they are touched.
 *
 * @module
 */
import {
  ENOMEM,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  MFD_CLOEXEC,
  PROT_NONE,
  PROT_READ_WRITE,
} from "../../ffi/constants.ts";
import { c, checked, cString, errno, PAGE_BYTES, readFile, systemCallError } from "../../ffi/libc.ts";
import { HUGE_PAGE_BYTES, hugePagesFor } from "./huge_pages.ts";

/** A stretch of shared memory in this process. */
export interface Mapping {
  /** Its first byte. */
  readonly address: number;
  /** Its length in bytes, whole pages. */
  readonly mappedBytes: number;
  /** The memfd behind it, -1 if it has none. */
  readonly descriptor: number;
}

/** User space ends far below, so that no sum of sizes loses precision. */
const MAX_BYTES = 2 ** 52;
const MEMFD_NAME = cString("sharedmem");
const SIGXFSZ = 25;
const SIG_IGN = 1;

let isSizeSignalSettled = false;

/**
 * Memory without a name or a descriptor, zero-filled, which only this process and its later children see; aligned
 * to huge pages when it is long enough for one.
 *
 * @throws {SystemCallError} `ENOMEM` when there cannot be that much
 */
export function mapAnonymous(byteLength: number, what: string): Mapping {
  const mappedBytes = mappedBytesFor(byteLength);
  const detail = `${what} wants ${byteLength} bytes`;
  const address = place(mappedBytes, MAP_SHARED | MAP_ANONYMOUS, -1, detail);
  return { address, mappedBytes, descriptor: -1 };
}

/**
 * The same behind a descriptor that other processes can be given, close-on-exec.
 *
 * @throws {SystemCallError} `ENOMEM` when there cannot be that much, `EMFILE` when there are too many descriptors,
 * `EFBIG` beyond `RLIMIT_FSIZE`
 */
export function mapMemfd(byteLength: number, what: string): Mapping {
  settleSizeSignal();
  const mappedBytes = mappedBytesFor(byteLength);
  const detail = `${what} wants ${byteLength} bytes`;
  probe(mappedBytes, detail);
  const descriptor = checked("memfd_create", c.memfd_create(MEMFD_NAME, MFD_CLOEXEC), detail);
  try {
    checked("ftruncate", c.ftruncate(descriptor, mappedBytes), detail);
    const address = place(mappedBytes, MAP_SHARED, descriptor, detail);
    return { address, mappedBytes, descriptor };
  } catch (error) {
    c.close(descriptor);
    throw error;
  }
}

/**
 * The memory behind a descriptor of another process's making, which stays the caller's.
 *
 * @throws {SystemCallError} `ENOMEM` when this process has too many mappings
 */
export function mapShared(descriptor: number, mappedBytes: number, what: string): Mapping {
  return {
    address: place(mappedBytes, MAP_SHARED, descriptor, what),
    mappedBytes,
    descriptor,
  };
}

/**
 * A file's bytes, copy on write: what is written stays in this process. The descriptor, which need only be readable,
 * stays the caller's.
 *
 * @throws {SystemCallError} `ENOMEM` when this process has too many mappings, `ENODEV` when that cannot be mapped
 */
export function mapPrivate(descriptor: number, mappedBytes: number, what: string): Mapping {
  return {
    address: place(mappedBytes, MAP_PRIVATE | MAP_NORESERVE, descriptor, what),
    mappedBytes,
    descriptor,
  };
}

/**
 * Gives the memory back; its descriptor stays as it is. Where the kernel cannot (`ENOMEM`: a mapping that it has joined
 * with its neighbours would become two, and there are too many) it stays until the process ends: most memory is given
 * back by a timer, and nobody could catch an error there.
 */
export function unmap({ address, mappedBytes }: Mapping): void {
  c.munmap(address, mappedBytes);
}

/**
 * Beyond `RLIMIT_FSIZE` the kernel ends the process by SIGXFSZ, unless that is ignored, as Bun and CPython do from
 * the start: then the call fails. A handler of the user's stays.
 */
export function settleSizeSignal(): void {
  if (isSizeSignalSettled) return;
  isSizeSignalSettled = true;
  const caught = /^SigCgt:\s+([0-9a-f]+)$/m.exec(readFile("/proc/self/status") ?? "")?.[1] ?? "ffffffff";
  const isCaught = (parseInt(caught.slice(-8), 16) & 1 << (SIGXFSZ - 1)) !== 0;
  if (!isCaught) c.signal(SIGXFSZ, SIG_IGN);
}

/** Whole pages, and the rest of the last huge page when it is used by half. */
function mappedBytesFor(byteLength: number): number {
  const pages = Math.ceil(byteLength / PAGE_BYTES) * PAGE_BYTES;
  return Math.max(pages, hugePagesFor(byteLength) * HUGE_PAGE_BYTES);
}

/** Asks the kernel whether it would give that much. */
function probe(mappedBytes: number, detail: string): void {
  if (mappedBytes > MAX_BYTES) throw systemCallError("mmap", detail, ENOMEM);
  const address = c.mmap(0, mappedBytes, PROT_READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  c.munmap(checked("mmap", address, detail), mappedBytes);
}

function place(mappedBytes: number, flags: number, descriptor: number, detail: string): number {
  if (mappedBytes < HUGE_PAGE_BYTES) {
    return checked("mmap", c.mmap(0, mappedBytes, PROT_READ_WRITE, flags, descriptor, 0), detail);
  }
  // a MAP_FIXED that fails may leave a hole that another thread's mapping falls into: let this fail first
  if (descriptor < 0) probe(mappedBytes, detail);
  const reservedBytes = mappedBytes + HUGE_PAGE_BYTES;
  const reserved = checked(
    "mmap",
    c.mmap(0, reservedBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
    detail,
  );
  const address = Math.ceil(reserved / HUGE_PAGE_BYTES) * HUGE_PAGE_BYTES;
  if (c.mmap(address, mappedBytes, PROT_READ_WRITE, flags | MAP_FIXED, descriptor, 0) < 0) {
    const number = errno();
    c.munmap(reserved, reservedBytes);
    throw systemCallError("mmap", detail, number);
  }
  const end = address + mappedBytes;
  if (address > reserved) c.munmap(reserved, address - reserved);
  if (reserved + reservedBytes > end) c.munmap(end, reserved + reservedBytes - end);
  return address;
}
