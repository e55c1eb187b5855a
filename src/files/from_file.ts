/**
 * Arrays from files of nothing but numbers.
 *
 * @module
 */
import { SystemCallError } from "../../ffi/errors.ts";
import { checkNp, crewSize, runCrew } from "../algorithms/crew.ts";
import { describe } from "../describe.ts";
import { FormatError } from "../errors.ts";
import { constructorOf, type DType, itemBytes, parseDType, type TypedArrayOf } from "../memory/dtype.ts";
import { memoryBudget } from "../memory/memory_budget.ts";
import { allocateBuffer, checkViewBytes, releaseBuffer } from "../memory/segment.ts";
import { DataFile, populate } from "../npy/data_file.ts";
import { pathOf } from "../npy/path.ts";
import { checkOptions } from "../options.ts";

/** What of a file {@linkcode fromFile} reads, and how. */
export interface FromFileOptions {
  /** How many elements; -1, the default: all that there are. */
  readonly count?: number;
  /** Where the first one begins, in bytes; 0 by default. */
  readonly offset?: number;
  /** How many processes read what is not mapped; one a processor by default. */
  readonly np?: number;
  /**
   * `false` reads into shared memory in any case. By default the file is mapped copy on write where it can be, which
   * is quicker and takes no memory of its own, but the array is not shared.
   */
  readonly mmap?: boolean;
}

/** The first piece of a file of unknown length. */
const PIECE_BYTES = 2 ** 16;
const MAX_PIECE_BYTES = 2 ** 26;
/** Below this, asking how much memory there is would take longer than the rest. */
const UNCHECKED_BYTES = 2 ** 24;
/** Below this a second process costs more than it can gain. */
const MIN_BYTES_PER_MEMBER = 2 ** 26;

/**
 * Reads a file of nothing but numbers, as `toFile()` and `numpy.tofile` write it. Blocks.
 *
 * A regular file is mapped copy on write, if its first element lies at a multiple of the element size: at most 70 ms a
 * GiB when the system has it in memory, and pages that are only read take no memory of their own. Workers see the array
 * as it is when they start; **what a worker writes into it, nobody else sees**, and `isShared` is false. A file that
 * another program writes over in the meantime changes the array where it was not written yet, and one that is made
 * shorter ends the process (SIGBUS); files that are replaced, as `toFile()` and `save()` do, are safe.
 *
 * With `mmap: false`, and where it cannot be mapped, the file is read into shared memory, as `empty()` makes it. O(n).
 * Pipes, devices and files of `/proc`, whose length is not known, are read to their end, or to `count`.
 *
 * Differs from `numpy.fromfile`: what does not fit is an error, never a shorter array.
 *
 * @param path a path, or a `file:` URL
 * @param dtype the element type, in the machine's byte order; doubles by default
 * @throws {FormatError} when the file has not so many elements, ends within one, or gets shorter while it is read
 * @throws {SystemCallError} when it cannot be opened or read, or there is no memory
 * @throws {TypeError} when an argument is of the wrong kind or the dtype is not known
 * @throws {RangeError} when `count` or `offset` is no such number, or the engine cannot make so long an array (4 GiB in
 *   Bun)
 *
 * @example Some of the elements
 * ```ts
 * import { copy, fromFile, toFile } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 * import { rmSync } from "node:fs";
 *
 * toFile("/tmp/sharedmem_from_file.bin", copy([1, 2, 3, 4]));
 * const middle = fromFile("/tmp/sharedmem_from_file.bin", "f8", { offset: 8, count: 2 });
 * assert.deepEqual([...middle], [2, 3]);
 * rmSync("/tmp/sharedmem_from_file.bin");
 * ```
 */
export function fromFile<const D extends DType = "f8">(
  path: string | URL,
  dtype: D = "f8" as D,
  options: FromFileOptions = {},
): TypedArrayOf<D> {
  const name = pathOf(path, "fromFile()");
  const short = parseDType(dtype, "fromFile()");
  checkFromFile(options);
  const { count = -1, offset = 0, np, mmap = true } = options;
  const size = itemBytes(short);
  using file = new DataFile(name, `fromFile(${JSON.stringify(name)}, "${short}")`);
  const { isRegular, byteLength } = file.status;
  const isSized = isRegular && byteLength > 0;
  const wanted = isSized ? wantedBytes(file, count, offset, size) : count < 0 ? undefined : count * size;
  const isMappable = mmap && isSized && wanted !== undefined && wanted > 0 && offset % size === 0;
  let buffer = isMappable ? mapped(file, offset, wanted) : undefined;
  if (wanted === undefined) buffer = readToEnd(file, offset, size);
  buffer ??= readBytes(file, offset, wanted!, isRegular ? np : 1);
  return new (constructorOf(short))(buffer) as TypedArrayOf<D>;
}

/** How many bytes to read of a file whose length is known. */
function wantedBytes({ what, status }: DataFile, count: number, offset: number, size: number): number {
  const { byteLength } = status;
  const rest = byteLength - offset;
  const from = offset === 0 ? "" : ` from byte ${offset} on`;
  if (rest < 0) {
    throw new FormatError(`${what}: wanted to begin at byte ${offset}, the file has ${byteLength} bytes`);
  }
  if (count >= 0) {
    if (count * size <= rest) return count * size;
    throw new FormatError(
      `${what}: wanted ${count} elements (${count * size} bytes)${from}, the file has ${rest} bytes there`,
    );
  }
  if (rest % size === 0) return rest;
  throw new FormatError(
    `${what}: wanted whole elements of ${size} bytes${from}, the file has ${rest} bytes there, no multiple`,
  );
}

/** `undefined` where the file system cannot map, or cannot read: then reading tells why. */
function mapped(file: DataFile, offset: number, byteLength: number): ArrayBuffer | undefined {
  let buffer: ArrayBuffer;
  try {
    buffer = file.map(offset, byteLength, false);
  } catch (error) {
    if (error instanceof SystemCallError) return undefined;
    throw error;
  }
  // what does not fit into memory is read as it is used
  const isLarge = byteLength > UNCHECKED_BYTES && byteLength > memoryBudget().availableBytes;
  if (isLarge || populate(buffer)) return buffer;
  releaseBuffer(buffer);
  return undefined;
}

function readBytes(file: DataFile, offset: number, byteLength: number, np: number | undefined): ArrayBuffer {
  const { what } = file;
  const buffer = allocateBuffer(byteLength, what, "anything");
  const bytes = new Uint8Array(buffer);
  const members = crewSize(np, byteLength, MIN_BYTES_PER_MEMBER, "fromFile()");
  if (members > 1) {
    const found = new Float64Array(allocateBuffer(8 * members, what));
    const isDone = runCrew(members, ({ rank }) => {
      const start = Math.floor(byteLength / members * rank);
      const end = Math.floor(byteLength / members * (rank + 1));
      found[rank] = file.readAt(offset + start, bytes.subarray(start, end));
    });
    if (isDone && found.reduce((sum, part) => sum + part) === byteLength) return buffer;
  }
  const found = file.status.isRegular
    ? file.readAt(offset, bytes)
    : file.skip(offset) + file.read(bytes) - offset;
  if (found === byteLength) return buffer;
  throw new FormatError(
    `${what}: the file ended early: wanted ${byteLength} bytes from byte ${offset} on, got ${
      Math.max(found, 0)
    }`,
  );
}

/** Reads a file of unknown length. */
function readToEnd(file: DataFile, offset: number, size: number): ArrayBuffer {
  const { what, status } = file;
  if (status.kind === "a character device") {
    throw new RangeError(`${what} wants a count, since ${status.kind} may have no end`);
  }
  // a regular file is skipped without a look at it
  const isThere = offset === 0 || !status.isRegular || file.readAt(offset - 1, new Uint8Array(1)) === 1;
  if (file.skip(offset) < offset || !isThere) {
    throw new FormatError(`${what}: the file ended before byte ${offset}`);
  }
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  for (let room = PIECE_BYTES;; room = Math.min(2 * room, MAX_PIECE_BYTES)) {
    const piece = new Uint8Array(room);
    const found = file.read(piece);
    pieces.push(piece.subarray(0, found));
    total += found;
    if (found < room) break;
    checkViewBytes(total, what);
  }
  if (total % size !== 0) {
    throw new FormatError(`${what}: wanted whole elements of ${size} bytes, got ${total} bytes, no multiple`);
  }
  const buffer = allocateBuffer(total, what, "anything");
  const bytes = new Uint8Array(buffer);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return buffer;
}

function checkFromFile(options: FromFileOptions): void {
  checkOptions(options, ["count", "offset", "np", "mmap"], "fromFile()");
  const { count = -1, offset = 0, mmap = true } = options;
  checkInteger("count", count, -1);
  checkInteger("offset", offset, 0);
  checkNp(options.np, "fromFile()");
  if (typeof mmap !== "boolean") {
    throw new TypeError(`fromFile() wants an mmap that is true or false, got ${describe(mmap)}`);
  }
}

function checkInteger(name: string, value: unknown, least: number): void {
  if (typeof value !== "number") {
    throw new TypeError(`fromFile() wants ${name} as a number, got ${describe(value)}`);
  }
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(`fromFile() wants ${name} as an integer from ${least} to 2^53 - 1, got ${value}`);
}
