/**
 * Sorting one bucket of pairs inside the cache.
 *
 * A pair is 8 bytes: 32 bits of the key, aligned to the left, and the element's index. It is read and moved as one
 * double, which no engine changes: with an index below 2^31 - 2^20 in the upper word it is never NaN.
 *
 * ```
 * pairs ─ digit ─▶ a ─ digit ─▶ b ─ repair: insertion where what the digits left out differs ─▶ out
 * ```
 *
 * The digits are the uppermost 24 bits, or as many as tell the bucket's elements apart. Where that was not enough, so
 * that repairing would take quadratic time, the bucket is sorted again by all bits.
 *
 * @module
 */
import {
  copyIndices,
  copyPairs,
  countDigit,
  countThreeDigits,
  countTwoDigits,
  insertByWord,
  moveByDigit,
  placeByDigit,
  placeMany,
  takeLowKeys,
  toStarts,
} from "./digits.ts";
import { repair, repairExact } from "./repair.ts";

/** Indices from here on would make NaN. */
export const MAX_PAIRS: number = 2 ** 31 - 2 ** 20;

/** Counters for the digits of one pass. */
const DIGITS = 4096;
/** Buckets up to this are sorted by insertion. */
const FEW = 24;
/** What passes of at most 12 bits take. */
const TWO_PASSES_BITS = 24;
const ONE_PASS_BITS = 12;
/** Above this a pass has so many digits that insertion finds next to nothing to do. */
const MANY = 4096;
/** Moves for each element that insertion may make. */
const REPAIR_MOVES = 6;

/** Pairs seen as words and as doubles. */
export interface PairBuffer {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
}

/** Pairs over a stretch of a buffer, by default over new private memory. */
export function pairBuffer(count: number, buffer?: ArrayBuffer, offset = 0): PairBuffer {
  const memory = buffer ?? new ArrayBuffer(8 * count);
  return {
    words: new Int32Array(memory, offset, 2 * count),
    doubles: new Float64Array(memory, offset, count),
  };
}

/** Where the full keys are, for what the pairs leave out. */
export interface FullKeys {
  readonly words: Int32Array;
  readonly float: number;
}

/** Sorts buckets; holds the memory to do so. */
export class PairSorter {
  readonly #a: PairBuffer;
  readonly #b: PairBuffer;
  readonly #room: number;
  readonly #counts: readonly [Int32Array, Int32Array, Int32Array];

  /** Makes a sorter for buckets of `room` pairs; larger ones get memory when they come. */
  constructor(room: number) {
    this.#room = room;
    this.#a = pairBuffer(room);
    this.#b = pairBuffer(room);
    this.#counts = [new Int32Array(DIGITS), new Int32Array(DIGITS), new Int32Array(DIGITS)];
  }

  /**
   * Writes the indices of the pairs `from`…`to` in order to the same places of `out`, which come from elements `base`
   * on.
   *
   * @param width how many of the 32 bits tell elements of the bucket apart
   * @param full where the bits of the keys are that the pairs leave out, `undefined` if they leave none out
   */
  sort(
    pairs: PairBuffer,
    from: number,
    to: number,
    width: number,
    full: FullKeys | undefined,
    out: Uint32Array,
  ): void {
    const n = to - from;
    if (n === 0) return;
    if (n === 1 || (width === 0 && full === undefined)) return copyIndices(pairs.words, from, to, out, from);
    if (n <= FEW) {
      copyPairs(pairs.doubles, from, n, this.#a.doubles);
      if (this.#repair(this.#a, n, full, out, from, Infinity)) return;
    }
    if (full === undefined && width <= ONE_PASS_BITS && n > MANY) {
      return this.#place(pairs.words, from, to, width, out);
    }
    if (n > this.#room) {
      // of what was not exact only a single cell can be so large, of exact keys too
      if (full === undefined && width <= 16) return placeMany(pairs.words, from, to, width, out);
      return this.#sortFully(pairs, from, to, full, out);
    }
    const bits = digitBits(n, width);
    const passes = bits <= ONE_PASS_BITS ? 1 : 2;
    if (passes === 2 && bits > TWO_PASSES_BITS) return this.#sortFully(pairs, from, to, full, out);
    const isExact = full === undefined && bits >= width;
    const sorted = passes === 1 ? this.#once(pairs, from, to, bits) : this.#twice(pairs, from, to, bits);
    if (isExact) return copyIndices(sorted.words, 0, n, out, from);
    if (!this.#repair(sorted, n, full, out, from, REPAIR_MOVES * n)) {
      this.#sortFully(pairs, from, to, full, out);
    }
  }

  #once(pairs: PairBuffer, from: number, to: number, bits: number): PairBuffer {
    const [counts] = this.#counts;
    const mask = 2 ** bits - 1;
    counts.fill(0, 0, mask + 1);
    countDigit(pairs.words, from, to, 32 - bits, mask, counts);
    toStarts(counts, mask + 1, 0);
    moveByDigit(pairs.words, pairs.doubles, from, to, 32 - bits, mask, counts, this.#a.doubles);
    return this.#a;
  }

  #twice(pairs: PairBuffer, from: number, to: number, bits: number): PairBuffer {
    const [counts, upper] = this.#counts;
    const half = (bits + 1) >> 1;
    const mask = 2 ** half - 1;
    const low = 32 - 2 * half;
    counts.fill(0, 0, mask + 1);
    upper.fill(0, 0, mask + 1);
    countTwoDigits(pairs.words, from, to, low, low + half, mask, counts, upper);
    toStarts(counts, mask + 1, 0);
    toStarts(upper, mask + 1, 0);
    moveByDigit(pairs.words, pairs.doubles, from, to, low, mask, counts, this.#a.doubles);
    moveByDigit(this.#a.words, this.#a.doubles, 0, to - from, low + half, mask, upper, this.#b.doubles);
    return this.#b;
  }

  /** Exact keys of few bits: one pass straight to their places. */
  #place(words: Int32Array, from: number, to: number, width: number, out: Uint32Array): void {
    const [counts] = this.#counts;
    const mask = 2 ** width - 1;
    counts.fill(0, 0, mask + 1);
    countDigit(words, from, to, 32 - width, mask, counts);
    toStarts(counts, mask + 1, from);
    placeByDigit(words, from, to, 32 - width, mask, counts, out);
  }

  #repair(
    sorted: PairBuffer,
    n: number,
    full: FullKeys | undefined,
    out: Uint32Array,
    at: number,
    moves: number,
  ): boolean {
    return full === undefined
      ? repairExact(sorted.words, sorted.doubles, n, out, at, moves)
      : repair(sorted.words, sorted.doubles, n, full.words, full.float, out, at, moves);
  }

  /** By all 32 bits of the pairs, and then, among those that are equal in them, by what the pairs leave out. */
  #sortFully(
    pairs: PairBuffer,
    from: number,
    to: number,
    full: FullKeys | undefined,
    out: Uint32Array,
  ): void {
    const n = to - from;
    const counts = this.#counts;
    let at = from;
    let sorted = pairs;
    // with the pairs' own, that is room enough for one of any size
    let spare = n <= this.#room ? this.#a : pairBuffer(n);
    if (sortByWord(pairs, from, spare, 0, n, counts)) {
      [sorted, spare] = [spare, pairs];
      at = 0;
    }
    if (full === undefined) return copyIndices(sorted.words, at, at + n, out, from);
    const spareAt = at === 0 ? from : 0;
    const { words, float } = full;
    for (let i = 0; i < n;) {
      let end = i + 1;
      while (end < n && sorted.words[2 * (at + end)] === sorted.words[2 * (at + i)]) end++;
      const count = end - i;
      let run = sorted;
      let runAt = at + i;
      if (count > 1) {
        takeLowKeys(sorted.words, runAt, count, words, float);
        if (count <= FEW) insertByWord(sorted.words, sorted.doubles, runAt, count);
        else if (sortByWord(sorted, runAt, spare, spareAt + i, count, counts)) {
          run = spare;
          runAt = spareAt + i;
        }
      }
      copyIndices(run.words, runAt, runAt + count, out, from + i);
      i = end;
    }
  }
}

/** How many of a bucket's uppermost bits to sort by. */
function digitBits(n: number, width: number): number {
  const telling = 35 - Math.clz32(n);
  if (width <= TWO_PASSES_BITS && n > 1024) return width;
  if (telling >= width) return width;
  return n > MANY ? TWO_PASSES_BITS : Math.min(telling, TWO_PASSES_BITS);
}

/** Stable LSD by all 32 bits in passes of 11, those left out in which all agree; whether the result is in `spare`. */
function sortByWord(
  pairs: PairBuffer,
  from: number,
  spare: PairBuffer,
  spareFrom: number,
  n: number,
  [counts0, counts1, counts2]: readonly [Int32Array, Int32Array, Int32Array],
): boolean {
  counts0.fill(0, 0, 2048);
  counts1.fill(0, 0, 2048);
  counts2.fill(0, 0, 2048);
  countThreeDigits(pairs.words, from, from + n, counts0, counts1, counts2);
  let source = pairs;
  let target = spare;
  let at = from;
  let targetAt = spareFrom;
  const first = pairs.words[2 * from]!;
  [counts0, counts1, counts2].forEach((counts, pass) => {
    const shift = 11 * pass;
    if (counts[(first >>> shift) & 2047] === n) return;
    toStarts(counts, 2048, targetAt);
    moveByDigit(source.words, source.doubles, at, at + n, shift, 2047, counts, target.doubles);
    [source, target] = [target, source];
    [at, targetAt] = [targetAt, at];
  });
  return source === spare;
}
