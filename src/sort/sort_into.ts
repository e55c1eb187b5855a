/**
 * The values of one array in order: which algorithm.
 *
 * @module
 */
import { isShared } from "../algorithms/input.ts";
import { makeData } from "../memory/arrays.ts";
import { constructorOf, dtypeOf, type ShortDType, type TypedArray } from "../memory/dtype.ts";
import { releaseBuffer } from "../memory/segment.ts";
import { patternAt, patternCounts, patternsOf } from "./counting.ts";
import { gather } from "./gather.ts";
import { argsortInto } from "./indices.ts";
import { elementsOf, isRising } from "./loops.ts";
import { sortDoubles } from "./values.ts";

/** Up to here indices are as fast. */
const FEW_DOUBLES = 2 ** 10;
/** Up to here 16-bit elements are sorted by indices: counting looks at 65,536 counts. */
const FEW_HALVES = 2 ** 12;
/** Up to here a segment costs more than the sort. */
const PRIVATE = 2 ** 14;

/** Whether elements are sorted by counting how often each value occurs; a zero of `f2` has two. */
export function isSortedByCounting({ BYTES_PER_ELEMENT, length }: TypedArray, dtype: ShortDType): boolean {
  return BYTES_PER_ELEMENT === 1 || (BYTES_PER_ELEMENT === 2 && dtype !== "f2" && length > FEW_HALVES);
}

/**
 * Writes the elements of `source` to `target`, which may be the same, in NumPy's order and stably.
 *
 * @param size processes; if above 1 and `target` is not in shared memory, they work in memory that is
 */
export function sortInto(source: TypedArray, target: TypedArray, dtype: ShortDType, size: number): void {
  const isInPlace = source.buffer === target.buffer;
  if (isSortedByCounting(source, dtype)) return sortByCounting(source, target);
  if (source.length < 2 || (source.BYTES_PER_ELEMENT >= 4 && isRising(elementsOf(source)))) {
    if (!isInPlace) copyBits(source, target);
    return;
  }
  if (size > 1 && source.length <= PRIVATE) return sortInto(source, target, dtype, 1);
  if (size > 1 && !isShared(target)) {
    return withArray(source.length, dtype, (shared) => {
      sortInto(source, shared, dtype, size);
      copyBits(shared, target);
    });
  }
  const isLong = source.length > FEW_DOUBLES;
  if (dtype === "f8" && isLong && sortDoubles(source as Float64Array, target as Float64Array, size)) return;
  sortByIndices(source, target, dtype, size);
}

function sortByIndices(source: TypedArray, target: TypedArray, dtype: ShortDType, size: number): void {
  const { length } = source;
  withArray(length, "u4", (indices) => {
    argsortInto(source, dtype, indices as Uint32Array, size);
    if (source.buffer !== target.buffer) return gather(source, indices as Uint32Array, target, size);
    // nothing is written over before all of it is safe elsewhere
    withArray(length, dtype, (sorted) => {
      gather(source, indices as Uint32Array, sorted, size);
      copyBits(sorted, target);
    });
  });
}

function sortByCounting(source: TypedArray, target: TypedArray): void {
  const counts = patternCounts(source);
  const patterns = patternsOf(target);
  let at = 0;
  for (let rank = 0; rank < counts.length; rank++) {
    const pattern = patternAt(rank, counts.length, source);
    const end = at + counts[pattern]!;
    if (end > at) patterns.fill(pattern, at, end);
    at = end;
  }
}

/** Short memory is private: a crew sorts longer arrays only. */
function withArray(length: number, dtype: ShortDType, use: (array: TypedArray) => void): void {
  if (length <= PRIVATE) return use(new (constructorOf(dtype))(length));
  const array = makeData([length], dtype, "sort", "anything");
  try {
    use(array);
  } finally {
    releaseBuffer(array.buffer);
  }
}

/** Copies all elements to an array of the same element type. */
export function copyBits(source: TypedArray, target: TypedArray): void {
  if (dtypeOf(source) === dtypeOf(target)) (target as Float64Array).set(source as Float64Array);
}
