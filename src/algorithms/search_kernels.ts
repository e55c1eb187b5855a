/**
 * Places of values in sorted ones. NaN is the greatest value, as in NumPy's order.
 *
 * Each step adds half of what is left, or nothing, by a mask: random values make a branch there wrong half of the time,
 * which doubles the time in both engines.
 *
 * @module
 */

/** How many of the rising `bins` are below `x`. */
export function countBelow(bins: Float64Array, x: number): number {
  let left = bins.length;
  if (x !== x) {
    // NaNs come last: the first of them
    while (left > 0 && bins[left - 1] !== bins[left - 1]) left--;
    return left;
  }
  let count = 0;
  while (left > 1) {
    const half = left >>> 1;
    count += -Number(bins[count + half - 1]! < x) & half;
    left -= half;
  }
  return left === 1 && bins[count]! < x ? count + 1 : count;
}

/** How many of the rising `bins` are at most `x`. */
export function countUpTo(bins: Float64Array, x: number): number {
  let left = bins.length;
  if (x !== x) return left;
  let count = 0;
  while (left > 1) {
    const half = left >>> 1;
    count += -Number(bins[count + half - 1]! <= x) & half;
    left -= half;
  }
  return left === 1 && bins[count]! <= x ? count + 1 : count;
}
