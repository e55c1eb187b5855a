/**
 * Loops over elements of 32 bits: `f4`, `i4`, `u4`.
 *
 * @module
 */
import { RANGE_WORDS } from "./keys.ts";
import type { Buckets } from "./buckets.ts";
import type { Window } from "./window.ts";

const INFINITY = 0x7f800000;

/** Whether the keys of `words` never fall. Stops at the first that does. */
export function isRisingNarrow(words: Int32Array, n: number, float: number, flip: number): boolean {
  let last = 0x80000000 | 0;
  for (let i = 0; i < n; i++) {
    let key = words[i]! | 0;
    if (float !== 0) {
      const size = key & 0x7fffffff;
      const sign = key >> 31;
      key = size > INFINITY ? 0x7fffffff : (size ^ sign) - sign | 0;
    } else key ^= flip;
    if (key < last) return false;
    last = key;
  }
  return true;
}

/** Notes the range of the keys of the elements `from`…`to` in row `row` of `rows`, as that of upper words. */
export function rangeNarrow(
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
    let key = words[i]! | 0;
    if (float !== 0) {
      const size = key & 0x7fffffff;
      if (size > INFINITY) {
        missing++;
        continue;
      }
      const sign = key >> 31;
      key = (size ^ sign) - sign | 0;
    } else key ^= flip;
    if (key < min) min = key;
    if (key > max) max = key;
  }
  const at = row * RANGE_WORDS;
  rows[at] = min;
  rows[at + 1] = 0;
  rows[at + 2] = max;
  rows[at + 3] = 0;
  rows[at + 4] = to - from - missing;
}

/** Counts in `cells` how many of the elements `from`…`to` fall in each cell of the window; NaN in the last. */
export function countNarrow(
  words: Int32Array,
  from: number,
  to: number,
  float: number,
  flip: number,
  { base, cellShift, nanCell }: Window,
  cells: Int32Array,
): void {
  for (let i = from; i < to; i++) {
    let key = words[i]! | 0;
    if (float !== 0) {
      const size = key & 0x7fffffff;
      if (size > INFINITY) {
        cells[nanCell]!++;
        continue;
      }
      const sign = key >> 31;
      key = (size ^ sign) - sign | 0;
    } else key ^= flip;
    cells[(key - base) >>> cellShift]!++;
  }
}

/**
 * Moves the elements `from`…`to` into their buckets as pairs: what is left of the key, and the index. Returns the bits
 * of lower words, which there are none.
 */
export function scatterNarrow(
  words: Int32Array,
  from: number,
  to: number,
  float: number,
  flip: number,
  { base, cellShift }: Window,
  { ofCell, bases, widths, count }: Buckets,
  cursors: Int32Array,
  pairs: Int32Array,
): number {
  for (let i = from; i < to; i++) {
    let key = words[i]! | 0;
    if (float !== 0) {
      const size = key & 0x7fffffff;
      if (size > INFINITY) {
        const at = cursors[count]!++;
        pairs[2 * at] = 0;
        pairs[2 * at + 1] = i;
        continue;
      }
      const sign = key >> 31;
      key = (size ^ sign) - sign | 0;
    } else key ^= flip;
    key = key - base | 0;
    const bucket = ofCell[key >>> cellShift]!;
    const at = cursors[bucket]!++;
    pairs[2 * at] = (key - bases[bucket]!) << (32 - widths[bucket]!);
    pairs[2 * at + 1] = i;
  }
  return 0;
}
