/**
 * Indices as places: checked, negative ones counted from the end, and as machine words, from which engines make one
 * address computation. One function for each class of indices, see `sum_kernels.ts`.
 *
 * @module
 */
import type { TypedArray } from "../memory/dtype.ts";
import { halves } from "./doubles.ts";

/** Places that {@linkcode toPlaces} finds are below it. */
export const MAX_WORD_LENGTH: number = 2 ** 31 - 1;

/**
 * Writes the place of each index; false when one is outside, or of a class that has no kernel.
 *
 * @param length of what is indexed, up to {@linkcode MAX_WORD_LENGTH}
 * @param places at least as long as `indices`
 */
export function toPlaces(indices: TypedArray, length: number, places: Int32Array): boolean {
  const count = indices.length;
  if (indices instanceof Int32Array) return placeInts(indices, count, length, places);
  if (indices instanceof Uint32Array) return placeWords(indices, count, length, places);
  if (indices instanceof Float64Array) return placeDoubles(indices, count, length, places);
  if (indices instanceof BigInt64Array) return placePairs(halves(indices), -1, count, length, places);
  if (indices instanceof BigUint64Array) return placePairs(halves(indices), 0, count, length, places);
  if (indices.BYTES_PER_ELEMENT > 2 || indices instanceof Float16Array) return false;
  places.set(indices as Uint8Array);
  return placeInts(places, count, length, places);
}

function placeInts(a: Int32Array, count: number, length: number, places: Int32Array): boolean {
  for (let i = 0; i < count; i++) {
    const index = a[i]!;
    const place = (index + (length & (index >> 31))) | 0;
    // one comparison for both ends
    if ((place >>> 0) >= length) return false;
    places[i] = place;
  }
  return true;
}

function placeWords(a: Uint32Array, count: number, length: number, places: Int32Array): boolean {
  for (let i = 0; i < count; i++) {
    const index = a[i]!;
    if (index >= length) return false;
    places[i] = index;
  }
  return true;
}

function placeDoubles(a: Float64Array, count: number, length: number, places: Int32Array): boolean {
  for (let i = 0; i < count; i++) {
    const x = a[i]!;
    const index = x | 0;
    if (index !== x) return false;
    const place = (index + (length & (index >> 31))) | 0;
    if ((place >>> 0) >= length) return false;
    places[i] = place;
  }
  return true;
}

/** Words of 64-bit integers, low ones first; `signs` is -1 if they have a sign, else 0. */
function placePairs(
  words: Int32Array,
  signs: number,
  count: number,
  length: number,
  places: Int32Array,
): boolean {
  for (let i = 0; i < count; i++) {
    const index = words[i << 1]!;
    const sign = (index >> 31) & signs;
    if (words[(i << 1) | 1] !== sign) return false;
    const place = (index + (length & sign)) | 0;
    if ((place >>> 0) >= length) return false;
    places[i] = place;
  }
  return true;
}
