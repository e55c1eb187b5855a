/**
 * Means.
 *
 * @module
 */
import type { ShortDType } from "../memory/dtype.ts";
import type { ArraySource } from "../memory/like_types.ts";
import type { Fold } from "./fold.ts";
import { reduceArray, type Reduction } from "./reduction.ts";
import type { DTypeOf, MeanDType, Reduced, ReductionOptions } from "./result_types.ts";
import { doubleSum, sumOf, sumShare } from "./sum.ts";

/**
 * The arithmetic mean of all elements, or along an axis: the sum, as `sum()` makes it, divided by the number of
 * elements. NaN for none.
 *
 * Numbers, or arrays of the element type of floats, of `f8` for integers; `i8` and `u8` are summed as doubles and never
 * wrap. Does not depend on `np`. O(n); at the speed of memory. Blocks.
 *
 * Differs from `numpy.mean`: `f4` and `f2` are summed in double precision and rounded once.
 *
 * @param a an array of any strides, a nested array or a single value
 * @throws {TypeError} when `a` is no array or was released, an option is not known or of the wrong kind
 * @throws {RangeError} when there is no such axis, `out` has another shape
 *
 * @example Of rows
 * ```ts
 * import { copy, mean } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const m = copy([[1, 2, 3], [4, 5, 6]]);
 * assert.equal(mean(m), 3.5);
 * assert.deepEqual([...mean(m, { axis: 1 })], [2, 5]);
 * ```
 */
export function mean<A extends ArraySource, const O extends ReductionOptions = Record<never, never>>(
  a: A,
  options?: O,
): Reduced<A, O, MeanDType<DTypeOf<A>>> {
  return reduceArray(a, options, { name: "mean", reductionOf: meanOf }) as Reduced<
    A,
    O,
    MeanDType<DTypeOf<A>>
  >;
}

function meanOf(dtype: ShortDType, count: number): Reduction {
  const isFloat = dtype.startsWith("f");
  const isBig = dtype === "i8" || dtype === "u8";
  const fold: Fold = isBig ? doubleSum : sumOf(dtype).fold;
  return {
    fold,
    dtype: isFloat ? dtype : "f8",
    empty: () => NaN,
    finish: (value) => ((value as number) + 0) / count,
    share: sumShare(dtype),
  };
}
