/**
 * The least and the greatest integer of a stretch of an array, as `extrema_kernels.ts` does it for floats.
 *
 * @module
 */
import { INDEX_END } from "./sum_kernels.ts";

/** The least byte. */
export function leastByte(a: Uint8Array, first: number, count: number): number {
  if (first + count > INDEX_END) return leastByte(a.subarray(first, first + count), 0, count);
  let best = a[first]!;
  const end = (first + count) | 0;
  const last = (end - 16) | 0;
  let i = first;
  for (; i < end; i = (i + 1) | 0) {
    // sixteen at a time, as long as there is nothing new
    while (
      i <= last &&
      a[i]! >= best &&
      a[(i + 1) | 0]! >= best &&
      a[(i + 2) | 0]! >= best &&
      a[(i + 3) | 0]! >= best &&
      a[(i + 4) | 0]! >= best &&
      a[(i + 5) | 0]! >= best &&
      a[(i + 6) | 0]! >= best &&
      a[(i + 7) | 0]! >= best &&
      a[(i + 8) | 0]! >= best &&
      a[(i + 9) | 0]! >= best &&
      a[(i + 10) | 0]! >= best &&
      a[(i + 11) | 0]! >= best &&
      a[(i + 12) | 0]! >= best &&
      a[(i + 13) | 0]! >= best &&
      a[(i + 14) | 0]! >= best &&
      a[(i + 15) | 0]! >= best
    ) i = (i + 16) | 0;
    if (i >= end) break;
    const x = a[i]!;
    if (!(x >= best)) best = x;
  }
  return best;
}

/** The greatest byte. */
export function greatestByte(a: Uint8Array, first: number, count: number): number {
  if (first + count > INDEX_END) return greatestByte(a.subarray(first, first + count), 0, count);
  let best = a[first]!;
  const end = (first + count) | 0;
  const last = (end - 16) | 0;
  let i = first;
  for (; i < end; i = (i + 1) | 0) {
    // sixteen at a time, as long as there is nothing new
    while (
      i <= last &&
      a[i]! <= best &&
      a[(i + 1) | 0]! <= best &&
      a[(i + 2) | 0]! <= best &&
      a[(i + 3) | 0]! <= best &&
      a[(i + 4) | 0]! <= best &&
      a[(i + 5) | 0]! <= best &&
      a[(i + 6) | 0]! <= best &&
      a[(i + 7) | 0]! <= best &&
      a[(i + 8) | 0]! <= best &&
      a[(i + 9) | 0]! <= best &&
      a[(i + 10) | 0]! <= best &&
      a[(i + 11) | 0]! <= best &&
      a[(i + 12) | 0]! <= best &&
      a[(i + 13) | 0]! <= best &&
      a[(i + 14) | 0]! <= best &&
      a[(i + 15) | 0]! <= best
    ) i = (i + 16) | 0;
    if (i >= end) break;
    const x = a[i]!;
    if (!(x <= best)) best = x;
  }
  return best;
}

/** The least integer. */
export function leastInt(a: Int32Array, first: number, count: number): number {
  if (first + count > INDEX_END) return leastInt(a.subarray(first, first + count), 0, count);
  let best = a[first]!;
  const end = (first + count) | 0;
  const last = (end - 16) | 0;
  let i = first;
  for (; i < end; i = (i + 1) | 0) {
    // sixteen at a time, as long as there is nothing new
    while (
      i <= last &&
      a[i]! >= best &&
      a[(i + 1) | 0]! >= best &&
      a[(i + 2) | 0]! >= best &&
      a[(i + 3) | 0]! >= best &&
      a[(i + 4) | 0]! >= best &&
      a[(i + 5) | 0]! >= best &&
      a[(i + 6) | 0]! >= best &&
      a[(i + 7) | 0]! >= best &&
      a[(i + 8) | 0]! >= best &&
      a[(i + 9) | 0]! >= best &&
      a[(i + 10) | 0]! >= best &&
      a[(i + 11) | 0]! >= best &&
      a[(i + 12) | 0]! >= best &&
      a[(i + 13) | 0]! >= best &&
      a[(i + 14) | 0]! >= best &&
      a[(i + 15) | 0]! >= best
    ) i = (i + 16) | 0;
    if (i >= end) break;
    const x = a[i]!;
    if (!(x >= best)) best = x;
  }
  return best;
}

/** The greatest integer. */
export function greatestInt(a: Int32Array, first: number, count: number): number {
  if (first + count > INDEX_END) return greatestInt(a.subarray(first, first + count), 0, count);
  let best = a[first]!;
  const end = (first + count) | 0;
  const last = (end - 16) | 0;
  let i = first;
  for (; i < end; i = (i + 1) | 0) {
    // sixteen at a time, as long as there is nothing new
    while (
      i <= last &&
      a[i]! <= best &&
      a[(i + 1) | 0]! <= best &&
      a[(i + 2) | 0]! <= best &&
      a[(i + 3) | 0]! <= best &&
      a[(i + 4) | 0]! <= best &&
      a[(i + 5) | 0]! <= best &&
      a[(i + 6) | 0]! <= best &&
      a[(i + 7) | 0]! <= best &&
      a[(i + 8) | 0]! <= best &&
      a[(i + 9) | 0]! <= best &&
      a[(i + 10) | 0]! <= best &&
      a[(i + 11) | 0]! <= best &&
      a[(i + 12) | 0]! <= best &&
      a[(i + 13) | 0]! <= best &&
      a[(i + 14) | 0]! <= best &&
      a[(i + 15) | 0]! <= best
    ) i = (i + 16) | 0;
    if (i >= end) break;
    const x = a[i]!;
    if (!(x <= best)) best = x;
  }
  return best;
}

/**
 * Where the first of the least 64-bit integers is, or of the greatest.
 *
 * @param words two for each integer, the low one first; up to 2^30 integers, at least one
 * @param flip 0, or -2^31 for unsigned ones: turns the order of the high words into the one of signed integers
 */
export function extremePair(words: Int32Array, flip: number, isLeast: boolean): number {
  // the least of ~x is the greatest of x; low words are compared as signed ones, too
  const mask = isLeast ? 0 : -1;
  const flipHigh = flip ^ mask;
  const flipLow = mask ^ (1 << 31);
  const end = words.length;
  let best = 0;
  let high = words[1]! ^ flipHigh;
  let low = words[0]! ^ flipLow;
  for (let i = 2; i < end; i = (i + 2) | 0) {
    const h = words[i | 1]! ^ flipHigh;
    if (h > high) continue;
    const l = words[i]! ^ flipLow;
    if (h === high && l >= low) continue;
    high = h;
    low = l;
    best = i;
  }
  return best >> 1;
}
