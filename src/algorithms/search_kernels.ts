/**
 * Places of values in sorted ones. NaN is the greatest value, as in NumPy's order.
 *
 * @module
 */

/** How many of the rising `bins` are below `x`. */
export function countBelow(bins: Float64Array, x: number): number {
  let from = 0;
  let end = bins.length;
  if (x !== x) {
    // NaNs come last: the first of them
    while (end > 0 && bins[end - 1] !== bins[end - 1]) end--;
    return end;
  }
  while (from < end) {
    const middle = (from + end) >>> 1;
    if (bins[middle]! < x) from = middle + 1;
    else end = middle;
  }
  return from;
}

/** How many of the rising `bins` are at most `x`. */
export function countUpTo(bins: Float64Array, x: number): number {
  let from = 0;
  let end = bins.length;
  if (x !== x) return end;
  while (from < end) {
    const middle = (from + end) >>> 1;
    if (bins[middle]! <= x) from = middle + 1;
    else end = middle;
  }
  return from;
}
