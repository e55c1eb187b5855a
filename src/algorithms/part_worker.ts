/**
 * Folds parts of lanes, in one process.
 *
 * @module
 */
import { constructorOf, type TypedArray } from "../memory/dtype.ts";
import { DoubleReader, halves } from "./doubles.ts";
import type { Fold, Kernel } from "./fold.ts";
import { type Lanes, MAX_WIDTH, MIN_WIDTH, type Plan } from "./fold_plan.ts";
import { halfOf } from "./sum_kernels.ts";

/** Rows that are folded in order. */
const ROWS = 16;
/** Other classes than `Float64Array` are converted in stretches of this. */
const BLOCK = 4096;

/** Folds parts, in one process. */
export class PartWorker {
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

  /** Folds the parts of a claim. */
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
