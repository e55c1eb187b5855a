/**
 * Passes over pairs of a word and an index; see `pairs.ts`.
 *
 * @module
 */
import { lowKey } from "./wide_keys.ts";

/** With it inverted, unsigned words compare as signed ones, which are the only ones that engines keep in registers. */
export const SIGN: number = 0x80000000 | 0;

/** Counts the digits of one pass. */
export function countDigit(
  words: Int32Array,
  from: number,
  to: number,
  shift: number,
  mask: number,
  counts: Int32Array,
): void {
  for (let i = from; i < to; i++) counts[(words[2 * i]! >>> shift) & mask]!++;
}

/** Counts the digits of two passes. */
export function countTwoDigits(
  words: Int32Array,
  from: number,
  to: number,
  shift: number,
  upperShift: number,
  mask: number,
  counts: Int32Array,
  upper: Int32Array,
): void {
  for (let i = from; i < to; i++) {
    const word = words[2 * i]!;
    counts[(word >>> shift) & mask]!++;
    upper[(word >>> upperShift) & mask]!++;
  }
}

/** Counts the digits of three passes of 11 bits. */
export function countThreeDigits(
  words: Int32Array,
  from: number,
  to: number,
  counts0: Int32Array,
  counts1: Int32Array,
  counts2: Int32Array,
): void {
  for (let i = from; i < to; i++) {
    const word = words[2 * i]!;
    counts0[word & 2047]!++;
    counts1[(word >>> 11) & 2047]!++;
    counts2[word >>> 22]!++;
  }
}

/** Turns counts into where each digit's first goes. */
export function toStarts(counts: Int32Array, size: number, start: number): void {
  let next = start;
  for (let digit = 0; digit < size; digit++) {
    const count = counts[digit]!;
    counts[digit] = next;
    next += count;
  }
}

/** Moves pairs to the next places of their digits. */
export function moveByDigit(
  words: Int32Array,
  doubles: Float64Array,
  from: number,
  to: number,
  shift: number,
  mask: number,
  starts: Int32Array,
  target: Float64Array,
): void {
  for (let i = from; i < to; i++) target[starts[(words[2 * i]! >>> shift) & mask]!++] = doubles[i]!;
}

/** Writes the indices of pairs to the next places of their digits. */
export function placeByDigit(
  words: Int32Array,
  from: number,
  to: number,
  shift: number,
  mask: number,
  starts: Int32Array,
  out: Uint32Array,
): void {
  for (let i = from; i < to; i++) out[starts[(words[2 * i]! >>> shift) & mask]!++] = words[2 * i + 1]!;
}

/** As `#place`, for up to 16 bits. */
export function placeMany(
  words: Int32Array,
  from: number,
  to: number,
  width: number,
  out: Uint32Array,
): void {
  const mask = 2 ** width - 1;
  const counts = new Int32Array(mask + 1);
  countDigit(words, from, to, 32 - width, mask, counts);
  toStarts(counts, mask + 1, from);
  placeByDigit(words, from, to, 32 - width, mask, counts, out);
}

/** Copies the indices of pairs. */
export function copyIndices(
  words: Int32Array,
  from: number,
  to: number,
  out: Uint32Array,
  at: number,
): void {
  for (let i = from; i < to; i++) out[at + i - from] = words[2 * i + 1]!;
}

/** Copies `n` pairs to the beginning of another buffer. */
export function copyPairs(from: Float64Array, at: number, n: number, to: Float64Array): void {
  for (let i = 0; i < n; i++) to[i] = from[at + i]!;
}

/** Replaces the words of pairs by the lower words of their keys. */
export function takeLowKeys(
  pairs: Int32Array,
  at: number,
  n: number,
  words: Int32Array,
  float: number,
): void {
  for (let i = at; i < at + n; i++) pairs[2 * i] = lowKey(words, pairs[2 * i + 1]!, float);
}

/** Sorts a few pairs by their words. */
export function insertByWord(words: Int32Array, doubles: Float64Array, at: number, n: number): void {
  for (let i = at + 1; i < at + n; i++) {
    const word = words[2 * i]! ^ SIGN;
    const pair = doubles[i]!;
    let j = i - 1;
    for (; j >= at && (words[2 * j]! ^ SIGN) > word; j--) doubles[j + 1] = doubles[j]!;
    doubles[j + 1] = pair;
  }
}
