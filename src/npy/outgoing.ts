/**
 * Arrays on their way to a file: what they are, and their bytes in order.
 *
 * @module
 */
import { describe } from "../describe.ts";
import { constructorOf, isTypedArray, itemBytes, type ShortDType, type TypedArray } from "../memory/dtype.ts";
import { forEachRow, isNdView } from "../memory/nd_array.ts";
import { elementCount } from "../memory/shape.ts";
import { describeSource } from "../memory/source.ts";
import { copyItems, type Places, wordBytesFor, wordsOf } from "./words.ts";

/** Elements in memory: of one dimension or none, or a view of several. */
export interface Outgoing {
  readonly dtype: ShortDType;
  readonly data: TypedArray;
  readonly shape: readonly number[];
  /** In elements. */
  readonly stride: readonly number[];
  /** Of the first element. */
  readonly offset: number;
}

/** Takes bytes that are valid for the time of the call. */
export type Sink = (bytes: Uint8Array<ArrayBuffer>) => void;

/** So much is put in order at a time; in the cache of a core. */
const CHUNK_BYTES = 2 ** 20;

/**
 * Looks at an array. O(1) for typed arrays and views, O(n) for nested ones, which are copied.
 *
 * @param what is named in errors, e.g. `save()`
 * @throws as `copy()`
 */
export function outgoing(a: unknown, what: string): Outgoing {
  const source = describeSource(a, what);
  const { dtype, dimensions: shape } = source;
  if (isTypedArray(a)) return { dtype, data: a, shape, stride: [1], offset: 0 };
  if (isNdView(a) && isTypedArray(a.data)) {
    return { dtype, data: a.data, shape: [...shape], stride: [...a.stride], offset: a.offset };
  }
  const data = new (constructorOf(dtype))(elementCount(shape));
  source.writeTo(data);
  return { dtype, data, shape, stride: stridesOf(shape), offset: 0 };
}

/** The same with its dimensions from last to first. */
export function reversed(array: Outgoing): Outgoing {
  return { ...array, shape: array.shape.toReversed(), stride: array.stride.toReversed() };
}

/** Whether the elements lie in C order without gaps. As in NumPy, the stride of a dimension of length 1 is nothing. */
export function isContiguous({ shape, stride }: Outgoing): boolean {
  if (shape.includes(0)) return true;
  const wanted = stridesOf(shape);
  return shape.every((length, axis) => length === 1 || stride[axis] === wanted[axis]);
}

/** Gives the bytes of the elements in C order: all at once where they lie so, else in pieces. O(n). */
export function writeElements(array: Outgoing, sink: Sink): void {
  const { dtype, data, shape, offset } = array;
  const count = elementCount(shape);
  if (count === 0) return;
  if (isContiguous(array) && data.buffer instanceof ArrayBuffer) {
    const size = itemBytes(dtype);
    sink(new Uint8Array(data.buffer, data.byteOffset + offset * size, count * size));
  } else gather(array, sink);
}

/** The elements in C order in one array; itself where they lie so. */
export function contiguous(array: Outgoing): Outgoing {
  if (isContiguous(array) && array.data.buffer instanceof ArrayBuffer) return array;
  const { dtype, shape } = array;
  const data = new (constructorOf(dtype))(elementCount(shape));
  const bytes = new Uint8Array(data.buffer);
  let at = 0;
  writeElements(array, (part) => {
    bytes.set(part, at);
    at += part.length;
  });
  return { dtype, data, shape, stride: stridesOf(shape), offset: 0 };
}

function gather(array: Outgoing, sink: Sink): void {
  const size = itemBytes(array.dtype);
  const word = wordBytesFor(size);
  const words = size / word;
  const from = wordsOf(array.data as TypedArray & ArrayBufferView<ArrayBuffer>, word);
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, elementCount(array.shape) * size));
  const to = wordsOf(chunk, word);
  const room = chunk.length / size;
  const step = array.stride.at(-1) ?? 1;
  const rowLength = array.shape.at(-1) ?? 1;
  let used = 0;
  forEachRow({ ...array, shape: [...array.shape], stride: [...array.stride] }, (position) => {
    for (let done = 0; done < rowLength;) {
      const count = Math.min(rowLength - done, room - used);
      const source: Places = { words: from, at: (position + done * step) * words, step: step * words };
      copyItems(source, { words: to, at: used * words, step: words }, count, words);
      done += count;
      used += count;
      if (used < room) continue;
      sink(chunk);
      used = 0;
    }
  });
  if (used > 0) sink(chunk.subarray(0, used * size));
}

function stridesOf(shape: readonly number[]): number[] {
  const stride = new Array<number>(shape.length);
  for (let axis = shape.length - 1, step = 1; axis >= 0; step *= shape[axis--]!) stride[axis] = step;
  return stride;
}

/** A column of a table. */
export interface OutgoingColumn {
  readonly name: string;
  readonly array: Outgoing;
  /** Of the array that each row holds; `[]` for a single value. */
  readonly inner: readonly number[];
}

/** Whether a value is an object of columns, as `table()` makes. */
export function isTable(a: unknown): a is Readonly<Record<string, unknown>> {
  return typeof a === "object" && a !== null && !Array.isArray(a) && !ArrayBuffer.isView(a) && !isNdView(a) &&
    (Object.getPrototypeOf(a) === Object.prototype || Object.getPrototypeOf(a) === null);
}

/**
 * The columns of a table, all of one length.
 *
 * @throws {TypeError} when a column is no array
 * @throws {RangeError} when there is none, or they differ in length
 */
export function outgoingColumns(table: Readonly<Record<string, unknown>>, what: string): OutgoingColumn[] {
  const columns = Object.keys(table).map((name) => {
    const value = table[name];
    const column = `${what} column ${JSON.stringify(name)}`;
    if (!isTypedArray(value) && !isNdView(value) && !Array.isArray(value)) {
      throw new TypeError(`${column} must be a typed array, an n-d view or an array, got ${describe(value)}`);
    }
    const array = outgoing(value, column);
    return { name, array, inner: array.shape.slice(1) };
  });
  const [first] = columns;
  if (first === undefined) {
    throw new RangeError(`${what} wants at least one column, got an object without any`);
  }
  const rows = first.array.shape[0]!;
  for (const { name, array } of columns) {
    if (array.shape[0] === rows) continue;
    throw new RangeError(
      `${what} wants columns of one length: ${JSON.stringify(first.name)} has ${rows}, ` +
        `${JSON.stringify(name)} ${array.shape[0]}`,
    );
  }
  return columns;
}

/** Gives the bytes of the rows, one value of each column after the other, without gaps. O(n). */
export function writeRows(columns: readonly OutgoingColumn[], sink: Sink): void {
  const rows = columns[0]!.array.shape[0]!;
  const sizes = columns.map(({ array, inner }) => itemBytes(array.dtype) * elementCount(inner));
  const rowBytes = sizes.reduce((sum, size) => sum + size, 0);
  if (rows === 0 || rowBytes === 0) return;
  const chunkRows = Math.min(rows, Math.max(1, Math.floor(CHUNK_BYTES / rowBytes)));
  const chunk = new Uint8Array(chunkRows * rowBytes);
  let offset = 0;
  const sources = columns.map((column, at) => {
    const size = sizes[at]!;
    const word = wordBytesFor(size, offset, rowBytes);
    const { data, offset: start, dtype } = contiguous(column.array);
    const from = wordsOf(data as TypedArray & ArrayBufferView<ArrayBuffer>, word);
    const first = start * itemBytes(dtype) / word;
    const to = { words: wordsOf(chunk, word), at: offset / word, step: rowBytes / word };
    offset += size;
    return { from, first, to, size: size / word };
  });
  for (let row = 0; row < rows; row += chunkRows) {
    const count = Math.min(chunkRows, rows - row);
    for (const { from, first, to, size } of sources) {
      copyItems({ words: from, at: first + row * size, step: size }, to, count, size);
    }
    sink(chunk.subarray(0, count * rowBytes));
  }
}
