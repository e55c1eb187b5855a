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
import { getFreshMemory } from "../memory/huge_pages.ts";
import { type CrewMember, runCrew } from "../algorithms/crew.ts";
import type { Buckets } from "./buckets.ts";
import { LOW_BITS, RANGE_WORDS, readRange } from "./keys.ts";
import { elementsOf, type IndexLoops, isRising, type PartitionLoops } from "./loops.ts";
import { bitLength, type Window, windowOver } from "./window.ts";
import { withIndexLoops } from "./with_loops.ts";
import { divide, type Division, type Workspace } from "./workspace.ts";

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

/** Where a partition has put the elements. */
export interface Partition {
  readonly window: Window;
  readonly buckets: Buckets;
}

/** Moves the elements `from`…`to` into their buckets. */
export type Scatter = (from: number, to: number, cursors: Int32Array, part: number) => void;

/**
 * Writes to `out` the indices that sort `data`, of 32- or 64-bit elements, with `size` processes.
 *
 * @param out of the length of `data`; in shared memory if `size` is above 1
 */
export function argsortByPartition(data: TypedArray, out: Uint32Array, size: number): void {
  if (isRising(elementsOf(data))) {
    getFreshMemory();
    return count(out);
  }
  const division = divide(data.length, size);
  withIndexLoops(data, out, division, size, (workspace, loops) => {
    const work = (member: CrewMember): void => argsortIn(workspace, division, member, loops);
    if (!runCrew(size, work)) runCrew(1, work);
    return true;
  });
}

/** Distributes the elements to buckets, as one member; all have done so when it returns. */
export function partition(
  { rows, ranges }: Workspace,
  { parts, starts, cellBits, stride, bucketSize }: Division,
  member: CrewMember,
  loops: PartitionLoops,
  scatter: Scatter,
): Partition {
  const { isWide } = loops;
  for (let part = member.claim(RANGES); part < parts; part = member.claim(RANGES)) {
    ranges.fill(0, part * RANGE_WORDS, part * RANGE_WORDS + LOW_BITS);
    loops.range(starts[part]!, starts[part + 1]!, part);
  }
  member.barrier();
  let range = readRange(ranges, parts);
  const isByUpper = isWide && bitLength((range.maxHigh - range.minHigh) >>> 0) >= cellBits;
  if (isWide && !isByUpper) {
    // nobody may write what another has still to read
    member.barrier();
    for (let part = member.claim(WIDE_RANGES); part < parts; part = member.claim(WIDE_RANGES)) {
      ranges.fill(0, part * RANGE_WORDS, part * RANGE_WORDS + LOW_BITS);
      loops.wholeRange(starts[part]!, starts[part + 1]!, part);
    }
    member.barrier();
    range = readRange(ranges, parts);
  }
  const window = windowOver(range, isWide, cellBits);
  for (let part = member.claim(COUNTS); part < parts; part = member.claim(COUNTS)) {
    rows.subarray(part * stride, (part + 1) * stride).fill(0);
    loops.count(starts[part]!, starts[part + 1]!, window, part, isByUpper ? range : undefined);
  }
  member.barrier();
  const { buckets, cursors } = loops.plan(window, parts, bucketSize);
  loops.prepare(window, buckets, largestOf(buckets, bucketSize));
  for (let part = member.claim(SCATTERS); part < parts; part = member.claim(SCATTERS)) {
    scatter(starts[part]!, starts[part + 1]!, cursors[part]!, part);
  }
  member.barrier();
  return { window, buckets };
}

function argsortIn(
  workspace: Workspace,
  division: Division,
  member: CrewMember,
  loops: IndexLoops,
): void {
  const { ranges } = workspace;
  const { window, buckets } = partition(workspace, division, member, loops, (from, to, cursors, part) => {
    ranges[part * RANGE_WORDS + LOW_BITS] = loops.scatter(from, to, cursors);
  });
  const { count, starts, widths } = buckets;
  let lowBits = 0;
  for (let part = 0; part < division.parts; part++) lowBits |= ranges[part * RANGE_WORDS + LOW_BITS]!;
  for (let bucket = member.claim(BUCKETS); bucket <= count; bucket = member.claim(BUCKETS)) {
    const [from, to] = [starts[bucket]!, starts[bucket + 1]!];
    if (bucket === count) loops.copy(from, to);
    else {
      const { width, isExact } = rest(widths[bucket]!, window, lowBits);
      loops.sortBucket(from, to, width, isExact);
    }
  }
}

/** How many bits of a bucket's pairs count, and whether the bits that they leave out are none or never set. */
function rest(bits: number, window: Window, lowBits: number): { width: number; isExact: boolean } {
  const missing = bits + window.rest - 32;
  const width = missing > 0 ? 32 : bits + window.rest;
  return { width, isExact: missing <= 0 || (lowBits & (2 ** missing - 1)) === 0 };
}

/** The most elements of a bucket that is not a single cell. */
function largestOf({ starts, count }: Buckets, bucketSize: number): number {
  let largest = 0;
  for (let bucket = 0; bucket < count; bucket++) {
    const size = starts[bucket + 1]! - starts[bucket]!;
    if (size > largest && size <= bucketSize) largest = size;
  }
  return largest;
}

/** 0, 1, 2, … */
export function count(out: Uint32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = i;
}
