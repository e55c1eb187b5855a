/**
 * Sorting and searching in NumPy's order, on all processors: `-0` equals `0`, NaN comes last, equal elements keep their
 * order.
 *
 * Importing this readies the engine for fork, as the package's main entry does.
 *
 * @example The ten greatest of many
 * ```ts
 * import { argsort, empty, searchsorted, sorted } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const x = empty(10_000);
 * for (let i = 0; i < x.length; i++) x[i] = (i * 7919) % 10_007;
 * const order = argsort(x);
 * const greatest = Array.from(order.subarray(-10), (i) => x[i]);
 * assert.deepEqual(greatest, [...sorted(x).subarray(-10)]);
 * assert.equal(searchsorted(sorted(x), greatest[9]!), 9999);
 * ```
 *
 * @module
 */
import "../process/engine_setup.ts";

export { argsort, type ArgsortOptions } from "./argsort.ts";
export type { SortKind } from "./options.ts";
export { type PlacesOf, searchsorted, type SearchsortedOptions } from "./searchsorted.ts";
export { sort, sorted, type SortedOptions, type SortOptions } from "./sort.ts";
export type {
  ArrayByDType,
  DType,
  ElementOf,
  LongDTypes,
  ShortDType,
  ShortOf,
  TypedArray,
  TypedArrayOf,
} from "../memory/dtype.ts";
export type {
  ArraySource,
  DepthOf,
  Dimensioned,
  DTypeByLeaf,
  DTypeByTag,
  InferredDType,
  LeafOf,
  LikeOf,
  NestedArray,
} from "../memory/like_types.ts";
export type { NdArray } from "../memory/nd_array.ts";
