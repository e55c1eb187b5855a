/**
 * The least and the greatest element of a stretch of an array, NaN if there is one.
 *
 * A comparison that is false for almost every element costs less than a chain of minima. One function for each class
 * of arrays and direction, with indices that are machine words, see `sum_kernels.ts`.
 *
 * @module
 */
import { INDEX_END } from "./sum_kernels.ts";

/** The first of the least doubles. */
export function leastDouble(a: Float64Array, first: number, count: number): number {
  if (first + count > INDEX_END) return leastDouble(a.subarray(first, first + count), 0, count);
  let best = a[first]!;
  if (best !== best) return NaN;
  const end = (first + count) | 0;
  const last = (end - 16) | 0;
  let i = first;
  for (; i < end; i = (i + 1) | 0) {
    // sixteen at a time, as long as there is nothing new
    while (
      i <= last &&
      a[i]! >= best &&
      a[(i + 1) | 0]! >= best &&
      a[(i + 2) | 0]! >= best &&
      a[(i + 3) | 0]! >= best &&
      a[(i + 4) | 0]! >= best &&
      a[(i + 5) | 0]! >= best &&
      a[(i + 6) | 0]! >= best &&
      a[(i + 7) | 0]! >= best &&
      a[(i + 8) | 0]! >= best &&
      a[(i + 9) | 0]! >= best &&
      a[(i + 10) | 0]! >= best &&
      a[(i + 11) | 0]! >= best &&
      a[(i + 12) | 0]! >= best &&
      a[(i + 13) | 0]! >= best &&
      a[(i + 14) | 0]! >= best &&
      a[(i + 15) | 0]! >= best
    ) i = (i + 16) | 0;
    if (i >= end) break;
    const x = a[i]!;
    // false for NaN
    if (x >= best) continue;
    if (x !== x) return NaN;
    best = x;
  }
  return best;
}

/** The first of the greatest doubles. */
export function greatestDouble(a: Float64Array, first: number, count: number): number {
  if (first + count > INDEX_END) return greatestDouble(a.subarray(first, first + count), 0, count);
  let best = a[first]!;
  if (best !== best) return NaN;
  const end = (first + count) | 0;
  const last = (end - 16) | 0;
  let i = first;
  for (; i < end; i = (i + 1) | 0) {
    // sixteen at a time, as long as there is nothing new
    while (
      i <= last &&
      a[i]! <= best &&
      a[(i + 1) | 0]! <= best &&
      a[(i + 2) | 0]! <= best &&
      a[(i + 3) | 0]! <= best &&
      a[(i + 4) | 0]! <= best &&
      a[(i + 5) | 0]! <= best &&
      a[(i + 6) | 0]! <= best &&
      a[(i + 7) | 0]! <= best &&
      a[(i + 8) | 0]! <= best &&
      a[(i + 9) | 0]! <= best &&
      a[(i + 10) | 0]! <= best &&
      a[(i + 11) | 0]! <= best &&
      a[(i + 12) | 0]! <= best &&
      a[(i + 13) | 0]! <= best &&
      a[(i + 14) | 0]! <= best &&
      a[(i + 15) | 0]! <= best
    ) i = (i + 16) | 0;
    if (i >= end) break;
    const x = a[i]!;
    // false for NaN
    if (x <= best) continue;
    if (x !== x) return NaN;
    best = x;
  }
  return best;
}

/** The first of the least floats. */
export function leastFloat(a: Float32Array, first: number, count: number): number {
  if (first + count > INDEX_END) return leastFloat(a.subarray(first, first + count), 0, count);
  let best = a[first]!;
  if (best !== best) return NaN;
  const end = (first + count) | 0;
  const last = (end - 16) | 0;
  let i = first;
  for (; i < end; i = (i + 1) | 0) {
    // sixteen at a time, as long as there is nothing new
    while (
      i <= last &&
      a[i]! >= best &&
      a[(i + 1) | 0]! >= best &&
      a[(i + 2) | 0]! >= best &&
      a[(i + 3) | 0]! >= best &&
      a[(i + 4) | 0]! >= best &&
      a[(i + 5) | 0]! >= best &&
      a[(i + 6) | 0]! >= best &&
      a[(i + 7) | 0]! >= best &&
      a[(i + 8) | 0]! >= best &&
      a[(i + 9) | 0]! >= best &&
      a[(i + 10) | 0]! >= best &&
      a[(i + 11) | 0]! >= best &&
      a[(i + 12) | 0]! >= best &&
      a[(i + 13) | 0]! >= best &&
      a[(i + 14) | 0]! >= best &&
      a[(i + 15) | 0]! >= best
    ) i = (i + 16) | 0;
    if (i >= end) break;
    const x = a[i]!;
    // false for NaN
    if (x >= best) continue;
    if (x !== x) return NaN;
    best = x;
  }
  return best;
}

/** The first of the greatest floats. */
export function greatestFloat(a: Float32Array, first: number, count: number): number {
  if (first + count > INDEX_END) return greatestFloat(a.subarray(first, first + count), 0, count);
  let best = a[first]!;
  if (best !== best) return NaN;
  const end = (first + count) | 0;
  const last = (end - 16) | 0;
  let i = first;
  for (; i < end; i = (i + 1) | 0) {
    // sixteen at a time, as long as there is nothing new
    while (
      i <= last &&
      a[i]! <= best &&
      a[(i + 1) | 0]! <= best &&
      a[(i + 2) | 0]! <= best &&
      a[(i + 3) | 0]! <= best &&
      a[(i + 4) | 0]! <= best &&
      a[(i + 5) | 0]! <= best &&
      a[(i + 6) | 0]! <= best &&
      a[(i + 7) | 0]! <= best &&
      a[(i + 8) | 0]! <= best &&
      a[(i + 9) | 0]! <= best &&
      a[(i + 10) | 0]! <= best &&
      a[(i + 11) | 0]! <= best &&
      a[(i + 12) | 0]! <= best &&
      a[(i + 13) | 0]! <= best &&
      a[(i + 14) | 0]! <= best &&
      a[(i + 15) | 0]! <= best
    ) i = (i + 16) | 0;
    if (i >= end) break;
    const x = a[i]!;
    // false for NaN
    if (x <= best) continue;
    if (x !== x) return NaN;
    best = x;
  }
  return best;
}
