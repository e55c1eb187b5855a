/**
 * A copy in shared memory.
 *
 * @module
 */
import { makeData, shaped } from "./arrays.ts";
import type { ArraySource, LikeOf } from "./like_types.ts";
import { describeSource } from "./source.ts";

/**
 * Copies an array into new shared memory, in C order whatever the strides of `a`. O(n).
 *
 * The element type is that of a typed array or view; plain numbers become `f8`, bigints `i8`, booleans `b1`. Memory
 * and errors as `empty()`.
 *
 * Differs from `numpy.copy`: the order is always C.
 *
 * @throws {TypeError} when `a` is no array, was released, or is a ragged array: the message names the place
 * @throws {RangeError} when a bigint does not fit 64 bits
 *
 * @example From a nested array
 * ```ts
 * import { copy } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const m = copy([[1, 2, 3], [4, 5, 6]]);
 * const t = copy(m.transpose(1, 0));
 * assert.deepEqual([...t.data], [1, 4, 2, 5, 3, 6]);
 * ```
 */
export function copy<A extends ArraySource>(a: A): LikeOf<A> {
  const source = describeSource(a, "copy()");
  const data = makeData(source.dimensions, source.dtype, "copy", "anything");
  source.writeTo(data);
  return shaped(data, source.dimensions) as LikeOf<A>;
}
