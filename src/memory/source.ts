/**
 * What `emptyLike`, `fullLike` and `copy` are given: its shape, its element type, its elements.
 *
 * @module
 */
import { describe } from "../describe.ts";
import { dtypeOf, isTypedArray, type ShortDType, type TypedArray } from "./dtype.ts";
import { castTo } from "./element.ts";
import { forEachRow, isNdView, type NdArray } from "./nd_array.ts";

/** The array to imitate. */
export interface Source {
  readonly dimensions: readonly number[];
  readonly dtype: ShortDType;
  /** Writes the elements in C order; `target` is of this shape and element type. */
  writeTo(target: TypedArray): void;
}

type Sequence = ArrayLike<unknown>;
type Leaf = "number" | "bigint" | "boolean";

const dtypeByLeaf: { readonly [K in Leaf]: ShortDType } = { number: "f8", bigint: "i8", boolean: "b1" };

/**
 * Looks at an array.
 *
 * @param what is named in errors, e.g. `copy()`
 * @throws {TypeError} when it is none, is ragged, holds other things than numbers, bigints or booleans of one kind, or
 *   its memory was released
 * @throws {RangeError} when a view reaches beyond its data
 */
export function describeSource(source: unknown, what: string): Source {
  if (isTypedArray(source)) return typedSource(source, what);
  if (isNdView(source)) return viewSource(source, what);
  if (Array.isArray(source) || isLeaf(source)) return nestedSource(source, what);
  throw new TypeError(
    `${what} wants a typed array, an n-d view, an array or a number, got ${describe(source)}`,
  );
}

function typedSource(array: TypedArray, what: string): Source {
  checkPresent(array, what);
  return {
    dimensions: [array.length],
    dtype: dtypeOf(array),
    writeTo: (target) => (target as Float64Array).set(array as Float64Array),
  };
}

function viewSource(view: Omit<NdArray, "data"> & { data: unknown }, what: string): Source {
  const { data, shape } = view;
  if (isTypedArray(data)) checkPresent(data, what);
  checkReach(view, what);
  if (!isTypedArray(data)) return nestedSource(nested(view, 0, []), what);
  return { dimensions: shape, dtype: dtypeOf(data), writeTo: (target) => writeView(data, view, target) };
}

/** What was released has length 0, and would pass for an array that never had an element. */
function checkPresent({ buffer }: TypedArray, what: string): void {
  if (!(buffer instanceof ArrayBuffer) || !buffer.detached) return;
  throw new TypeError(`${what} wants an array that has its memory, got one that was released or transferred`);
}

/** Views come from outside, with whatever strides. */
function checkReach(
  { shape, stride, offset, data }: Omit<NdArray, "data"> & { data: unknown },
  what: string,
): void {
  if (shape.includes(0)) return;
  let [least, most] = [offset, offset];
  shape.forEach((length, axis) => {
    const reach = (length - 1) * stride[axis]!;
    if (reach < 0) least += reach;
    else most += reach;
  });
  const { length } = data as { length?: number };
  if (length === undefined || (least >= 0 && most < length)) return;
  throw new RangeError(
    `${what} wants a view within its data of ${length} elements, got one from ${least} to ${most}`,
  );
}

function writeView(
  data: TypedArray,
  view: Pick<NdArray, "shape" | "stride" | "offset">,
  target: TypedArray,
): void {
  const from = data as Float64Array;
  const to = target as Float64Array;
  const count = view.shape.at(-1) ?? 1;
  const step = view.stride.at(-1) ?? 1;
  let at = 0;
  forEachRow(view, (position) => {
    if (step === 1) to.set(from.subarray(position, position + count), at);
    else copyRow(from, position, step, to, at, count);
    at += count;
  });
}

function copyRow(
  from: Float64Array,
  position: number,
  step: number,
  to: Float64Array,
  at: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) to[at + i] = from[position + i * step]!;
}

/** A view of plain values as arrays of arrays. */
function nested(view: Omit<NdArray, "data">, axis: number, index: readonly number[]): unknown {
  if (axis === view.shape.length) return view.get(...index);
  return Array.from({ length: view.shape[axis]! }, (_, i) => nested(view, axis + 1, [...index, i]));
}

function nestedSource(source: unknown, what: string): Source {
  const dimensions: number[] = [];
  let first = source;
  for (; isSequence(first); first = first[0]) dimensions.push(first.length);
  const kind: Leaf = isLeaf(first) ? typeof first as Leaf : "number";
  const dtype = dtypeByLeaf[kind];
  visit(source, dimensions, 0, "", what, kind, () => {});
  return {
    dimensions,
    dtype,
    writeTo(target) {
      let at = 0;
      let path = "";
      const cast = castTo(dtype, () => `${what}: element ${path}`);
      visit(source, dimensions, 0, "", what, kind, (value, where) => {
        path = where;
        target[at++] = cast(value);
      });
    },
  };
}

/** Walks a nested array in C order and sees that it is rectangular and of one kind. */
function visit(
  value: unknown,
  dimensions: readonly number[],
  depth: number,
  path: string,
  what: string,
  kind: Leaf,
  leaf: (value: unknown, path: string) => void,
): void {
  if (depth === dimensions.length) {
    const got: string = typeof value;
    if (got === kind) return leaf(value, path);
    throw new TypeError(
      `${what}: element ${path} must be a ${kind} as the first one, got ${describe(value)}`,
    );
  }
  if (isTypedArray(value)) checkPresent(value, what);
  const length = dimensions[depth]!;
  if (!isSequence(value) || value.length !== length) {
    const got = isSequence(value) ? `an array of ${value.length}` : describe(value);
    throw new TypeError(
      `${what} wants rows of equal length: element ${path} must be an array of ${length}, got ${got}`,
    );
  }
  for (let i = 0; i < length; i++) visit(value[i], dimensions, depth + 1, `${path}[${i}]`, what, kind, leaf);
}

function isSequence(value: unknown): value is Sequence {
  return Array.isArray(value) || isTypedArray(value);
}

function isLeaf(value: unknown): value is number | bigint | boolean {
  return (typeof value) in dtypeByLeaf;
}
