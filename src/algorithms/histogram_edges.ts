/**
 * The edges of a histogram's bins, as NumPy makes them.
 *
 * @module
 */
import { describe } from "../describe.ts";
import type { ShortDType, TypedArray } from "../memory/dtype.ts";
import { checkCount } from "../options.ts";
import { toDoubles } from "./doubles.ts";
import { max, min } from "./extrema.ts";
import { flatInput } from "./input.ts";

/** Bins of equal width. */
export interface UniformBins {
  readonly count: number;
  /** Values from here … */
  readonly first: number;
  /** … to here, both included, are counted. */
  readonly last: number;
}

/** Bins of a histogram. */
export interface Bins {
  /** One more than there are bins. */
  readonly edges: Float64Array;
  readonly uniform: UniformBins | undefined;
}

/**
 * The edges for given options.
 *
 * @throws {RangeError} when the range is not finite or falls, edges fall or are too few, bins are too many
 * @throws {TypeError} when `bins` or `range` is something else
 */
export function binsFor(
  data: TypedArray,
  dtype: ShortDType,
  bins: unknown,
  range: unknown,
  np: number | undefined,
): Bins {
  if (typeof bins !== "number") return { edges: givenEdges(bins), uniform: undefined };
  const count = checkCount(bins, "number of bins", "histogram()");
  if (count === 0) throw new RangeError("histogram() wants at least one bin, got 0");
  const isGiven = range !== undefined;
  // floats of the array's precision, unless the range came as doubles
  const round = roundingOf(dtype);
  let [first, last] = isGiven
    ? givenRange(range)
    : data.length === 0
    ? [0, 1]
    : [Number(min(data, { np })), Number(max(data, { np }))];
  if (!Number.isFinite(first) || !Number.isFinite(last)) {
    const which = isGiven ? "range" : "array of finite elements, or a range,";
    throw new RangeError(`histogram() wants a finite ${which}, got elements from ${first} to ${last}`);
  }
  const isRounded = !isGiven && data.length > 0;
  const inner = isRounded ? round : Number;
  if (first === last) {
    first = inner(first - 0.5);
    last = inner(last + 0.5);
  }
  const edges = linspace(first, last, count, inner);
  for (let i = 0; i <= count; i++) edges[i] = round(edges[i]!);
  for (let i = 0; i < count; i++) {
    if (edges[i]! < edges[i + 1]!) continue;
    throw new RangeError(
      `histogram() wants bins that can be told apart, got ${count} from ${first} to ${last}: ask for fewer`,
    );
  }
  return { edges, uniform: { count, first: round(first), last: round(last) } };
}

/** `numpy.linspace(first, last, count + 1)`, with results of single operations rounded. */
function linspace(first: number, last: number, count: number, round: (x: number) => number): Float64Array {
  const edges = new Float64Array(count + 1);
  const delta = round(last - first);
  const step = round(delta / count);
  for (let i = 0; i < count; i++) {
    const distance = step === 0 ? round(round(i / count) * delta) : round(i * step);
    edges[i] = round(distance + first);
  }
  edges[count] = last;
  return edges;
}

function roundingOf(dtype: ShortDType): (x: number) => number {
  if (dtype === "f4") return Math.fround;
  if (dtype !== "f2") return Number;
  const holder = new Float16Array(1);
  return (x) => {
    holder[0] = x;
    return holder[0];
  };
}

function givenRange(range: unknown): [number, number] {
  const isPair = Array.isArray(range) && range.length === 2 &&
    range.every((edge) => typeof edge === "number" || typeof edge === "bigint");
  if (!isPair) {
    throw new TypeError(`histogram() wants a range of two numbers, [first, last], got ${describe(range)}`);
  }
  const [first, last] = [Number(range[0]), Number(range[1])];
  if (first > last) {
    throw new RangeError(`histogram() wants a range that rises, got from ${first} to ${last}`);
  }
  return [first, last];
}

function givenEdges(bins: unknown): Float64Array {
  if (typeof bins === "string" || typeof bins === "bigint" || typeof bins === "boolean") {
    throw new TypeError(`histogram() wants a number of bins or an array of edges, got ${describe(bins)}`);
  }
  const { data, dimensions } = flatInput(bins, "histogram() bins");
  if (dimensions.length !== 1) {
    throw new RangeError(`histogram() wants edges of one dimension, got ${dimensions.length}`);
  }
  if (data.length === 0) throw new RangeError("histogram() wants at least one edge, got none");
  const edges = toDoubles(data).slice();
  for (let i = 1; i < edges.length; i++) {
    if (edges[i]! < edges[i - 1]!) {
      throw new RangeError(
        `histogram() wants edges that rise, got ${edges[i - 1]} before ${edges[i]} in bins[${i}]`,
      );
    }
  }
  return edges;
}
