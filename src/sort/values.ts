/**
 * Sorting doubles by their values: the partition of `partition.ts`, but what is moved are the keys themselves, from
 * which the values come back.
 *
 * ```
 * key of an element  =  (bucket's base + upper word) bits of the window, then the lower word's rest
 * in the buckets        upper word < 2^30: as a double it is never NaN, and is moved as one
 * ```
 *
 * `-0` and `0` have one key: when there is a `-0`, the array is sorted by indices instead.
 *
 * In place, every element lies in the workspace before the first is written back: when a process dies after that, the
 * array is restored from there.
 *
 * @module
 */
import { type CrewMember, runCrew } from "../algorithms/crew.ts";
import { bucketsOf } from "./buckets.ts";
import { RANGE_WORDS, readRange } from "./keys.ts";
import type { ValueLoops } from "./loops.ts";
import { BUCKETS, partition } from "./partition.ts";
import { KeyBucketSorter } from "./value_buckets.ts";
import { windowOver } from "./window.ts";
import { withValueLoops } from "./with_loops.ts";
import { divide, type Division, type Workspace } from "./workspace.ts";

/** Words of a part's row of ranges that are free for us. */
const SCATTERED = 8;
const HAS_MINUS_ZERO = 9;

/**
 * Writes the elements of `source` to `target`, which may be the same, in order; false when there is a `-0`, and
 * nothing was written.
 *
 * @param target in shared memory if `size` is above 1
 */
export function sortDoubles(source: Float64Array, target: Float64Array, size: number): boolean {
  const division = divide(source.length, size);
  let isSorted = false;
  withValueLoops(source, target, division, size, (workspace, loops) => {
    const work = (member: CrewMember): void => {
      isSorted = sortIn(workspace, division, member, loops);
    };
    workspace.ranges.fill(0);
    if (runCrew(size, work)) return isSorted;
    const isInPlace = source.buffer === target.buffer;
    if (isInPlace && isScattered(workspace, division)) restore(workspace, division, target);
    workspace.ranges.fill(0);
    runCrew(1, work);
    return isSorted;
  });
  return isSorted;
}

function sortIn(
  workspace: Workspace,
  division: Division,
  member: CrewMember,
  loops: ValueLoops,
): boolean {
  const { ranges } = workspace;
  const { buckets } = partition(workspace, division, member, loops, (from, to, cursors, part) => {
    ranges[part * RANGE_WORDS + HAS_MINUS_ZERO] = loops.scatter(from, to, cursors);
    Atomics.store(ranges, part * RANGE_WORDS + SCATTERED, 1);
  });
  for (let part = 0; part < division.parts; part++) {
    if (ranges[part * RANGE_WORDS + HAS_MINUS_ZERO] === 1) return false;
  }
  const { count, starts } = buckets;
  for (let bucket = member.claim(BUCKETS); bucket <= count; bucket = member.claim(BUCKETS)) {
    if (bucket === count) loops.fillMissing(starts[bucket]!, starts[bucket + 1]!);
    else loops.sortBucket(bucket);
  }
  return true;
}

/** Whether every element is in the workspace; before, none was written back. */
function isScattered({ ranges }: Workspace, { parts }: Division): boolean {
  for (let part = 0; part < parts; part++) {
    if (Atomics.load(ranges, part * RANGE_WORDS + SCATTERED) === 0) return false;
  }
  return true;
}

/** Writes back what the workspace holds, in whatever order. */
function restore(workspace: Workspace, division: Division, target: Float64Array): void {
  const { pairs, rows, ranges } = workspace;
  const { parts, cellBits, stride, bucketSize } = division;
  for (let part = 0; part < parts; part++) {
    // nothing was written back, and the keys do not tell -0 from 0
    if (ranges[part * RANGE_WORDS + HAS_MINUS_ZERO] === 1) return;
  }
  const window = windowOver(readRange(ranges, parts), true, cellBits);
  const { starts, bases, count } = bucketsOf(window, rows, parts, stride, bucketSize);
  const sorter = new KeyBucketSorter(0, window);
  for (let bucket = 0; bucket < count; bucket++) {
    sorter.write(pairs, starts[bucket]!, starts[bucket + 1]!, bases[bucket]!, target, starts[bucket]!);
  }
  target.fill(NaN, starts[count]!, starts[count + 1]!);
}
