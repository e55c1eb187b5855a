/**
 * Places of values in sorted arrays, where NaN is greater than all.
 *
 * @module
 */

/** How many of the first `end` of `sorted`, among which there is no NaN, are below `x`. */
export function lowerBound(sorted: ArrayLike<number>, end: number, x: number): number {
  let from = 0;
  let to = end;
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (sorted[middle]! < x) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** How many of the first `end` of `sorted`, among which there is no NaN, are at most `x`. */
export function upperBound(sorted: ArrayLike<number>, end: number, x: number): number {
  let from = 0;
  let to = end;
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (sorted[middle]! <= x) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Where the NaN of a sorted array begin. */
export function presentCount(sorted: ArrayLike<number>): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    const value = sorted[middle]!;
    if (value === value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Fills `out` from `from` to `to` with the places of `values` in doubles. */
export function searchDoubles(
  sorted: Float64Array,
  present: number,
  values: Float64Array,
  from: number,
  to: number,
  isRight: boolean,
  out: Uint32Array,
): void {
  for (let i = from; i < to; i++) {
    const x = values[i]!;
    if (x !== x) out[i] = isRight ? sorted.length : present;
    else {
      let start = 0;
      let length = present;
      while (length > 0) {
        const half = length >>> 1;
        const middle = sorted[start + half]!;
        const isBelow = isRight ? middle <= x : middle < x;
        if (isBelow) {
          start += half + 1;
          length -= half + 1;
        } else length = half;
      }
      out[i] = start;
    }
  }
}

/** The same of 64-bit integers, as words; `flip` is xor-ed to the upper ones, which then compare as signed. */
export function searchWords(
  sorted: Int32Array,
  values: Int32Array,
  flip: number,
  from: number,
  to: number,
  isRight: boolean,
  out: Uint32Array,
): void {
  const n = sorted.length / 2;
  for (let i = from; i < to; i++) {
    const low = values[2 * i]! ^ 0x80000000;
    const high = values[2 * i + 1]! ^ flip;
    let start = 0;
    let length = n;
    while (length > 0) {
      const half = length >>> 1;
      const at = 2 * (start + half);
      const otherHigh = sorted[at + 1]! ^ flip;
      const otherLow = sorted[at]! ^ 0x80000000;
      const isBelow = otherHigh < high ||
        (otherHigh === high && (isRight ? otherLow <= low : otherLow < low));
      if (isBelow) {
        start += half + 1;
        length -= half + 1;
      } else length = half;
    }
    out[i] = start;
  }
}
