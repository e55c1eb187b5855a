/**
 * What algorithms are given: arrays of any form, as flat typed arrays in C order.
 *
 * ```
 * typed array ─────────────────────┐
 * view in C order ── its part ─────┼─▶ Input { data, dimensions, dtype }   no copy
 * other strides, nested arrays ─ copy into private memory ─▶               children read it by copy on write
 * ```
 *
 * @module
 */
import { describe } from "../describe.ts";
import { makeData, shaped } from "../memory/arrays.ts";
import { constructorOf, isTypedArray, type ShortDType, type TypedArray } from "../memory/dtype.ts";
import { isNdView, type NdArray } from "../memory/nd_array.ts";
import { type Contents, segmentOf } from "../memory/segment.ts";
import { elementCount, shapeText } from "../memory/shape.ts";
import { describeSource } from "../memory/source.ts";

/** An array as algorithms take it. */
export interface Input {
  /** All elements, in C order, and nothing else. */
  readonly data: TypedArray;
  /** Length of each dimension; none for a single value. */
  readonly dimensions: readonly number[];
  readonly dtype: ShortDType;
}

/** Where an algorithm puts its result. */
export interface Output {
  /** All elements, in C order. */
  readonly data: TypedArray;
  /** What the caller is handed: `data`, a view of it, or the array it gave. */
  readonly result: TypedArray | NdArray;
  /** Whether forked children can write it. */
  readonly isShared: boolean;
}

/**
 * An argument as a flat array.
 *
 * @param what is named in errors, e.g. `sum()`
 * @throws {TypeError} when it is no array, is ragged, or its memory was released
 * @throws {RangeError} when a view reaches beyond its data
 */
export function flatInput(a: unknown, what: string): Input {
  const { dimensions, dtype, writeTo } = describeSource(a, what);
  if (isTypedArray(a)) return { data: plain(a), dimensions, dtype };
  if (isNdView(a) && isTypedArray(a.data) && isInOrder(a)) {
    const data = plain(a.data).subarray(a.offset, a.offset + elementCount(dimensions));
    return { data, dimensions, dtype };
  }
  const data = new (constructorOf(dtype))(elementCount(dimensions));
  writeTo(data);
  return { data, dimensions, dtype };
}

/**
 * As {@linkcode flatInput}, for what does not depend on the order of elements: a view whose elements fill a stretch of
 * memory without gaps, a transposed or reversed one say, is not copied. `dimensions` are then the one of the stretch.
 */
export function unorderedInput(a: unknown, what: string): Input {
  if (isNdView(a) && isTypedArray(a.data) && !isInOrder(a)) {
    const { dimensions, dtype } = describeSource(a, what);
    const stretch = stretchOf(a);
    if (stretch !== undefined) {
      const count = elementCount(dimensions);
      return { data: plain(a.data).subarray(stretch, stretch + count), dimensions: [count], dtype };
    }
  }
  return flatInput(a, what);
}

/** Whether forked children that write an array change the one of their parent. */
export function isShared(data: TypedArray): boolean {
  return segmentOf(data.buffer) !== undefined;
}

/** Whether two arrays have bytes in common. */
export function overlaps(a: TypedArray, b: TypedArray): boolean {
  const ofBytes = placeOf(a);
  const ofOther = placeOf(b);
  return ofBytes.memory === ofOther.memory && ofBytes.from < ofOther.to && ofOther.from < ofBytes.to;
}

/** Two buffers may view one segment, and two segments one file. */
function placeOf(
  { buffer, byteOffset, byteLength }: TypedArray,
): { memory: unknown; from: number; to: number } {
  const segment = segmentOf(buffer);
  const from = (segment?.bufferOffset ?? 0) + byteOffset;
  return { memory: segment?.file ?? segment?.serial ?? buffer, from, to: from + byteLength };
}

/**
 * The axis counted from 0; negative ones count from the last.
 *
 * @throws {TypeError} when it is not a number
 * @throws {RangeError} when there is no such axis
 */
export function axisOf(axis: unknown, dimensions: readonly number[], what: string): number {
  if (typeof axis !== "number") throw new TypeError(`${what} wants a number as axis, got ${describe(axis)}`);
  const count = dimensions.length;
  if (Number.isInteger(axis) && axis >= -count && axis < count) return axis < 0 ? axis + count : axis + 0;
  throw new RangeError(
    `${what} wants an axis from ${-count} to ${count - 1} of ${count} dimensions, got ${axis}`,
  );
}

/**
 * Memory for a result: `out`, or a new shared array.
 *
 * @param out must have that element type and shape, with its elements in C order
 * @throws {TypeError} when `out` is no array or of another element type, or was released
 * @throws {RangeError} when it is of another shape
 * @throws {SystemCallError} `ENOMEM` when there is no memory
 */
export function outputFor(
  out: unknown,
  dimensions: readonly number[],
  dtype: ShortDType,
  name: string,
  contents: Contents = "anything",
): Output {
  if (out === undefined) {
    const data = makeData(dimensions, dtype, name, contents);
    return { data, result: shaped(data, dimensions), isShared: true };
  }
  const what = `${name}() out`;
  if (!isTypedArray(out) && !(isNdView(out) && isTypedArray(out.data))) {
    throw new TypeError(`${what} must be a typed array or an n-d view, got ${describe(out)}`);
  }
  const { dimensions: given, dtype: givenType } = describeSource(out, what);
  if (givenType !== (dtype === "b1" ? "u1" : dtype)) {
    throw new TypeError(`${what} must be of dtype "${dtype}", got "${givenType}"`);
  }
  // [] is a typed array of length 1
  const wanted = dimensions.length === 0 ? [1] : dimensions;
  if (given.length !== wanted.length || wanted.some((length, axis) => length !== given[axis])) {
    throw new RangeError(`${what} must have the shape ${shapeText(wanted)}, got ${shapeText(given)}`);
  }
  if (isTypedArray(out)) return { data: plain(out), result: out, isShared: isShared(out) };
  const view = out as NdArray;
  if (!isInOrder(view)) {
    throw new TypeError(
      `${what} must have its elements one after the other in C order, got a view with gaps`,
    );
  }
  const data = plain(view.data).subarray(view.offset, view.offset + elementCount(wanted));
  return { data, result: view, isShared: isShared(data) };
}

/** Whether the elements of a view lie one after the other in C order. */
export function isInOrder({ shape, stride }: Pick<NdArray, "shape" | "stride">): boolean {
  if (shape.includes(0)) return true;
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && stride[axis] !== step) return false;
    step *= shape[axis]!;
  }
  return true;
}

/** Where the elements of a view begin in its data, if they fill a stretch of it in whatever order. */
function stretchOf(
  { shape, stride, offset }: Pick<NdArray, "shape" | "stride" | "offset">,
): number | undefined {
  if (shape.includes(0)) return undefined;
  const axes = shape.map((_, axis) => axis).sort((a, b) => Math.abs(stride[a]!) - Math.abs(stride[b]!));
  let step = 1;
  let first = offset;
  for (const axis of axes) {
    if (shape[axis] === 1) continue;
    if (Math.abs(stride[axis]!) !== step) return undefined;
    if (stride[axis]! < 0) first += stride[axis]! * (shape[axis]! - 1);
    step *= shape[axis]!;
  }
  return first;
}

/** Kernels see one class for bytes. */
function plain(array: TypedArray): TypedArray {
  if (!(array instanceof Uint8ClampedArray)) return array;
  return new Uint8Array(array.buffer, array.byteOffset, array.length);
}
