/**
 * Arrays in order.
 *
 * @module
 */
import { crewSize } from "../algorithms/crew.ts";
import { flatInput, type Input, isInOrder } from "../algorithms/input.ts";
import { checkOptions } from "../options.ts";
import { describe } from "../describe.ts";
import { makeData, shaped } from "../memory/arrays.ts";
import { isTypedArray, type TypedArray } from "../memory/dtype.ts";
import type { ArraySource, InferredDType, LikeOf } from "../memory/like_types.ts";
import { forEachRow, isNdView, type NdArray } from "../memory/nd_array.ts";
import { releaseBuffer } from "../memory/segment.ts";
import type { TypedArrayOf } from "../memory/dtype.ts";
import { sortShare } from "./indices.ts";
import { lanesAlong, sortLanes } from "./lanes.ts";
import { runLimit } from "./limits.ts";
import { sortLong } from "./long.ts";
import { checkKind, sortAxis, type SortKind } from "./options.ts";
import { sortInto } from "./sort_into.ts";

/** Options of {@linkcode sort}. */
export interface SortOptions {
  /** The axis along which to sort, the last by default. */
  readonly axis?: number | undefined;
  /** Processes: the number of processors by default; 0 and 1 mean the calling one alone. */
  readonly np?: number | undefined;
  /** NumPy's name of the way to sort; whichever it is, equal elements keep their order. `"stable"` by default. */
  readonly kind?: SortKind | undefined;
}

/** Options of {@linkcode sorted}. */
export interface SortedOptions extends Omit<SortOptions, "axis"> {
  /** The axis along which to sort, the last by default; `null` sorts all elements as one dimension. */
  readonly axis?: number | null | undefined;
}

const OPTIONS = ["axis", "np", "kind"];

/**
 * Sorts an array in place: in NumPy's order, where `-0` equals `0` and NaN comes last. Zeros keep the order of their
 * signs; NaN may lose its payload.
 *
 * O(n). Needs 8 bytes an element, in private memory or where there is a `-0` up to 20. Whichever process dies
 * meanwhile, no element is lost. Blocks.
 *
 * Current implementation: doubles as in `argsort()`, but without indices; bytes and 16-bit integers by counting; all
 * others by their indices. Axes of more than 2,146,435,072 elements of 32 or 64 bits (2^31 of `f2`) are sorted in k runs
 * of as many, which are merged: O(n log k), with memory for a second array, and the above only for one run.
 *
 * Differs from `numpy.ndarray.sort`: always stable. From `Float64Array.prototype.sort`: `-0` is not less than `0`.
 *
 * @param a a typed array or an n-d view, also a strided one
 * @returns `a`
 * @throws {TypeError} when `a` is neither or was released, an option is not known, of the wrong kind or no kind of sort
 * @throws {RangeError} when there is no such axis
 * @throws {SystemCallError} `ENOMEM` when there is no memory
 *
 * @example In place
 * ```ts
 * import { sort } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const x = Float64Array.of(3, NaN, 1, 2);
 * sort(x);
 * assert.deepEqual([...x], [1, 2, 3, NaN]);
 * ```
 */
export function sort<A extends TypedArray | NdArray>(a: A, options?: SortOptions): A {
  const what = "sort()";
  if (!isTypedArray(a) && !(isNdView(a) && isTypedArray(a.data))) {
    throw new TypeError(`${what} wants a typed array or an n-d view to sort in place, got ${describe(a)}`);
  }
  checkOptions(options, OPTIONS, what);
  checkKind(options?.kind, what);
  // of a view that is not in C order this is a copy
  const input = flatInput(a, what);
  const { data, dimensions } = input;
  const { axis } = sortAxis(options?.axis, dimensions, data.length, what);
  const size = sizeFor(input, options?.np, what);
  if (size === 1 || lanesAlong(dimensions, axis).length === data.length) {
    sortAlong(input, dimensions, axis, data, size);
  } else {
    // lanes that a dying process has half written are lost: all are written elsewhere first
    const copy = makeData([data.length], input.dtype, "sort", "anything");
    sortAlong(input, dimensions, axis, copy, size);
    (data as Float64Array).set(copy as Float64Array);
    releaseBuffer(copy.buffer);
  }
  const view = a as NdArray;
  if (!isTypedArray(a) && !isInOrder(view)) writeBack(data, view);
  return a;
}

/**
 * A copy of an array, in order, in shared memory; in all else as {@linkcode sort}.
 *
 * @param a a typed array, an n-d view, a nested array, or a single value
 * @throws {TypeError} when `a` is no array or was released, an option is not known, of the wrong kind or no kind of sort
 * @throws {RangeError} when there is no such axis
 * @throws {SystemCallError} `ENOMEM` when there is no memory
 *
 * @example The original stays
 * ```ts
 * import { sorted } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const rows = [[3, 1, 2], [9, 7, 8]];
 * assert.deepEqual([...sorted(rows).data], [1, 2, 3, 7, 8, 9]);
 * assert.deepEqual([...sorted(rows, { axis: null })], [1, 2, 3, 7, 8, 9]);
 * ```
 */
export function sorted<A extends ArraySource>(
  a: A,
  options: SortedOptions & { readonly axis: null },
): TypedArrayOf<InferredDType<A>>;
/** A sorted copy along an axis. */
export function sorted<A extends ArraySource>(a: A, options?: SortedOptions): LikeOf<A>;
export function sorted(a: unknown, options?: SortedOptions): TypedArray | NdArray {
  const what = "sorted()";
  checkOptions(options, OPTIONS, what);
  checkKind(options?.kind, what);
  const input = flatInput(a, what);
  const { dimensions, axis } = sortAxis(options?.axis, input.dimensions, input.data.length, what);
  const size = sizeFor(input, options?.np, what);
  const target = makeData(dimensions, input.dtype, "sorted", "anything");
  sortAlong(input, dimensions, axis, target, size);
  return shaped(target, dimensions);
}

function sizeFor({ data, dtype }: Input, np: number | undefined, what: string): number {
  return crewSize(np, data.length, sortShare(dtype), what);
}

function sortAlong(
  { data, dtype }: Input,
  dimensions: readonly number[],
  axis: number,
  target: TypedArray,
  size: number,
): void {
  if (data.length === 0) return;
  const lanes = lanesAlong(dimensions, axis);
  const sortLane = lanes.length > runLimit(dtype) ? sortLong : sortInto;
  if (lanes.length === data.length) return sortLane(data, target, dtype, size);
  sortLanes(lanes, data, target, size, (from, to) => sortLane(from, to, dtype, 1));
}

function writeBack(sorted: TypedArray, view: NdArray): void {
  const source = sorted as Float64Array;
  const target = view.data as Float64Array;
  const count = view.shape.at(-1) ?? 1;
  const step = view.stride.at(-1) ?? 1;
  let from = 0;
  forEachRow(view, (position) => {
    for (let i = 0; i < count; i++) target[position + i * step] = source[from + i]!;
    from += count;
  });
}
