/**
 * Where values belong in a sorted array.
 *
 * @module
 */
import { type CrewMember, crewSize, runCrew } from "../algorithms/crew.ts";
import { halves, isBig, toDoubles } from "../algorithms/doubles.ts";
import { flatInput, type Input, outputFor } from "../algorithms/input.ts";
import { writeThrough } from "../algorithms/write_through.ts";
import { checkOptions } from "../options.ts";
import { describe, suggestion } from "../describe.ts";
import { makeData } from "../memory/arrays.ts";
import { constructorOf, type ShortDType, type TypedArray } from "../memory/dtype.ts";
import type { ArraySource, LikeOf } from "../memory/like_types.ts";
import type { NdArray } from "../memory/nd_array.ts";
import { releaseBuffer } from "../memory/segment.ts";
import { shapeText } from "../memory/shape.ts";
import { indexType, type Indices, runStarts, sortTuning } from "./limits.ts";
import { lowerBound, presentCount, searchDoubles, searchWords, upperBound } from "./search.ts";

/** Options of {@linkcode searchsorted}. */
export interface SearchsortedOptions {
  /** Before (`"left"`, the default) or after the elements that equal the value. */
  readonly side?: "left" | "right" | undefined;
  /** Indices that sort `a`, as `argsort()` gives them, where it is not sorted itself. */
  readonly sorter?: ArraySource | undefined;
  /** Processes: the number of processors by default; 0 and 1 mean the calling one alone. */
  readonly np?: number | undefined;
  /** A `Uint32Array` or view of the shape of `v`, in C order; a `Float64Array` for 2^32 and more elements of `a`. */
  readonly out?: TypedArray | NdArray | undefined;
}

/** Indices of the shape of the values: a number for a number. */
export type PlacesOf<V extends ArraySource> = V extends number | bigint | boolean ? number : LikeOf<V, "u4">;

const OPTIONS = ["side", "sorter", "np", "out"];
const SIDES = ["left", "right"];
/** Values that each process must have; a search takes 20 to 200 ns. */
const SHARE = 2 ** 18;
const BLOCK = 2 ** 12;
/** A conversion of the whole of `a` pays for so many searches of its length. */
const CONVERSION_SHARE = 1 / 32;

/**
 * The places at which values have to be inserted into a sorted array for it to stay sorted: the number of elements
 * below each value, with `side: "right"` of those that are not above it. NaN is greater than all other values.
 *
 * A number for a number; else a `Uint32Array` in shared memory, or a view of the shape of `v`. 64-bit integers are
 * compared with each other exactly, with floats as doubles. Places in an array of 2^32 or more elements are in a
 * `Float64Array`, which the static type does not tell. O(m log n), and O(n) for a `sorter` and for many values in an
 * array that is not of doubles. Blocks.
 *
 * Current implementation: from 512 Ki values on with several processes. An `out` that is private or overlaps the input
 * is written through shared memory.
 *
 * Differs from `numpy.searchsorted`: indices have 32 bits, for 2^32 and more elements they are doubles.
 *
 * @param a one dimension, sorted unless there is a `sorter`: else places are arbitrary, but within the array
 * @param v a value, or an array of any shape
 * @throws {TypeError} when an argument is no array or was released, or an option is not known or of the wrong kind
 * @throws {RangeError} when `a` has several dimensions, `sorter` another length or indices outside of `a`, or `out`
 *   another shape
 * @throws {SystemCallError} `ENOMEM` when there is no memory
 *
 * @example Grades
 * ```ts
 * import { searchsorted } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const limits = Float64Array.of(50, 65, 80);
 * assert.equal(searchsorted(limits, 65), 1);
 * assert.deepEqual([...searchsorted(limits, [30, 65, 99], { side: "right" })], [0, 2, 3]);
 * ```
 */
export function searchsorted<V extends ArraySource>(
  a: ArraySource,
  v: V,
  options?: SearchsortedOptions,
): PlacesOf<V> {
  return search(a, v, options) as PlacesOf<V>;
}

function search(
  a: unknown,
  v: unknown,
  options: SearchsortedOptions | undefined,
): number | TypedArray | NdArray {
  const what = "searchsorted()";
  checkOptions(options, OPTIONS, what);
  const isRight = checkSide(options?.side, what);
  const sorted = sortedInput(a, options?.sorter, what);
  const values = flatInput(v, `${what} v`);
  const size = crewSize(options?.np, values.data.length, SHARE, what);
  const isNumber = values.dimensions.length === 0 && options?.out === undefined;
  // a place may be the length
  const type = indexType(sorted.data.length + 1);
  if (isNumber) {
    const place = new (constructorOf(type))(1) as Indices;
    fillIndices(sorted, values, isRight, place, 1);
    return place[0]!;
  }
  const output = outputFor(options?.out, values.dimensions, type, "searchsorted");
  const fill = (out: TypedArray): void => fillIndices(sorted, values, isRight, out as Indices, size);
  writeThrough(output, [sorted.data, values.data], size, "searchsorted", fill);
  return output.result;
}

function checkSide(side: unknown, what: string): boolean {
  if (side === undefined) return false;
  if (typeof side !== "string") {
    throw new TypeError(`${what} wants "left" or "right" as side, got ${describe(side)}`);
  }
  if (!SIDES.includes(side)) {
    throw new TypeError(`${what} knows no side ${JSON.stringify(side)}${suggestion(side, SIDES)}`);
  }
  return side === "right";
}

function sortedInput(a: unknown, sorter: unknown, what: string): Input {
  const input = flatInput(a, what);
  if (input.dimensions.length !== 1) {
    throw new RangeError(
      `${what} wants an array of one dimension, got the shape ${shapeText(input.dimensions)}`,
    );
  }
  if (sorter === undefined) return input;
  const { length } = input.data;
  const indices = flatInput(sorter, `${what} sorter`);
  if (indices.dimensions.length !== 1 || indices.data.length !== length) {
    throw new RangeError(
      `${what} wants a sorter of ${length} indices, got the shape ${shapeText(indices.dimensions)}`,
    );
  }
  const data = new (constructorOf(input.dtype))(length) as Float64Array;
  for (let i = 0; i < length; i++) {
    const index = Number(indices.data[i]);
    const at = index < 0 ? index + length : index;
    if (!Number.isInteger(at) || at < 0 || at >= length) {
      throw new RangeError(
        `${what} wants a sorter of indices from 0 to ${length - 1}, got ${index} in place ${i}`,
      );
    }
    data[i] = (input.data as Float64Array)[at]!;
  }
  return { ...input, data };
}

function fillIndices(sorted: Input, values: Input, isRight: boolean, out: Indices, size: number): void {
  if (out instanceof Uint32Array) fillPlaces(sorted, values, isRight, out, size);
  else fillLongPlaces(sorted, values, isRight, out, size);
}

/** Places in parts of a long array, whose places have 32 bits, add up to those in the whole. */
function fillLongPlaces(
  sorted: Input,
  values: Input,
  isRight: boolean,
  out: Float64Array,
  size: number,
): void {
  const places = makeData([out.length], "u4", "searchsorted", "anything") as Uint32Array<ArrayBuffer>;
  const starts = runStarts(sorted.data.length, sortTuning.indices - 1);
  // the values may lie where `out` does
  const sums = new Float64Array(out.length);
  try {
    for (let part = 0; part < starts.length - 1; part++) {
      const data = sorted.data.subarray(starts[part], starts[part + 1]);
      fillPlaces({ ...sorted, data }, values, isRight, places, size);
      for (let i = 0; i < sums.length; i++) sums[i]! += places[i]!;
    }
    out.set(sums);
  } finally {
    releaseBuffer(places.buffer);
  }
}

function fillPlaces(
  { data: sorted, dtype }: Input,
  { data: values, dtype: valueType }: Input,
  isRight: boolean,
  out: Uint32Array,
  size: number,
): void {
  const common = commonInteger(dtype, valueType, values);
  if (common !== undefined) return searchIntegers(sorted, values, common, isRight, out, size);
  const isFew = values.length < CONVERSION_SHARE * sorted.length;
  if (isFew && !isBig(sorted) && !(sorted instanceof Float64Array)) {
    return searchFew(sorted, toDoubles(values), isRight, out);
  }
  const doubles = toDoubles(sorted);
  const wanted = toDoubles(values);
  const present = presentCount(doubles);
  inBlocks(
    wanted.length,
    size,
    (from, to) => searchDoubles(doubles, present, wanted, from, to, isRight, out),
  );
}

/** The 64-bit integer type that holds both, as NumPy finds it; `undefined` where both are compared as doubles. */
function commonInteger(a: ShortDType, v: ShortDType, values: TypedArray): "i8" | "u8" | undefined {
  if (a !== "i8" && a !== "u8" && v !== "i8" && v !== "u8") return undefined;
  const [wide, other] = a === "i8" || a === "u8" ? [a, v] : [v as "i8" | "u8", a];
  if (other === wide) return wide;
  // plain numbers are integers where they can be
  const isPlain = v === "f8" && values.length === 1 && Number.isSafeInteger(values[0]);
  if (isPlain && (wide === "i8" || (values[0] as number) >= 0)) return wide;
  if (/^[fiu]8$|^f/.test(other)) return undefined;
  return wide === "i8" || !other.startsWith("i") ? wide : undefined;
}

function searchIntegers(
  sorted: TypedArray,
  values: TypedArray,
  common: "i8" | "u8",
  isRight: boolean,
  out: Uint32Array,
  size: number,
): void {
  const flip = common === "u8" ? 0x80000000 | 0 : 0;
  const [a, v] = [toWords(sorted), toWords(values)];
  inBlocks(values.length, size, (from, to) => searchWords(a, v, flip, from, to, isRight, out));
}

/** 64-bit integers as words; others are converted, which works for both kinds. */
function toWords(data: TypedArray): Int32Array {
  if (isBig(data)) return halves(data);
  const words = new Int32Array(2 * data.length);
  for (let i = 0; i < data.length; i++) {
    const integer = data[i]!;
    words[2 * i] = integer;
    words[2 * i + 1] = Math.floor(integer / 2 ** 32);
  }
  return words;
}

/** Without a look at every element of the sorted array. */
function searchFew(
  sorted: ArrayLike<number>,
  values: Float64Array,
  isRight: boolean,
  out: Uint32Array,
): void {
  const present = presentCount(sorted);
  values.forEach((x, i) => {
    if (x !== x) out[i] = isRight ? sorted.length : present;
    else out[i] = isRight ? upperBound(sorted, present, x) : lowerBound(sorted, present, x);
  });
}

function inBlocks(count: number, size: number, fill: (from: number, to: number) => void): void {
  const work = (member: CrewMember): void => {
    for (let from = BLOCK * member.claim(0); from < count; from = BLOCK * member.claim(0)) {
      fill(from, Math.min(count, from + BLOCK));
    }
  };
  if (!runCrew(size, work)) runCrew(1, work);
}
