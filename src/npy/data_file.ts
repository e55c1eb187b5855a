/**
 * A file that arrays are read from: opened, looked at, read in order or anywhere, mapped.
 *
 * @module
 */
import { EINTR, EINVAL, EISDIR, MADV_POPULATE_READ, O_RDONLY, O_RDWR } from "../../ffi/constants.ts";
import { openFile, readFully } from "../../ffi/files.ts";
import { backend, c, errno, PAGE_BYTES, systemCallError } from "../../ffi/libc.ts";
import { type FileStatus, statusOf } from "../../ffi/status.ts";
import { FormatError } from "../errors.ts";
import { type Mapping, mapPrivate, mapShared } from "../memory/mapping.ts";
import { adoptMapping, checkViewBytes, mapWithRoom } from "../memory/segment.ts";

/** Populated in one call, which a signal may interrupt. */
const PIECE_BYTES = 2 ** 30;

/** An open file; to be closed, which `using` does. */
export class DataFile {
  readonly status: FileStatus;
  /** Names call and file in errors, e.g. `load("a.npy")`. */
  readonly what: string;
  #fd: number;
  /** Where the next sequential read begins; `undefined` where the file has no positions: a pipe, a device. */
  #position: number | undefined;

  /**
   * Opens a file.
   *
   * @throws {SystemCallError} when it cannot be opened, is a directory
   */
  constructor(path: string, what: string, isWritten = false) {
    this.what = what;
    this.#fd = openFile(path, what, isWritten ? O_RDWR : O_RDONLY);
    const status = statusOf(this.#fd);
    if (status === undefined || status.kind === "a directory") {
      const error = status === undefined
        ? systemCallError("statx", what)
        : systemCallError("open", `${what}: is a directory`, EISDIR);
      this[Symbol.dispose]();
      throw error;
    }
    this.status = status;
    this.#position = status.isRegular ? 0 : undefined;
  }

  /** Reads on; gives how many bytes there were until the end. */
  read(target: Uint8Array<ArrayBuffer>): number {
    const count = readFully(this.#fd, target, this.#position, this.what);
    if (this.#position !== undefined) this.#position += count;
    return count;
  }

  /** Goes on that many bytes further; gives how many there were until the end, which a regular file does not know. */
  skip(byteLength: number): number {
    if (this.#position !== undefined) {
      this.#position += byteLength;
      return byteLength;
    }
    const scratch = new Uint8Array(Math.min(byteLength, 2 ** 16));
    for (let left = byteLength; left > 0;) {
      const found = this.read(scratch.subarray(0, left));
      left -= found;
      if (found === 0) return byteLength - left;
    }
    return byteLength;
  }

  /** Reads from a place of a regular file; gives how many bytes there were until the end. */
  readAt(position: number, target: Uint8Array<ArrayBuffer>): number {
    return readFully(this.#fd, target, position, this.what);
  }

  /**
   * A buffer over a part of a regular file, without reading it. Shared memory writes through to the file; private
   * memory keeps what is written in this process.
   *
   * @throws {SystemCallError} when it cannot be mapped
   */
  map(offset: number, byteLength: number, isShared: boolean): ArrayBuffer {
    const { what } = this;
    checkViewBytes(byteLength, what);
    const mappedBytes = Math.ceil((offset + byteLength) / PAGE_BYTES) * PAGE_BYTES;
    const part = { offset, byteLength };
    const map = (): Mapping =>
      isShared
        ? mapShared(this.#fd, mappedBytes, what)
        : { ...mapPrivate(this.#fd, mappedBytes, what), descriptor: -1 };
    const mapping = mapWithRoom(0, what, map);
    // the descriptor goes with the mapping
    if (isShared) this.#fd = -1;
    const origin = { isPrivate: !isShared, file: this.status.identity, keepsDescriptor: false };
    return adoptMapping(mapping, [part], origin)[0]!;
  }

  /** Closes the file; what was mapped stays. */
  [Symbol.dispose](): void {
    if (this.#fd >= 0) c.close(this.#fd);
    this.#fd = -1;
  }
}

/** The error for a file that ends before its data do. */
export function cutOff(what: string, wanted: number, found: number): FormatError {
  return new FormatError(`${what}: the file is cut off: wanted ${wanted} bytes of data, found ${found}`);
}

/**
 * Has the pages of a mapping at hand before they are touched one by one; false when they cannot be read, so that
 * touching them would end the process.
 */
export function populate(buffer: ArrayBuffer): boolean {
  const address = backend.addressOf(new Uint8Array(buffer));
  const start = Math.floor(address / PAGE_BYTES) * PAGE_BYTES;
  const end = address + buffer.byteLength;
  for (let at = start; at < end; at += PIECE_BYTES) {
    if (c.madvise(at, Math.min(PIECE_BYTES, end - at), MADV_POPULATE_READ) === 0) continue;
    // kernels before 5.14 do not know it
    return errno() === EINVAL || errno() === EINTR;
  }
  return true;
}
