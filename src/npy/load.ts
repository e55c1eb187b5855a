/**
 * Arrays from `.npy` files.
 *
 * @module
 */
import { describe } from "../describe.ts";
import { FormatError } from "../errors.ts";
import {
  type ArrayByDType,
  constructorOf,
  itemBytes,
  type ShortDType,
  type TypedArray,
} from "../memory/dtype.ts";
import { type NdArray, viewOver } from "../memory/nd_array.ts";
import { allocateBuffer, allocateBuffers } from "../memory/segment.ts";
import { elementCount } from "../memory/shape.ts";
import { checkOptions } from "../options.ts";
import { cutOff, DataFile } from "./data_file.ts";
import { headerBytes, type NpyColumn, type NpyHeader, parseHeader, PREFIX_BYTES } from "./header.ts";
import { pathOf } from "./path.ts";
import { copyItems, swapBytes, wordBytesFor, wordsOf } from "./words.ts";

/** How {@linkcode load} gets at the data. */
export interface LoadOptions {
  /**
   * `false`, the default: read into shared memory. `"c"` or `true`: mapped copy on write, what is written stays in the
   * process that writes. `"r"`: as `"c"`, since JavaScript has no arrays that cannot be written. `"r+"`: mapped shared,
   * what is written goes to the file and is seen by every process.
   */
  readonly mmap?: boolean | "r" | "c" | "r+";
}

/** An array of a file: a typed array for up to one dimension, else an n-d view. */
export type LoadedArray = ArrayByDType[ShortDType] | NdArray<ArrayByDType[ShortDType]>;

/** The columns of a structured array, by their names. */
export interface LoadedTable {
  /** A typed array, or an n-d view where the array has several dimensions or the field is an array itself. */
  [column: string]: LoadedArray;
}

/** What a caller may say that a file holds: typed arrays and views of any kind, or an object of them. */
export type Loadable = TypedArray | NdArray | { readonly [column: string]: TypedArray | NdArray };

const MODES: readonly unknown[] = [false, true, "r", "c", "r+"];
/** So much of a table is read at a time; in the cache of a core. */
const CHUNK_BYTES = 2 ** 20;
/** As the columns of `table()`. */
const ALIGNMENT_BYTES = 64;

/**
 * Reads a `.npy` file of version 1.0, 2.0 or 3.0, as `numpy.save` writes it. O(n); blocks.
 *
 * The result is in shared memory, as if `empty()` had made it: a typed array for one dimension and for none (then of
 * length 1), else an n-d view, of Fortran order by its strides. Big endian numbers are turned around. A structured
 * array becomes an object of columns, each contiguous; fields that are arrays themselves make n-d views. What follows
 * the data in the file is not looked at.
 *
 * With `mmap` nothing is read or copied until it is touched. Only `"r+"` gives shared memory; where the data cannot be
 * used as they are in the file (big endian, columns, not aligned) it is an error. A mapped file must not be made
 * shorter while it is in use: the next access would end the process (SIGBUS).
 *
 * Differs from `numpy.load`: no pickles and no `.npz`.
 *
 * @typeParam A what the caller knows the file to hold, e.g. `Float64Array`; not checked
 * @param path a path, or a `file:` URL
 * @throws {FormatError} when it is no `.npy` file, is damaged or cut off, or holds what there are no typed arrays for
 *   (objects, strings, dates, complex numbers); the message names the file
 * @throws {SystemCallError} when it cannot be opened, read or mapped
 * @throws {TypeError} when an argument is of the wrong kind
 * @throws {RangeError} when the engine cannot make so long an array (4 GiB in Bun)
 *
 * @example Write and read
 * ```ts
 * import { empty, load, save } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 * import { rmSync } from "node:fs";
 *
 * const x = empty(1000).fill(0.5);
 * save("/tmp/sharedmem_load.npy", x);
 * const y = load<Float64Array>("/tmp/sharedmem_load.npy");
 * assert.deepEqual(y, x);
 *
 * const mapped = load<Float64Array>("/tmp/sharedmem_load.npy", { mmap: "r+" });
 * mapped[999] = 7; // in the file
 * assert.equal(load<Float64Array>("/tmp/sharedmem_load.npy")[999], 7);
 * rmSync("/tmp/sharedmem_load.npy");
 * ```
 */
export function load<A extends Loadable = LoadedArray | LoadedTable>(
  path: string | URL,
  options: LoadOptions = {},
): A {
  const name = pathOf(path, "load()");
  checkOptions(options, ["mmap"], "load()");
  const { mmap = false } = options;
  if (!MODES.includes(mmap)) {
    throw new TypeError(`load() wants an mmap that is true, false, "r", "c" or "r+", got ${describe(mmap)}`);
  }
  const isWritten = mmap === "r+";
  using file = new DataFile(name, `load(${JSON.stringify(name)})`, isWritten);
  const header = readHeader(file);
  const { dtype } = header;
  if (mmap !== false) return mapped(file, header, isWritten) as Loadable as A;
  if (typeof dtype !== "string") return readTable(file, header, dtype) as Loadable as A;
  return arrange(readArray(file, header, dtype), header.shape, header.fortran) as Loadable as A;
}

function readHeader(file: DataFile): NpyHeader {
  const { what, status } = file;
  const prefix = new Uint8Array(PREFIX_BYTES);
  const count = file.read(prefix);
  const length = headerBytes(prefix.subarray(0, count), what);
  const bytes = new Uint8Array(Math.max(length, count));
  bytes.set(prefix.subarray(0, count));
  const total = count + file.read(bytes.subarray(count));
  const header = parseHeader(bytes.subarray(0, total), what);
  const { dataOffset, dataBytes } = header;
  // before anything is allocated; a file in /proc says 0
  if (status.isRegular && status.byteLength > 0 && status.byteLength < dataOffset + dataBytes) {
    throw cutOff(what, dataBytes, status.byteLength - dataOffset);
  }
  return header;
}

function readArray(file: DataFile, header: NpyHeader, dtype: ShortDType): ArrayByDType[ShortDType] {
  const { dataBytes, byteOrder } = header;
  const buffer = allocateBuffer(dataBytes, file.what, "anything");
  const found = file.read(new Uint8Array(buffer));
  if (found < dataBytes) throw cutOff(file.what, dataBytes, found);
  const data = new (constructorOf(dtype))(buffer) as ArrayByDType[ShortDType];
  if (byteOrder === "big") swapBytes(data, itemBytes(dtype));
  return data;
}

function readTable(file: DataFile, header: NpyHeader, columns: readonly NpyColumn[]): LoadedTable {
  const rows = elementCount(header.shape);
  let end = 0;
  const parts = columns.map(({ dtype, shape }) => {
    const size = itemBytes(dtype) * elementCount(shape);
    const part = { offset: Math.ceil(end / ALIGNMENT_BYTES) * ALIGNMENT_BYTES, byteLength: rows * size };
    end = part.offset + part.byteLength;
    return part;
  });
  const buffers = allocateBuffers(parts, end, file.what, "anything");
  readRows(file, header, rows, columns, buffers);
  return Object.fromEntries(columns.map(({ name, dtype, byteOrder, shape }, at) => {
    const data = new (constructorOf(dtype))(buffers[at]!) as ArrayByDType[ShortDType];
    if (byteOrder === "big") swapBytes(data, itemBytes(dtype));
    return [name, arrange(data, header.shape, header.fortran, shape)];
  }));
}

/** Reads some rows at a time and deals them out to the columns. */
function readRows(
  file: DataFile,
  { itemBytes: rowBytes, dataBytes }: NpyHeader,
  rows: number,
  columns: readonly NpyColumn[],
  buffers: readonly ArrayBuffer[],
): void {
  if (dataBytes === 0) return;
  const chunkRows = Math.min(rows, Math.max(1, Math.floor(CHUNK_BYTES / rowBytes)));
  const chunk = new Uint8Array(chunkRows * rowBytes);
  const targets = columns.map(({ dtype, offset, shape }, at) => {
    const size = itemBytes(dtype) * elementCount(shape);
    const word = wordBytesFor(size, offset, rowBytes);
    return {
      from: { words: wordsOf(chunk, word), at: offset / word, step: rowBytes / word },
      to: wordsOf(new Uint8Array(buffers[at]!), word),
      size: size / word,
    };
  });
  for (let row = 0; row < rows; row += chunkRows) {
    const count = Math.min(chunkRows, rows - row);
    const found = file.read(chunk.subarray(0, count * rowBytes));
    if (found < count * rowBytes) throw cutOff(file.what, dataBytes, row * rowBytes + found);
    for (const { from, to, size } of targets) {
      copyItems(from, { words: to, at: row * size, step: size }, count, size);
    }
  }
}

function mapped(file: DataFile, header: NpyHeader, isShared: boolean): LoadedArray {
  const { what, status } = file;
  const { dtype, byteOrder, dataOffset, dataBytes, shape, fortran } = header;
  const obstacle = typeof dtype !== "string"
    ? "its columns are interleaved"
    : byteOrder === "big"
    ? "its numbers are big endian"
    : dataOffset % header.itemBytes !== 0
    ? `its data begin at byte ${dataOffset}, no multiple of ${header.itemBytes}`
    : !status.isRegular
    ? `it is ${status.kind}`
    : undefined;
  if (obstacle !== undefined || typeof dtype !== "string") {
    throw new FormatError(`${what}: cannot be mapped, since ${obstacle}: use mmap: false`);
  }
  const buffer = dataBytes === 0 ? allocateBuffer(0, what) : file.map(dataOffset, dataBytes, isShared);
  return arrange(new (constructorOf(dtype))(buffer) as ArrayByDType[ShortDType], shape, fortran);
}

/** `data` as an array of its shape; each element may be an array of `inner` itself, in C order. */
function arrange(
  data: ArrayByDType[ShortDType],
  shape: readonly number[],
  fortran: boolean,
  inner: readonly number[] = [],
): LoadedArray {
  const rank = shape.length;
  if (rank + inner.length < 2) return data;
  if (!fortran || rank < 2) return viewOver(data, [...shape, ...inner]) as LoadedArray;
  // the last outer index runs slowest in the file
  const view = viewOver(data, [...shape.toReversed(), ...inner]);
  const axes = [...shape.keys()].reverse();
  return view.transpose(...axes, ...inner.map((_, axis) => rank + axis)) as LoadedArray;
}
