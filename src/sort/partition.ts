/**
 * Argsort of 32- and 64-bit elements: one partition by the uppermost bits, then each bucket inside the cache.
 *
 * ```
 * elements, in parts of equal length             every phase: parts, then buckets, are claimed one by one
 *   │ range of the keys of each part
 *   ├─────────── barrier ───────────▶ window: which bits number the cells
 *   │ how many of each part fall in each cell
 *   ├─────────── barrier ───────────▶ buckets of cells, a cursor for each part and bucket
 *   │ pairs (next 32 bits, index) into their buckets
 *   ├─────────── barrier ───────────
 *   │ each bucket: pairs.ts
 *   ▼
 * indices
 * ```
 *
 * Parts are in the order of the input and write to places in that order, so the sort is stable. Memory besides the
 * result: 8 bytes an element for the pairs, 256 KiB a part for the counts, and in each process room for one bucket.
 *
 * @module
 */
import type { TypedArray } from "../memory/dtype.ts";
import { type CrewMember, runCrew } from "../algorithms/crew.ts";
import { type Buckets, bucketsOf, cursorsOf } from "./buckets.ts";
import { keyFormat, LOW_BITS, RANGE_WORDS, readRange, wordsOf } from "./keys.ts";
import { countNarrow, isRisingNarrow, rangeNarrow, scatterNarrow } from "./narrow_keys.ts";
import { copyIndices } from "./digits.ts";
import { type FullKeys, PairSorter } from "./pairs.ts";
import { countUpper, countWide, isRisingWide, rangeUpper, rangeWide, scatterWide } from "./wide_keys.ts";
import { bitLength, type Window, windowOver } from "./window.ts";
import { divide, type Division, SMALL, withWorkspace, type Workspace } from "./workspace.ts";

/** What the counters of a crew hand out. */
export const RANGES = 0;
/** See {@linkcode RANGES}. */
export const COUNTS = 1;
/** See {@linkcode RANGES}. */
export const SCATTERS = 2;
/** See {@linkcode RANGES}. */
export const BUCKETS = 3;
/** See {@linkcode RANGES}. */
const WIDE_RANGES = 4;

/** The elements to be sorted, as words, and how to read them. */
export interface Elements {
  readonly words: Int32Array;
  readonly isWide: boolean;
  readonly float: number;
  readonly flip: number;
}

/** Where a partition has put the elements. */
export interface Partition {
  readonly window: Window;
  readonly buckets: Buckets;
}

/** Moves the elements `from`…`to` into their buckets. */
export type Scatter = (
  from: number,
  to: number,
  window: Window,
  buckets: Buckets,
  cursors: Int32Array,
  part: number,
) => void;

let smallSorter: PairSorter | undefined;

/** An array of 32- or 64-bit elements as words. */
export function elementsOf(data: TypedArray): Elements {
  return { words: wordsOf(data), isWide: data.BYTES_PER_ELEMENT === 8, ...keyFormat(data) };
}

/** Whether the elements are in order already. Stops at the first that is not. */
export function isRising({ words, isWide, float, flip }: Elements): boolean {
  return isWide
    ? isRisingWide(words, words.length / 2, float, flip)
    : isRisingNarrow(words, words.length, float, flip);
}

/**
 * Writes to `out` the indices that sort `data`, of 32- or 64-bit elements, with `size` processes.
 *
 * @param out of the length of `data`; in shared memory if `size` is above 1
 */
export function argsortByPartition(data: TypedArray, out: Uint32Array, size: number): void {
  const elements = elementsOf(data);
  if (isRising(elements)) return count(out);
  const division = divide(data.length, size);
  withWorkspace(data.length, division, (workspace) => {
    const work = (member: CrewMember): void => argsortIn(workspace, division, member, elements, out);
    if (!runCrew(size, work)) runCrew(1, work);
  });
}

/** Distributes the elements to buckets, as one member; all have done so when it returns. */
export function partition(
  { rows, ranges }: Workspace,
  { parts, starts, cellBits, stride, bucketSize }: Division,
  member: CrewMember,
  { words, isWide, float, flip }: Elements,
  scatter: Scatter,
): Partition {
  for (let part = member.claim(RANGES); part < parts; part = member.claim(RANGES)) {
    (isWide ? rangeUpper : rangeNarrow)(words, starts[part]!, starts[part + 1]!, float, flip, ranges, part);
  }
  member.barrier();
  let range = readRange(ranges, parts);
  const isByUpper = isWide && bitLength((range.maxHigh - range.minHigh) >>> 0) >= cellBits;
  if (isWide && !isByUpper) {
    // nobody may write what another has still to read
    member.barrier();
    for (let part = member.claim(WIDE_RANGES); part < parts; part = member.claim(WIDE_RANGES)) {
      rangeWide(words, starts[part]!, starts[part + 1]!, float, flip, ranges, part);
    }
    member.barrier();
    range = readRange(ranges, parts);
  }
  const window = windowOver(range, isWide, cellBits);
  for (let part = member.claim(COUNTS); part < parts; part = member.claim(COUNTS)) {
    const [from, to] = [starts[part]!, starts[part + 1]!];
    const cells = rows.subarray(part * stride, (part + 1) * stride);
    cells.fill(0);
    if (isByUpper) {
      const shift = window.cellShift - (32 - window.rest);
      countUpper(words, from, to, float, flip, range.minHigh, shift, window.nanCell, cells);
    } else (isWide ? countWide : countNarrow)(words, from, to, float, flip, window, cells);
  }
  member.barrier();
  const buckets = bucketsOf(window, rows, parts, stride, bucketSize);
  const cursors = cursorsOf(buckets, window, rows, parts, stride);
  for (let part = member.claim(SCATTERS); part < parts; part = member.claim(SCATTERS)) {
    scatter(starts[part]!, starts[part + 1]!, window, buckets, cursors[part]!, part);
  }
  member.barrier();
  return { window, buckets };
}

function argsortIn(
  workspace: Workspace,
  division: Division,
  member: CrewMember,
  elements: Elements,
  out: Uint32Array,
): void {
  const { words, isWide, float, flip } = elements;
  const { pairs, ranges } = workspace;
  const { window, buckets } = partition(
    workspace,
    division,
    member,
    elements,
    (from, to, window, buckets, cursors, part) => {
      const scatter = isWide ? scatterWide : scatterNarrow;
      const bits = scatter(words, from, to, float, flip, window, buckets, cursors, pairs.words);
      ranges[part * RANGE_WORDS + LOW_BITS] = bits;
    },
  );
  const { count, starts, widths } = buckets;
  const sorter = sorterFor(out.length, buckets, division);
  let lowBits = 0;
  for (let part = 0; part < division.parts; part++) lowBits |= ranges[part * RANGE_WORDS + LOW_BITS]!;
  for (let bucket = member.claim(BUCKETS); bucket <= count; bucket = member.claim(BUCKETS)) {
    const [from, to] = [starts[bucket]!, starts[bucket + 1]!];
    if (bucket === count) copyIndices(pairs.words, from, to, out, from);
    else {
      const { width, full } = rest(widths[bucket]!, window, lowBits, words, float);
      sorter.sort(pairs, from, to, width, full, out);
    }
  }
}

/** How many bits of a bucket's pairs count, and where those are that they leave out, if any is set. */
function rest(
  bits: number,
  window: Window,
  lowBits: number,
  words: Int32Array,
  float: number,
): { width: number; full: FullKeys | undefined } {
  const missing = bits + window.rest - 32;
  const width = missing > 0 ? 32 : bits + window.rest;
  const isExact = missing <= 0 || (lowBits & (2 ** missing - 1)) === 0;
  return { width, full: isExact ? undefined : { words, float } };
}

/** The most elements of a bucket that is not a single cell. */
export function largestOf({ starts, count }: Buckets, { bucketSize }: Division): number {
  let largest = 0;
  for (let bucket = 0; bucket < count; bucket++) {
    const size = starts[bucket + 1]! - starts[bucket]!;
    if (size > largest && size <= bucketSize) largest = size;
  }
  return largest;
}

function sorterFor(n: number, buckets: Buckets, division: Division): PairSorter {
  if (n <= SMALL) return smallSorter ??= new PairSorter(SMALL);
  return new PairSorter(largestOf(buckets, division));
}

/** 0, 1, 2, … */
export function count(out: Uint32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = i;
}
