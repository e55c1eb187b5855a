/**
 * Typed arrays in shared memory: forked workers see and change the same elements.
 *
 * Memory is anonymous: it has no name, nothing is left behind, and it is freed when the last view of it is garbage in
 * every process. Importing this alone does not touch the process; in Deno it needs `--allow-ffi`.
 *
 * @example A matrix and a table
 * ```ts
 * import { copy, empty, isShared, table } from "@sharedmem/sharedmem/arrays";
 * import assert from "node:assert/strict";
 *
 * const m = empty([100, 3], "f4"); // an ndarray view over a Float32Array
 * m.set(99, 2, 0.5);
 * assert.equal(m.data.at(-1), 0.5);
 *
 * const last = copy(m.pick(99));
 * assert(isShared(last));
 *
 * const t = table(1000, { x: "f8", id: "i4" });
 * assert(t.x instanceof Float64Array && t.id instanceof Int32Array);
 * ```
 *
 * @module
 */
export { empty, emptyLike, full, fullLike, zeros } from "./arrays.ts";
export { copy } from "./copy.ts";
export type {
  ArrayByDType,
  DType,
  ElementOf,
  LongDTypes,
  ShortDType,
  ShortOf,
  TypedArray,
  TypedArrayOf,
} from "./dtype.ts";
export { fromIter } from "./from_iter.ts";
export type {
  ArrayOf,
  ArraySource,
  DepthOf,
  Dimensioned,
  DTypeByLeaf,
  DTypeByTag,
  InferredDType,
  LeafOf,
  LikeOf,
  NestedArray,
} from "./like_types.ts";
export type { NdArray } from "./nd_array.ts";
export { isShared, release } from "./release.ts";
export type { Shape } from "./shape.ts";
export { type Table, table } from "./table.ts";
