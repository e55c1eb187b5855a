/**
 * Argsort of 8- and 16-bit elements: count each value, then put every index in its place. No memory but the counts.
 *
 * @module
 */
import { type CrewMember, runCrew } from "../algorithms/crew.ts";
import { dtypeOf, type TypedArray } from "../memory/dtype.ts";
import { allocateBuffer, releaseBuffer } from "../memory/segment.ts";
import { type Indices, runStarts, sortTuning } from "./limits.ts";

/** What the counters of a crew hand out. */
const COUNTS = 0;
const PLACES = 1;

/** Elements as unsigned patterns of bits. */
type Patterns = Uint8Array | Uint16Array;

/**
 * Writes to `out` the indices that sort `data`, of 8- or 16-bit elements, with `size` processes.
 *
 * @param out of the length of `data`; in shared memory if `size` is above 1
 */
export function argsortByCounting(data: TypedArray, out: Indices, size: number): void {
  const n = data.length;
  // no more elements in any than a counter counts
  const count = Math.max(size, Math.ceil(n / sortTuning.counts));
  const values = 2 ** (8 * data.BYTES_PER_ELEMENT);
  const isFloat = dtypeOf(data) === "f2";
  const buffer = size > 1
    ? allocateBuffer(4 * values * count, "the memory to sort in", "anything")
    : undefined;
  const rows = new Uint32Array(buffer ?? new ArrayBuffer(4 * values * count));
  const patterns = patternsOf(data);
  const work = (member: CrewMember): void => {
    const parts = rows.length / values;
    const start = (part: number): number => Math.floor((n * part) / parts);
    for (let part = member.claim(COUNTS); part < parts; part = member.claim(COUNTS)) {
      const counts = rows.subarray(part * values, (part + 1) * values).fill(0);
      if (isFloat) countHalves(patterns, start(part), start(part + 1), counts);
      else countPatterns(patterns, start(part), start(part + 1), counts);
    }
    member.barrier();
    const starts = startsOf(rows, parts, values, data, out);
    for (let part = member.claim(PLACES); part < parts; part = member.claim(PLACES)) {
      if (isFloat) placeHalves(patterns, start(part), start(part + 1), starts[part]!, out);
      else placePatterns(patterns, start(part), start(part + 1), starts[part]!, out);
    }
  };
  try {
    if (!runCrew(size, work)) runCrew(1, work);
  } finally {
    if (buffer !== undefined) releaseBuffer(buffer);
  }
}

/** How often each pattern of bits occurs in 8- or 16-bit elements; NaN and zeros are not made one. */
export function patternCounts(data: TypedArray): Indices {
  const counts = new Uint32Array(2 ** (8 * data.BYTES_PER_ELEMENT));
  const patterns = patternsOf(data);
  if (data.length > sortTuning.counts) return longCounts(patterns, counts);
  countPatterns(patterns, 0, data.length, counts);
  return counts;
}

/** Counts of part after part, each with counters of 32 bits, are added up. */
function longCounts(patterns: Patterns, counts: Uint32Array): Float64Array {
  const sums = new Float64Array(counts.length);
  const starts = runStarts(patterns.length, sortTuning.counts);
  for (let part = 0; part < starts.length - 1; part++) {
    // indices from 0 on: a loop whose index leaves 31 bits runs 35 times slower
    const of = patterns.subarray(starts[part], starts[part + 1]);
    countPatterns(of, 0, of.length, counts.fill(0));
    for (let pattern = 0; pattern < sums.length; pattern++) sums[pattern]! += counts[pattern]!;
  }
  return sums;
}

/** The elements as unsigned patterns. */
export function patternsOf({ buffer, byteOffset, length, BYTES_PER_ELEMENT }: TypedArray): Patterns {
  return BYTES_PER_ELEMENT === 1
    ? new Uint8Array(buffer, byteOffset, length)
    : new Uint16Array(buffer, byteOffset, length);
}

/** The pattern of the value of a rank among all of an element type; of floats, from -NaN to NaN. */
export function patternAt(rank: number, values: number, data: TypedArray): number {
  const half = values / 2;
  switch (dtypeOf(data)) {
    case "i1":
    case "i2":
      return rank ^ half;
    case "f2":
      return rank < half ? values - 1 - rank : rank - half;
    default:
      return rank;
  }
}

/** Where each part puts its first element of each pattern, as numbers like those in `out`. */
function startsOf(
  rows: Uint32Array,
  parts: number,
  values: number,
  data: TypedArray,
  out: Indices,
): Indices[] {
  const OfPlaces = out instanceof Uint32Array ? Uint32Array : Float64Array;
  const starts = Array.from({ length: parts }, () => new OfPlaces(values));
  let next = 0;
  for (let rank = 0; rank < values; rank++) {
    const pattern = patternAt(rank, values, data);
    for (let part = 0; part < parts; part++) {
      starts[part]![pattern] = next;
      next += rows[part * values + pattern]!;
    }
  }
  return starts;
}

function countPatterns(patterns: Patterns, from: number, to: number, counts: Uint32Array): void {
  for (let i = from; i < to; i++) counts[patterns[i]!]!++;
}

function placePatterns(
  patterns: Patterns,
  from: number,
  to: number,
  starts: Indices,
  out: Indices,
): void {
  for (let i = from; i < to; i++) out[starts[patterns[i]!]!++] = i;
}

/** One zero, one NaN. */
function plainHalf(pattern: number): number {
  const size = pattern & 0x7fff;
  return size > 0x7c00 ? 0x7e00 : size === 0 ? 0 : pattern;
}

function countHalves(patterns: Patterns, from: number, to: number, counts: Uint32Array): void {
  for (let i = from; i < to; i++) counts[plainHalf(patterns[i]!)]!++;
}

function placeHalves(
  patterns: Patterns,
  from: number,
  to: number,
  starts: Indices,
  out: Indices,
): void {
  for (let i = from; i < to; i++) out[starts[plainHalf(patterns[i]!)]!++] = i;
}
