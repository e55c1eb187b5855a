/**
 * Rows folded into a row of values, element by element. Indices are machine words, see `sum_kernels.ts`.
 *
 * @module
 */
import { INDEX_END } from "./sum_kernels.ts";

/** Columns of rows beyond the reach of machine words that are folded at once. */
const FAR_WIDTH = 512;

/** Folds `rows` rows of `width` doubles, `stride` apart, into the values from `at` on. */
export type RowKernel = (
  a: Float64Array,
  from: number,
  rows: number,
  stride: number,
  width: number,
  values: Float64Array,
  at: number,
) => void;

/** Adds rows of `width` doubles, `stride` apart, to a row of sums. */
export function addRows(
  a: Float64Array,
  from: number,
  rows: number,
  stride: number,
  width: number,
  sums: Float64Array,
  at: number,
): void {
  if (isFar(from + rows * stride, at + width)) {
    return foldFarRows(addRows, a, from, rows, stride, width, sums, at);
  }
  let row = from;
  let left = rows;
  // one store for eight loads
  for (; left >= 8; left -= 8, row = (row + 8 * stride) | 0) {
    const row1 = (row + stride) | 0;
    const row2 = (row1 + stride) | 0;
    const row3 = (row2 + stride) | 0;
    const row4 = (row3 + stride) | 0;
    const row5 = (row4 + stride) | 0;
    const row6 = (row5 + stride) | 0;
    const row7 = (row6 + stride) | 0;
    for (let j = 0; j < width; j = (j + 1) | 0) {
      const upper = (a[(row + j) | 0]! + a[(row1 + j) | 0]!) + (a[(row2 + j) | 0]! + a[(row3 + j) | 0]!);
      const lower = (a[(row4 + j) | 0]! + a[(row5 + j) | 0]!) + (a[(row6 + j) | 0]! + a[(row7 + j) | 0]!);
      const to = (at + j) | 0;
      sums[to] = sums[to]! + (upper + lower);
    }
  }
  addFewRows(a, row, left, stride, width, sums, at);
}

/** Fewer than eight. */
function addFewRows(
  a: Float64Array,
  from: number,
  rows: number,
  stride: number,
  width: number,
  sums: Float64Array,
  at: number,
): void {
  let row = from;
  let left = rows;
  for (; left >= 3; left -= 3, row = (row + 3 * stride) | 0) {
    const row1 = (row + stride) | 0;
    const row2 = (row1 + stride) | 0;
    for (let j = 0; j < width; j = (j + 1) | 0) {
      const to = (at + j) | 0;
      sums[to] = (sums[to]! + a[(row + j) | 0]!) + (a[(row1 + j) | 0]! + a[(row2 + j) | 0]!);
    }
  }
  for (; left > 0; left--, row = (row + stride) | 0) {
    for (let j = 0; j < width; j = (j + 1) | 0) {
      const to = (at + j) | 0;
      sums[to] = sums[to]! + a[(row + j) | 0]!;
    }
  }
}

/** Replaces elements of a row by lesser ones of other rows. */
export function leastRows(
  a: Float64Array,
  from: number,
  rows: number,
  stride: number,
  width: number,
  best: Float64Array,
  at: number,
): void {
  if (isFar(from + rows * stride, at + width)) {
    return foldFarRows(leastRows, a, from, rows, stride, width, best, at);
  }
  let row = from;
  let left = rows;
  for (; left >= 3; left -= 3, row = (row + 3 * stride) | 0) {
    const row1 = (row + stride) | 0;
    const row2 = (row1 + stride) | 0;
    for (let j = 0; j < width; j = (j + 1) | 0) {
      let b = best[(at + j) | 0]!;
      const x0 = a[(row + j) | 0]!;
      const x1 = a[(row1 + j) | 0]!;
      const x2 = a[(row2 + j) | 0]!;
      if (x0 >= b && x1 >= b && x2 >= b) continue;
      // NaN stays, and comes in
      if (!(x0 >= b) && b === b) b = x0;
      if (!(x1 >= b) && b === b) b = x1;
      if (!(x2 >= b) && b === b) b = x2;
      best[(at + j) | 0] = b;
    }
  }
  for (; left > 0; left--, row = (row + stride) | 0) {
    for (let j = 0; j < width; j = (j + 1) | 0) {
      const x = a[(row + j) | 0]!;
      const b = best[(at + j) | 0]!;
      if (!(x >= b) && b === b) best[(at + j) | 0] = x;
    }
  }
}

/** Replaces elements of a row by greater ones of other rows. */
export function greatestRows(
  a: Float64Array,
  from: number,
  rows: number,
  stride: number,
  width: number,
  best: Float64Array,
  at: number,
): void {
  if (isFar(from + rows * stride, at + width)) {
    return foldFarRows(greatestRows, a, from, rows, stride, width, best, at);
  }
  let row = from;
  let left = rows;
  for (; left >= 3; left -= 3, row = (row + 3 * stride) | 0) {
    const row1 = (row + stride) | 0;
    const row2 = (row1 + stride) | 0;
    for (let j = 0; j < width; j = (j + 1) | 0) {
      let b = best[(at + j) | 0]!;
      const x0 = a[(row + j) | 0]!;
      const x1 = a[(row1 + j) | 0]!;
      const x2 = a[(row2 + j) | 0]!;
      if (x0 <= b && x1 <= b && x2 <= b) continue;
      // NaN stays, and comes in
      if (!(x0 <= b) && b === b) b = x0;
      if (!(x1 <= b) && b === b) b = x1;
      if (!(x2 <= b) && b === b) b = x2;
      best[(at + j) | 0] = b;
    }
  }
  for (; left > 0; left--, row = (row + stride) | 0) {
    for (let j = 0; j < width; j = (j + 1) | 0) {
      const x = a[(row + j) | 0]!;
      const b = best[(at + j) | 0]!;
      if (!(x <= b) && b === b) best[(at + j) | 0] = x;
    }
  }
}

function isFar(end: number, endOfValues: number): boolean {
  return end > INDEX_END || endOfValues > INDEX_END;
}

/** Folds rows that machine words do not reach: copies of a few columns at a time are near. */
export function foldFarRows(
  kernel: RowKernel,
  a: Float64Array,
  from: number,
  rows: number,
  stride: number,
  width: number,
  values: Float64Array,
  at: number,
): void {
  const near = new Float64Array(rows * FAR_WIDTH);
  for (let column = 0; column < width; column += FAR_WIDTH) {
    const columns = Math.min(FAR_WIDTH, width - column);
    for (let r = 0; r < rows; r++) {
      const first = from + r * stride + column;
      near.set(a.subarray(first, first + columns), r * columns);
    }
    kernel(near, 0, rows, columns, columns, values.subarray(at + column, at + column + columns), 0);
  }
}
