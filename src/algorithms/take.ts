/**
 * Elements by their indices.
 *
 * @module
 */
import { describe, suggestion } from "../describe.ts";
import { makeData } from "../memory/arrays.ts";
import type { ShortDType, TypedArray, TypedArrayOf } from "../memory/dtype.ts";
import type { ArraySource } from "../memory/like_types.ts";
import type { NdArray } from "../memory/nd_array.ts";
import { elementCount } from "../memory/shape.ts";
import { releaseBuffer } from "../memory/segment.ts";
import { checkNp, type CrewMember, crewSize, runCrew } from "./crew.ts";
import { writeDoubles } from "./doubles.ts";
import { axisOf, flatInput, type Input, outputFor, overlaps } from "./input.ts";
import { lanesAlong } from "./fold_plan.ts";
import { MAX_WORD_LENGTH, toPlaces } from "./index_kernels.ts";
import { checkOptions } from "../options.ts";
import type { DimensionsOf, DTypeOf, ReductionOptions, ScalarOf } from "./result_types.ts";
import { copyElements, NEAR_BYTES } from "./take_kernels.ts";

/** What becomes of an index outside: an error, the rest modulo the length, the nearest one inside. */
export type TakeMode = "raise" | "wrap" | "clip";

/** Options of {@linkcode take}. */
export interface TakeOptions extends ReductionOptions {
  /** `"raise"` by default, where negative indices count from the end. */
  readonly mode?: TakeMode | undefined;
}

/** What {@linkcode take} gives: one element for a single index without an axis, else an array. */
export type Taken<A extends ArraySource, I extends ArraySource, O> = O extends
  { readonly out: infer T extends TypedArray | NdArray } ? T
  : O extends { readonly axis: number } ? TakenArray<A> | ScalarOf<DTypeOf<A>>
  : I extends number | bigint ? ScalarOf<DTypeOf<A>>
  : DimensionsOf<I> extends 1 ? number extends DimensionsOf<I> ? TakenArray<A> : TypedArrayOf<DTypeOf<A>>
  : TakenArray<A>;

/** Of one dimension or of several. */
export type TakenArray<A extends ArraySource> = TypedArrayOf<DTypeOf<A>> | NdArray<TypedArrayOf<DTypeOf<A>>>;

const OPTIONS = ["axis", "mode", "np", "out"];
const MODES: readonly TakeMode[] = ["raise", "wrap", "clip"];
/**
 * Elements of the result that a process must have, when `a` stays in the cache (2 to 3 ns each) and when it does not
 * (10 to 20): two processes were faster than one from 8 Mi and from 2 Mi elements on, in either runtime.
 */
const NEAR_SHARE = 2 ** 22;
const FAR_SHARE = 2 ** 20;
/** Indices that are looked at in one go. */
const BLOCK = 4096;

/**
 * The elements of `a` at indices: of all its elements in C order, or along an axis.
 *
 * The result has the element type of `a` and the shape of `indices`; with an axis, the shape of `a` with that of
 * `indices` in the axis's place. New shared memory, unless `out` is given; a single element is a number or bigint.
 * O(n); blocks.
 *
 * Current implementation: one process up to 8 Mi elements of the result, 2 Mi where `a` has more than 2 MiB; and where
 * `out` is private memory.
 *
 * Differs from `numpy.take`: indices may be doubles, if they are integers; after an error `out` may be changed.
 *
 * @param a an array of any strides or a nested array
 * @param indices an index or an array of them
 * @throws {RangeError} when an index is outside and `mode` is `"raise"`, or anything is to be taken of no elements; when
 *   there is no such axis, `out` has another shape
 * @throws {TypeError} when an argument is no array or was released, an index is no integer, `mode` is not known, `out`
 *   has another element type
 *
 * @example Elements, and columns
 * ```ts
 * import { copy, take } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const m = copy([[1, 2, 3], [4, 5, 6]]);
 * assert.deepEqual([...take(m, [0, -1])], [1, 6]);
 * assert.deepEqual([...take(new Float64Array([1, 2]), [5, -5], { mode: "clip" })], [2, 1]);
 * assert.equal(take(m, -2), 5);
 * ```
 */
export function take<
  A extends ArraySource,
  I extends ArraySource,
  const O extends TakeOptions = Record<never, never>,
>(a: A, indices: I, options?: O): Taken<A, I, O> {
  return takeArray(a, indices, options) as Taken<A, I, O>;
}

function takeArray(
  a: unknown,
  indices: unknown,
  options: TakeOptions | undefined,
): number | bigint | TypedArray | NdArray {
  checkOptions(options, OPTIONS, "take()");
  const { axis, mode = "raise", np, out } = options ?? {};
  checkNp(np, "take()");
  checkMode(mode);
  const input = flatInput(a, "take()");
  const at = flatInput(indices, "take() indices");
  const dimensions = axis === undefined ? [input.data.length] : input.dimensions;
  const along = axis === undefined ? 0 : axisOf(axis, dimensions, "take()");
  const shape = [...dimensions.slice(0, along), ...at.dimensions, ...dimensions.slice(along + 1)];
  const isScalar = shape.length === 0 && out === undefined;
  const output = outputFor(out, shape, input.dtype, "take");
  const { data } = output;
  const hasOverlap = out !== undefined && (overlaps(data, input.data) || overlaps(data, at.data));
  const target = hasOverlap ? makeData([data.length], input.dtype, "take", "anything") : data;
  const lanes = lanesAlong(dimensions, along);
  if (lanes.length === 0 && elementCount(shape) > 0) {
    throw new RangeError(`take() wants an axis that has elements, got one of length 0`);
  }
  const share = input.data.byteLength > NEAR_BYTES ? FAR_SHARE : NEAR_SHARE;
  const size = output.isShared || hasOverlap ? crewSize(np, target.length, share, "take()") : 1;
  const taker = new Taker(input, at, lanes.outer, lanes.length, lanes.inner, mode, target);
  if (!runCrew(size, (member) => taker.run(member))) runCrew(1, (member) => taker.run(member));
  if (hasOverlap) {
    (data as Float64Array).set(target as Float64Array);
    releaseBuffer(target.buffer);
  }
  if (!isScalar) return output.result;
  const value = data[0]!;
  releaseBuffer(data.buffer);
  return value;
}

function checkMode(mode: unknown): void {
  if (typeof mode !== "string") {
    throw new TypeError(`take() wants ${MODES.join(", ")} as mode, got ${describe(mode)}`);
  }
  if (!(MODES as readonly string[]).includes(mode)) {
    throw new TypeError(`take() knows no mode ${JSON.stringify(mode)}${suggestion(mode, MODES)}`);
  }
}

/** Takes one part of the indices after the other. */
class Taker {
  readonly #source: TypedArray;
  readonly #dtype: ShortDType;
  readonly #indices: TypedArray;
  readonly #outer: number;
  readonly #length: number;
  readonly #inner: number;
  readonly #mode: TakeMode;
  readonly #target: TypedArray;
  #doubles: Float64Array | undefined;

  constructor(
    source: Input,
    indices: Input,
    outer: number,
    length: number,
    inner: number,
    mode: TakeMode,
    target: TypedArray,
  ) {
    this.#source = source.data;
    this.#dtype = source.dtype;
    this.#indices = indices.data;
    this.#outer = outer;
    this.#length = length;
    this.#inner = inner;
    this.#mode = mode;
    this.#target = target;
  }

  run(member: CrewMember): void {
    const count = this.#indices.length;
    const step = Math.max(1, Math.min(BLOCK, Math.floor(2 ** 20 / this.#inner)));
    const blocks = Math.ceil(count / step);
    const words = new Int32Array(Math.min(step, count));
    for (let block = member.claim(0); block < blocks; block = member.claim(0)) {
      const from = block * step;
      const end = Math.min(count, from + step);
      const places = this.#places(from, end, words);
      for (let outer = 0; outer < this.#outer; outer++) {
        copyElements(
          this.#dtype,
          this.#source,
          outer * this.#length * this.#inner,
          places,
          end - from,
          this.#inner,
          this.#target,
          (outer * count + from) * this.#inner,
        );
      }
    }
  }

  /** Where a stretch of indices points to, in `words` if they will do. */
  #places(from: number, end: number, words: Int32Array): Int32Array | Float64Array {
    const isStrict = this.#mode === "raise" && this.#length <= MAX_WORD_LENGTH;
    if (isStrict && toPlaces(this.#indices.subarray(from, end), this.#length, words)) return words;
    const places = this.#doubles ??= new Float64Array(words.length);
    writeDoubles(this.#indices, from, end - from, places, 0);
    this.#resolve(places, from, end - from);
    return places;
  }

  /** Indices as places from 0 on. */
  #resolve(places: Float64Array, from: number, count: number): void {
    const bad = this.#mode === "raise"
      ? resolveStrictly(places, count, this.#length)
      : this.#mode === "wrap"
      ? wrap(places, count, this.#length)
      : clip(places, count, this.#length);
    if (bad < 0) return;
    const index = places[bad]!;
    const where = `indices[${from + bad}]`;
    if (!Number.isInteger(index)) throw new TypeError(`take() wants integers, got ${index} in ${where}`);
    throw new RangeError(
      `take() wants indices from ${-this.#length} to ${this.#length - 1}, got ${index} in ${where}`,
    );
  }
}

/** -1, or where an index is that is outside or not an integer. */
function resolveStrictly(places: Float64Array, count: number, length: number): number {
  for (let i = 0; i < count; i++) {
    const index = places[i]!;
    if (Math.floor(index) !== index || index < -length || index >= length) return i;
    if (index < 0) places[i] = index + length;
  }
  return -1;
}

function wrap(places: Float64Array, count: number, length: number): number {
  for (let i = 0; i < count; i++) {
    const index = places[i]!;
    if (Math.floor(index) !== index || index - index !== 0) return i;
    if (index >= 0 && index < length) continue;
    const rest = index % length;
    places[i] = rest < 0 ? rest + length : rest + 0;
  }
  return -1;
}

function clip(places: Float64Array, count: number, length: number): number {
  for (let i = 0; i < count; i++) {
    const index = places[i]!;
    if (Math.floor(index) !== index || index - index !== 0) return i;
    if (index < 0) places[i] = 0;
    else if (index >= length) places[i] = length - 1;
  }
  return -1;
}
