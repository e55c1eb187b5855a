/**
 * Least and greatest elements.
 *
 * @module
 */
import type { ShortDType } from "../memory/dtype.ts";
import type { ArraySource } from "../memory/like_types.ts";
import { halves } from "./doubles.ts";
import { greatestDouble, greatestFloat, leastDouble, leastFloat } from "./extrema_kernels.ts";
import { type Fold, kernelFor, valueType } from "./fold.ts";
import { extremePair, greatestByte, greatestInt, leastByte, leastInt } from "./integer_extrema.ts";
import { reduceArray, type Reduction } from "./reduction.ts";
import type { DTypeOf, Reduced, ReductionOptions } from "./result_types.ts";
import { greatestRows, leastRows } from "./row_kernels.ts";
import { sumShare } from "./sum.ts";

const leastNumber: Fold = {
  type: "f8",
  line: (a, from, count) => leastDouble(a as Float64Array, from, count),
  direct: (a) => kernelFor(a, leastFloat, leastInt, leastByte),
  rows: leastRows,
  join: (left, right) => right < left || right !== right ? right : left,
};

const greatestNumber: Fold = {
  type: "f8",
  line: (a, from, count) => greatestDouble(a as Float64Array, from, count),
  direct: (a) => kernelFor(a, greatestFloat, greatestInt, greatestByte),
  rows: greatestRows,
  join: (left, right) => right > left || right !== right ? right : left,
};

/**
 * The least element of all, or along an axis, of the array's element type; NaN where there is one. Of -0 and 0, which
 * are equal, either.
 *
 * Does not depend on `np`. O(n); at the speed of memory. Blocks.
 *
 * Current implementation: one process up to 64 Mi elements of `f8 f4 i4 u1 b1`, 32 Mi of other types: another
 * costs some milliseconds to start.
 *
 * @param a an array of any strides, a nested array or a single value
 * @throws {RangeError} when there is no element; when there is no such axis, `out` has another shape
 * @throws {TypeError} when `a` is no array or was released, an option is not known or of the wrong kind
 *
 * @example Of all, and of rows
 * ```ts
 * import { min } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * assert.equal(min([[3, 1], [2, 4]]), 1);
 * assert.deepEqual([...min([[3, 1], [2, 4]], { axis: 1 })], [1, 2]);
 * assert(Number.isNaN(min([1, NaN])));
 * ```
 */
export function min<A extends ArraySource, const O extends ReductionOptions = Record<never, never>>(
  a: A,
  options?: O,
): Reduced<A, O, DTypeOf<A>> {
  const reductionOf = (dtype: ShortDType): Reduction => extremeOf(dtype, true, "min()");
  return reduceArray(a, options, { name: "min", reductionOf }) as Reduced<A, O, DTypeOf<A>>;
}

/**
 * The greatest element of all, or along an axis; as {@linkcode min} otherwise.
 *
 * @param a an array of any strides, a nested array or a single value
 * @throws {RangeError} when there is no element; when there is no such axis, `out` has another shape
 * @throws {TypeError} when `a` is no array or was released, an option is not known or of the wrong kind
 *
 * @example Of 64-bit integers
 * ```ts
 * import { max } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * assert.equal(max(new BigInt64Array([-1n, 2n ** 60n, 5n])), 2n ** 60n);
 * ```
 */
export function max<A extends ArraySource, const O extends ReductionOptions = Record<never, never>>(
  a: A,
  options?: O,
): Reduced<A, O, DTypeOf<A>> {
  const reductionOf = (dtype: ShortDType): Reduction => extremeOf(dtype, false, "max()");
  return reduceArray(a, options, { name: "max", reductionOf }) as Reduced<A, O, DTypeOf<A>>;
}

/** How the extreme element of a type is found. */
export function extremeOf(dtype: ShortDType, isLeast: boolean, what: string): Reduction {
  const type = valueType(dtype);
  return {
    fold: type !== "f8" ? extremeBig(type, isLeast) : isLeast ? leastNumber : greatestNumber,
    dtype,
    empty: () => {
      throw new RangeError(`${what} wants at least one element, got an empty array`);
    },
    share: sumShare(dtype),
  };
}

function extremeBig(type: "i8" | "u8", isLeast: boolean): Fold {
  const flip = type === "i8" ? 0 : 1 << 31;
  return {
    type,
    line: (a, from, count) => a[from + extremePair(halves(a.subarray(from, from + count)), flip, isLeast)]!,
    join: (left, right) => (isLeast ? right < left : right > left) ? right : left,
  };
}
