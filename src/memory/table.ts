/**
 * Columns of different types in one segment.
 *
 * @module
 */
import { describe } from "../describe.ts";
import { constructorOf, type DType, parseDType, type TypedArrayOf } from "./dtype.ts";
import { allocateBuffers } from "./segment.ts";
import { byteLengthOf, dimensionsOf } from "./shape.ts";

/** An object of columns, e.g. `{ x: Float64Array, id: Int32Array }`. */
export type Table<C extends Readonly<Record<string, DType>>> = {
  -readonly [K in keyof C]: TypedArrayOf<C[K]>;
};

/** Columns start on cache lines of their own, so that writers of neighbouring columns do not disturb each other. */
const ALIGNMENT_BYTES = 64;

/**
 * A table of `rows` rows: an object of columns, typed arrays in one segment of shared memory. O(1); contents and errors
 * as `empty()`.
 *
 * The memory is freed when no view of any column is left; `release()` of one column frees them all. Each column must
 * be one array of the engine (4 GiB in Bun), the table may be larger.
 *
 * Differs from NumPy's structured arrays: each column is contiguous.
 *
 * @param columns the element type of each column by its name
 *
 * @example Particles
 * ```ts
 * import { table } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const particles = table(1000, { x: "f8", id: "i4" });
 * particles.x[999] = 0.5; // Float64Array
 * particles.id[999] = -1; // Int32Array
 * assert.deepEqual(Object.keys(particles), ["x", "id"]);
 * ```
 */
export function table<const C extends Readonly<Record<string, DType>>>(rows: number, columns: C): Table<C> {
  return makeTable(rows, columns, "table");
}

/** {@linkcode table} under the name that its errors begin with, e.g. `load("a.npy"): table`. */
export function makeTable<const C extends Readonly<Record<string, DType>>>(
  rows: number,
  columns: C,
  caller: string,
): Table<C> {
  if (typeof rows !== "number") {
    throw new TypeError(`${caller}() wants a number of rows, got ${describe(rows)}`);
  }
  if (typeof columns !== "object" || columns === null || Array.isArray(columns)) {
    throw new TypeError(
      `${caller}() wants an object of dtypes, as { x: "f8", id: "i4" }, got ${describe(columns)}`,
    );
  }
  const dimensions = dimensionsOf(rows, `${caller}()`);
  const names = Object.keys(columns);
  let end = 0;
  const parts = names.map((name) => {
    const dtype = parseDType(columns[name]!, `${caller}() column ${JSON.stringify(name)}`);
    const byteLength = byteLengthOf(dimensions, dtype, `${caller}(${rows}) column ${JSON.stringify(name)}`);
    const offset = Math.ceil(end / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    end = offset + byteLength;
    return { dtype, offset, byteLength };
  });
  if (end > Number.MAX_SAFE_INTEGER) {
    throw new RangeError(`${caller}(${rows}) wants ${end} bytes, more than can be counted (2^53 - 1)`);
  }
  const what = `${caller}(${rows}, ${
    names.length > 8 ? `${names.length} columns` : JSON.stringify(columns)
  })`;
  const buffers = allocateBuffers(parts, end, what, "anything");
  return Object.fromEntries(
    parts.map(({ dtype }, at) => [names[at]!, new (constructorOf(dtype))(buffers[at]!)]),
  ) as unknown as Table<C>;
}
