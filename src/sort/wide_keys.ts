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
export function isRisingWide(words: Uint32Array, n: number, float: number, flip: number): boolean {
  let lastHigh = 0x80000000 | 0;
  let lastLow = 0;
  for (let i = 0; i < n; i++) {
    let low = words[2 * i]! | 0;
    let high = words[2 * i + 1]! | 0;
    if (float !== 0) {
      const size = high & 0x7fffffff;
      const sign = high >> 31;
      if (size > INFINITY || (size === INFINITY && low !== 0)) {
        high = 0x7fffffff;
        low = -1;
      } else {
        high = (size ^ sign) + (low === 0 ? sign & 1 : 0) | 0;
        low = (low ^ sign) - sign | 0;
      }
    } else high ^= flip;
    if (high < lastHigh || (high === lastHigh && low >>> 0 < lastLow >>> 0)) return false;
    lastHigh = high;
    lastLow = low;
  }
  return true;
}

/** Notes the range of the keys of the elements `from`…`to` in row `row` of `rows`. */
export function rangeWide(
  words: Uint32Array,
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
  let lowBits = 0;
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
      const sign = high >> 31;
      high = (size ^ sign) + (low === 0 ? sign & 1 : 0) | 0;
      low = (low ^ sign) - sign | 0;
    } else high ^= flip;
    lowBits |= low;
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
  const at = row * RANGE_WORDS;
  rows[at] = minHigh;
  rows[at + 1] = minLow ^ 0x80000000;
  rows[at + 2] = maxHigh;
  rows[at + 3] = maxLow ^ 0x80000000;
  rows[at + 4] = lowBits;
  rows[at + 5] = to - from - missing;
}

/** Counts in `cells` how many of the elements `from`…`to` fall in each cell of the window; NaN in the last. */
export function countWide(
  words: Uint32Array,
  from: number,
  to: number,
  float: number,
  flip: number,
  window: Window,
  cells: Uint32Array,
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
      const sign = high >> 31;
      high = (size ^ sign) + (low === 0 ? sign & 1 : 0) | 0;
      low = (low ^ sign) - sign | 0;
    } else high ^= flip;
    const key = (((high << high0) << high1) | ((low >>> low0) >>> low1)) - base | 0;
    cells[key >>> cellShift]!++;
  }
}

/** Moves the elements `from`…`to` into their buckets as pairs: the next 32 bits of the key, and the index. */
export function scatterWide(
  words: Uint32Array,
  from: number,
  to: number,
  float: number,
  flip: number,
  window: Window,
  buckets: Buckets,
  cursors: Uint32Array,
  pairs: Uint32Array,
): void {
  const { base, cellShift, high0, high1, low0, low1, rest0, rest1 } = window;
  const { ofCell, bases, widths, count } = buckets;
  for (let i = from; i < to; i++) {
    let low = words[2 * i]! | 0;
    let high = words[2 * i + 1]! | 0;
    if (float !== 0) {
      const size = high & 0x7fffffff;
      if (size >= INFINITY && (size > INFINITY || low !== 0)) {
        const at = cursors[count]!++;
        pairs[2 * at] = 0;
        pairs[2 * at + 1] = i;
        continue;
      }
      const sign = high >> 31;
      high = (size ^ sign) + (low === 0 ? sign & 1 : 0) | 0;
      low = (low ^ sign) - sign | 0;
    } else high ^= flip;
    const key = (((high << high0) << high1) | ((low >>> low0) >>> low1)) - base | 0;
    const bucket = ofCell[key >>> cellShift]!;
    const width = widths[bucket]!;
    const at = cursors[bucket]!++;
    pairs[2 * at] = ((key - bases[bucket]!) << (32 - width)) | (((low << rest0) << rest1) >>> width);
    pairs[2 * at + 1] = i;
  }
}

/** The lower word of an element's key, unsigned. */
export function lowKey(words: Uint32Array, i: number, float: number): number {
  const sign = (words[2 * i + 1]! >> 31) & float;
  return ((words[2 * i]! ^ sign) - sign) >>> 0;
}
