/**
 * Sums of products.
 *
 * @module
 */
import { halfOf } from "./sum_kernels.ts";

const BLOCK = 128;

/** The sum of the products of `count` doubles, in pairs as sums are. */
export function dotDoubles(
  a: Float64Array,
  fromA: number,
  b: Float64Array,
  fromB: number,
  count: number,
): number {
  if (count > BLOCK) {
    const half = halfOf(count);
    return dotDoubles(a, fromA, b, fromB, half) + dotDoubles(a, fromA + half, b, fromB + half, count - half);
  }
  let s0 = -0;
  let s1 = -0;
  let s2 = -0;
  let s3 = -0;
  const last = count - 4;
  let i = 0;
  for (; i <= last; i += 4) {
    s0 += a[fromA + i]! * b[fromB + i]!;
    s1 += a[fromA + i + 1]! * b[fromB + i + 1]!;
    s2 += a[fromA + i + 2]! * b[fromB + i + 2]!;
    s3 += a[fromA + i + 3]! * b[fromB + i + 3]!;
  }
  let sum = (s0 + s1) + (s2 + s3);
  for (; i < count; i++) sum += a[fromA + i]! * b[fromB + i]!;
  return sum;
}

/** The sum of the products of `count` 64-bit integers; 0 for none. */
export function dotBig(
  a: BigInt64Array,
  fromA: number,
  b: BigInt64Array,
  fromB: number,
  strideB: number,
  count: number,
): bigint {
  let sum = 0n;
  for (let i = 0; i < count; i++) {
    sum = BigInt.asIntN(64, sum + a[fromA + i]! * b[fromB + i * strideB]!);
  }
  return sum;
}

/**
 * Adds to a block of four rows of a product: four rows of `a` times a panel of `b`, which holds four columns side by
 * side for each of `depth` rows.
 */
export function multiplyPanel(
  a: Float64Array,
  fromA: number,
  strideA: number,
  panel: Float64Array,
  fromPanel: number,
  depth: number,
  out: Float64Array,
  at: number,
  strideOut: number,
): void {
  const a1 = fromA + strideA;
  const a2 = a1 + strideA;
  const a3 = a2 + strideA;
  let c00 = -0, c01 = -0, c02 = -0, c03 = -0;
  let c10 = -0, c11 = -0, c12 = -0, c13 = -0;
  let c20 = -0, c21 = -0, c22 = -0, c23 = -0;
  let c30 = -0, c31 = -0, c32 = -0, c33 = -0;
  for (let k = 0, p = fromPanel; k < depth; k++, p += 4) {
    const b0 = panel[p]!;
    const b1 = panel[p + 1]!;
    const b2 = panel[p + 2]!;
    const b3 = panel[p + 3]!;
    const x0 = a[fromA + k]!;
    c00 += x0 * b0;
    c01 += x0 * b1;
    c02 += x0 * b2;
    c03 += x0 * b3;
    const x1 = a[a1 + k]!;
    c10 += x1 * b0;
    c11 += x1 * b1;
    c12 += x1 * b2;
    c13 += x1 * b3;
    const x2 = a[a2 + k]!;
    c20 += x2 * b0;
    c21 += x2 * b1;
    c22 += x2 * b2;
    c23 += x2 * b3;
    const x3 = a[a3 + k]!;
    c30 += x3 * b0;
    c31 += x3 * b1;
    c32 += x3 * b2;
    c33 += x3 * b3;
  }
  const o1 = at + strideOut;
  const o2 = o1 + strideOut;
  const o3 = o2 + strideOut;
  out[at] = out[at]! + c00;
  out[at + 1] = out[at + 1]! + c01;
  out[at + 2] = out[at + 2]! + c02;
  out[at + 3] = out[at + 3]! + c03;
  out[o1] = out[o1]! + c10;
  out[o1 + 1] = out[o1 + 1]! + c11;
  out[o1 + 2] = out[o1 + 2]! + c12;
  out[o1 + 3] = out[o1 + 3]! + c13;
  out[o2] = out[o2]! + c20;
  out[o2 + 1] = out[o2 + 1]! + c21;
  out[o2 + 2] = out[o2 + 2]! + c22;
  out[o2 + 3] = out[o2 + 3]! + c23;
  out[o3] = out[o3]! + c30;
  out[o3 + 1] = out[o3 + 1]! + c31;
  out[o3 + 2] = out[o3 + 2]! + c32;
  out[o3 + 3] = out[o3 + 3]! + c33;
}

/** Copies columns of `b` side by side, four at a time; what is missing to four is 0. */
export function packPanels(
  b: Float64Array,
  row: number,
  depth: number,
  columns: number,
  panels: Float64Array,
): void {
  let at = 0;
  for (let j = 0; j < columns; j += 4) {
    const width = Math.min(4, columns - j);
    for (let k = 0; k < depth; k++) {
      const from = (row + k) * columns + j;
      for (let w = 0; w < 4; w++) panels[at++] = w < width ? b[from + w]! : 0;
    }
  }
}
