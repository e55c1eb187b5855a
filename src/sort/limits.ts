/**
 * How many elements one sort takes, and what counts them.
 *
 * @module
 */
import type { ShortDType } from "../memory/dtype.ts";
import { MAX_PAIRS } from "./pairs.ts";

/**
 * The limits, here so that tests can lower them.
 *
 * - `pairs`: elements of 32 and 64 bits that are sorted as one run; a longer array is several, which are merged
 * - `counts`: elements of 8 and 16 bits that are counted in one go; loops whose index leaves 31 bits run 35 times slower
 * - `indices`: elements of an array whose indices have 32 bits; those of a longer one are doubles
 * - `leastForKernels`: an array of more is sorted by loops in WebAssembly
 */
export const sortTuning: {
  pairs: number;
  counts: number;
  indices: number;
  leastForKernels: number;
} = {
  pairs: MAX_PAIRS,
  counts: 2 ** 31 - 1,
  indices: 2 ** 32,
  leastForKernels: 2 ** 13,
};

/** An array of indices. */
export type Indices = Uint32Array | Float64Array;

/** Elements that are sorted as one run. */
export function runLimit(dtype: ShortDType): number {
  return isCounted(dtype) ? sortTuning.counts : sortTuning.pairs;
}

/** Whether elements are so small that their indices are found by counting. */
export function isCounted(dtype: ShortDType): boolean {
  return dtype === "u1" || dtype === "i1" || dtype === "b1" || dtype === "u2" || dtype === "i2" ||
    dtype === "f2";
}

/** The element type of integers below `count`: doubles are exact up to 2^53. */
export function indexType(count: number): "u4" | "f8" {
  return count <= sortTuning.indices ? "u4" : "f8";
}

/** Where each part begins, and the end, when `length` is divided into parts of `limit` and a rest. */
export function runStarts(length: number, limit: number): number[] {
  const count = Math.max(1, Math.ceil(length / limit));
  return Array.from({ length: count + 1 }, (_, run) => Math.min(length, run * limit));
}
