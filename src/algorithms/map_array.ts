/**
 * Kernels over chunks of an array.
 *
 * @module
 */
import { describe } from "../describe.ts";
import { makeData } from "../memory/arrays.ts";
import { dtypeOf, isTypedArray, type TypedArray } from "../memory/dtype.ts";
import { isNdView, type NdArray } from "../memory/nd_array.ts";
import { releaseBuffer } from "../memory/segment.ts";
import { describeSource } from "../memory/source.ts";
import { shapeText } from "../memory/shape.ts";
import { checkNp, type CrewMember, crewSize, crewTuning, runCrew } from "./crew.ts";
import { isBig } from "./doubles.ts";
import { type Input, isInOrder, isShared, overlaps } from "./input.ts";
import { checkCount, checkOptions } from "../options.ts";

/** The typed array that an array is made of. */
export type DataOf<A> = A extends NdArray<infer T> ? T : A;

/** Changes the elements of a chunk; `offset` is where in the array, in C order, the chunk begins. */
export type ChunkKernel<T> = (chunk: T, offset: number) => void;

/** Options of {@linkcode mapArray}. */
export interface MapArrayOptions<B extends TypedArray | NdArray = TypedArray | NdArray> {
  /** Gets the elements of the array, then the kernel; of the same shape and of any element type of numbers. */
  readonly out?: B | undefined;
  /** Elements of a chunk; 65,536 by default. The last chunk may be shorter. */
  readonly chunkSize?: number | undefined;
  /** Processes: the number of processors by default; 0 and 1 mean the calling one alone. */
  readonly np?: number | undefined;
}

const OPTIONS = ["out", "chunkSize", "np"];
const CHUNK_ELEMENTS = 65_536;
/** Work that is worth another process, each: its start costs 3 to 6 ms. */
const SHARE_MS = 6;

/** What became of a chunk, in shared memory. */
const OPEN = 0;
const RUNNING = 1;
const DONE = 2;

/**
 * Runs a kernel over all chunks of an array, in several processes, in place or into `out`; returns the array that it
 * changed.
 *
 * The kernel gets each chunk once, as a typed array over the elements, and where it begins. With `out` it gets chunks
 * of `out`, which hold the elements of `a` already, and `a` stays as it is. Under several processes it runs in a forked
 * child: what else it changes is lost. Only shared memory is worked on by several; private memory by the calling process
 * alone. O(n) and the kernel. Blocks.
 *
 * If the kernel throws, its error is thrown here; the array is then changed in part. If a child dies, its chunks are
 * restored and done again.
 *
 * Current implementation: the calling process does chunk after chunk itself, and starts others when, by the time that these
 * took, they would save more than their start.
 *
 * In a worker: one process, unless `np` says otherwise.
 *
 * @param a a typed array, or a view with its elements in C order
 * @throws {TypeError} when `a` or `out` is no array, was released or has gaps; one holds bigints and the other
 *   numbers; an option is not known or of the wrong kind
 * @throws {RangeError} when `out` has another shape, `chunkSize` or `np` is no integer
 *
 * @example Squares, in place and aside
 * ```ts
 * import { empty, mapArray } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const x = empty(1_000_000);
 * mapArray(x, (chunk, offset) => {
 *   for (let i = 0; i < chunk.length; i++) chunk[i] = (offset + i) ** 2;
 * });
 * assert.equal(x[999], 998_001);
 *
 * const y = mapArray(x, (chunk) => {
 *   for (let i = 0; i < chunk.length; i++) chunk[i] = Math.sqrt(chunk[i]!);
 * }, { out: empty(1_000_000, "f4") });
 * assert.deepEqual([y[999], x[999]], [999, 998_001]);
 * ```
 */
export function mapArray<B extends TypedArray | NdArray>(
  a: TypedArray | NdArray,
  kernel: ChunkKernel<DataOf<B>>,
  options: MapArrayOptions<B> & { readonly out: B },
): B;
/** Runs a kernel over all chunks of an array in place. */
export function mapArray<A extends TypedArray | NdArray>(
  a: A,
  kernel: ChunkKernel<DataOf<A>>,
  options?: MapArrayOptions<A>,
): A;
export function mapArray(
  a: TypedArray | NdArray,
  kernel: ChunkKernel<never>,
  options?: MapArrayOptions,
): TypedArray | NdArray {
  checkOptions(options, OPTIONS, "mapArray()");
  const { out, chunkSize = CHUNK_ELEMENTS, np } = options ?? {};
  checkNp(np, "mapArray()");
  const size = checkCount(chunkSize, "chunkSize", "mapArray()");
  if (size === 0) throw new RangeError("mapArray() wants a chunkSize from 1 on, got 0");
  if (typeof kernel !== "function") {
    throw new TypeError(`mapArray() wants a function of a chunk and its offset, got ${describe(kernel)}`);
  }
  const source = ownElements(a, "mapArray()");
  const target = out === undefined ? source : ownElements(out, "mapArray() out");
  if (target !== source) checkMatch(source, target);
  const from = sourceBeside(source, target);
  const run = new ChunkRun(from, target.data, kernel as unknown as ChunkKernel<TypedArray>, size);
  run.run(np);
  return out ?? a;
}

/** The elements themselves, never a copy. */
function ownElements(a: unknown, what: string): Input {
  const isView = isNdView(a) && isTypedArray(a.data);
  if (!isTypedArray(a) && !isView) {
    throw new TypeError(`${what} wants a typed array or an n-d view, got ${describe(a)}`);
  }
  const { dimensions, dtype } = describeSource(a, what);
  if (isTypedArray(a)) return { data: a, dimensions, dtype };
  const view = a as NdArray;
  if (!isInOrder(view)) {
    throw new TypeError(
      `${what} wants elements one after the other in C order, got a view with gaps: copy() it`,
    );
  }
  const { data, offset } = view;
  return { data: data.subarray(offset, offset + view.size), dimensions, dtype };
}

/** What to read where elements are written that lie in the same memory: the target itself if it is in place, or a copy. */
function sourceBeside({ data, dtype }: Input, { data: target, dtype: targetType }: Input): TypedArray {
  if (data === target || !overlaps(data, target)) return data;
  const isSame = data.buffer === target.buffer && data.byteOffset === target.byteOffset &&
    dtype === targetType;
  return isSame ? target : data.slice();
}

function checkMatch(source: Input, target: Input): void {
  const [wanted, got] = [source.dimensions, target.dimensions];
  if (wanted.length !== got.length || wanted.some((length, axis) => length !== got[axis])) {
    throw new RangeError(`mapArray() out must have the shape ${shapeText(wanted)}, got ${shapeText(got)}`);
  }
  if (isBig(source.data) !== isBig(target.data)) {
    throw new TypeError(
      `mapArray() out must hold ${isBig(source.data) ? "bigints" : "numbers"} as the array does, ` +
        `got dtype "${target.dtype}"`,
    );
  }
}

/** All chunks of one call. */
class ChunkRun {
  readonly #source: TypedArray;
  readonly #target: TypedArray;
  readonly #kernel: ChunkKernel<TypedArray>;
  readonly #size: number;
  readonly #chunks: number;

  constructor(source: TypedArray, target: TypedArray, kernel: ChunkKernel<TypedArray>, size: number) {
    this.#source = source;
    this.#target = target;
    this.#kernel = kernel;
    this.#size = size;
    this.#chunks = Math.ceil(source.length / size);
  }

  run(np: number | undefined): void {
    const mayShare = isShared(this.#target) && this.#chunks > 1;
    const most = mayShare ? crewSize(np, this.#chunks, 1, "mapArray()") : 1;
    const started = performance.now();
    for (let chunk = 0; chunk < this.#chunks; chunk++) {
      const left = this.#chunks - chunk;
      if (most > 1 && left > 1) {
        const restMs = chunk === 0 ? 0 : (performance.now() - started) / chunk * left;
        const isForced = crewTuning.minItemsPerMember !== undefined;
        if (isForced || restMs > 2 * SHARE_MS) return this.#share(chunk, Math.min(most, left));
      }
      this.#one(chunk);
    }
  }

  /** The rest of the chunks, in a crew. */
  #share(first: number, size: number): void {
    const states = makeData([this.#chunks], "i4", "mapArray", "zeros") as Int32Array;
    const isInPlace = this.#source === this.#target;
    const kept = isInPlace ? this.#keep(size) : undefined;
    const body = (member: CrewMember): void => {
      for (let chunk = first + member.claim(0); chunk < this.#chunks; chunk = first + member.claim(0)) {
        if (kept !== undefined) kept[member.rank]!.set(this.#chunk(chunk) as Float64Array);
        Atomics.store(states, chunk, RUNNING + 2 * member.rank);
        this.#one(chunk);
        Atomics.store(states, chunk, DONE);
      }
    };
    try {
      if (runCrew(size, body, "user code")) return;
      for (let chunk = first; chunk < this.#chunks; chunk++) {
        const state = states[chunk]!;
        if (state === DONE) continue;
        if (state !== OPEN && kept !== undefined) {
          const part = this.#chunk(chunk) as Float64Array;
          part.set(kept[(state - RUNNING) / 2]!.subarray(0, part.length));
        }
        this.#one(chunk);
      }
    } finally {
      releaseBuffer(states.buffer);
      if (kept !== undefined) releaseBuffer(kept[0]!.buffer);
    }
  }

  /** Memory for the chunk that each member works on, as it was: what a dead one leaves is half done. */
  #keep(size: number): Float64Array[] {
    const dtype = dtypeOf(this.#target);
    const length = Math.min(this.#size, this.#target.length);
    const all = makeData([size * length], dtype, "mapArray", "anything");
    return Array.from(
      { length: size },
      (_, rank) => all.subarray(rank * length, (rank + 1) * length) as Float64Array,
    );
  }

  #chunk(chunk: number): TypedArray {
    return this.#target.subarray(chunk * this.#size, (chunk + 1) * this.#size);
  }

  #one(chunk: number): void {
    const offset = chunk * this.#size;
    const part = this.#chunk(chunk);
    if (this.#source !== this.#target) {
      (part as Float64Array).set(this.#source.subarray(offset, offset + part.length) as Float64Array);
    }
    this.#kernel(part, offset);
  }
}
