/**
 * Occurrences of small integers.
 *
 * @module
 */
import { makeData } from "../memory/arrays.ts";
import type { ShortDType } from "../memory/dtype.ts";
import type { ArraySource } from "../memory/like_types.ts";
import { releaseBuffer } from "../memory/segment.ts";
import {
  addWeights,
  countBytes,
  countDoubles,
  countInts,
  findNonIndex,
  mergeCounts,
} from "./count_kernels.ts";
import { checkNp, type CrewMember, crewSize, runCrew } from "./crew.ts";
import { DoubleReader } from "./doubles.ts";
import { max, min } from "./extrema.ts";
import { flatInput, type Input } from "./input.ts";
import { checkCount, checkOptions } from "../options.ts";

/** Options of {@linkcode bincount}. */
export interface BincountOptions {
  /** Added up as doubles instead of counting; as many as elements. */
  readonly weights?: ArraySource | undefined;
  /** Least length of the result; 0 by default. */
  readonly minLength?: number | undefined;
  /** Processes: the number of processors by default; 0 and 1 mean the calling one alone. */
  readonly np?: number | undefined;
}

const OPTIONS = ["weights", "minLength", "np"];
/** Elements that a process must have; an element takes half a nanosecond. */
const SHARE = 2 ** 23;
const BLOCK = 4096;
/** Elements that a member claims at once. */
const CLAIM_ELEMENTS = 2 ** 18;

/**
 * How often each integer from 0 on occurs in `x`, or the sums of the weights that belong to it.
 *
 * One element for each integer up to the greatest, in shared memory: a `Uint32Array` of counts, or a `Float64Array` of
 * sums, added in order of the elements as NumPy does. O(n + greatest). Blocks.
 *
 * Current implementation: one process up to 16 Mi elements, where there are more values than a sixteenth of the elements,
 * and with weights.
 *
 * Differs from `numpy.bincount`: counts have 32 bits; any type is taken whose elements are integers.
 *
 * @param x one dimension of integers
 * @throws {TypeError} when an element is no integer, an argument is no array or was released, an option is not known
 * @throws {RangeError} when an element is negative, `x` has several dimensions, there are not as many weights
 * @throws {SystemCallError} `ENOMEM` when there is no memory for that many counts
 *
 * @example Counts and sums
 * ```ts
 * import { bincount } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...bincount([0, 1, 1, 3])], [1, 2, 0, 1]);
 * assert.deepEqual([...bincount(new Uint8Array([0, 1, 1]), { weights: [0.5, 1, 2] })], [0.5, 3]);
 * ```
 */
export function bincount<const O extends BincountOptions = Record<never, never>>(
  x: ArraySource,
  options?: O,
): O extends { readonly weights: ArraySource } ? Float64Array<ArrayBuffer> : Uint32Array<ArrayBuffer> {
  return countArray(x, options) as O extends { readonly weights: ArraySource } ? Float64Array<ArrayBuffer>
    : Uint32Array<ArrayBuffer>;
}

function countArray(x: unknown, options: BincountOptions | undefined): Float64Array | Uint32Array {
  checkOptions(options, OPTIONS, "bincount()");
  const { weights, minLength = 0, np } = options ?? {};
  checkNp(np, "bincount()");
  const least = checkCount(minLength, "minLength", "bincount()");
  const input = flatInput(x, "bincount()");
  if (input.dimensions.length > 1) {
    throw new RangeError(`bincount() wants one dimension, got ${input.dimensions.length}`);
  }
  if (weights !== undefined) return addAll(input, weights, Math.max(least, lengthFor(input, np)));
  const bound = bounds[input.dtype];
  if (bound === undefined) return count(input, Math.max(least, lengthFor(input, np)), np);
  // counted before the greatest element is known
  const counts = count(input, Math.max(least, bound), np);
  let length = counts.length;
  while (length > least && counts[length - 1] === 0) length--;
  const result = makeData([length], "u4", "bincount", "anything") as Uint32Array;
  result.set(counts.subarray(0, length));
  releaseBuffer(counts.buffer);
  return result;
}

/** Elements are below it whatever they are. */
const bounds: { readonly [K in ShortDType]?: number } = { b1: 256, u1: 256, u2: 65536 };

function count(input: Input, bins: number, np: number | undefined): Uint32Array {
  const counts = makeData([bins], "u4", "bincount", "zeros") as Uint32Array;
  const { length } = input.data;
  const size = bins > length / 16 ? 1 : crewSize(np, length, SHARE, "bincount()");
  if (size > 1) {
    const tables = makeData([size * bins], "i4", "bincount", "zeros") as Int32Array;
    const isDone = runCrew(size, (member) => {
      countClaims(input, member, tables.subarray(member.rank * bins, (member.rank + 1) * bins));
    });
    if (isDone) mergeCounts(tables, bins, size, counts);
    releaseBuffer(tables.buffer);
    if (isDone) return counts;
  }
  runCrew(1, (member) => countClaims(input, member, new Int32Array(counts.buffer)));
  return counts;
}

/** One more than the greatest element, after a look at all. */
function lengthFor({ data, dtype }: Input, np: number | undefined): number {
  if (data.length === 0) return 0;
  if (!dtype.startsWith("f")) {
    const least = dtype.startsWith("i") ? min(data, { np }) : 0;
    if (least < 0) throw new RangeError(`bincount() wants integers from 0 on, got ${least}`);
    return 1 + Number(max(data, { np }));
  }
  const reader = new DoubleReader(data);
  for (let from = 0; from < data.length; from += BLOCK) {
    const count = Math.min(BLOCK, data.length - from);
    reader.read(from, count);
    const bad = findNonIndex(reader.doubles, reader.from, count);
    if (bad < 0) continue;
    const value = reader.doubles[bad]!;
    const where = `x[${from + bad - reader.from}]`;
    if (Number.isInteger(value)) {
      throw new RangeError(`bincount() wants integers from 0 on, got ${value} in ${where}`);
    }
    throw new TypeError(`bincount() wants integers, got ${value} in ${where}`);
  }
  return 1 + (max(data, { np }) as number);
}

function countClaims({ data, dtype }: Input, member: CrewMember, counts: Int32Array): void {
  const claims = Math.ceil(data.length / CLAIM_ELEMENTS);
  const reader = new DoubleReader(data);
  for (let claim = member.claim(0); claim < claims; claim = member.claim(0)) {
    const from = claim * CLAIM_ELEMENTS;
    const count = Math.min(CLAIM_ELEMENTS, data.length - from);
    if (data instanceof Uint8Array) countBytes(data, from, count, counts);
    else if (dtype === "i4" || dtype === "u4") countInts(asInts(data), from, count, counts);
    else countBlocks(reader, from, count, counts);
  }
}

/** Tables have fewer than 2^31 elements, so that sign does not matter. */
function asInts({ buffer, byteOffset, length }: Input["data"]): Int32Array {
  return new Int32Array(buffer, byteOffset, length);
}

function countBlocks(reader: DoubleReader, from: number, count: number, counts: Int32Array): void {
  for (let done = 0; done < count; done += BLOCK) {
    const length = Math.min(BLOCK, count - done);
    reader.read(from + done, length);
    countDoubles(reader.doubles, reader.from, length, counts);
  }
}

function addAll({ data }: Input, weights: unknown, bins: number): Float64Array {
  const given = flatInput(weights, "bincount() weights").data;
  if (given.length !== data.length) {
    throw new RangeError(`bincount() wants as many weights as elements, ${data.length}, got ${given.length}`);
  }
  const sums = makeData([bins], "f8", "bincount", "zeros") as Float64Array;
  const places = new DoubleReader(data);
  const amounts = new DoubleReader(given);
  for (let from = 0; from < data.length; from += BLOCK) {
    const count = Math.min(BLOCK, data.length - from);
    places.read(from, count);
    amounts.read(from, count);
    addWeights(places.doubles, places.from, count, amounts.doubles, amounts.from, sums);
  }
  return sums;
}
