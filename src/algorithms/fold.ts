/**
 * Reductions: lanes of an array are folded to single values, by several processes, with a result that does not depend
 * on how many.
 *
 * An array is seen as `outer × length × inner`, lanes run along the middle. The work is cut into pieces by size alone:
 *
 * ```
 * lane          ├───────────────────────── length ─────────────────────────┤
 * cut in half,  ├─────────────┤├──────────────┤├─────────────┤├────────────┤   parts: a stretch each, or
 * again …              │               │               │             │        a few rows × some columns
 * partials             p0              p1              p2            p3       in shared memory
 *                       └──── join ────┘               └─── join ────┘        by the master, in the same tree
 *                               └───────────── join ─────────┘
 * ```
 *
 * Members of the crew claim groups of parts.
 *
 * @module
 */
import { makeData } from "../memory/arrays.ts";
import { constructorOf, type ShortDType, type TypedArray } from "../memory/dtype.ts";
import { releaseBuffer } from "../memory/segment.ts";
import { type CrewMember, crewSize, runCrew } from "./crew.ts";
import { DoubleReader, halves } from "./doubles.ts";
import { halfOf } from "./sum_kernels.ts";

/** Folds elements of one class, and is called with that class only. */
export type Kernel = (a: TypedArray, from: number, count: number) => number;

/** The kernel for an array's class, of those that have one. */
export function kernelFor(
  a: TypedArray,
  floats: (a: Float32Array, from: number, count: number) => number,
  ints: (a: Int32Array, from: number, count: number) => number,
  bytes: (a: Uint8Array, from: number, count: number) => number,
): Kernel | undefined {
  if (a instanceof Float32Array) return floats as unknown as Kernel;
  if (a instanceof Int32Array) return ints as unknown as Kernel;
  return a instanceof Uint8Array ? bytes as unknown as Kernel : undefined;
}

/** How lanes become values. */
export interface Fold {
  /** Type of the values: doubles for all elements that are numbers. */
  readonly type: "f8" | "i8" | "u8";
  /** Folds `count` > 0 elements that follow each other; they are doubles if `type` is `"f8"`. */
  line(a: TypedArray, from: number, count: number): number | bigint;
  /** The same for other classes that have a kernel of their own; `undefined` for those that have none. */
  direct?(a: TypedArray): Kernel | undefined;
  /** Folds rows into a row of values, element by element. */
  rows?(
    a: Float64Array,
    from: number,
    rows: number,
    stride: number,
    width: number,
    values: Float64Array,
    at: number,
  ): void;
  /** Folds the values of two neighbouring stretches. */
  join(left: number | bigint, right: number | bigint): number | bigint;
  /** Values are integers, whose sum is to be rounded once. */
  readonly isExact?: boolean;
}

/** An array as lanes. */
export interface Lanes {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** Elements of a part. */
const PART_ELEMENTS = 2 ** 17;
/** Elements that a member claims at once. */
const CLAIM_ELEMENTS = 2 ** 18;
/** Lanes narrower than this are gathered one by one, wider ones are folded row by row. */
const MIN_WIDTH = 16;
const MAX_WIDTH = 512;
/** Rows that are folded in order. */
const ROWS = 16;
/** Other classes than `Float64Array` are converted in stretches of this. */
const BLOCK = 4096;

/** The lanes along an axis. */
export function lanesAlong(dimensions: readonly number[], axis: number): Lanes {
  const product = (lengths: readonly number[]): number => lengths.reduce((all, length) => all * length, 1);
  return {
    outer: product(dimensions.slice(0, axis)),
    length: dimensions[axis]!,
    inner: product(dimensions.slice(axis + 1)),
  };
}

/**
 * Folds every lane.
 *
 * @param data `outer × length × inner` elements, at least one in each lane
 * @param np the user's option
 * @param share elements that a process must have to be worth its start
 * @returns a value for each lane, `outer × inner`, in private memory or in a buffer that nobody else has
 */
export function foldLanes(
  data: TypedArray,
  lanes: Lanes,
  fold: Fold,
  np: number | undefined,
  share: number,
  what: string,
): TypedArray {
  const { outer, length, inner } = lanes;
  const size = crewSize(np, outer * length * inner, share, what);
  const plan = new Plan(lanes);
  const count = outer * plan.parts.length * inner;
  const makePartials = (isShared: boolean): TypedArray =>
    isShared ? makeData([count], fold.type, what, "anything") : new (constructorOf(fold.type))(count);
  let partials = makePartials(size > 1);
  const body = (member: CrewMember): void => {
    const worker = new PartWorker(data, lanes, plan, fold, partials);
    for (let claim = member.claim(0); claim < plan.claims; claim = member.claim(0)) worker.run(claim);
  };
  if (!runCrew(size, body)) {
    partials = makePartials(false);
    runCrew(1, body);
  }
  if (plan.parts.length === 1 && size === 1) return partials;
  const values = joinParts(partials, lanes, plan, fold);
  if (size > 1) releaseBuffer(partials.buffer);
  return values;
}

/** How the work is cut; depends on the lanes alone. */
class Plan {
  /** Where each part of a lane begins, and how long it is. */
  readonly parts: { readonly from: number; readonly count: number }[] = [];
  /** Elements of the longest one. */
  readonly longest: number;
  /** Columns of a part. */
  readonly width: number;
  /** Parts beside each other. */
  readonly tiles: number;
  readonly units: number;
  readonly unitsPerClaim: number;
  readonly claims: number;

  constructor({ outer, length, inner }: Lanes) {
    this.width = inner < MIN_WIDTH ? inner : Math.min(inner, MAX_WIDTH);
    this.tiles = Math.ceil(inner / this.width);
    this.#cut(0, length, Math.max(128, Math.floor(PART_ELEMENTS / this.width)));
    this.longest = this.parts.reduce((longest, { count }) => Math.max(longest, count), 0);
    this.units = outer * this.parts.length * this.tiles;
    const elements = (length / this.parts.length) * this.width;
    this.unitsPerClaim = Math.max(1, Math.floor(CLAIM_ELEMENTS / elements));
    this.claims = Math.ceil(this.units / this.unitsPerClaim);
  }

  #cut(from: number, count: number, limit: number): void {
    if (count <= limit) {
      this.parts.push({ from, count });
      return;
    }
    const half = halfOf(count);
    this.#cut(from, half, limit);
    this.#cut(from + half, count - half, limit);
  }
}

/** Folds parts, in one process. */
class PartWorker {
  readonly #data: TypedArray;
  readonly #lanes: Lanes;
  readonly #plan: Plan;
  readonly #fold: Fold;
  readonly #partials: TypedArray;
  readonly #reader: DoubleReader;
  readonly #direct: Kernel | undefined;
  #lane: TypedArray | undefined;
  #levels: Float64Array | undefined;

  constructor(data: TypedArray, lanes: Lanes, plan: Plan, fold: Fold, partials: TypedArray) {
    this.#data = data;
    this.#lanes = lanes;
    this.#plan = plan;
    this.#fold = fold;
    this.#partials = partials;
    this.#reader = new DoubleReader(data);
    this.#direct = fold.direct?.(data);
  }

  run(claim: number): void {
    const { units, unitsPerClaim } = this.#plan;
    const from = claim * unitsPerClaim;
    const end = Math.min(units, from + unitsPerClaim);
    if (this.#lanes.inner === 1 && this.#lanes.length <= BLOCK) return this.#shortLines(from, end);
    for (let unit = from; unit < end; unit++) this.#unit(unit);
  }

  /** Many lines at once: a look at the reader for each costs more than a short line. */
  #shortLines(from: number, end: number): void {
    const { length } = this.#lanes;
    const step = Math.max(1, Math.floor(BLOCK / length));
    const fold = this.#fold;
    const isBig = fold.type !== "f8";
    const partials = this.#partials;
    for (let first = from; first < end; first += step) {
      const count = Math.min(step, end - first);
      if (!isBig) this.#reader.read(first * length, count * length);
      const source = isBig ? this.#data : this.#reader.doubles;
      const at = isBig ? first * length : this.#reader.from;
      for (let i = 0; i < count; i++) partials[first + i] = fold.line(source, at + i * length, length);
    }
  }

  #unit(unit: number): void {
    const { parts, tiles, width } = this.#plan;
    const { length, inner } = this.#lanes;
    const tile = unit % tiles;
    const partAt = Math.floor(unit / tiles);
    const part = partAt % parts.length;
    const outer = Math.floor(partAt / parts.length);
    const { from, count } = parts[part]!;
    const row = outer * length + from;
    const column = tile * width;
    const columns = Math.min(width, inner - column);
    const at = partAt * inner + column;
    if (inner === 1) this.#partials[at] = this.#line(row, count);
    else if (this.#fold.rows !== undefined && inner >= MIN_WIDTH) {
      this.#foldRows(row * inner + column, count, columns, at);
    } else this.#gather(row, count, column, columns, at);
  }

  /** Halved as a whole line would be, so that the conversion changes nothing. */
  #line(from: number, count: number): number | bigint {
    const fold = this.#fold;
    const data = this.#data;
    if (fold.type !== "f8" || data instanceof Float64Array) return fold.line(data, from, count);
    if (this.#direct !== undefined) return this.#direct(data, from, count);
    if (count > BLOCK) {
      const half = halfOf(count);
      return fold.join(this.#line(from, half), this.#line(from + half, count - half));
    }
    this.#reader.read(from, count);
    return fold.line(this.#reader.doubles, this.#reader.from, count);
  }

  /** Copies each lane together, then folds it as a line. */
  #gather(row: number, count: number, column: number, columns: number, at: number): void {
    const { inner } = this.#lanes;
    const fold = this.#fold;
    const lane = this.#lane ??= new (constructorOf(fold.type))(this.#plan.longest);
    const first = row * inner;
    if (fold.type === "f8") this.#reader.read(first, count * inner);
    for (let j = column; j < column + columns; j++) {
      if (fold.type === "f8") {
        gatherDoubles(this.#reader.doubles, this.#reader.from + j, inner, lane as Float64Array, count);
      } else gatherPairs(halves(this.#data), first + j, inner, halves(lane), count);
      this.#partials[at + j - column] = fold.line(lane, 0, count);
    }
  }

  #foldRows(from: number, rows: number, columns: number, at: number): void {
    // a row of values for each level of the tree
    const levels = this.#levels ??= new Float64Array(MAX_WIDTH * 32);
    this.#tree(from, rows, columns, levels, 0);
    (this.#partials as Float64Array).set(levels.subarray(0, columns), at);
  }

  #tree(from: number, rows: number, columns: number, levels: Float64Array, at: number): void {
    const { inner } = this.#lanes;
    if (rows > ROWS) {
      const half = halfOf(rows);
      this.#tree(from, half, columns, levels, at);
      this.#tree(from + half * inner, rows - half, columns, levels, at + MAX_WIDTH);
      this.#fold.rows!(levels, at + MAX_WIDTH, 1, MAX_WIDTH, columns, levels, at);
      return;
    }
    let source = this.#reader;
    let first = from;
    let stride = inner;
    if (!(this.#data instanceof Float64Array)) {
      source = this.#rowReader(rows, from, columns);
      stride = columns;
    } else source.read(from, 1);
    first = source.from;
    const { doubles } = source;
    for (let j = 0; j < columns; j++) levels[at + j] = doubles[first + j]!;
    this.#fold.rows!(doubles, first + stride, rows - 1, stride, columns, levels, at);
  }

  #rowReader(rows: number, from: number, columns: number): DoubleReader {
    const reader = this.#reader;
    const { inner } = this.#lanes;
    if (columns === inner) reader.read(from, rows * columns);
    else reader.readRows(from, rows, inner, columns);
    return reader;
  }
}

function gatherDoubles(
  a: Float64Array,
  from: number,
  stride: number,
  lane: Float64Array,
  count: number,
): void {
  for (let i = 0, k = from; i < count; i++, k += stride) lane[i] = a[k]!;
}

function gatherPairs(a: Int32Array, from: number, stride: number, lane: Int32Array, count: number): void {
  for (let i = 0, k = 2 * from; i < count; i++, k += 2 * stride) {
    lane[2 * i] = a[k]!;
    lane[2 * i + 1] = a[k + 1]!;
  }
}

/** The values of whole lanes. */
function joinParts(
  partials: TypedArray,
  { outer, length, inner }: Lanes,
  plan: Plan,
  fold: Fold,
): TypedArray {
  const count = plan.parts.length;
  const values = new (constructorOf(fold.type))(outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < inner; j++) {
      const first = o * count * inner + j;
      values[o * inner + j] = fold.isExact
        ? exactSum(partials as Float64Array, first, count, inner)
        : joinTree(partials, first, plan, length, inner, fold);
    }
  }
  return values;
}

/** The tree that {@linkcode Plan} was cut by. */
function joinTree(
  partials: TypedArray,
  first: number,
  plan: Plan,
  length: number,
  inner: number,
  fold: Fold,
): number | bigint {
  const limit = Math.max(128, Math.floor(PART_ELEMENTS / plan.width));
  let part = 0;
  const join = (count: number): number | bigint => {
    if (count <= limit) return partials[first + part++ * inner]!;
    const half = halfOf(count);
    const left = join(half);
    return fold.join(left, join(count - half));
  };
  return join(length);
}

/** The sum of integers that are exact each, rounded once. */
function exactSum(partials: Float64Array, first: number, count: number, inner: number): number {
  let sum = 0;
  let error = 0;
  for (let part = 0; part < count; part++) {
    const x = partials[first + part * inner]!;
    // Knuth's TwoSum
    const total = sum + x;
    const rest = total - sum;
    error += (sum - (total - rest)) + (x - rest);
    sum = total;
  }
  return sum + error;
}

/** An empty value of the type that results of an element type have. */
export function valueType(dtype: ShortDType): "f8" | "i8" | "u8" {
  return dtype === "i8" || dtype === "u8" ? dtype : "f8";
}
