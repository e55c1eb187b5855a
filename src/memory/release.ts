/**
 * Whether memory is shared, and giving it back.
 *
 * @module
 */
import { describe } from "../describe.ts";
import { isNdView } from "./nd_array.ts";
import { isReleasable, wasReleased } from "./registry.ts";
import { releaseBuffer, segmentOf } from "./segment.ts";

/**
 * Whether an array is a view of shared memory made by this module, in this process or another of its tree: a typed
 * array, a slice of one, an n-d view, a `DataView` or the buffer itself. False once it is released. Never throws.
 *
 * @example Slices are shared, arithmetic is not
 * ```ts
 * import { empty, isShared } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const x = empty(10);
 * assert(isShared(x.subarray(3)));
 * assert(!isShared(x.map((v) => 2 * v)));
 * ```
 */
export function isShared(a: unknown): boolean {
  const buffer = bufferOf(a);
  return buffer !== undefined && segmentOf(buffer) !== undefined;
}

/**
 * Gives the memory of a shared array back now, without waiting for garbage collection. Every view of it, this one and
 * all others, becomes length 0; reading one is never a fault. All columns of a table go together. Idempotent.
 *
 * In a worker: only that process lets go; the master and the other workers keep theirs.
 *
 * @throws {TypeError} when `a` is no view of memory made by this module
 *
 * @example At once
 * ```ts
 * import { empty, release } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const x = empty(1_000_000), tail = x.subarray(999_990);
 * release(x);
 * assert.deepEqual([x.length, tail.length], [0, 0]);
 * ```
 */
export function release(a: unknown): void {
  const buffer = bufferOf(a);
  if (buffer !== undefined && wasReleased(buffer)) return;
  if (buffer === undefined || !isReleasable(buffer)) {
    throw new TypeError(
      `release() wants an array in shared memory, made by empty(), zeros(), full(), copy(), fromIter(), table(), ` +
        `create() or attach(), got ${describe(a)}`,
    );
  }
  releaseBuffer(buffer);
}

function bufferOf(a: unknown): ArrayBufferLike | undefined {
  if (ArrayBuffer.isView(a)) return a.buffer;
  if (a instanceof ArrayBuffer) return a;
  return isNdView(a) && ArrayBuffer.isView(a.data) ? a.data.buffer : undefined;
}
