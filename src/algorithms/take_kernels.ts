/**
 * Copies of scattered elements, by their size: bits are moved, not values, so that NaNs keep theirs.
 *
 * @module
 */
import type { ShortDType, TypedArray } from "../memory/dtype.ts";
import { halves } from "./doubles.ts";

/** Rows of at least this many elements are copied by the engine. */
const LONG_ROW = 32;

/**
 * Copies rows of `inner` elements from given places to consecutive ones.
 *
 * @param base where in `source` place 0 begins
 * @param at where in `target` the first row goes
 */
export function copyElements(
  dtype: ShortDType,
  source: TypedArray,
  base: number,
  places: Float64Array,
  count: number,
  inner: number,
  target: TypedArray,
  at: number,
): void {
  if (inner >= LONG_ROW) return copyRows(source, base, places, count, inner, target, at);
  switch (dtype) {
    case "f8":
    case "i8":
    case "u8":
      return copyPairs(halves(source), 2 * base, places, count, 2 * inner, halves(target), 2 * at);
    case "f4":
    case "i4":
    case "u4":
      return copyWords(halves(source), base, places, count, inner, halves(target), at);
    case "f2":
    case "i2":
    case "u2":
      return copyShorts(shorts(source), base, places, count, inner, shorts(target), at);
    default:
      return copyBytes(bytes(source), base, places, count, inner, bytes(target), at);
  }
}

function copyRows(
  source: TypedArray,
  base: number,
  places: Float64Array,
  count: number,
  inner: number,
  target: TypedArray,
  at: number,
): void {
  const from = source as Float64Array;
  const to = target as Float64Array;
  for (let i = 0; i < count; i++) {
    const row = base + places[i]! * inner;
    to.set(from.subarray(row, row + inner), at + i * inner);
  }
}

/** `inner` counts words, two for each element. */
function copyPairs(
  source: Int32Array,
  base: number,
  places: Float64Array,
  count: number,
  inner: number,
  target: Int32Array,
  at: number,
): void {
  for (let i = 0, to = at; i < count; i++) {
    const from = base + places[i]! * inner;
    for (let k = 0; k < inner; k += 2, to += 2) {
      target[to] = source[from + k]!;
      target[to + 1] = source[from + k + 1]!;
    }
  }
}

function copyWords(
  source: Int32Array,
  base: number,
  places: Float64Array,
  count: number,
  inner: number,
  target: Int32Array,
  at: number,
): void {
  for (let i = 0, to = at; i < count; i++) {
    const from = base + places[i]! * inner;
    for (let k = 0; k < inner; k++) target[to++] = source[from + k]!;
  }
}

function copyShorts(
  source: Uint16Array,
  base: number,
  places: Float64Array,
  count: number,
  inner: number,
  target: Uint16Array,
  at: number,
): void {
  for (let i = 0, to = at; i < count; i++) {
    const from = base + places[i]! * inner;
    for (let k = 0; k < inner; k++) target[to++] = source[from + k]!;
  }
}

function copyBytes(
  source: Uint8Array,
  base: number,
  places: Float64Array,
  count: number,
  inner: number,
  target: Uint8Array,
  at: number,
): void {
  for (let i = 0, to = at; i < count; i++) {
    const from = base + places[i]! * inner;
    for (let k = 0; k < inner; k++) target[to++] = source[from + k]!;
  }
}

function shorts({ buffer, byteOffset, byteLength }: TypedArray): Uint16Array {
  return new Uint16Array(buffer, byteOffset, byteLength / 2);
}

function bytes({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
