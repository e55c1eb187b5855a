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
import { type Buckets, bucketsOf } from "./buckets.ts";
import { RANGE_WORDS, readRange } from "./keys.ts";
import { type Elements, elementsOf, TypedLoops } from "./loops.ts";
import { BUCKETS, largestOf, partition } from "./partition.ts";
import { KeyBucketSorter } from "./value_buckets.ts";
import { type Window, windowOver } from "./window.ts";
import { divide, type Division, withWorkspace, type Workspace } from "./workspace.ts";

/** Words of a part's row of ranges that are free for us. */
const SCATTERED = 8;
const HAS_MINUS_ZERO = 9;
const INFINITY = 0x7ff00000;

/**
 * Writes the elements of `source` to `target`, which may be the same, in order; false when there is a `-0`, and
 * nothing was written.
 *
 * @param target in shared memory if `size` is above 1
 */
export function sortDoubles(source: Float64Array, target: Float64Array, size: number): boolean {
  const division = divide(source.length, size);
  let isSorted = false;
  withWorkspace(source.length, division, (workspace) => {
    const whole = elementsOf(source);
    const work = (elements: Elements) => (member: CrewMember): void => {
      isSorted = sortIn(workspace, division, member, elements, target);
    };
    workspace.ranges.fill(0);
    if (runCrew(size, work(whole))) return;
    const isInPlace = source.buffer === target.buffer;
    if (isInPlace && isScattered(workspace, division)) restore(workspace, division, target);
    workspace.ranges.fill(0);
    runCrew(1, work(whole));
  });
  return isSorted;
}

class KeyLoops extends TypedLoops {
  window!: Window;
  buckets!: Buckets;

  override prepare(window: Window, buckets: Buckets): void {
    this.window = window;
    this.buckets = buckets;
  }
}

function sortIn(
  workspace: Workspace,
  division: Division,
  member: CrewMember,
  elements: Elements,
  target: Float64Array,
): boolean {
  const { pairs, ranges } = workspace;
  const loops = new KeyLoops(elements, workspace, division, new Uint32Array(0));
  const found = partition(
    workspace,
    division,
    member,
    loops,
    (from, to, cursors, part) => {
      const hasMinusZero = scatterKeys(elements.words, from, to, loops.window, loops.buckets, cursors, pairs.words);
      ranges[part * RANGE_WORDS + HAS_MINUS_ZERO] = hasMinusZero ? 1 : 0;
      Atomics.store(ranges, part * RANGE_WORDS + SCATTERED, 1);
    },
  );
  for (let part = 0; part < division.parts; part++) {
    if (ranges[part * RANGE_WORDS + HAS_MINUS_ZERO] === 1) return false;
  }
  const { window, buckets } = found;
  const sorter = new KeyBucketSorter(largestOf(buckets, division.bucketSize), window);
  for (let bucket = member.claim(BUCKETS); bucket <= buckets.count; bucket = member.claim(BUCKETS)) {
    const [from, to] = [buckets.starts[bucket]!, buckets.starts[bucket + 1]!];
    if (bucket === buckets.count) target.fill(NaN, from, to);
    else sorter.sort(pairs, from, to, buckets.widths[bucket]!, buckets.bases[bucket]!, target);
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

/** Moves the keys of doubles into their buckets, NaN nowhere; whether there was a `-0`. */
function scatterKeys(
  words: Int32Array,
  from: number,
  to: number,
  { base, cellShift, high0, high1, low0, low1 }: Window,
  { ofCell, bases }: Buckets,
  cursors: Int32Array,
  keys: Int32Array,
): boolean {
  let hasMinusZero = false;
  for (let i = from; i < to; i++) {
    let low = words[2 * i]! | 0;
    let high = words[2 * i + 1]! | 0;
    const size = high & 0x7fffffff;
    if (size >= INFINITY && (size > INFINITY || low !== 0)) continue;
    const sign = high >> 31;
    if (size === 0 && low === 0 && sign !== 0) hasMinusZero = true;
    high ^= sign & 0x7fffffff;
    low ^= sign;
    const key = (((high << high0) << high1) | ((low >>> low0) >>> low1)) - base | 0;
    const bucket = ofCell[key >>> cellShift]!;
    const at = cursors[bucket]!++;
    keys[2 * at] = low;
    keys[2 * at + 1] = key - bases[bucket]!;
  }
  return hasMinusZero;
}
