/**
 * Elements of any type as doubles: kernels are written once, for `Float64Array`, and the types without a kernel of
 * their own pass through a block that stays in the cache.
 *
 * @module
 */
import type { TypedArray } from "../memory/dtype.ts";

/** Whether the elements are bigints. */
export function isBig(data: TypedArray): data is BigInt64Array | BigUint64Array {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}

/** A double for each element, in C order; bigints are rounded. */
export function toDoubles(data: TypedArray): Float64Array {
  if (data instanceof Float64Array) return data;
  const doubles = new Float64Array(data.length);
  writeDoubles(data, 0, data.length, doubles, 0);
  return doubles;
}

/** Converts `count` elements. */
export function writeDoubles(
  data: TypedArray,
  from: number,
  count: number,
  target: Float64Array,
  at: number,
): void {
  if (!isBig(data)) target.set(data.subarray(from, from + count), at);
  else bigToDoubles(halves(data), data instanceof BigInt64Array, from, count, target, at);
}

/** 64-bit integers as pairs of words, the low one first. */
export function halves(data: TypedArray): Int32Array {
  return new Int32Array(data.buffer, data.byteOffset, data.byteLength / 4);
}

function bigToDoubles(
  words: Int32Array,
  isSigned: boolean,
  from: number,
  count: number,
  target: Float64Array,
  at: number,
): void {
  for (let i = 0; i < count; i++) {
    const low = words[2 * (from + i)]! >>> 0;
    const high = words[2 * (from + i) + 1]!;
    // one rounding: the product is exact
    target[at + i] = (isSigned ? high : high >>> 0) * 4294967296 + low;
  }
}

/** Reads stretches of an array as doubles, through a block of its own where the type is another. */
export class DoubleReader {
  /** Where the stretch read last is in {@linkcode doubles}. */
  from = 0;
  /** Holds the stretch read last. */
  doubles: Float64Array;
  readonly #data: TypedArray;
  readonly #isDirect: boolean;

  constructor(data: TypedArray) {
    this.#data = data;
    this.#isDirect = data instanceof Float64Array;
    this.doubles = data instanceof Float64Array ? data : new Float64Array(0);
  }

  /** Makes `count` elements from `from` on available. */
  read(from: number, count: number): void {
    if (this.#isDirect) {
      this.from = from;
      return;
    }
    if (this.doubles.length < count) this.doubles = new Float64Array(Math.max(count, 4096));
    writeDoubles(this.#data, from, count, this.doubles, 0);
  }

  /** Makes `rows` stretches of `columns` elements available, one after the other; `stride` elements lie between them. */
  readRows(from: number, rows: number, stride: number, columns: number): void {
    if (this.doubles.length < rows * columns) this.doubles = new Float64Array(rows * columns);
    for (let r = 0; r < rows; r++) {
      writeDoubles(this.#data, from + r * stride, columns, this.doubles, r * columns);
    }
  }
}
