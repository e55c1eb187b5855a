/**
 * An array of what an iterable gives.
 *
 * @module
 */
import { describe } from "../describe.ts";
import { makeData } from "./arrays.ts";
import {
  constructorOf,
  type DType,
  parseDType,
  type ShortDType,
  type TypedArray,
  type TypedArrayOf,
} from "./dtype.ts";
import { castTo } from "./element.ts";

/** Items gathered at a time, in ordinary memory, while the length is not known. */
const FIRST_CHUNK = 1024;
const LAST_CHUNK = 2 ** 20;

/**
 * A new one-dimensional array of the items of an iterable, converted as {@linkcode full} does. O(n).
 *
 * With `count` just so many are taken, and memory is allocated once; without it the items are gathered in ordinary
 * memory first. Memory and errors as `empty()`; nothing is kept when the iterable throws.
 *
 * Differs from `numpy.fromiter`: the element type may be left out.
 *
 * @param count how many items to take; all by default
 * @throws {TypeError} when `iterable` is not iterable, or an item is of the wrong kind
 * @throws {RangeError} when an item does not fit, or there are fewer than `count`
 *
 * @example The first squares
 * ```ts
 * import { fromIter } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * function* squares() {
 *   for (let i = 0;; i++) yield i * i;
 * }
 * assert.deepEqual([...fromIter(squares(), "i4", 4)], [0, 1, 4, 9]);
 * ```
 */
export function fromIter<const D extends DType = "f8">(
  iterable: Iterable<number | bigint | boolean>,
  dtype: D = "f8" as D,
  count?: number,
): TypedArrayOf<D> {
  const short: ShortDType = parseDType(dtype, "fromIter()");
  if (typeof (iterable as Partial<typeof iterable> | null)?.[Symbol.iterator] !== "function") {
    throw new TypeError(`fromIter() wants an iterable, got ${describe(iterable)}`);
  }
  if (count !== undefined && !(Number.isSafeInteger(count) && count >= 0)) {
    throw new RangeError(`fromIter() wants a count that is an integer from 0 on, got ${describe(count)}`);
  }
  return (count === undefined ? takeAll(iterable, short) : take(iterable, short, count)) as TypedArrayOf<D>;
}

function take(iterable: Iterable<unknown>, dtype: ShortDType, count: number): TypedArray {
  const data = makeData([count], dtype, "fromIter", "anything");
  let taken = 0;
  if (count === 0) return data;
  const cast = castTo(dtype, () => `fromIter() item ${taken}`);
  for (const item of iterable) {
    data[taken] = cast(item);
    if (++taken === count) return data;
  }
  throw new RangeError(`fromIter() wants ${count} items, the iterable is too short: it ended after ${taken}`);
}

function takeAll(iterable: Iterable<unknown>, dtype: ShortDType): TypedArray {
  const chunks: TypedArray[] = [];
  let chunk = new (constructorOf(dtype))(FIRST_CHUNK);
  let used = 0;
  let before = 0;
  const cast = castTo(dtype, () => `fromIter() item ${before + used}`);
  for (const item of iterable) {
    chunk[used] = cast(item);
    if (++used < chunk.length) continue;
    chunks.push(chunk);
    before += used;
    used = 0;
    chunk = new (constructorOf(dtype))(Math.min(2 * chunk.length, LAST_CHUNK));
  }
  chunks.push((chunk as Float64Array).subarray(0, used));
  const data = makeData([before + used], dtype, "fromIter", "anything");
  let at = 0;
  for (const part of chunks) {
    (data as Float64Array).set(part as Float64Array, at);
    at += part.length;
  }
  return data;
}
