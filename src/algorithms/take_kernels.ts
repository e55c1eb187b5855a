/**
 * Copies of scattered elements, by their size: bits are moved, not values, so that NaNs keep theirs.
 *
 * @module
 */
import type { ShortDType, TypedArray } from "../memory/dtype.ts";
import { halves } from "./doubles.ts";

/** Rows of at least this many elements are copied by the engine. */
const LONG_ROW = 32;

/** Of more elements the positions of halves are no machine integers. */
const MAX_GATHERED = 2 ** 30;

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
  if (inner === 1 && source.length <= MAX_GATHERED) {
    return gather(dtype, source.subarray(base), toWords(places, count), count, target, at);
  }
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

/** Machine integers make one address computation of what doubles make a conversion of. */
function toWords(places: Float64Array, count: number): Int32Array {
  if (words.length < count) words = new Int32Array(count);
  words.set(places.subarray(0, count));
  return words;
}

let words = new Int32Array(0);

/** Single elements. */
function gather(
  dtype: ShortDType,
  source: TypedArray,
  places: Int32Array,
  count: number,
  target: TypedArray,
  at: number,
): void {
  switch (dtype) {
    case "f8":
    case "i8":
    case "u8":
      return gatherPairs(halves(source), places, count, halves(target), 2 * at);
    case "f4":
    case "i4":
    case "u4":
      return gatherWords(halves(source), places, count, halves(target), at);
    case "f2":
    case "i2":
    case "u2":
      return gatherShorts(shorts(source), places, count, shorts(target), at);
    default:
      return gatherBytes(bytes(source), places, count, bytes(target), at);
  }
}

function gatherPairs(
  source: Int32Array,
  places: Int32Array,
  count: number,
  target: Int32Array,
  at: number,
): void {
  for (let i = 0, to = at; i < count; i++, to += 2) {
    const from = 2 * places[i]!;
    target[to] = source[from]!;
    target[to + 1] = source[from + 1]!;
  }
}

function gatherWords(
  source: Int32Array,
  places: Int32Array,
  count: number,
  target: Int32Array,
  at: number,
): void {
  for (let i = 0; i < count; i++) target[at + i] = source[places[i]!]!;
}

function gatherShorts(
  source: Uint16Array,
  places: Int32Array,
  count: number,
  target: Uint16Array,
  at: number,
): void {
  for (let i = 0; i < count; i++) target[at + i] = source[places[i]!]!;
}

function gatherBytes(
  source: Uint8Array,
  places: Int32Array,
  count: number,
  target: Uint8Array,
  at: number,
): void {
  for (let i = 0; i < count; i++) target[at + i] = source[places[i]!]!;
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
