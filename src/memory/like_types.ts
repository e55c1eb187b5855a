/**
 * From arguments to the exact type of the array.
 *
 * @module
 */
import type { ArrayByDType, DType, ShortDType, TypedArray, TypedArrayOf } from "./dtype.ts";
import type { NdArray } from "./nd_array.ts";
import type { Shape } from "./shape.ts";

/** `T` itself for up to one dimension, else a view of `N` dimensions; either where `N` is not known. */
export type Dimensioned<T extends TypedArray, N extends number> = number extends N ? T | NdArray<T>
  : N extends 0 | 1 ? T
  : NdArray<T, N>;

/** What an array of a shape and an element type is: `empty([2, 3], "i4")` is an `NdArray<Int32Array, 2>`. */
export type ArrayOf<S extends Shape, D extends DType> = S extends readonly number[]
  ? Dimensioned<TypedArrayOf<D>, S["length"]>
  : TypedArrayOf<D>;

/** What `emptyLike`, `fullLike` and `copy` take: a typed array, a view, a nested array or a single value. */
export type ArraySource = TypedArray | NdArray | NestedArray | number | bigint | boolean;

/** Values in arrays of arrays, all of one length at each depth. */
export interface NestedArray extends ReadonlyArray<number | bigint | boolean | TypedArray | NestedArray> {}

/** The result of `emptyLike(a)`, `fullLike(a, value)` and `copy(a)`. */
export type LikeOf<A, D extends DType = InferredDType<A>> = A extends NdArray<infer _T, infer N>
  ? Dimensioned<TypedArrayOf<D>, N>
  : Dimensioned<TypedArrayOf<D>, DepthOf<A>>;

/** The element type that an array has, or is given when it holds plain values. */
export type InferredDType<A> = A extends TypedArray ? DTypeByTag[A[typeof Symbol.toStringTag]]
  : A extends NdArray<infer T> ? DTypeByTag[T[typeof Symbol.toStringTag]]
  : DTypeByLeaf<LeafOf<A>>;

/** Element types by the class name of their typed array. */
export type DTypeByTag =
  & { readonly [D in Exclude<ShortDType, "b1"> as ArrayByDType[D][typeof Symbol.toStringTag]]: D }
  & { readonly Uint8ClampedArray: "u1" };

/** The element type that plain values are given. */
export type DTypeByLeaf<L> = [L] extends [bigint] ? "i8" : [L] extends [boolean] ? "b1" : "f8";

/** What is at the bottom of a nested array; looked for eight arrays deep. */
export type LeafOf<A, Above extends 0[] = []> = Above["length"] extends 8 ? never
  : A extends readonly (infer E)[] | (TypedArray & { readonly [index: number]: infer E })
    ? LeafOf<E, [...Above, 0]>
  : A;

/** How deep an array is nested; `number` beyond eight. */
export type DepthOf<A, Above extends 0[] = []> = Above["length"] extends 8 ? number
  : A extends readonly (infer E)[] | (TypedArray & { readonly [index: number]: infer E })
    ? DepthOf<E, [...Above, 0]>
  : Above["length"];
