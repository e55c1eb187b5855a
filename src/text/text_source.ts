/**
 * Where text is read from: a regular file, in pieces by `pread`, so that a file which shrinks meanwhile is an error and
 * not a `SIGBUS`; what has no size of its own (a pipe, a file of `/proc`) is read into memory first.
 *
 * @module
 */
import { openFile, readFully } from "../../ffi/files.ts";
import { c, missing } from "../../ffi/libc.ts";
import { statusOf } from "../../ffi/status.ts";
import { UnsupportedError } from "../errors.ts";

/** Bytes that can be read anywhere. */
export interface TextSource {
  readonly byteLength: number;
  /**
   * Fills `into` from `offset` on.
   *
   * @returns how many bytes there were: fewer only at the end
   */
  read(into: Uint8Array<ArrayBuffer>, offset: number): number;
  /** Every part of it is read; without effect on bytes in memory. */
  close(): void;
}

const FIRST_BYTES = 2 ** 16;

/**
 * Opens a file.
 *
 * @param what is named in errors, e.g. `loadtxt("data.txt")`
 * @throws {SystemCallError} when it cannot be opened or read
 * @throws {UnsupportedError} where there are no system calls
 */
export function openText(path: string, what: string): TextSource {
  if (missing !== undefined) throw new UnsupportedError(what, missing);
  const fd = openFile(path, what);
  const status = statusOf(fd);
  if (status?.isRegular && status.byteLength > 0) return new FileText(fd, status.byteLength, what);
  try {
    return new MemoryText(readToEnd(fd, what));
  } finally {
    c.close(fd);
  }
}

/** Text that is in memory. */
export class MemoryText implements TextSource {
  readonly #bytes: Uint8Array<ArrayBuffer>;

  /** Text over those bytes, which must not change. */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  read(into: Uint8Array<ArrayBuffer>, offset: number): number {
    const part = this.#bytes.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  }

  close(): void {}
}

/** A regular file; children that inherit its descriptor may read at the same time. */
class FileText implements TextSource {
  readonly byteLength: number;
  readonly #fd: number;
  readonly #what: string;

  constructor(fd: number, byteLength: number, what: string) {
    this.#fd = fd;
    this.byteLength = byteLength;
    this.#what = what;
  }

  read(into: Uint8Array<ArrayBuffer>, offset: number): number {
    // what is appended meanwhile does not count
    const wanted = Math.max(0, Math.min(into.length, this.byteLength - offset));
    return readFully(this.#fd, into.subarray(0, wanted), offset, this.#what);
  }

  close(): void {
    c.close(this.#fd);
  }
}

function readToEnd(fd: number, what: string): Uint8Array<ArrayBuffer> {
  let bytes = new Uint8Array(FIRST_BYTES);
  for (let length = 0;;) {
    if (length === bytes.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(bytes);
      bytes = larger;
    }
    length += readFully(fd, bytes.subarray(length), undefined, what);
    if (length < bytes.length) return bytes.subarray(0, length);
  }
}
