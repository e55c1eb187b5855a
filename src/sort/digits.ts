/**
 * Passes over pairs of a word and an index; see `pairs.ts`.
 *
 * @module
 */
import { lowKey } from "./wide_keys.ts";

/** Counts the digits of one pass. */
export function countDigit(
  words: Uint32Array,
  from: number,
  to: number,
  shift: number,
  mask: number,
  counts: Uint32Array,
): void {
  for (let i = from; i < to; i++) counts[(words[2 * i]! >>> shift) & mask]!++;
}

/** Counts the digits of two passes. */
export function countTwoDigits(
  words: Uint32Array,
  from: number,
  to: number,
  shift: number,
  upperShift: number,
  mask: number,
  counts: Uint32Array,
  upper: Uint32Array,
): void {
  for (let i = from; i < to; i++) {
    const word = words[2 * i]!;
    counts[(word >>> shift) & mask]!++;
    upper[(word >>> upperShift) & mask]!++;
  }
}

/** Counts the digits of three passes of 11 bits. */
export function countThreeDigits(
  words: Uint32Array,
  from: number,
  to: number,
  counts0: Uint32Array,
  counts1: Uint32Array,
  counts2: Uint32Array,
): void {
  for (let i = from; i < to; i++) {
    const word = words[2 * i]!;
    counts0[word & 2047]!++;
    counts1[(word >>> 11) & 2047]!++;
    counts2[word >>> 22]!++;
  }
}

/** Turns counts into where each digit's first goes. */
export function toStarts(counts: Uint32Array, size: number, start: number): void {
  let next = start;
  for (let digit = 0; digit < size; digit++) {
    const count = counts[digit]!;
    counts[digit] = next;
    next += count;
  }
}

/** Moves pairs to the next places of their digits. */
export function moveByDigit(
  words: Uint32Array,
  doubles: Float64Array,
  from: number,
  to: number,
  shift: number,
  mask: number,
  starts: Uint32Array,
  target: Float64Array,
): void {
  for (let i = from; i < to; i++) target[starts[(words[2 * i]! >>> shift) & mask]!++] = doubles[i]!;
}

/** Writes the indices of pairs to the next places of their digits. */
export function placeByDigit(
  words: Uint32Array,
  from: number,
  to: number,
  shift: number,
  mask: number,
  starts: Uint32Array,
  out: Uint32Array,
): void {
  for (let i = from; i < to; i++) out[starts[(words[2 * i]! >>> shift) & mask]!++] = words[2 * i + 1]!;
}

/** As `#place`, for up to 16 bits. */
export function placeMany(
  words: Uint32Array,
  from: number,
  to: number,
  width: number,
  out: Uint32Array,
): void {
  const mask = 2 ** width - 1;
  const counts = new Uint32Array(mask + 1);
  countDigit(words, from, to, 32 - width, mask, counts);
  toStarts(counts, mask + 1, from);
  placeByDigit(words, from, to, 32 - width, mask, counts, out);
}

/** Copies the indices of pairs. */
export function copyIndices(
  words: Uint32Array,
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
  pairs: Uint32Array,
  at: number,
  n: number,
  words: Uint32Array,
  float: number,
): void {
  for (let i = at; i < at + n; i++) pairs[2 * i] = lowKey(words, pairs[2 * i + 1]!, float);
}

/** Sorts a few pairs by their words. */
export function insertByWord(words: Uint32Array, doubles: Float64Array, at: number, n: number): void {
  for (let i = at + 1; i < at + n; i++) {
    const word = words[2 * i]!;
    const pair = doubles[i]!;
    let j = i - 1;
    for (; j >= at && words[2 * j]! > word; j--) doubles[j + 1] = doubles[j]!;
    doubles[j + 1] = pair;
  }
}
