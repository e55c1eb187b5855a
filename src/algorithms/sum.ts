/**
 * Sums.
 *
 * @module
 */
import type { ShortDType } from "../memory/dtype.ts";
import type { ArraySource } from "../memory/like_types.ts";
import { halves } from "./doubles.ts";
import { type Fold, kernelFor, valueType } from "./fold.ts";
import { reduceArray, type Reduction } from "./reduction.ts";
import type { DTypeOf, Reduced, ReductionOptions, SumDType } from "./result_types.ts";
import { addRows } from "./row_kernels.ts";
import { sumBytes, sumDoubles, sumFloats, sumInts, sumPairs } from "./sum_kernels.ts";

/** Types that have kernels of their own, which read two to four elements a nanosecond. */
const FAST_TYPES: readonly ShortDType[] = ["f8", "f4", "i4", "u1", "b1"];

/**
 * Elements that a process must have. A second one costs 6 to 9 ms, in which one alone reads 20 Mi doubles; measured with
 * two on huge pages, warm: 32 Mi doubles take one 11.5 ms and two 14.6 (Bun 9.6 and 13), 64 Mi 29 and 23 (Bun 19 and
 * 21). Types that are converted first take about twice as long.
 */
export function sumShare(dtype: ShortDType): number {
  return FAST_TYPES.includes(dtype) ? 2 ** 25 : 2 ** 24;
}

/** Sums stay exact below this many 64-bit integers. */
const EXACT_PAIRS = 2 ** 20;

/** Sums of numbers, in pairs. */
export const doubleSum: Fold = {
  type: "f8",
  line: (a, from, count) => sumDoubles(a as Float64Array, from, count),
  direct: (a) => kernelFor(a, sumFloats, sumInts, sumBytes),
  rows: addRows,
  join: (left, right) => (left as number) + (right as number),
};

const exactSum: Fold = { ...doubleSum, isExact: true };

/**
 * The sum of all elements, or along an axis.
 *
 * | elements | sum | |
 * |---|---|---|
 * | `f8` | number | pairwise; over all elements bit for bit NumPy's |
 * | `f4`, `f2` | number, `Float32Array`, `Float16Array` | pairwise in double precision, rounded once to the type |
 * | `i1` … `u4`, `b1` | number, `Float64Array` | exact, rounded once if above 2^53 |
 * | `i8`, `u8` | bigint | modulo 2^64, as NumPy |
 *
 * The result does not depend on `np`; the error of floats grows with the logarithm of their number. The sum of nothing
 * is 0. O(n); at the speed of memory. Blocks.
 *
 * Current implementation: one process up to 64 Mi elements of `f8 f4 i4 u1 b1`, 32 Mi of other types: another
 * costs some milliseconds to start.
 *
 * In a worker: one process, unless `np` says otherwise.
 *
 * Differs from `numpy.sum`: `f4` and `f2` are more precise; along other axes than the last floats are summed in pairs,
 * too; sums of smaller integers are numbers and do not wrap.
 *
 * @param a an array of any strides, a nested array or a single value
 * @throws {TypeError} when `a` is no array or was released, an option is not known or of the wrong kind
 * @throws {RangeError} when there is no such axis, `out` has another shape
 *
 * @example All, and down the columns
 * ```ts
 * import { copy, sum } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const m = copy([[1, 2, 3], [4, 5, 6]]);
 * assert.equal(sum(m), 21);
 * assert.deepEqual([...sum(m, { axis: 0 })], [5, 7, 9]);
 * assert.equal(sum([2n ** 62n, 2n ** 62n]), -(2n ** 63n));
 * ```
 */
export function sum<A extends ArraySource, const O extends ReductionOptions = Record<never, never>>(
  a: A,
  options?: O,
): Reduced<A, O, SumDType<DTypeOf<A>>> {
  return reduceArray(a, options, { name: "sum", reductionOf: sumOf }) as Reduced<A, O, SumDType<DTypeOf<A>>>;
}

/** How elements of a type are summed. */
export function sumOf(dtype: ShortDType): Reduction {
  const type = valueType(dtype);
  const isFloat = dtype.startsWith("f");
  const isBig = type !== "f8";
  return {
    fold: isBig ? pairSum(type === "i8") : isFloat ? doubleSum : exactSum,
    dtype: isBig || isFloat ? dtype : "f8",
    empty: () => isBig ? 0n : 0,
    // a sum of -0 alone is 0 in NumPy
    ...(isBig ? {} : { finish: (value) => (value as number) + 0 }),
    share: sumShare(dtype),
  };
}

function pairSum(isSigned: boolean): Fold {
  const wrap = isSigned ? BigInt.asIntN : BigInt.asUintN;
  return {
    type: isSigned ? "i8" : "u8",
    line(a, from, count) {
      const end = from + count;
      let total = 0n;
      for (let at = from; at < end; at += EXACT_PAIRS) {
        total += sumPairs(halves(a.subarray(at, Math.min(end, at + EXACT_PAIRS))));
      }
      return wrap(64, total);
    },
    join: (left, right) => wrap(64, (left as bigint) + (right as bigint)),
  };
}
