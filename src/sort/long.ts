/**
 * Arrays of more elements than are sorted as one run: runs are, one after the other, and then merged.
 *
 * ```
 * argsort   runs ─ argsortInto ─▶ their indices (u4) ─ merge ─▶ indices: u4, of more than 2^32 elements f8
 * sort      runs ─ sortInto, in place ─ merge ─▶ a second array ─ copied back when it is in place
 * ```
 *
 * Elements of 8 and 16 bits are counted however many they are; of these only `f2` is sorted in runs, where not its
 * indices are wanted.
 *
 * @module
 */
import { isShared } from "../algorithms/input.ts";
import { makeData } from "../memory/arrays.ts";
import type { ShortDType, TypedArray } from "../memory/dtype.ts";
import { releaseBuffer } from "../memory/segment.ts";
import { argsortByCounting } from "./counting.ts";
import { argsortInto } from "./indices.ts";
import { bitsOf } from "./lanes.ts";
import { type Indices, isCounted, runLimit, runStarts } from "./limits.ts";
import { areRising, mergeRuns, type WritePlaces } from "./merge.ts";
import { keySource } from "./run_keys.ts";
import { copyBits, isSortedByCounting, sortInto } from "./sort_into.ts";

/**
 * As `argsortInto()`, for any number of elements.
 *
 * O(n log k) for k runs. Needs 4 bytes an element for the runs' indices, besides the result and what one run needs.
 *
 * @param out of the length of `data`, in other memory; shared if `size` is above 1
 */
export function argsortLong(data: TypedArray, dtype: ShortDType, out: Indices, size: number): void {
  if (isCounted(dtype)) return argsortByCounting(data, out, size);
  const starts = runStarts(data.length, runLimit(dtype));
  const order = makeData([data.length], "u4", "argsort", "anything") as Uint32Array<ArrayBuffer>;
  try {
    forEachRun(starts, (from, to) => {
      argsortInto(data.subarray(from, to), dtype, order.subarray(from, to), size);
    });
    mergeRuns({ starts, keys: keySource(data), order }, size, (places, count, at) => {
      out.set(count === places.length ? places : places.subarray(0, count), at);
    });
  } finally {
    releaseBuffer(order.buffer);
  }
}

/**
 * As `sortInto()`, for any number of elements.
 *
 * O(n log k) for k runs. In place it needs memory for all elements, besides what one run needs; nothing is written over
 * before all of it is there.
 */
export function sortLong(source: TypedArray, target: TypedArray, dtype: ShortDType, size: number): void {
  if (isSortedByCounting(source, dtype)) return sortInto(source, target, dtype, size);
  const starts = runStarts(source.length, runLimit(dtype));
  const isInPlace = source.buffer === target.buffer;
  const other = makeData([source.length], dtype, "sort", "anything");
  try {
    const [sorted, merged] = isInPlace ? [target, other] : [other, target];
    forEachRun(
      starts,
      (from, to) => sortInto(source.subarray(from, to), sorted.subarray(from, to), dtype, size),
    );
    const runs = { starts, keys: keySource(sorted), order: undefined };
    if (areRising(runs)) return isInPlace ? undefined : copyBits(sorted, target);
    mergeRuns(runs, isShared(merged) ? size : 1, writerOf(sorted, merged));
    if (isInPlace) copyBits(merged, target);
  } finally {
    releaseBuffer(other.buffer);
  }
}

function forEachRun(starts: readonly number[], use: (from: number, to: number) => void): void {
  for (let run = 0; run < starts.length - 1; run++) use(starts[run]!, starts[run + 1]!);
}

/** Copies the elements at the places. */
function writerOf(source: TypedArray, target: TypedArray): WritePlaces {
  const from = bitsOf(source) as Uint32Array;
  const to = bitsOf(target) as Uint32Array;
  const copy = source.BYTES_PER_ELEMENT === 8 ? copyWide : copyNarrow;
  return (places, count, at) => copy(from, places, count, to, at);
}

function copyNarrow(
  from: Uint32Array,
  places: Float64Array,
  count: number,
  to: Uint32Array,
  at: number,
): void {
  for (let i = 0; i < count; i++) to[at + i] = from[places[i]!]!;
}

function copyWide(
  from: Uint32Array,
  places: Float64Array,
  count: number,
  to: Uint32Array,
  at: number,
): void {
  for (let i = 0; i < count; i++) {
    const place = 2 * places[i]!;
    to[2 * (at + i)] = from[place]!;
    to[2 * (at + i) + 1] = from[place + 1]!;
  }
}
