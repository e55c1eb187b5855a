/**
 * Sorting one bucket of keys inside the cache, and turning them back into doubles.
 *
 * @module
 */
import { toStarts } from "./digits.ts";
import { type PairBuffer, pairBuffer } from "./pairs.ts";
import type { Window } from "./window.ts";

const DIGITS = 4096;
const DIGIT_BITS = 12;
/** Moves for each key that insertion may make. */
const REPAIR_MOVES = 6;

/** Sorts buckets; holds the memory to do so. */
export class KeyBucketSorter {
  readonly #room: number;
  readonly #window: Window;
  readonly #a: PairBuffer;
  readonly #b: PairBuffer;
  readonly #lower = new Int32Array(DIGITS);
  readonly #upper = new Int32Array(DIGITS);

  /** Makes a sorter for buckets of up to `room` keys; larger ones take longer. */
  constructor(room: number, window: Window) {
    this.#room = room;
    this.#window = window;
    this.#a = pairBuffer(room);
    this.#b = pairBuffer(room);
  }

  /** Writes the doubles of the keys `from`…`to` in order to the same places of `target`. */
  sort(
    keys: PairBuffer,
    from: number,
    to: number,
    width: number,
    bucketBase: number,
    target: Float64Array,
  ): void {
    const n = to - from;
    if (n === 0) return;
    if (n > this.#room) return this.#sortFully(keys, from, to, width, bucketBase, target);
    const bits = Math.max(1, Math.min(DIGIT_BITS, (36 - Math.clz32(n)) >> 1));
    const mask = 2 ** bits - 1;
    const [lower, upper] = [this.#lower, this.#upper];
    lower.fill(0, 0, mask + 1);
    upper.fill(0, 0, mask + 1);
    const { rest0, rest1 } = this.#window;
    const [a, b] = [this.#a, this.#b];
    const [shift, upperShift] = [32 - 2 * bits, 32 - bits];
    countKeyDigits(keys.words, from, to, width, rest0, rest1, shift, upperShift, mask, lower, upper);
    toStarts(lower, mask + 1, 0);
    toStarts(upper, mask + 1, 0);
    moveKeys(keys.words, keys.doubles, from, to, width, rest0, rest1, shift, mask, lower, a.doubles);
    moveKeys(a.words, a.doubles, 0, n, width, rest0, rest1, upperShift, mask, upper, b.doubles);
    if (insertKeys(b.words, b.doubles, n, REPAIR_MOVES * n)) this.write(b, 0, n, bucketBase, target, from);
    else this.#sortFully(keys, from, to, width, bucketBase, target);
  }

  /** Writes the doubles of keys as they come. */
  write(
    keys: PairBuffer,
    from: number,
    to: number,
    bucketBase: number,
    target: Float64Array,
    at: number,
  ): void {
    const { base, rest } = this.#window;
    const words = new Int32Array(target.buffer, target.byteOffset, 2 * target.length);
    if (rest === 32) writeUpper(keys.words, from, to, bucketBase + base | 0, words, at);
    else writeKeys(keys.words, from, to, this.#window, bucketBase + base | 0, words, at);
  }

  /** By all bits, digit by digit from below, with the target's own memory as one of the two to move between. */
  #sortFully(
    keys: PairBuffer,
    from: number,
    to: number,
    width: number,
    bucketBase: number,
    target: Float64Array,
  ): void {
    const n = to - from;
    const own = pairBuffer(n, target.buffer as ArrayBuffer, target.byteOffset + 8 * from);
    let [source, at] = [keys, from];
    let [next, other] = [pairBuffer(n), own];
    const counts = this.#lower;
    for (const [half, bits] of [[0, this.#window.rest], [1, width]] as const) {
      for (let shift = 0; shift < bits; shift += DIGIT_BITS) {
        const mask = 2 ** Math.min(DIGIT_BITS, bits - shift) - 1;
        counts.fill(0, 0, mask + 1);
        countHalf(source.words, at, at + n, half, shift, mask, counts);
        if (counts[(source.words[2 * at + half]! >>> shift) & mask] === n) continue;
        toStarts(counts, mask + 1, 0);
        moveByHalf(source.words, source.doubles, at, at + n, half, shift, mask, counts, next.doubles);
        [source, next, other] = [next, other, next];
        at = 0;
      }
    }
    this.write(source, at, at + n, bucketBase, target, from);
  }
}

function countHalf(
  words: Int32Array,
  from: number,
  to: number,
  half: number,
  shift: number,
  mask: number,
  counts: Int32Array,
): void {
  for (let i = from; i < to; i++) counts[(words[2 * i + half]! >>> shift) & mask]!++;
}

function moveByHalf(
  words: Int32Array,
  doubles: Float64Array,
  from: number,
  to: number,
  half: number,
  shift: number,
  mask: number,
  starts: Int32Array,
  target: Float64Array,
): void {
  for (let i = from; i < to; i++) target[starts[(words[2 * i + half]! >>> shift) & mask]!++] = doubles[i]!;
}

function countKeyDigits(
  words: Int32Array,
  from: number,
  to: number,
  width: number,
  rest0: number,
  rest1: number,
  shift: number,
  upperShift: number,
  mask: number,
  lower: Int32Array,
  upper: Int32Array,
): void {
  for (let i = from; i < to; i++) {
    const word = (words[2 * i + 1]! << (32 - width)) | (((words[2 * i]! << rest0) << rest1) >>> width);
    lower[(word >>> shift) & mask]!++;
    upper[(word >>> upperShift) & mask]!++;
  }
}

function moveKeys(
  words: Int32Array,
  doubles: Float64Array,
  from: number,
  to: number,
  width: number,
  rest0: number,
  rest1: number,
  shift: number,
  mask: number,
  starts: Int32Array,
  target: Float64Array,
): void {
  for (let i = from; i < to; i++) {
    const word = (words[2 * i + 1]! << (32 - width)) | (((words[2 * i]! << rest0) << rest1) >>> width);
    target[starts[(word >>> shift) & mask]!++] = doubles[i]!;
  }
}

/** Puts right what the digits left out; false when that takes more than so many moves. */
function insertKeys(words: Int32Array, doubles: Float64Array, n: number, moves: number): boolean {
  let left = moves;
  let lastHigh = words[1]!;
  let lastLow = words[0]!;
  for (let i = 1; i < n; i++) {
    const high = words[2 * i + 1]!;
    const low = words[2 * i]!;
    if (high > lastHigh || (high === lastHigh && low >>> 0 >= lastLow >>> 0)) {
      lastHigh = high;
      lastLow = low;
      continue;
    }
    const key = doubles[i]!;
    let j = i - 1;
    for (; j >= 0; j--) {
      const other = words[2 * j + 1]!;
      if (other < high || (other === high && words[2 * j]! >>> 0 <= low >>> 0)) break;
      doubles[j + 1] = doubles[j]!;
    }
    left -= i - j;
    if (left < 0) return false;
    doubles[j + 1] = key;
    // the greatest so far has moved here
    lastHigh = words[2 * i + 1]!;
    lastLow = words[2 * i]!;
  }
  return true;
}

/** Keys whose window is the upper word. */
function writeUpper(
  keys: Int32Array,
  from: number,
  to: number,
  base: number,
  target: Int32Array,
  at: number,
): void {
  for (let i = from, to2 = 2 * at; i < to; i++, to2 += 2) {
    const low = keys[2 * i]! | 0;
    const high = keys[2 * i + 1]! + base | 0;
    const sign = high >> 31;
    target[to2] = low ^ sign;
    target[to2 + 1] = high ^ (sign & 0x7fffffff);
  }
}

/** Keys whose window takes bits of both words; what lies above the window is that of the least key, or one more. */
function writeKeys(
  keys: Int32Array,
  from: number,
  to: number,
  window: Window,
  base: number,
  target: Int32Array,
  at: number,
): void {
  const { rest, top, base: least } = window;
  for (let i = from, to2 = 2 * at; i < to; i++, to2 += 2) {
    const low = keys[2 * i]! | 0;
    const bits = keys[2 * i + 1]! + base | 0;
    // a window below that of the least key has carried
    const above = top + (bits >>> 0 < least >>> 0 ? 1 : 0);
    const high = rest === 0 ? above : (above << rest) | (bits >>> (32 - rest));
    const sign = high >> 31;
    target[to2] = low ^ sign;
    target[to2 + 1] = high ^ (sign & 0x7fffffff);
  }
}
