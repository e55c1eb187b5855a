/**
 * Loops over elements of 64 bits: `f8`, `i8`, `u8`. Element `i` is the words `2 * i` (lower) and `2 * i + 1`.
 *
 * @module
 */
import { RANGE_WORDS } from "./keys.ts";
import type { Buckets } from "./buckets.ts";
import type { Window } from "./window.ts";

/** Upper word of infinity. */
const INFINITY = 0x7ff00000;

/** Whether the keys of `words` never fall. Stops at the first that does. */
export function isRisingWide(words: Int32Array, n: number, float: number, flip: number): boolean {
  let lastHigh = 0x80000000 | 0;
  let lastLow = 0;
  for (let i = 0; i < n; i++) {
    let low = words[2 * i]! | 0;
    let high = words[2 * i + 1]! | 0;
    if (float !== 0) {
      const size = high & 0x7fffffff;
      if (size >= INFINITY && (size > INFINITY || low !== 0)) {
        high = 0x7fffffff;
        low = -1;
      } else if (size === 0 && low === 0) high = 0;
      else {
        const sign = high >> 31;
        high ^= sign & 0x7fffffff;
        low ^= sign;
      }
    } else high ^= flip;
    if (high < lastHigh || (high === lastHigh && low >>> 0 < lastLow >>> 0)) return false;
    lastHigh = high;
    lastLow = low;
  }
  return true;
}

/** Notes the range of the upper words of the keys of the elements `from`…`to` in row `row` of `rows`. */
export function rangeUpper(
  words: Int32Array,
  from: number,
  to: number,
  float: number,
  flip: number,
  rows: Int32Array,
  row: number,
): void {
  let min = 0x7fffffff;
  let max = 0x80000000 | 0;
  let missing = 0;
  for (let i = from; i < to; i++) {
    let high = words[2 * i + 1]! | 0;
    if (float !== 0) {
      const size = high & 0x7fffffff;
      if (size >= INFINITY && (size > INFINITY || words[2 * i] !== 0)) {
        missing++;
        continue;
      }
      // -0 passes for the least negative number, which makes the range no smaller
      high ^= (high >> 31) & 0x7fffffff;
    } else high ^= flip;
    if (high < min) min = high;
    if (high > max) max = high;
  }
  noteRange(rows, row, min, 0, max, -1, to - from - missing);
}

/** Notes the range of the keys of the elements `from`…`to` in row `row` of `rows`. */
export function rangeWide(
  words: Int32Array,
  from: number,
  to: number,
  float: number,
  flip: number,
  rows: Int32Array,
  row: number,
): void {
  let minHigh = 0x7fffffff;
  let minLow = 0x7fffffff;
  let maxHigh = 0x80000000 | 0;
  let maxLow = 0x80000000 | 0;
  let missing = 0;
  for (let i = from; i < to; i++) {
    let low = words[2 * i]! | 0;
    let high = words[2 * i + 1]! | 0;
    if (float !== 0) {
      const size = high & 0x7fffffff;
      if (size >= INFINITY && (size > INFINITY || low !== 0)) {
        missing++;
        continue;
      }
      if (size === 0 && low === 0) high = 0;
      const sign = high >> 31;
      high ^= sign & 0x7fffffff;
      low ^= sign;
    } else high ^= flip;
    // as signed numbers
    low ^= 0x80000000;
    if (high <= minHigh && (high < minHigh || low < minLow)) {
      minHigh = high;
      minLow = low;
    }
    if (high >= maxHigh && (high > maxHigh || low > maxLow)) {
      maxHigh = high;
      maxLow = low;
    }
  }
  noteRange(rows, row, minHigh, minLow ^ 0x80000000, maxHigh, maxLow ^ 0x80000000, to - from - missing);
}

function noteRange(
  rows: Int32Array,
  row: number,
  minHigh: number,
  minLow: number,
  maxHigh: number,
  maxLow: number,
  count: number,
): void {
  const at = row * RANGE_WORDS;
  rows[at] = minHigh;
  rows[at + 1] = minLow;
  rows[at + 2] = maxHigh;
  rows[at + 3] = maxLow;
  rows[at + 4] = count;
}

/** As {@linkcode countWide}, where the upper words of the keys are enough to tell the cells: `shift` numbers them. */
export function countUpper(
  words: Int32Array,
  from: number,
  to: number,
  float: number,
  flip: number,
  least: number,
  shift: number,
  nanCell: number,
  cells: Int32Array,
): void {
  for (let i = from; i < to; i++) {
    let high = words[2 * i + 1]! | 0;
    if (float !== 0) {
      const size = high & 0x7fffffff;
      if (size >= INFINITY && (size > INFINITY || words[2 * i] !== 0)) {
        cells[nanCell]!++;
        continue;
      }
      if (size === 0 && words[2 * i] === 0) high = 0;
      high ^= (high >> 31) & 0x7fffffff;
    } else high ^= flip;
    cells[(high - least) >>> shift]!++;
  }
}

/** Counts in `cells` how many of the elements `from`…`to` fall in each cell of the window; NaN in the last. */
export function countWide(
  words: Int32Array,
  from: number,
  to: number,
  float: number,
  flip: number,
  window: Window,
  cells: Int32Array,
): void {
  const { base, cellShift, nanCell, high0, high1, low0, low1 } = window;
  for (let i = from; i < to; i++) {
    let low = words[2 * i]! | 0;
    let high = words[2 * i + 1]! | 0;
    if (float !== 0) {
      const size = high & 0x7fffffff;
      if (size >= INFINITY && (size > INFINITY || low !== 0)) {
        cells[nanCell]!++;
        continue;
      }
      if (size === 0 && low === 0) high = 0;
      const sign = high >> 31;
      high ^= sign & 0x7fffffff;
      low ^= sign;
    } else high ^= flip;
    const key = (((high << high0) << high1) | ((low >>> low0) >>> low1)) - base | 0;
    cells[key >>> cellShift]!++;
  }
}

/**
 * Moves the elements `from`…`to` into their buckets as pairs: the next 32 bits of the key, and the index. Returns the
 * bits that are set in any element's lower word.
 */
export function scatterWide(
  words: Int32Array,
  from: number,
  to: number,
  float: number,
  flip: number,
  window: Window,
  buckets: Buckets,
  cursors: Int32Array,
  pairs: Int32Array,
): number {
  const { base, cellShift, high0, high1, low0, low1, rest0, rest1 } = window;
  const { ofCell, bases, widths, count } = buckets;
  let bits = 0;
  for (let i = from; i < to; i++) {
    let low = words[2 * i]! | 0;
    let high = words[2 * i + 1]! | 0;
    bits |= low;
    if (float !== 0) {
      const size = high & 0x7fffffff;
      if (size >= INFINITY && (size > INFINITY || low !== 0)) {
        const at = cursors[count]!++;
        pairs[2 * at] = 0;
        pairs[2 * at + 1] = i;
        continue;
      }
      if (size === 0 && low === 0) high = 0;
      const sign = high >> 31;
      high ^= sign & 0x7fffffff;
      low ^= sign;
    } else high ^= flip;
    const key = (((high << high0) << high1) | ((low >>> low0) >>> low1)) - base | 0;
    const bucket = ofCell[key >>> cellShift]!;
    const width = widths[bucket]!;
    const at = cursors[bucket]!++;
    pairs[2 * at] = ((key - bases[bucket]!) << (32 - width)) | (((low << rest0) << rest1) >>> width);
    pairs[2 * at + 1] = i;
  }
  return bits;
}

/** The lower word of an element's key, unsigned. */
export function lowKey(words: Int32Array, i: number, float: number): number {
  const low = words[2 * i]!;
  const high = words[2 * i + 1]! | 0;
  // of both zeros 0
  return (low | high & 0x7fffffff) === 0 ? low : (low ^ (high >> 31) & float) >>> 0;
}
