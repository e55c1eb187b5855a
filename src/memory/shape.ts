/**
 * Shapes: checked before anything is allocated.
 *
 * @module
 */
import { describe } from "../describe.ts";
import type { ShortDType } from "./dtype.ts";
import { itemBytes } from "./dtype.ts";

/** How long an array is in each dimension; a number for one dimension, `[]` for a single value. */
export type Shape = number | readonly number[];

/**
 * The dimensions of a shape.
 *
 * @param what is named in errors, e.g. `empty()`
 * @throws {TypeError} when it is no number and no array of numbers
 * @throws {RangeError} when a dimension is negative, fractional, NaN or above 2^53 - 1
 */
export function dimensionsOf(shape: Shape, what: string): readonly number[] {
  if (Array.isArray(shape)) {
    return Array.from(shape, (length, axis) => dimension(length, `${what} shape[${axis}]`));
  }
  if (typeof shape === "number") return [dimension(shape, `${what} shape`)];
  throw new TypeError(
    `${what} wants a shape that is a number or an array of numbers, got ${describe(shape)}`,
  );
}

/**
 * Bytes of an array in C order.
 *
 * @throws {RangeError} when they cannot be counted
 */
export function byteLengthOf(dimensions: readonly number[], dtype: ShortDType, what: string): number {
  const bytes = elementCount(dimensions) * itemBytes(dtype);
  if (bytes <= Number.MAX_SAFE_INTEGER) return bytes;
  throw new RangeError(`${what} wants ${bytes} bytes, more than can be counted (2^53 - 1)`);
}

/** How many elements an array has. */
export function elementCount(dimensions: readonly number[]): number {
  // first, lest a product overflow before it comes
  return dimensions.includes(0) ? 0 : dimensions.reduce((product, length) => product * length, 1);
}

/** A shape as source text: `5`, `[2, 3]`. */
export function shapeText(dimensions: readonly number[]): string {
  return dimensions.length === 1 ? String(dimensions[0]) : `[${dimensions.join(", ")}]`;
}

function dimension(length: unknown, what: string): number {
  if (typeof length !== "number") throw new TypeError(`${what} must be a number, got ${describe(length)}`);
  // -0 becomes 0
  if (Number.isSafeInteger(length) && length >= 0) return length + 0;
  throw new RangeError(`${what} must be an integer from 0 to 2^53 - 1, got ${length}`);
}
