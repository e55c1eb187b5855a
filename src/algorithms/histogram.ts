/**
 * Histograms.
 *
 * @module
 */
import { makeData } from "../memory/arrays.ts";
import type { ArraySource } from "../memory/like_types.ts";
import { releaseBuffer } from "../memory/segment.ts";
import { mergeCounts } from "./count_kernels.ts";
import { checkNp, type CrewMember, crewSize, runCrew } from "./crew.ts";
import { DoubleReader, isBig } from "./doubles.ts";
import { type Bins, binsFor } from "./histogram_edges.ts";
import { addToPlaces, countPlaces, countUniform, placeBetween, placeUniform } from "./histogram_kernels.ts";
import { flatInput, type Input, unorderedInput } from "./input.ts";
import { checkFlag, checkOptions } from "../options.ts";
import { sum } from "./sum.ts";

/** Options of {@linkcode histogram}. */
export interface HistogramOptions {
  /** How many bins of equal width, 10 by default; or their edges, which rise. */
  readonly bins?: number | ArraySource | undefined;
  /** From where to where bins of equal width reach; by default from the least element to the greatest. */
  readonly range?: readonly [first: number, last: number] | undefined;
  /** Added up instead of counting; as many as elements. */
  readonly weights?: ArraySource | undefined;
  /** Whether the result is a density, whose integral is 1; false by default. */
  readonly density?: boolean | undefined;
  /** Processes: the number of processors by default; 0 and 1 mean the calling one alone. */
  readonly np?: number | undefined;
}

/** Bins and edges, as NumPy returns them. */
export type Histogram<O> = [
  hist: O extends { readonly weights: ArraySource } | { readonly density: true } ? Float64Array<ArrayBuffer>
    : Uint32Array<ArrayBuffer>,
  edges: Float64Array<ArrayBuffer>,
];

const OPTIONS = ["bins", "range", "weights", "density", "np"];
/** Elements that a process must have; each takes 2 ns in bins of equal width. */
const SHARE = 2 ** 22;
/** Elements whose weights NumPy adds up before it adds them to the rest. */
const WEIGHT_BLOCK = 65536;
const BLOCK = 4096;
/** Elements that a member claims at once. */
const CLAIM_ELEMENTS = 2 ** 17;
/** Sums of blocks of weights that may be held at once. */
const MAX_PARTIALS = 2 ** 22;

/**
 * How many elements lie in each bin: `[hist, edges]`, as NumPy returns it.
 *
 * Bins contain their left edge, the last one both. `hist` is a `Uint32Array` of counts, or with `weights` or `density` a
 * `Float64Array`; `edges` a `Float64Array` with one element more. Both are shared memory. Counts and edges are
 * NumPy's to the bit, for every element type; sums of weights are in bins of equal width. NaN is in no bin.
 * The result does not depend on `np`. O(n) for bins of equal width, else O(n log bins). Blocks.
 *
 * Current implementation: one process up to 8 Mi elements.
 *
 * Differs from `numpy.histogram`: counts have 32 bits; sums of weights are doubles, and for bins of unequal width added
 * element by element; edges are doubles; names of rules (`"auto"`) are not known.
 *
 * @param a elements of any shape
 * @throws {RangeError} when the range is not finite (give one, if elements are not) or falls, `bins` is 0 or too many,
 *   edges fall, there are not as many weights as elements
 * @throws {TypeError} when an argument is no array or was released, an option is not known or of the wrong kind
 *
 * @example Two bins
 * ```ts
 * import { histogram } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const [hist, edges] = histogram([1, 2, 1], { bins: [0, 1, 2, 3] });
 * assert.deepEqual([...hist], [0, 2, 1]);
 * const [even] = histogram(new Float64Array([0, 0.5, 0.9, 1]), { bins: 2, range: [0, 1] });
 * assert.deepEqual([...even], [1, 3]);
 * assert.equal(edges.length, 4);
 * ```
 */
export function histogram<const O extends HistogramOptions = Record<never, never>>(
  a: ArraySource,
  options?: O,
): Histogram<O> {
  checkOptions(options, OPTIONS, "histogram()");
  const { bins = 10, range, weights, np } = options ?? {};
  checkNp(np, "histogram()");
  const isDensity = checkFlag(options?.density, "density", "histogram()");
  const input = weights === undefined ? unorderedInput(a, "histogram()") : flatInput(a, "histogram()");
  const found = binsFor(input.data, input.dtype, bins, range, np);
  const count = found.edges.length - 1;
  const hist = weights === undefined
    ? countElements(input, found, count, np)
    : addWeights(input, weightsFor(weights, input), found, count, np);
  const edges = makeData([count + 1], "f8", "histogram", "anything") as Float64Array<ArrayBuffer>;
  edges.set(found.edges);
  return [isDensity ? densityOf(hist, edges) : hist, edges] as Histogram<O>;
}

/** Finds the bins of elements, in one process. */
class Placer {
  readonly #elements: DoubleReader;
  readonly #bins: Bins;
  readonly #scale: number;
  readonly places: Int32Array = new Int32Array(BLOCK);

  constructor({ data }: Input, bins: Bins) {
    this.#elements = new DoubleReader(data);
    this.#bins = bins;
    const { uniform } = bins;
    const scale = uniform === undefined ? 0 : uniform.count / (uniform.last - uniform.first);
    // of a range that is tiny or huge: the edges alone decide
    this.#scale = Number.isFinite(scale) ? scale : 0;
  }

  /** Puts the bins of up to {@linkcode BLOCK} elements into `places`. */
  place(from: number, count: number): void {
    const { edges, uniform } = this.#bins;
    this.#elements.read(from, count);
    const { doubles, from: at } = this.#elements;
    if (uniform === undefined || this.#scale === 0) placeBetween(doubles, at, count, edges, this.places);
    else {
      const { first, last, count: bins } = uniform;
      placeUniform(doubles, at, count, edges, first, last, this.#scale, bins, this.places);
    }
  }

  /** Counts up to {@linkcode BLOCK} elements. */
  count(from: number, count: number, counts: Int32Array): void {
    const { edges, uniform } = this.#bins;
    if (uniform === undefined || this.#scale === 0) {
      this.place(from, count);
      return countPlaces(this.places, count, counts);
    }
    this.#elements.read(from, count);
    const { doubles, from: at } = this.#elements;
    const { first, last, count: bins } = uniform;
    countUniform(doubles, at, count, edges, first, last, this.#scale, bins, counts);
  }
}

function countElements(input: Input, bins: Bins, count: number, np: number | undefined): Uint32Array {
  const counts = makeData([count], "u4", "histogram", "zeros") as Uint32Array;
  const { length } = input.data;
  const size = count > length / 16 ? 1 : crewSize(np, length, SHARE, "histogram()");
  const body = (member: CrewMember, table: Int32Array): void => {
    const placer = new Placer(input, bins);
    const claims = Math.ceil(length / CLAIM_ELEMENTS);
    for (let claim = member.claim(0); claim < claims; claim = member.claim(0)) {
      const end = Math.min(length, (claim + 1) * CLAIM_ELEMENTS);
      for (let from = claim * CLAIM_ELEMENTS; from < end; from += BLOCK) {
        placer.count(from, Math.min(BLOCK, end - from), table);
      }
    }
  };
  if (size > 1) {
    const tables = makeData([size * count], "i4", "histogram", "zeros") as Int32Array;
    const isDone = runCrew(size, (member) => {
      body(member, tables.subarray(member.rank * count, (member.rank + 1) * count));
    });
    if (isDone) mergeCounts(tables, count, size, counts);
    releaseBuffer(tables.buffer);
    if (isDone) return counts;
  }
  runCrew(1, (member) => body(member, new Int32Array(counts.buffer)));
  return counts;
}

function weightsFor(weights: unknown, { data }: Input): Input {
  const given = flatInput(weights, "histogram() weights");
  if (isBig(given.data)) throw new TypeError("histogram() wants numbers as weights, got bigints");
  if (given.data.length === data.length) return given;
  throw new RangeError(
    `histogram() wants as many weights as elements, ${data.length}, got ${given.data.length}`,
  );
}

/** Blocks are summed each for itself, and their sums in order, as NumPy does: so any process may take any block. */
function addWeights(
  input: Input,
  weights: Input,
  bins: Bins,
  count: number,
  np: number | undefined,
): Float64Array {
  const sums = makeData([count], "f8", "histogram", "zeros") as Float64Array;
  const { length } = input.data;
  const blocks = Math.ceil(length / WEIGHT_BLOCK);
  const size = blocks * count > MAX_PARTIALS ? 1 : crewSize(np, length, SHARE, "histogram()");
  if (size === 1) {
    addSerially(input, weights, bins, count, sums);
    return sums;
  }
  const partials = makeData([blocks * count], "f8", "histogram", "zeros") as Float64Array;
  const isDone = runCrew(size, (member) => {
    const adder = new WeightAdder(input, weights, bins);
    for (let block = member.claim(0); block < blocks; block = member.claim(0)) {
      adder.addBlock(block, partials, block * count);
    }
  });
  if (isDone) {
    for (let block = 0; block < blocks; block++) addTo(sums, partials, block * count);
  } else addSerially(input, weights, bins, count, sums);
  releaseBuffer(partials.buffer);
  return sums;
}

function addSerially(input: Input, weights: Input, bins: Bins, count: number, sums: Float64Array): void {
  const adder = new WeightAdder(input, weights, bins);
  const partial = new Float64Array(count);
  const blocks = Math.ceil(input.data.length / WEIGHT_BLOCK);
  for (let block = 0; block < blocks; block++) {
    partial.fill(0);
    adder.addBlock(block, partial, 0);
    addTo(sums, partial, 0);
  }
}

function addTo(sums: Float64Array, partials: Float64Array, at: number): void {
  for (let bin = 0; bin < sums.length; bin++) sums[bin] = sums[bin]! + partials[at + bin]!;
}

/** Adds weights up, in one process. */
class WeightAdder {
  readonly #length: number;
  readonly #placer: Placer;
  readonly #weights: DoubleReader;

  constructor(input: Input, weights: Input, bins: Bins) {
    this.#length = input.data.length;
    this.#placer = new Placer(input, bins);
    this.#weights = new DoubleReader(weights.data);
  }

  addBlock(block: number, sums: Float64Array, at: number): void {
    const end = Math.min(this.#length, (block + 1) * WEIGHT_BLOCK);
    for (let from = block * WEIGHT_BLOCK; from < end; from += BLOCK) {
      const count = Math.min(BLOCK, end - from);
      this.#placer.place(from, count);
      this.#weights.read(from, count);
      addToPlaces(this.#placer.places, count, this.#weights.doubles, this.#weights.from, sums, at);
    }
  }
}

/** `hist / widths / total`, in NumPy's order of operations. */
function densityOf(hist: Uint32Array | Float64Array, edges: Float64Array): Float64Array {
  const density = makeData([hist.length], "f8", "histogram", "anything") as Float64Array;
  const total = sum(hist, { np: 1 }) as number;
  for (let bin = 0; bin < hist.length; bin++) {
    density[bin] = hist[bin]! / (edges[bin + 1]! - edges[bin]!) / total;
  }
  releaseBuffer(hist.buffer);
  return density;
}
