/**
 * Where parsed rows go: doubles straight to their place, all else through a small buffer in which every number has
 * eight bytes.
 *
 * @module
 */
import type { ShortDType, TypedArray } from "../memory/dtype.ts";
import { parseRows, type Progress, type Text } from "./parse_rows.ts";
import type { RowPlan } from "./row_plan.ts";

/** An array that rows go to: some numbers of each parsed row, side by side. */
export interface Output {
  readonly data: TypedArray;
  readonly dtype: ShortDType;
  /** Which numbers of the parsed row it takes. */
  readonly slots: Int32Array;
}

/** Numbers in the buffer: 128 KiB stay in the cache. */
const BUFFER_NUMBERS = 2 ** 14;
const NO_WORDS = new Int32Array(0);

/** A process's way into the outputs. */
export class RowSink {
  readonly #plan: RowPlan;
  readonly #outputs: readonly Output[];
  readonly #isDirect: boolean;
  readonly #buffer: Float64Array<ArrayBuffer>;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #gathered: Float64Array<ArrayBuffer>;
  readonly #gatheredWords: Int32Array<ArrayBuffer>;

  /** Rows by `plan` into `outputs`, which are as long as there are rows. */
  constructor(plan: RowPlan, outputs: readonly Output[]) {
    this.#plan = plan;
    this.#outputs = outputs;
    const { width } = plan;
    const [first] = outputs;
    this.#isDirect = outputs.length === 1 && first!.dtype === "f8" && isWhole(first!.slots, width);
    const rows = Math.max(1, Math.floor(BUFFER_NUMBERS / Math.max(1, width)));
    this.#buffer = new Float64Array(this.#isDirect ? 0 : rows * width);
    this.#words = new Int32Array(this.#buffer.buffer);
    const widest = outputs.reduce((most, { slots }) => Math.max(most, slots.length), 0);
    this.#gathered = new Float64Array(this.#isDirect ? 0 : rows * widest);
    this.#gatheredWords = new Int32Array(this.#gathered.buffer);
  }

  /**
   * Parses lines to the rows from `row` on, which are `count`.
   *
   * @param isCut whether lines after them are none of ours
   * @returns how many rows there were: more than `count` when there are too many
   */
  parse(
    text: Text,
    from: number,
    to: number,
    row: number,
    count: number,
    isCut: boolean,
    progress: Progress,
  ): number {
    const plan = this.#plan;
    const { width } = plan;
    const limit = isCut ? count : count + 1;
    if (this.#isDirect) {
      // a row too many goes beyond the end of the part, which leaves it nowhere
      const part = (this.#outputs[0]!.data as Float64Array).subarray(row * width, (row + count) * width);
      return parseRows(plan, text, from, to, part, NO_WORDS, limit, progress);
    }
    const most = Math.max(1, Math.floor(this.#buffer.length / Math.max(1, width)));
    let done = 0;
    progress.position = from;
    do {
      const wanted = Math.min(most, limit - done);
      const rows = parseRows(
        plan,
        text,
        progress.position,
        to,
        this.#buffer,
        this.#words,
        wanted,
        progress,
      );
      this.#store(row + done, Math.min(rows, count - done));
      done += rows;
      if (rows < wanted) break;
    } while (done < limit);
    return done;
  }

  #store(row: number, count: number): void {
    if (count <= 0) return;
    const { width } = this.#plan;
    for (const { data, dtype, slots } of this.#outputs) {
      const isAll = isWhole(slots, width);
      if (!isAll) gather(this.#words, width, slots, this.#gatheredWords, count);
      const from = isAll ? this.#buffer : this.#gathered;
      storeNumbers(from, count * slots.length, data, dtype, row * slots.length);
    }
  }
}

function isWhole(slots: Int32Array, width: number): boolean {
  return slots.length === width && slots.every((slot, k) => slot === k);
}

/** Copies as words: what are integers of 64 bits must not pass for doubles, some of which are NaN. */
function gather(from: Int32Array, width: number, slots: Int32Array, to: Int32Array, rows: number): void {
  const columns = slots.length;
  for (let column = 0; column < columns; column++) {
    let source = 2 * slots[column]!;
    for (let at = 2 * column, end = 2 * columns * rows; at < end; at += 2 * columns) {
      to[at] = from[source]!;
      to[at + 1] = from[source + 1]!;
      source += 2 * width;
    }
  }
}

function storeNumbers(
  from: Float64Array<ArrayBuffer>,
  count: number,
  data: TypedArray,
  dtype: ShortDType,
  at: number,
): void {
  if (dtype === "i8") return (data as BigInt64Array).set(new BigInt64Array(from.buffer, 0, count), at);
  if (dtype === "u8") return (data as BigUint64Array).set(new BigUint64Array(from.buffer, 0, count), at);
  if (dtype === "b1") { for (let k = 0; k < count; k++) from[k] = from[k] === 0 ? 0 : 1; }
  (data as Float64Array).set(from.subarray(0, count), at);
}
