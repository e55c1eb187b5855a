/**
 * Counting.
 *
 * Counts are signed words while they are made (engines keep those as machine integers) and wrap like unsigned ones.
 *
 * @module
 */

/** Adds how often each byte occurs; four tables, lest equal neighbours wait for each other. */
export function countBytes(a: Uint8Array, from: number, count: number, counts: Int32Array): void {
  const tables = new Int32Array(1024);
  const end = from + count;
  let i = from;
  for (const last = end - 4; i <= last; i += 4) {
    tables[a[i]!]!++;
    tables[256 + a[i + 1]!]!++;
    tables[512 + a[i + 2]!]!++;
    tables[768 + a[i + 3]!]!++;
  }
  for (; i < end; i++) tables[a[i]!]!++;
  for (let k = 0; k < 256; k++) {
    const sum = tables[k]! + tables[256 + k]! + tables[512 + k]! + tables[768 + k]!;
    if (sum !== 0) counts[k] = counts[k]! + sum;
  }
}

/** Adds how often each integer from 0 on occurs. */
export function countInts(a: Int32Array, from: number, count: number, counts: Int32Array): void {
  for (let i = from; i < from + count; i++) counts[a[i]!]!++;
}

/** The same for doubles that are integers. */
export function countDoubles(a: Float64Array, from: number, count: number, counts: Int32Array): void {
  for (let i = from; i < from + count; i++) counts[a[i]!]!++;
}

/** Adds weights by integers from 0 on, in order. */
export function addWeights(
  a: Float64Array,
  from: number,
  count: number,
  weights: Float64Array,
  at: number,
  sums: Float64Array,
): void {
  const shift = at - from;
  for (let i = from; i < from + count; i++) {
    const bin = a[i]!;
    sums[bin] = sums[bin]! + weights[i + shift]!;
  }
}

/** Where the first element is that is no integer from 0 on below `end`; -1 if none. */
export function findNonIndex(a: Float64Array, from: number, count: number): number {
  for (let i = from; i < from + count; i++) {
    const x = a[i]!;
    if (!(x >= 0) || Math.floor(x) !== x) return i;
  }
  return -1;
}

/** Adds the counts of all members, each `bins` long, in order of their ranks. */
export function mergeCounts(tables: Int32Array, bins: number, members: number, target: Uint32Array): void {
  for (let member = 0; member < members; member++) {
    const base = member * bins;
    for (let bin = 0; bin < bins; bin++) target[bin] = target[bin]! + (tables[base + bin]! >>> 0);
  }
}
