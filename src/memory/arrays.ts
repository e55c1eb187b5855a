/**
 * New arrays in shared memory.
 *
 * @module
 */
import { constructorOf, type DType, parseDType, type ShortDType, type TypedArray } from "./dtype.ts";
import { castTo } from "./element.ts";
import type { ArrayOf, ArraySource, InferredDType, LikeOf } from "./like_types.ts";
import { type NdArray, viewOver } from "./nd_array.ts";
import { allocateBuffer, type Contents } from "./segment.ts";
import { byteLengthOf, dimensionsOf, elementCount, type Shape, shapeText } from "./shape.ts";
import { describeSource } from "./source.ts";

/**
 * A new array in shared memory, whose contents are not specified.
 *
 * A shape of one dimension, or `[]` for a single value, gives a typed array; of two or more, an `ndarray` view in C
 * order. Workers forked later see the same memory. It is freed when the last view is garbage, in every process, or by
 * `release()`. Its buffer must not be transferred to another thread. O(1) up to 2 MiB; above, the kernel is asked for
 * huge pages, which takes 60 ms per GiB and makes first use ten times as fast.
 *
 * In a worker: an array made there and returned from the job arrives in the master without a copy.
 *
 * Differs from `numpy.empty`: memory fresh from the kernel is zero, and below 4 MiB it is always cleared.
 *
 * @param shape elements in each dimension, or a number for one dimension
 * @param dtype the element type; doubles by default
 * @throws {TypeError} when an argument is of the wrong kind or the dtype is not known
 * @throws {RangeError} when a dimension is not an integer from 0 on, or the engine cannot make so long an array (4 GiB
 *   in Bun)
 * @throws {SystemCallError} `ENOMEM` when the machine cannot give that much
 * @throws {UnsupportedError} where there is no shared memory: not Linux, or Deno without `--allow-ffi`
 *
 * @example A vector, a matrix, a counter
 * ```ts
 * import { empty } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const x = empty(1000); // Float64Array
 * const image = empty([480, 640], "u1"); // NdArray<Uint8Array, 2>
 * const count = empty([], "i4"); // Int32Array of length 1
 * image.set(2, 3, 255);
 * assert.equal(image.data[2 * 640 + 3], 255);
 * assert.deepEqual([x.length, count.length], [1000, 1]);
 * ```
 */
export function empty<const S extends Shape, const D extends DType = "f8">(
  shape: S,
  dtype: D = "f8" as D,
): ArrayOf<S, D> {
  const short = parseDType(dtype, "empty()");
  return make(dimensionsOf(shape, "empty()"), short, "empty", "anything") as ArrayOf<S, D>;
}

/** {@linkcode empty}, filled with zeros. O(n) where memory is reused. */
export function zeros<const S extends Shape, const D extends DType = "f8">(
  shape: S,
  dtype: D = "f8" as D,
): ArrayOf<S, D> {
  const short = parseDType(dtype, "zeros()");
  return make(dimensionsOf(shape, "zeros()"), short, "zeros", "zeros") as ArrayOf<S, D>;
}

/**
 * {@linkcode empty}, filled with a value. O(n).
 *
 * @param value a number; a bigint or a safe integer for `i8` and `u8`; a boolean or a number for `b1`. Fractions are
 *   cut off for integer types
 * @throws {TypeError} when the value is of another kind
 * @throws {RangeError} when it does not fit the element type
 *
 * @example Ones
 * ```ts
 * import { full } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...full(3, 1n, "i8")], [1n, 1n, 1n]);
 * assert.throws(() => full(3, 300, "u1"), RangeError);
 * ```
 */
export function full<const S extends Shape, const D extends DType = "f8">(
  shape: S,
  value: number | bigint | boolean,
  dtype: D = "f8" as D,
): ArrayOf<S, D> {
  const short = parseDType(dtype, "full()");
  return makeFull(dimensionsOf(shape, "full()"), value, short, "full") as ArrayOf<S, D>;
}

/**
 * {@linkcode empty} of the shape of `a` and, unless another is given, its element type, in C order.
 *
 * @param a a typed array, an n-d view, a nested array, whose plain numbers are taken as `f8`, bigints as `i8` and
 *   booleans as `b1`, or one such value
 * @throws {TypeError} when `a` is none of these, was released, or is a ragged array: the message names the place
 */
export function emptyLike<A extends ArraySource, const D extends DType = InferredDType<A>>(
  a: A,
  dtype?: D,
): LikeOf<A, D> {
  const source = describeSource(a, "emptyLike()");
  const short = dtype === undefined ? source.dtype : parseDType(dtype, "emptyLike()");
  return make(source.dimensions, short, "emptyLike", "anything") as LikeOf<A, D>;
}

/** {@linkcode emptyLike}, filled with a value as {@linkcode full} does. O(n). */
export function fullLike<A extends ArraySource, const D extends DType = InferredDType<A>>(
  a: A,
  value: number | bigint | boolean,
  dtype?: D,
): LikeOf<A, D> {
  const source = describeSource(a, "fullLike()");
  const short = dtype === undefined ? source.dtype : parseDType(dtype, "fullLike()");
  return makeFull(source.dimensions, value, short, "fullLike") as LikeOf<A, D>;
}

/** The typed array of a new segment. */
export function makeData(
  dimensions: readonly number[],
  dtype: ShortDType,
  name: string,
  contents: Contents,
): TypedArray {
  const what = `${name}(${shapeText(dimensions)}, "${dtype}")`;
  const byteLength = byteLengthOf(dimensions, dtype, what);
  return new (constructorOf(dtype))(allocateBuffer(byteLength, what, contents));
}

/** `data` itself, or a view of it where there are several dimensions. */
export function shaped(data: TypedArray, dimensions: readonly number[]): TypedArray | NdArray {
  return dimensions.length < 2 ? data : viewOver(data, dimensions);
}

function make(
  dimensions: readonly number[],
  dtype: ShortDType,
  name: string,
  contents: Contents,
): TypedArray | NdArray {
  return shaped(makeData(dimensions, dtype, name, contents), dimensions);
}

function makeFull(
  dimensions: readonly number[],
  value: unknown,
  dtype: ShortDType,
  name: string,
): TypedArray | NdArray {
  const element = castTo(dtype, () => `${name}()`)(value);
  const isZero = Object.is(element, 0) || element === 0n;
  const data = makeData(dimensions, dtype, name, isZero ? "zeros" : "anything");
  // bigints only go into arrays of bigints
  if (!isZero && elementCount(dimensions) > 0) (data as Float64Array).fill(element as number);
  return shaped(data, dimensions);
}
