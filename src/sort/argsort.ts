/**
 * Indices that sort.
 *
 * @module
 */
import { crewSize } from "../algorithms/crew.ts";
import { flatInput, outputFor } from "../algorithms/input.ts";
import { writeThrough } from "../algorithms/write_through.ts";
import { checkOptions } from "../options.ts";
import type { ShortDType, TypedArray } from "../memory/dtype.ts";
import type { ArraySource, LikeOf } from "../memory/like_types.ts";
import type { NdArray } from "../memory/nd_array.ts";
import { argsortInto, sortShare } from "./indices.ts";
import { type Lanes, lanesAlong, sortLanes } from "./lanes.ts";
import { indexType, type Indices, isCounted, runLimit } from "./limits.ts";
import { argsortLong } from "./long.ts";
import { checkKind, sortAxis, type SortKind } from "./options.ts";

/** Options of {@linkcode argsort}. */
export interface ArgsortOptions {
  /** NumPy's name of the way to sort; whichever it is, equal elements keep their order. `"stable"` by default. */
  readonly kind?: SortKind | undefined;
  /** The axis along which to sort, the last by default; `null` sorts all elements as one dimension. */
  readonly axis?: number | null | undefined;
  /** Processes: the number of processors by default; 0 and 1 mean the calling one alone. */
  readonly np?: number | undefined;
  /**
   * A `Uint32Array` or view of the shape of the result, in C order; a `Float64Array` for an axis of more than 2^32
   * elements.
   */
  readonly out?: TypedArray | NdArray | undefined;
}

const OPTIONS = ["kind", "axis", "np", "out"];

/**
 * The indices that sort an array: `a[argsort(a)[0]]` is the least element. Stable. NumPy's order: `-0` equals `0`, NaN
 * comes last.
 *
 * A `Uint32Array` in shared memory for an array of one dimension; for one of several, a view of its shape, whose
 * indices count along `axis`. Indices along an axis of more than 2^32 elements are in a `Float64Array`, which the static
 * type does not tell. O(n) for every element type. Needs 8 bytes an element besides the result for elements of 32 and 64
 * bits, in the worst case 16 for those of 64. Blocks.
 *
 * Current implementation: one pass distributes pairs of key bits and index to buckets that fit the cache, which are
 * sorted by digits; elements of 8 and 16 bits are counted. From 2 Mi elements on (8 Mi of 8 or 16 bits) by processes
 * forked at the call; in a job, only where `np` says so. An array that is sorted already is only looked through. Axes of
 * more than 2,146,435,072 elements of 32 or 64 bits are sorted in k runs of as many, whose indices are merged: O(n log
 * k), with 4 bytes more an element, and 8 or 16 only for those of one run.
 *
 * Differs from `numpy.argsort`: always stable; indices have 32 bits, above 2^32 elements they are doubles.
 *
 * @param a a typed array, an n-d view, a nested array, or a single value
 * @throws {TypeError} when `a` is no array or was released, an option is not known, of the wrong kind or no kind of
 *   sort, or `out` is of another element type
 * @throws {RangeError} when there is no such axis, `out` has another shape, or the engine cannot make so long an array
 *   of indices
 * @throws {SystemCallError} `ENOMEM` when there is no memory
 *
 * @example Names by age
 * ```ts
 * import { argsort } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const names = ["Ann", "Ben", "Cleo"];
 * const byAge = argsort(Float64Array.of(41, 38, 40));
 * assert.deepEqual(Array.from(byAge, (i) => names[i]), ["Ben", "Cleo", "Ann"]);
 * ```
 *
 * @example Each column of a matrix
 * ```ts
 * import { argsort } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const order = argsort([[3, 1], [2, 5], [1, 4]], { axis: 0 });
 * assert.deepEqual([...order.data], [2, 0, 1, 2, 0, 1]);
 * ```
 */
export function argsort(
  a: ArraySource,
  options: ArgsortOptions & { readonly axis: null },
): Uint32Array<ArrayBuffer>;
/** The indices that sort along an axis. */
export function argsort<A extends ArraySource>(a: A, options?: ArgsortOptions): LikeOf<A, "u4">;
export function argsort(a: unknown, options?: ArgsortOptions): TypedArray | NdArray {
  const what = "argsort()";
  checkOptions(options, OPTIONS, what);
  checkKind(options?.kind, what);
  const { data, dtype, dimensions: shape } = flatInput(a, what);
  const { dimensions, axis } = sortAxis(options?.axis, shape, data.length, what);
  const lanes = lanesAlong(dimensions, axis);
  const size = crewSize(options?.np, data.length, sortShare(dtype), what);
  // a crew sorts it, or `argsortByPartition()` sees that it need not
  const isPartitioned = size > 1 && lanes.length === data.length && !isCounted(dtype);
  const contents = isPartitioned ? "for a crew" : "anything";
  const output = outputFor(options?.out, dimensions, indexType(lanes.length), "argsort", contents);
  const write = (out: TypedArray): void => argsortLanes(data, dtype, lanes, out as Indices, size);
  writeThrough(output, [data], size, "argsort", write);
  return output.result;
}

function argsortLanes(
  data: TypedArray,
  dtype: ShortDType,
  lanes: Lanes,
  out: Indices,
  size: number,
): void {
  if (data.length === 0) return;
  const argsortLane = lanes.length > runLimit(dtype) ? argsortLong : argsortInto;
  if (lanes.outer === 1 && lanes.inner === 1) return argsortLane(data, dtype, out as Uint32Array, size);
  sortLanes(lanes, data, out, size, (from, to) => argsortLane(from, dtype, to as Uint32Array, 1));
}
