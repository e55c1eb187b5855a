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

/** Sources up to this stay in the cache of a processor. */
export const NEAR_BYTES: number = 2 ** 21;
/** Elements looked at before they are copied: their lines stay in the first cache. */
const AHEAD = 256;

/** Machine words, or doubles for what is longer than those reach. */
export type Places = Int32Array | Float64Array;

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
  places: Places,
  count: number,
  inner: number,
  target: TypedArray,
  at: number,
): void {
  if (inner >= LONG_ROW) return copyRows(source, base, places, count, inner, target, at);
  if (inner === 1 && source.length <= MAX_GATHERED) {
    const words = places instanceof Int32Array ? places : toWords(places, count);
    return gather(dtype, source.subarray(base), words, count, target.subarray(at, at + count));
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
): void {
  switch (dtype) {
    case "f8":
    case "i8":
    case "u8":
      if (source.byteLength > NEAR_BYTES) {
        return gatherFarPairs(halves(source), places, count, halves(target));
      }
      return gatherPairs(halves(source), places, 0, count, halves(target));
    case "f4":
    case "i4":
    case "u4":
      return gatherWords(halves(source), places, count, halves(target));
    case "f2":
    case "i2":
    case "u2":
      return gatherShorts(shorts(source), places, count, shorts(target));
    default:
      return gatherBytes(bytes(source), places, count, bytes(target));
  }
}

/**
 * Looks at one word of each element first: so nothing else holds up the next look, more of them are under way at a
 * time, and from memory it all takes two thirds of the time.
 */
function gatherFarPairs(source: Int32Array, places: Int32Array, count: number, target: Int32Array): void {
  for (let from = 0; from < count; from += AHEAD) {
    const end = Math.min(count, from + AHEAD);
    looked[0] = lookAt(source, places, from, end);
    gatherPairs(source, places, from, end, target);
  }
}

/** What looks found, lest engines leave them out. */
const looked = new Int32Array(1);

function lookAt(source: Int32Array, places: Int32Array, from: number, end: number): number {
  let bits = 0;
  const last = (end - 4) | 0;
  for (let i = from; i <= last; i = (i + 4) | 0) {
    bits ^= source[places[i]! << 1]! ^ source[places[i | 1]! << 1]! ^
      source[places[i | 2]! << 1]! ^ source[places[i | 3]! << 1]!;
  }
  return bits;
}

/** Four at a time, and no additions: they take as long as the copies. `from` is a multiple of 4. */
function gatherPairs(
  source: Int32Array,
  places: Int32Array,
  from: number,
  end: number,
  target: Int32Array,
): void {
  const last = (end - 4) | 0;
  let i = from;
  for (; i <= last; i = (i + 4) | 0) {
    const at0 = places[i]! << 1;
    const at1 = places[i | 1]! << 1;
    const at2 = places[i | 2]! << 1;
    const at3 = places[i | 3]! << 1;
    const to = i << 1;
    target[to] = source[at0]!;
    target[to | 1] = source[at0 | 1]!;
    target[to | 2] = source[at1]!;
    target[to | 3] = source[at1 | 1]!;
    target[to | 4] = source[at2]!;
    target[to | 5] = source[at2 | 1]!;
    target[to | 6] = source[at3]!;
    target[to | 7] = source[at3 | 1]!;
  }
  for (; i < end; i++) {
    const at = places[i]! << 1;
    target[i << 1] = source[at]!;
    target[(i << 1) | 1] = source[at | 1]!;
  }
}

function gatherWords(source: Int32Array, places: Int32Array, count: number, target: Int32Array): void {
  for (let i = 0; i < count; i++) target[i] = source[places[i]!]!;
}

function gatherShorts(source: Uint16Array, places: Int32Array, count: number, target: Uint16Array): void {
  for (let i = 0; i < count; i++) target[i] = source[places[i]!]!;
}

function gatherBytes(source: Uint8Array, places: Int32Array, count: number, target: Uint8Array): void {
  for (let i = 0; i < count; i++) target[i] = source[places[i]!]!;
}

function copyRows(
  source: TypedArray,
  base: number,
  places: Places,
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
  places: Places,
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
  places: Places,
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
  places: Places,
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
  places: Places,
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
