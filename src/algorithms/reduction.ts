/**
 * What all reductions have in common: the axis, empty lanes, the result's type and place.
 *
 * @module
 */
import { constructorOf, type ShortDType, type TypedArray } from "../memory/dtype.ts";
import type { NdArray } from "../memory/nd_array.ts";
import { elementCount } from "../memory/shape.ts";
import { axisOf, flatInput, outputFor, unorderedInput } from "./input.ts";
import { checkNp } from "./crew.ts";
import { type Fold, foldLanes } from "./fold.ts";
import { lanesAlong } from "./fold_plan.ts";
import { checkOptions } from "../options.ts";
import type { ReductionOptions } from "./result_types.ts";

/** A reduction of one element type. */
export interface Reduction {
  readonly fold: Fold;
  /** Element type of the result. */
  readonly dtype: ShortDType;
  /** The value of a lane without elements; throws where there is none. */
  empty(): number | bigint;
  /** Turns what was folded into the result. */
  finish?(value: number | bigint): number | bigint;
  /** Elements that a process must have to be worth its start. */
  readonly share: number;
}

/** A function that reduces arrays. */
export interface Reducer {
  /** For errors. */
  readonly name: string;
  /** Names of its options; the usual ones by default. */
  readonly options?: readonly string[];
  /** Elements must be folded in C order, not in that of memory. */
  readonly isOrdered?: boolean;
  /** How elements of a type are reduced, `count` in each lane. */
  reductionOf(dtype: ShortDType, count: number): Reduction;
}

const OPTIONS = ["axis", "np", "out"];

/** Reduces an array: a single value, an array of fewer dimensions, or `out`. */
export function reduceArray(
  a: unknown,
  options: ReductionOptions | undefined,
  { name, options: known = OPTIONS, isOrdered = false, reductionOf }: Reducer,
): number | bigint | TypedArray | NdArray {
  const what = `${name}()`;
  checkOptions(options, known, what);
  const { axis, np, out } = options ?? {};
  checkNp(np, what);
  const isWhole = axis === undefined;
  const input = isWhole && !isOrdered ? unorderedInput(a, what) : flatInput(a, what);
  const { data, dtype } = input;
  const dimensions = isWhole ? [data.length] : input.dimensions;
  const along = isWhole ? 0 : axisOf(axis, dimensions, what);
  const lanes = lanesAlong(dimensions, along);
  const reduction = reductionOf(dtype, lanes.length);
  const shape = dimensions.filter((_, at) => at !== along);
  const isScalar = shape.length === 0;
  const output = isScalar && out === undefined ? undefined : outputFor(out, shape, reduction.dtype, name);
  const lanesCount = elementCount(shape);
  // NumPy looks whether there is a value for none even where nothing is to be given it
  if (lanes.length === 0) reduction.empty();
  if (lanesCount === 0) return output!.result;
  const values = lanes.length === 0
    ? emptyValues(reduction, lanesCount)
    : foldLanes(data, lanes, reduction.fold, np, reduction.share, what);
  if (lanes.length > 0) finish(values, reduction);
  if (output === undefined) return scalarOf(values[0]!, reduction.dtype);
  (output.data as Float64Array).set(values as Float64Array);
  return output.result;
}

function emptyValues({ fold, empty }: Reduction, count: number): TypedArray {
  const values = new (constructorOf(fold.type))(count);
  (values as Float64Array).fill(empty() as number);
  return values;
}

function finish(values: TypedArray, reduction: Reduction): void {
  if (reduction.finish === undefined) return;
  for (let i = 0; i < values.length; i++) values[i] = reduction.finish(values[i]!);
}

/** As an array of the element type would hold it. */
function scalarOf(value: number | bigint, dtype: ShortDType): number | bigint {
  if (typeof value === "bigint" || dtype === "f8") return value;
  const holder = new (constructorOf(dtype))(1);
  holder[0] = value;
  return holder[0]!;
}
