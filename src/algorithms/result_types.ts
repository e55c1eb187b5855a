/**
 * The types of what reductions give.
 *
 * @module
 */
import type { ShortDType, TypedArray, TypedArrayOf } from "../memory/dtype.ts";
import type { ArraySource, DepthOf, InferredDType } from "../memory/like_types.ts";
import type { NdArray } from "../memory/nd_array.ts";

/** One element: a bigint for 64-bit integers, a number for all others. */
export type ScalarOf<D extends ShortDType> = D extends "i8" | "u8" ? bigint : number;

/** The element type of sums: 64-bit integers and floats stay, smaller integers become doubles. */
export type SumDType<D extends ShortDType> = D extends "i8" | "u8" | "f2" | "f4" | "f8" ? D : "f8";

/** The element type of means: floats stay, integers become doubles. */
export type MeanDType<D extends ShortDType> = D extends "f2" | "f4" | "f8" ? D : "f8";

/** How many dimensions an array has. */
export type DimensionsOf<A> = A extends NdArray<infer _T, infer N> ? N : DepthOf<A>;

/** One dimension less: a single value, a typed array, a view. */
export type Less<N extends number, D extends ShortDType> = number extends N
  ? ScalarOf<D> | TypedArrayOf<D> | NdArray<TypedArrayOf<D>>
  : N extends 0 | 1 ? ScalarOf<D>
  : N extends 2 ? TypedArrayOf<D>
  : NdArray<TypedArrayOf<D>>;

/** What is given back for options `O`: `out` if there is one, a value without an axis, else an array. */
export type Reduced<A extends ArraySource, O, D extends ShortDType> = O extends
  { readonly out: infer T extends TypedArray | NdArray } ? T
  : O extends { readonly axis: number } ? Less<DimensionsOf<A>, D>
  : ScalarOf<D>;

/** The element type of an array. */
export type DTypeOf<A extends ArraySource> = InferredDType<A> & ShortDType;

/** Options of reductions. */
export interface ReductionOptions {
  /** The dimension to fold, negative ones count from the last; all by default. */
  readonly axis?: number | undefined;
  /** Processes: the number of processors by default; 0 and 1 mean the calling one alone. */
  readonly np?: number | undefined;
  /** Where the result is put: an array of its shape (length 1 for a single value) and element type. */
  readonly out?: TypedArray | NdArray | undefined;
}
