/**
 * Elements moved as words of 1, 2 or 4 bytes: no bit changes, as it may where a NaN passes through a variable.
 *
 * @module
 */

/** A typed array of words. */
export type Words = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

/** Bytes of a word. */
export type WordBytes = 1 | 2 | 4;

/** The longest word that divides all of these. */
export function wordBytesFor(...byteCounts: readonly number[]): WordBytes {
  if (byteCounts.every((bytes) => bytes % 4 === 0)) return 4;
  return byteCounts.every((bytes) => bytes % 2 === 0) ? 2 : 1;
}

/** The memory of an array as words; its beginning and its length must be multiples of them. */
export function wordsOf(
  { buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>,
  word: WordBytes,
): Words {
  if (word === 4) return new Int32Array(buffer, byteOffset, byteLength / 4);
  if (word === 2) return new Uint16Array(buffer, byteOffset, byteLength / 2);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Items of `size` words each, `step` words apart from `at` on. */
export interface Places {
  readonly words: Words;
  readonly at: number;
  readonly step: number;
}

/** Copies `count` items of `size` words. O(count · size). */
export function copyItems(from: Places, to: Places, count: number, size: number): void {
  if (size === 0) return;
  if (from.words instanceof Int32Array) {
    const copy = size === 2 ? copyPairs : copy32;
    return copy(from.words, from.at, from.step, to.words as Int32Array, to.at, to.step, count, size);
  }
  if (from.words instanceof Uint16Array) {
    return copy16(from.words, from.at, from.step, to.words as Uint16Array, to.at, to.step, count, size);
  }
  copy8(from.words, from.at, from.step, to.words as Uint8Array, to.at, to.step, count, size);
}

// four of the same: a loop is fast when it sees one class of arrays; two words are what doubles have, and V8 takes
// three times as long when an inner loop copies them

function copyPairs(
  from: Int32Array,
  fromAt: number,
  fromStep: number,
  to: Int32Array,
  toAt: number,
  toStep: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    to[toAt] = from[fromAt]!;
    to[toAt + 1] = from[fromAt + 1]!;
    fromAt += fromStep;
    toAt += toStep;
  }
}

function copy32(
  from: Int32Array,
  fromAt: number,
  fromStep: number,
  to: Int32Array,
  toAt: number,
  toStep: number,
  count: number,
  size: number,
): void {
  for (let i = 0; i < count; i++) {
    to[toAt] = from[fromAt]!;
    for (let k = 1; k < size; k++) to[toAt + k] = from[fromAt + k]!;
    fromAt += fromStep;
    toAt += toStep;
  }
}

function copy16(
  from: Uint16Array,
  fromAt: number,
  fromStep: number,
  to: Uint16Array,
  toAt: number,
  toStep: number,
  count: number,
  size: number,
): void {
  for (let i = 0; i < count; i++) {
    to[toAt] = from[fromAt]!;
    for (let k = 1; k < size; k++) to[toAt + k] = from[fromAt + k]!;
    fromAt += fromStep;
    toAt += toStep;
  }
}

function copy8(
  from: Uint8Array,
  fromAt: number,
  fromStep: number,
  to: Uint8Array,
  toAt: number,
  toStep: number,
  count: number,
  size: number,
): void {
  for (let i = 0; i < count; i++) {
    to[toAt] = from[fromAt]!;
    for (let k = 1; k < size; k++) to[toAt + k] = from[fromAt + k]!;
    fromAt += fromStep;
    toAt += toStep;
  }
}

/** So many words a call: an engine makes better code of what is called often than of what runs long. */
const BLOCK_WORDS = 2 ** 14;

/** Turns the bytes of each element around, in place. O(n). */
export function swapBytes(array: ArrayBufferView<ArrayBuffer>, itemBytes: number): void {
  if (itemBytes === 1) return;
  const words = wordsOf(array, itemBytes === 2 ? 2 : 4);
  for (let start = 0; start < words.length; start += BLOCK_WORDS) {
    const end = Math.min(start + BLOCK_WORDS, words.length);
    if (itemBytes === 2) swap16(words as Uint16Array, start, end);
    else if (itemBytes === 4) swap32(words as Int32Array, start, end);
    else swap64(words as Int32Array, start, end);
  }
}

function swap16(words: Uint16Array, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    const word = words[i]!;
    words[i] = word << 8 | word >>> 8;
  }
}

function swap32(words: Int32Array, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    const word = words[i]!;
    words[i] = word << 24 | (word & 0xff00) << 8 | word >>> 8 & 0xff00 | word >>> 24;
  }
}

function swap64(words: Int32Array, start: number, end: number): void {
  for (let i = start; i < end; i += 2) {
    const low = words[i]!;
    const high = words[i + 1]!;
    words[i] = high << 24 | (high & 0xff00) << 8 | high >>> 8 & 0xff00 | high >>> 24;
    words[i + 1] = low << 24 | (low & 0xff00) << 8 | low >>> 8 & 0xff00 | low >>> 24;
  }
}
