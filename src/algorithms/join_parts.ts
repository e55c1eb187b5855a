/**
 * From the values of parts to those of lanes, in the tree that the lanes were cut by.
 *
 * @module
 */
import { constructorOf, type TypedArray } from "../memory/dtype.ts";
import type { Fold } from "./fold.ts";
import { type Lanes, MIN_WIDTH, type Plan } from "./fold_plan.ts";
import { halfOf } from "./sum_kernels.ts";

/** The values of whole lanes. */
export function joinParts(
  partials: TypedArray,
  { outer, length, inner }: Lanes,
  plan: Plan,
  fold: Fold,
): TypedArray {
  const count = plan.parts.length;
  const values = new (constructorOf(fold.type))(outer * inner);
  if (fold.rows !== undefined && inner >= MIN_WIDTH && !fold.isExact) {
    joinRows(partials as Float64Array, { outer, length, inner }, plan, fold, values as Float64Array);
    return values;
  }
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < inner; j++) {
      const first = o * count * inner + j;
      values[o * inner + j] = fold.isExact
        ? exactSum(partials as Float64Array, first, count, inner)
        : joinTree(partials, first, plan, length, inner, fold);
    }
  }
  return values;
}

/** Whole rows of partials at a time; they are used up. */
function joinRows(
  partials: Float64Array,
  { outer, length, inner }: Lanes,
  plan: Plan,
  fold: Fold,
  values: Float64Array,
): void {
  let part = 0;
  const join = (count: number): number => {
    if (count <= plan.limit) return part++ * inner;
    const half = halfOf(count);
    const left = join(half);
    const right = join(count - half);
    fold.rows!(partials, right, 1, inner, inner, partials, left);
    return left;
  };
  for (let o = 0; o < outer; o++) {
    const row = join(length);
    values.set(partials.subarray(row, row + inner), o * inner);
  }
}

/** The tree that {@linkcode Plan} was cut by. */
function joinTree(
  partials: TypedArray,
  first: number,
  plan: Plan,
  length: number,
  inner: number,
  fold: Fold,
): number | bigint {
  let part = 0;
  const join = (count: number): number | bigint => {
    if (count <= plan.limit) return partials[first + part++ * inner]!;
    const half = halfOf(count);
    const left = join(half);
    return fold.join(left, join(count - half));
  };
  return join(length);
}

/** The sum of integers that are exact each, rounded once. */
function exactSum(partials: Float64Array, first: number, count: number, inner: number): number {
  let sum = 0;
  let error = 0;
  for (let part = 0; part < count; part++) {
    const x = partials[first + part * inner]!;
    // Knuth's TwoSum
    const total = sum + x;
    const rest = total - sum;
    error += (sum - (total - rest)) + (x - rest);
    sum = total;
  }
  return sum + error;
}
