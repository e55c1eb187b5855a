/**
 * Views of several dimensions: those of the npm package `ndarray`.
 *
 * @module
 */
import ndarray from "ndarray";
import { type ElementOf, isTypedArray, type TypedArray } from "./dtype.ts";
import { LargeView } from "./large_view.ts";

/**
 * A view of several dimensions over a typed array: the interface of the npm package `ndarray`, whose functions and
 * companions (`ndarray-ops`, …) take it. Element `(i, j)` is `data[offset + i * stride[0] + j * stride[1]]`.
 */
export interface NdArray<T extends TypedArray = TypedArray, N extends number = number> {
  /** All elements of the memory below. */
  data: T;
  /** Length of each dimension. */
  shape: number[];
  /** Elements from one to the next in each dimension. */
  stride: number[];
  /** Where the first element is in `data`. */
  offset: number;
  /** `ndarray`'s name of the element type, e.g. `"float64"`. */
  readonly dtype: string;
  /** Number of elements. */
  readonly size: number;
  /** Dimensions by rising stride. */
  readonly order: number[];
  /** Number of dimensions. */
  readonly dimension: N;
  /** The element at an index. */
  get(...index: number[]): ElementOf<T>;
  /** Stores the last argument at the index before it. */
  set(...indexAndValue: [...index: number[], value: ElementOf<T>]): ElementOf<T>;
  /** Where the element at an index is in `data`. */
  index(...index: number[]): number;
  /** The view without the first elements of each dimension. */
  lo(...from: (number | null)[]): NdArray<T, N>;
  /** The view of only the first elements of each dimension. */
  hi(...to: (number | null)[]): NdArray<T, N>;
  /** Every n-th element of each dimension; backwards if negative. */
  step(...steps: (number | null)[]): NdArray<T, N>;
  /** The view with its dimensions in another order. */
  transpose(...axes: number[]): NdArray<T, N>;
  /** The view of fewer dimensions at fixed indices; `null` keeps a dimension. */
  pick(...index: (number | null)[]): NdArray<T>;
}

/** The package keeps positions as 32-bit integers. */
const MAX_POSITION = 2 ** 31 - 1;

/** The package's own types know no bigint and no dimensions. */
const makeView = ndarray as unknown as (data: TypedArray, shape: number[]) => NdArray;

/** A view in C order of the whole of `data`. */
export function viewOver(data: TypedArray, dimensions: readonly number[]): NdArray {
  if (data.length > MAX_POSITION || dimensions.some((length) => length > MAX_POSITION)) {
    return new LargeView(data, dimensions);
  }
  return makeView(data, [...dimensions]);
}

/** Whether a value is a view of several dimensions, of whatever data. */
export function isNdView(value: unknown): value is Omit<NdArray, "data"> & { data: unknown } {
  if (typeof value !== "object" || value === null || isTypedArray(value)) return false;
  const { shape, stride, offset, data, get } = value as Record<string, unknown>;
  return Array.isArray(shape) && Array.isArray(stride) && shape.length === stride.length &&
    typeof offset === "number" && typeof get === "function" && data !== undefined;
}

/** Calls `visit` with the position in `data` of the first element of each innermost row, in C order. */
export function forEachRow(
  { shape, stride, offset }: Pick<NdArray, "shape" | "stride" | "offset">,
  visit: (position: number) => void,
): void {
  const outer = shape.length - 1;
  if (shape.includes(0)) return;
  const index = new Array<number>(Math.max(outer, 0)).fill(0);
  for (let position = offset;;) {
    visit(position);
    let axis = outer - 1;
    for (; axis >= 0; axis--) {
      position += stride[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      position -= shape[axis]! * stride[axis]!;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}
