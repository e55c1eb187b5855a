/**
 * Reductions by an operation.
 *
 * @module
 */
import { describe, suggestion } from "../describe.ts";
import type { ShortDType } from "../memory/dtype.ts";
import type { ArraySource } from "../memory/like_types.ts";
import { castTo } from "../memory/element.ts";
import { extremeOf } from "./extrema.ts";
import { type Fold, valueType } from "./fold.ts";
import { reduceArray, type Reduction } from "./reduction.ts";
import type { DTypeOf, Reduced, ReductionOptions, ScalarOf, SumDType } from "./result_types.ts";
import { sumOf } from "./sum.ts";

/** The operations that {@linkcode reduce} knows by name. */
export type ReduceOperation = "sum" | "product" | "min" | "max" | "and" | "or" | "xor";

/** Options of {@linkcode reduce}. */
export interface ReduceArrayOptions<V = number | bigint> extends ReductionOptions {
  /** What comes before the first element of each lane. */
  readonly initial?: V | undefined;
}

/** Element type of the result of an operation on elements of type `D`. */
export type ReducedDType<Op, D extends ShortDType> = Op extends "min" | "max" | "and" | "or" | "xor" ? D
  : SumDType<D>;

const OPERATIONS: readonly ReduceOperation[] = ["sum", "product", "min", "max", "and", "or", "xor"];
const OPTIONS = ["axis", "initial", "np", "out"];

/** Multiplying is as fast as adding, but in order. */
const PRODUCT_SHARE = 2 ** 23;
/** A function of the user's takes some nanoseconds for each element. */
const FUNCTION_SHARE = 2 ** 20;

/**
 * Folds all elements, or the lanes along an axis, by an operation or an associative function.
 *
 * `"sum"`, `"min"` and `"max"` are those of `sum()`, `min()` and `max()`. `"product"`: integers of 64 bits wrap, smaller
 * ones are multiplied as doubles. `"and"`, `"or"`, `"xor"`: bit by bit, for integers and booleans. A function
 * `(x, y) => z` is applied in order of the elements, within and across chunks: it must be associative, and must not
 * depend on anything that changes. It gets and gives numbers, for `i8` and `u8` bigints of 64 bits; results are doubles for
 * integers of up to 32 bits, and of the array's type otherwise.
 *
 * Does not depend on `np`. O(n). Blocks.
 *
 * Without elements: 0 for a sum, 1 for a product, 0 for `"or"` and `"xor"`, all bits set for `"and"`, else `initial`.
 *
 * Current implementation: one process up to 2 Mi elements for functions, 16 Mi for products and bits; for the others as
 * `sum()`.
 *
 * Differs from `numpy.ufunc.reduce`: any function is fast; and it must be associative.
 *
 * @param a an array of any strides, a nested array or a single value
 * @param operation its name, or an associative function
 * @throws {TypeError} when `a` is no array or was released, `operation` is neither known nor a function, bits of floats
 *   are asked for, the function returns something else than a number (a bigint), an option is wrong
 * @throws {RangeError} when there are neither elements nor `initial`, for min, max and functions; when there is no such
 *   axis, `out` has another shape
 *
 * @example By name and by function
 * ```ts
 * import { reduce } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * assert.equal(reduce([1, 2, 3, 4], "product"), 24);
 * assert.equal(reduce(new Uint8Array([12, 10]), "and"), 8);
 * assert.equal(reduce([3, -7, 5], (x, y) => Math.abs(y) > Math.abs(x) ? y : x), -7);
 * assert.deepEqual([...reduce([[1, 2], [3, 4]], "sum", { axis: 0, initial: 10 })], [14, 16]);
 * ```
 */
export function reduce<
  A extends ArraySource,
  const Op extends
    | ReduceOperation
    | ((x: ScalarOf<DTypeOf<A>>, y: ScalarOf<DTypeOf<A>>) => ScalarOf<DTypeOf<A>>),
  const O extends ReduceArrayOptions<ScalarOf<DTypeOf<A>>> = Record<never, never>,
>(a: A, operation: Op, options?: O): Reduced<A, O, ReducedDType<Op, DTypeOf<A>>> {
  const call = operation as ReduceOperation | UserFunction;
  checkOperation(call);
  const initial = options?.initial;
  const reductionOf = (dtype: ShortDType): Reduction => {
    const reduction = reductionBy(call, dtype);
    return initial === undefined ? reduction : withInitial(reduction, castInitial(initial, dtype));
  };
  const reducer = { name: "reduce", options: OPTIONS, isOrdered: typeof call === "function", reductionOf };
  return reduceArray(a, options, reducer) as Reduced<A, O, ReducedDType<Op, DTypeOf<A>>>;
}

/** Of bigints or of numbers. */
type UserFunction = (x: never, y: never) => unknown;

function checkOperation(operation: unknown): void {
  if (typeof operation === "function") return;
  if (typeof operation !== "string") {
    throw new TypeError(
      `reduce() wants ${OPERATIONS.join(", ")} or a function as its operation, got ${describe(operation)}`,
    );
  }
  if (!(OPERATIONS as readonly string[]).includes(operation)) {
    throw new TypeError(
      `reduce() knows no operation ${JSON.stringify(operation)}${suggestion(operation, OPERATIONS)}`,
    );
  }
}

function reductionBy(operation: ReduceOperation | UserFunction, dtype: ShortDType): Reduction {
  if (typeof operation === "function") return functionOf(dtype, operation);
  switch (operation) {
    case "sum":
      return sumOf(dtype);
    case "product":
      return productOf(dtype);
    case "min":
    case "max":
      return extremeOf(dtype, operation === "min", `reduce() by "${operation}"`);
    default:
      return bitsOf(dtype, operation);
  }
}

function castInitial(initial: number | bigint, dtype: ShortDType): number | bigint {
  const type = valueType(dtype);
  return castTo(type, () => `reduce() initial`)(initial);
}

function withInitial(reduction: Reduction, initial: number | bigint): Reduction {
  const { fold, finish } = reduction;
  return {
    ...reduction,
    empty: () => initial,
    finish: (value) => {
      const all = fold.join(initial, value);
      return finish === undefined ? all : finish(all);
    },
  };
}

function productOf(dtype: ShortDType): Reduction {
  const type = valueType(dtype);
  const base = sumOf(dtype);
  const fold: Fold = type === "f8"
    ? { type, line: productLine, rows: multiplyRows, join: (x, y) => (x as number) * (y as number) }
    : bigFold(type, (x, y) => x * y);
  return {
    fold,
    dtype: base.dtype,
    empty: () => type === "f8" ? 1 : 1n,
    share: PRODUCT_SHARE,
  };
}

/** Bigints by an operation, modulo 2^64. */
function bigFold(type: "i8" | "u8", operation: (x: bigint, y: bigint) => bigint): Fold {
  const wrap = type === "i8" ? BigInt.asIntN : BigInt.asUintN;
  return {
    type,
    line(a, from, count) {
      const big = a as BigInt64Array;
      let value = big[from]!;
      for (let i = from + 1; i < from + count; i++) value = wrap(64, operation(value, big[i]!));
      return value;
    },
    join: (x, y) => wrap(64, operation(x as bigint, y as bigint)),
  };
}

const bitOperations = {
  and: (x: bigint, y: bigint): bigint => x & y,
  or: (x: bigint, y: bigint): bigint => x | y,
  xor: (x: bigint, y: bigint): bigint => x ^ y,
};

function bitsOf(dtype: ShortDType, operation: "and" | "or" | "xor"): Reduction {
  if (dtype.startsWith("f")) {
    throw new TypeError(
      `reduce() by "${operation}" wants integers or booleans, got elements of dtype "${dtype}"`,
    );
  }
  const type = valueType(dtype);
  const isSigned = dtype.startsWith("i");
  const allSet: number = isSigned ? -1 : dtype === "b1" ? 1 : 2 ** (8 * Number(dtype[1])) - 1;
  const bits = { and: andBits, or: orBits, xor: xorBits }[operation];
  const fold: Fold = type === "f8"
    ? { type, line: (a, from, count) => bits(a as Float64Array, from, count), join: joinBits(operation) }
    : bigFold(type, bitOperations[operation]);
  const empty = type === "f8"
    ? () => operation === "and" ? allSet : 0
    : () => operation !== "and" ? 0n : type === "i8" ? -1n : 2n ** 64n - 1n;
  return {
    fold,
    dtype,
    empty,
    // partials are signed words
    ...(dtype === "u4" ? { finish: (value: number | bigint) => (value as number) >>> 0 } : {}),
    share: PRODUCT_SHARE,
  };
}

function joinBits(operation: "and" | "or" | "xor"): Fold["join"] {
  if (operation === "and") return (x, y) => (x as number) & (y as number);
  if (operation === "or") return (x, y) => (x as number) | (y as number);
  return (x, y) => (x as number) ^ (y as number);
}

function functionOf(dtype: ShortDType, operation: UserFunction): Reduction {
  const type = valueType(dtype);
  const call = operation as unknown as (x: number | bigint, y: number | bigint) => unknown;
  const isNumber = type === "f8";
  const apply = (x: number | bigint, y: number | bigint): number | bigint => {
    const value = call(x, y);
    if (isNumber ? typeof value === "number" : typeof value === "bigint") return value as number | bigint;
    throw new TypeError(
      `reduce() wants a function that returns a ${isNumber ? "number" : "bigint"} for dtype "${dtype}", got ${
        describe(value)
      }`,
    );
  };
  return {
    fold: {
      type,
      line(a, from, count) {
        let value: number | bigint = a[from]!;
        for (let i = from + 1; i < from + count; i++) value = apply(value, a[i]!);
        return value;
      },
      join: apply,
      isUserCode: true,
    },
    dtype: sumOf(dtype).dtype,
    empty: () => {
      throw new RangeError(
        "reduce() by a function wants at least one element or an initial value, got neither",
      );
    },
    share: FUNCTION_SHARE,
  };
}

function productLine(a: unknown, from: number, count: number): number {
  return multiply(a as Float64Array, from, count);
}

function multiply(a: Float64Array, from: number, count: number): number {
  let product = 1;
  for (let i = from; i < from + count; i++) product *= a[i]!;
  return product;
}

function multiplyRows(
  a: Float64Array,
  from: number,
  rows: number,
  stride: number,
  width: number,
  products: Float64Array,
  at: number,
): void {
  for (let r = 0, row = from; r < rows; r++, row += stride) {
    for (let j = 0; j < width; j++) products[at + j] = products[at + j]! * a[row + j]!;
  }
}

function andBits(a: Float64Array, from: number, count: number): number {
  let bits = -1;
  for (let i = from; i < from + count; i++) bits &= a[i]!;
  return bits;
}

function orBits(a: Float64Array, from: number, count: number): number {
  let bits = 0;
  for (let i = from; i < from + count; i++) bits |= a[i]!;
  return bits;
}

function xorBits(a: Float64Array, from: number, count: number): number {
  let bits = 0;
  for (let i = from; i < from + count; i++) bits ^= a[i]!;
  return bits;
}
