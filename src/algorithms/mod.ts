/**
 * NumPy's everyday functions on all processors: sums, extremes, histograms, products, kernels over chunks.
 *
 * All take typed arrays, n-d views of any strides and nested arrays, in shared or private memory, and `np`, the number
 * of processes; their results do not depend on it. Below a size that each page tells, the calling process works alone: to
 * start another one costs 3 to 6 ms. They block, and return values, not promises. Array results are shared memory.
 *
 * @example Statistics of a million
 * ```ts
 * import { empty, histogram, mapArray, max, mean } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const x = mapArray(empty(1_000_000), (chunk, offset) => {
 *   for (let i = 0; i < chunk.length; i++) chunk[i] = (offset + i) % 100;
 * });
 * assert.equal(mean(x), 49.5);
 * assert.equal(max(x), 99);
 * assert.deepEqual([...histogram(x, { bins: 4 })[0]], [250_000, 250_000, 250_000, 250_000]);
 * ```
 *
 * @module
 */
export { bincount, type BincountOptions } from "./bincount.ts";
export { digitize, type Digitized, type DigitizeOptions } from "./digitize.ts";
export { dot, type DotOptions, type Product, type ProductDType } from "./dot.ts";
export { max, min } from "./extrema.ts";
export { type Histogram, histogram, type HistogramOptions } from "./histogram.ts";
export { type ChunkKernel, type DataOf, mapArray, type MapArrayOptions } from "./map_array.ts";
export { mean } from "./mean.ts";
export { reduce, type ReduceArrayOptions, type ReducedDType, type ReduceOperation } from "./reduce.ts";
export type {
  DimensionsOf,
  DTypeOf,
  Less,
  MeanDType,
  Reduced,
  ReductionOptions,
  ScalarOf,
  SumDType,
} from "./result_types.ts";
export { sum } from "./sum.ts";
export { take, type TakeMode, type Taken, type TakenArray, type TakeOptions } from "./take.ts";
export type {
  ArrayByDType,
  ArraySource,
  DepthOf,
  DType,
  DTypeByLeaf,
  DTypeByTag,
  ElementOf,
  InferredDType,
  LeafOf,
  LongDTypes,
  NdArray,
  NestedArray,
  ShortDType,
  ShortOf,
  TypedArray,
  TypedArrayOf,
} from "../memory/mod.ts";
