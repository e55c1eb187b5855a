/**
 * Where parsed rows go: into a buffer in which every number has eight bytes, and from there, when it is known which
 * rows of all they are, to their place, as numbers of the type that is wanted.
 *
 * @module
 */
import type { ShortDType, TypedArray } from "../memory/dtype.ts";
import { parseLines, type PlainRows, plainRowsOf } from "./parse_lines.ts";
import type { Progress, Text } from "./parse_rows.ts";
import type { RowPlan } from "./row_plan.ts";

/** An array that rows go to: some numbers of each parsed row, side by side. */
export interface Output {
  readonly data: TypedArray;
  readonly dtype: ShortDType;
  /** Which numbers of the parsed row it takes. */
  readonly slots: Int32Array;
}

/** Numbers, and the same memory as words, for integers of 64 bits: as doubles, some would be NaN. */
export class RowBuffer {
  numbers: Float64Array<ArrayBuffer> = new Float64Array(0);
  words: Int32Array<ArrayBuffer> = new Int32Array(0);

  /** Makes room for so many numbers; those that were there are lost. */
  reserve(count: number): void {
    if (this.numbers.length >= count) return;
    this.numbers = new Float64Array(count);
    this.words = new Int32Array(this.numbers.buffer);
  }
}

/** A process's way into the outputs. */
export class RowSink {
  readonly #plan: RowPlan;
  readonly #plain: PlainRows | undefined;
  readonly #outputs: readonly Output[];
  readonly #gathered = new RowBuffer();

  /** Rows by `plan` into `outputs`. */
  constructor(plan: RowPlan, outputs: readonly Output[]) {
    this.#plan = plan;
    this.#plain = plainRowsOf(plan);
    this.#outputs = outputs;
  }

  /**
   * Parses lines from `from` to `to`, at most `limit` rows of them, into a buffer of any size.
   *
   * @returns how many rows there were
   */
  parse(
    text: Text,
    from: number,
    to: number,
    limit: number,
    { into, progress }: { readonly into: RowBuffer; readonly progress: Progress },
  ): number {
    // a number has a byte at least, and another one behind it
    into.reserve(Math.ceil((to - from) / 2));
    const { numbers, words } = into;
    return parseLines(this.#plan, this.#plain, text, from, to, numbers, words, limit, progress);
  }

  /** Stores the first `count` rows of a buffer, which are those from `row` on. The buffer's numbers are lost. */
  place({ numbers, words }: RowBuffer, row: number, count: number): void {
    if (count === 0) return;
    const { width } = this.#plan;
    for (const { data, dtype, slots } of this.#outputs) {
      const columns = slots.length;
      const isAll = columns === width && slots.every((slot, k) => slot === k);
      if (!isAll) {
        this.#gathered.reserve(columns * count);
        gather(words, width, slots, this.#gathered.words, count);
      }
      storeNumbers(isAll ? numbers : this.#gathered.numbers, count * columns, data, dtype, row * columns);
    }
  }
}

/** Copies as words. */
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
  const numbers = from.subarray(0, count);
  // in place, as the numbers are not wanted any more
  if (dtype === "b1") { for (let k = 0; k < count; k++) numbers[k] = numbers[k] === 0 ? 0 : 1; }
  (data as Float64Array).set(numbers, at);
}
