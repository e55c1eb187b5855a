/**
 * Argsort of 8- and 16-bit elements: count each value, then put every index in its place. No memory but the counts.
 *
 * @module
 */
import { type CrewMember, runCrew } from "../algorithms/crew.ts";
import { dtypeOf, type TypedArray } from "../memory/dtype.ts";
import { allocateBuffer, releaseBuffer } from "../memory/segment.ts";

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
export function argsortByCounting(data: TypedArray, out: Uint32Array, size: number): void {
  const n = data.length;
  const values = 2 ** (8 * data.BYTES_PER_ELEMENT);
  const isFloat = dtypeOf(data) === "f2";
  const buffer = size > 1
    ? allocateBuffer(4 * values * size, "the memory to sort in", "anything")
    : undefined;
  const rows = new Uint32Array(buffer ?? new ArrayBuffer(4 * values));
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
    const starts = startsOf(rows, parts, values, data);
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
export function patternCounts(data: TypedArray): Uint32Array {
  const counts = new Uint32Array(2 ** (8 * data.BYTES_PER_ELEMENT));
  countPatterns(patternsOf(data), 0, data.length, counts);
  return counts;
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

/** Where each part puts its first element of each pattern. */
function startsOf(rows: Uint32Array, parts: number, values: number, data: TypedArray): Uint32Array[] {
  const starts = Array.from({ length: parts }, () => new Uint32Array(values));
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
  starts: Uint32Array,
  out: Uint32Array,
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
  starts: Uint32Array,
  out: Uint32Array,
): void {
  for (let i = from; i < to; i++) out[starts[plainHalf(patterns[i]!)]!++] = i;
}
