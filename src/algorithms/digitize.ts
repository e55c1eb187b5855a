/**
 * Bins of values.
 *
 * @module
 */
import type { TypedArray } from "../memory/dtype.ts";
import type { ArraySource } from "../memory/like_types.ts";
import type { NdArray } from "../memory/nd_array.ts";
import { checkNp, type CrewMember, crewSize, runCrew } from "./crew.ts";
import { DoubleReader, toDoubles } from "./doubles.ts";
import { flatInput, outputFor } from "./input.ts";
import { writeThrough } from "./write_through.ts";
import { checkFlag, checkOptions } from "../options.ts";
import type { DimensionsOf } from "./result_types.ts";
import { countBelow, countUpTo } from "./search_kernels.ts";

/** Options of {@linkcode digitize}. */
export interface DigitizeOptions {
  /** Whether bins contain their right edge, not their left one; false by default. */
  readonly right?: boolean | undefined;
  /** Processes: the number of processors by default; 0 and 1 mean the calling one alone. */
  readonly np?: number | undefined;
  /** A `Uint32Array` or view of the shape of `x` for the result. */
  readonly out?: TypedArray | NdArray | undefined;
}

/** Indices of the shape of the argument. */
export type Digitized<A extends ArraySource> = number extends DimensionsOf<A>
  ? number | Uint32Array<ArrayBuffer> | NdArray<Uint32Array<ArrayBuffer>>
  : DimensionsOf<A> extends 0 ? number
  : DimensionsOf<A> extends 1 ? Uint32Array<ArrayBuffer>
  : NdArray<Uint32Array<ArrayBuffer>, DimensionsOf<A>>;

const OPTIONS = ["right", "np", "out"];
/** Elements that a process must have; each takes a search of 5 to 50 ns. */
const SHARE = 2 ** 20;
const BLOCK = 4096;

/**
 * In which bin each value lies: for rising `bins` the `i` with `bins[i-1] <= x < bins[i]` (with `right`,
 * `bins[i-1] < x <= bins[i]`), for falling ones with `bins[i-1] > x >= bins[i]`; 0 and `bins.length` outside. NaN
 * counts as greater than all.
 *
 * Indices of the shape of `x`, in shared memory unless `out` is given; a number for a single value. 64-bit
 * integers are compared as doubles. O(n log bins). Blocks.
 *
 * Current implementation: one process up to 2 Mi elements, or where `out` is private memory.
 *
 * Differs from `numpy.digitize`: indices have 32 bits; NaN among `bins` counts as the greatest.
 *
 * @param x values, of any shape
 * @param bins edges that rise or fall
 * @throws {RangeError} when `bins` neither rise nor fall, or have several dimensions; when `out` has another shape
 * @throws {TypeError} when an argument is no array or was released, an option is not known or of the wrong kind
 *
 * @example Grades
 * ```ts
 * import { digitize } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...digitize([0.2, 6.4, 3, 1.6], [0, 1, 2.5, 4, 10])], [1, 4, 3, 2]);
 * assert.deepEqual([...digitize([1, 2], [1, 2], { right: true })], [0, 1]);
 * ```
 */
export function digitize<A extends ArraySource>(
  x: A,
  bins: ArraySource,
  options?: DigitizeOptions,
): Digitized<A> {
  return digitizeArray(x, bins, options) as Digitized<A>;
}

function digitizeArray(
  x: unknown,
  bins: unknown,
  options: DigitizeOptions | undefined,
): number | TypedArray | NdArray {
  checkOptions(options, OPTIONS, "digitize()");
  const { np, out } = options ?? {};
  checkNp(np, "digitize()");
  const isRight = checkFlag(options?.right, "right", "digitize()");
  const { data, dimensions } = flatInput(x, "digitize()");
  const edges = flatInput(bins, "digitize() bins");
  if (edges.dimensions.length !== 1) {
    throw new RangeError(`digitize() wants bins of one dimension, got ${edges.dimensions.length}`);
  }
  const rising = toDoubles(edges.data).slice();
  const isFalling = directionOf(rising) < 0;
  if (isFalling) rising.reverse();
  if (dimensions.length === 0 && out === undefined) {
    return binOf(rising, toDoubles(data)[0]!, isRight, isFalling);
  }
  const output = outputFor(out, dimensions, "u4", "digitize");
  const fill = (target: Uint32Array, member: CrewMember): void => {
    const reader = new DoubleReader(data);
    const blocks = Math.ceil(data.length / BLOCK);
    for (let block = member.claim(0); block < blocks; block = member.claim(0)) {
      const from = block * BLOCK;
      const count = Math.min(BLOCK, data.length - from);
      reader.read(from, count);
      fillBins(reader.doubles, reader.from, count, rising, isRight, isFalling, target, from);
    }
  };
  const size = output.isShared ? crewSize(np, data.length, SHARE, "digitize()") : 1;
  writeThrough(output, [data], size, "digitize", (target) => {
    const body = (member: CrewMember): void => fill(target as Uint32Array, member);
    if (!runCrew(size, body)) runCrew(1, body);
  });
  return output.result;
}

/** 1 for bins that rise, or are all equal, -1 for those that fall. */
function directionOf(bins: Float64Array): number {
  let isRising = true;
  let isFalling = true;
  for (let i = 1; i < bins.length; i++) {
    if (isLess(bins[i]!, bins[i - 1]!)) isRising = false;
    if (isLess(bins[i - 1]!, bins[i]!)) isFalling = false;
  }
  if (isRising) return 1;
  if (isFalling) return -1;
  throw new RangeError("digitize() wants bins that rise or fall, got some that do both");
}

/** NaN is greater than all, as where bins are searched. */
function isLess(a: number, b: number): boolean {
  return a < b || (Number.isNaN(b) && !Number.isNaN(a));
}

function binOf(rising: Float64Array, x: number, isRight: boolean, isFalling: boolean): number {
  const bin = isRight ? countBelow(rising, x) : countUpTo(rising, x);
  return isFalling ? rising.length - bin : bin;
}

function fillBins(
  x: Float64Array,
  from: number,
  count: number,
  rising: Float64Array,
  isRight: boolean,
  isFalling: boolean,
  target: Uint32Array,
  at: number,
): void {
  const { length } = rising;
  const shift = at - from;
  for (let i = from; i < from + count; i++) {
    const bin = isRight ? countBelow(rising, x[i]!) : countUpTo(rising, x[i]!);
    target[i + shift] = isFalling ? length - bin : bin;
  }
}
