/**
 * Products of vectors and matrices.
 *
 * @module
 */
import { makeData } from "../memory/arrays.ts";
import { constructorOf, type ShortDType, type TypedArray, type TypedArrayOf } from "../memory/dtype.ts";
import type { ArraySource } from "../memory/like_types.ts";
import type { NdArray } from "../memory/nd_array.ts";
import { shapeText } from "../memory/shape.ts";
import { releaseBuffer } from "../memory/segment.ts";
import { checkNp, type CrewMember, crewSize, runCrew } from "./crew.ts";
import { DoubleReader, isBig, toDoubles } from "./doubles.ts";
import { dotBig, dotDoubles } from "./dot_kernels.ts";
import { type Fold, foldLanes, valueType } from "./fold.ts";
import { flatInput, type Input, isShared, outputFor, overlaps } from "./input.ts";
import { multiplyBig, multiplyDoubles, type ProductShape } from "./matrix_product.ts";
import { checkOptions } from "../options.ts";
import type { DimensionsOf, DTypeOf } from "./result_types.ts";

/** Options of {@linkcode dot}. */
export interface DotOptions {
  /** Processes: the number of processors by default; 0 and 1 mean the calling one alone. */
  readonly np?: number | undefined;
  /** Where the result is put: an array of its shape (length 1 for a single value) and element type. */
  readonly out?: TypedArray | NdArray | undefined;
}

/** The element type of a product, by NumPy's rules, but `f8` for integers of up to 32 bits. */
export type ProductDType<A extends ShortDType, B extends ShortDType> = [A | B] extends ["f2"] ? "f2"
  : [A | B] extends ["f2" | "f4" | "i1" | "u1" | "b1" | "i2" | "u2"] ? "f4" | "f8"
  : [A | B] extends ["u8"] ? "u8"
  : [A | B] extends ["i8"] ? "i8"
  : "i8" | "u8" | "f8";

/** What {@linkcode dot} gives: a value for two vectors, a vector if one is a matrix, a matrix for two. */
export type Product<A extends ArraySource, B extends ArraySource, O> = O extends
  { readonly out: infer T extends TypedArray | NdArray } ? T
  : DimensionsOf<A> extends 1
    ? DimensionsOf<B> extends 1 ? (DTypeOf<A> | DTypeOf<B>) extends "i8" | "u8" ? bigint : number
    : TypedArrayOf<ProductDType<DTypeOf<A>, DTypeOf<B>>>
  : DimensionsOf<B> extends 1 ? TypedArrayOf<ProductDType<DTypeOf<A>, DTypeOf<B>>>
  : NdArray<TypedArrayOf<ProductDType<DTypeOf<A>, DTypeOf<B>>>, 2>;

const OPTIONS = ["np", "out"];
/** Elements of vectors that a process must have, half a nanosecond each. */
const VECTOR_SHARE = 2 ** 23;
/** Products of matrix elements that a process must have, about a third of a nanosecond each. */
const MATRIX_SHARE = 2 ** 25;
const BLOCK = 4096;

/**
 * The product of two vectors (a value), of a matrix and a vector, or of two matrices.
 *
 * Floats are multiplied and added in double precision, in pairs for vectors, and rounded once to the result's type:
 * `f4` or `f2` if both fit it, else `f8`. Integers of up to 32 bits give doubles, exact below 2^53; `i8` and `u8` wrap modulo
 * 2^64. Does not depend on `np`. Shared memory unless `out` is given. O(n), O(n²), O(n³). Blocks.
 *
 * Current implementation: one process up to 16 Mi elements, 64 Mi products for matrices, and where `out` is private
 * memory. Plain JavaScript: products of large matrices are far slower than those of a BLAS.
 *
 * Differs from `numpy.dot`: one or two dimensions only; sums of smaller integers do not wrap.
 *
 * @throws {RangeError} when lengths do not match or there are more than two dimensions; when `out` has another shape
 * @throws {TypeError} when an argument is no array or was released, an option is not known, `out` has another type
 *
 * @example Of vectors and matrices
 * ```ts
 * import { dot } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * assert.equal(dot([1, 2, 3], [4, 5, 6]), 32);
 * assert.deepEqual([...dot([[1, 2], [3, 4]], [1, 1])], [3, 7]);
 * assert.deepEqual([...dot([[1, 2], [3, 4]], [[0, 1], [1, 0]]).data], [2, 1, 4, 3]);
 * ```
 */
export function dot<
  A extends ArraySource,
  B extends ArraySource,
  const O extends DotOptions = Record<never, never>,
>(a: A, b: B, options?: O): Product<A, B, O> {
  return dotArrays(a, b, options) as Product<A, B, O>;
}

function dotArrays(
  a: unknown,
  b: unknown,
  options: DotOptions | undefined,
): number | bigint | TypedArray | NdArray {
  checkOptions(options, OPTIONS, "dot()");
  const { np, out } = options ?? {};
  checkNp(np, "dot()");
  const left = flatInput(a, "dot()");
  const right = flatInput(b, "dot()");
  const { rows, depth, columns, shape } = checkShapes(left, right);
  const dtype = productType(left.dtype, right.dtype);
  const isScalar = shape.length === 0;
  const output = isScalar && out === undefined ? undefined : outputFor(out, shape, dtype, "dot");
  if (isScalar) {
    const value = vectorProduct(left.data, right.data, dtype, np);
    const holder = output?.data ?? new (constructorOf(dtype))(1);
    holder[0] = value;
    return output?.result ?? holder[0]!;
  }
  const target = output!.data;
  const isDirect = (dtype === "f8" || dtype === "i8" || dtype === "u8") &&
    !overlaps(target, left.data) && !overlaps(target, right.data);
  const product = isDirect ? target : makeData([target.length], valueType(dtype), "dot", "anything");
  multiplyMatrices(left.data, right.data, { rows, depth, columns }, product, np);
  if (!isDirect) {
    (target as Float64Array).set(product as Float64Array);
    releaseBuffer(product.buffer);
  }
  return output!.result;
}

function checkShapes(a: Input, b: Input): ProductShape & { readonly shape: readonly number[] } {
  const [left, right] = [a.dimensions, b.dimensions];
  for (const dimensions of [left, right]) {
    if (dimensions.length === 1 || dimensions.length === 2) continue;
    throw new RangeError(`dot() wants arrays of one or two dimensions, got ${dimensions.length}`);
  }
  const depth = left.at(-1)!;
  const other = right[0]!;
  if (depth !== other) {
    throw new RangeError(
      `dot() wants a second array of ${depth} ${
        right.length === 1 ? "elements" : "rows"
      }, as the first has columns, ` +
        `got shapes ${shapeText(left)} and ${shapeText(right)}`,
    );
  }
  const outerLeft = left.slice(0, -1);
  const outerRight = right.slice(1);
  return {
    rows: outerLeft[0] ?? 1,
    depth,
    columns: outerRight[0] ?? 1,
    shape: [...outerLeft, ...outerRight],
  };
}

const bits = (dtype: ShortDType): number => dtype === "b1" ? 8 : 8 * Number(dtype[1]);

/** NumPy's promotion, but doubles for integers of up to 32 bits. */
function productType(a: ShortDType, b: ShortDType): ShortDType {
  const isBigA = a === "i8" || a === "u8";
  const isBigB = b === "i8" || b === "u8";
  const floats = [a, b].filter((dtype) => dtype.startsWith("f"));
  if (floats.length === 0) {
    if (!isBigA && !isBigB) return "f8";
    if (a === "u8" || b === "u8") return a.startsWith("i") || b.startsWith("i") ? "f8" : "u8";
    return "i8";
  }
  // a float holds integers of fewer bits than its mantissa
  const needed = [a, b].map((dtype) => {
    if (dtype.startsWith("f")) return bits(dtype);
    return bits(dtype) === 8 ? 16 : bits(dtype) === 16 ? 32 : 64;
  });
  return `f${Math.max(...needed) / 8}` as ShortDType;
}

function vectorProduct(
  a: TypedArray,
  b: TypedArray,
  dtype: ShortDType,
  np: number | undefined,
): number | bigint {
  if (a.length === 0) return dtype === "i8" || dtype === "u8" ? 0n : 0;
  const lanes = { outer: 1, length: a.length, inner: 1 };
  if (dtype === "i8" || dtype === "u8") {
    const left = toBig(a);
    const right = toBig(b);
    const wrap = dtype === "i8" ? BigInt.asIntN : BigInt.asUintN;
    const fold: Fold = {
      type: "i8",
      line: (_, from, count) => dotBig(left, from, right, from, 1, count),
      join: (x, y) => BigInt.asIntN(64, (x as bigint) + (y as bigint)),
    };
    return wrap(64, foldLanes(NOTHING, lanes, fold, np, VECTOR_SHARE, "dot()")[0] as bigint);
  }
  const line = productLine(a, b);
  const fold: Fold = {
    type: "f8",
    line: (_, from, count) => line(from, count),
    join: (x, y) => (x as number) + (y as number),
  };
  return (foldLanes(NOTHING, lanes, fold, np, VECTOR_SHARE, "dot()")[0] as number) + 0;
}

/** What is folded is not one array: the fold reads both. */
const NOTHING = new Float64Array(0);

/** Sums of products of a stretch of both vectors. */
function productLine(a: TypedArray, b: TypedArray): (from: number, count: number) => number {
  const left = new DoubleReader(a);
  const right = new DoubleReader(b);
  const isDirect = a instanceof Float64Array && b instanceof Float64Array;
  return (from, count) => {
    if (isDirect) return dotDoubles(a, from, b, from, count);
    let sum = -0;
    for (let done = 0; done < count; done += BLOCK) {
      const length = Math.min(BLOCK, count - done);
      left.read(from + done, length);
      right.read(from + done, length);
      sum += dotDoubles(left.doubles, left.from, right.doubles, right.from, length);
    }
    return sum;
  };
}

function multiplyMatrices(
  a: TypedArray,
  b: TypedArray,
  shape: ProductShape,
  out: TypedArray,
  np: number | undefined,
): void {
  const { rows, depth, columns } = shape;
  const work = rows > 1 && isShared(out) ? rows * depth * columns : 0;
  const size = crewSize(np, work, MATRIX_SHARE, "dot()");
  let body: (member: CrewMember) => void;
  if (isBig(out)) {
    const [left, right, product] = [toBig(a), toBig(b), toBig(out)];
    body = (member) => multiplyBig(member, left, right, shape, product);
  } else {
    const [left, right, product] = [toDoubles(a), toDoubles(b), out as Float64Array];
    body = (member) => multiplyDoubles(member, left, right, shape, product);
  }
  if (!runCrew(size, body)) runCrew(1, body);
}

/** 64-bit integers; products and sums of unsigned ones have the same bits. */
function toBig(a: TypedArray): BigInt64Array {
  if (a instanceof BigInt64Array) return a;
  if (isBig(a)) return new BigInt64Array(a.buffer, a.byteOffset, a.length);
  return BigInt64Array.from(a as Int32Array, (x) => BigInt(x));
}
