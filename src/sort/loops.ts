/**
 * The loops over elements and pairs that a partition is made of, behind one interface: in TypeScript here, in WebAssembly
 * in `kernel_loops.ts`. Both give the same indices.
 *
 * @module
 */
import type { Buckets } from "./buckets.ts";
import { copyIndices } from "./digits.ts";
import { type KeyRange, keyFormat, wordsOf } from "./keys.ts";
import { countNarrow, isRisingNarrow, rangeNarrow, scatterNarrow } from "./narrow_keys.ts";
import { PairSorter } from "./pairs.ts";
import { countUpper, countWide, isRisingWide, rangeUpper, rangeWide, scatterWide } from "./wide_keys.ts";
import type { TypedArray } from "../memory/dtype.ts";
import type { Window } from "./window.ts";
import { type Division, SMALL, type Workspace } from "./workspace.ts";

/** The elements to be sorted, as words, and how to read them. */
export interface Elements {
  readonly words: Int32Array;
  readonly isWide: boolean;
  readonly float: number;
  readonly flip: number;
}

/** One array's loops. Ranges of elements are `from`…`to`; `part` is the row of the workspace that they write to. */
export interface Loops {
  /** Whether elements have 64 bits. */
  readonly isWide: boolean;
  /** Notes the range of keys, of 64-bit elements perhaps only that of their upper words. */
  range(from: number, to: number, part: number): void;
  /** Notes the whole range of keys. */
  wholeRange(from: number, to: number, part: number): void;
  /** Counts how many fall in each cell; `range` is given where upper words tell the cells. */
  count(from: number, to: number, window: Window, part: number, range: KeyRange | undefined): void;
  /** To be called once before `scatter()` and `sortBucket()`. */
  prepare(window: Window, buckets: Buckets, largest: number): void;
  /** Moves elements as pairs into their buckets; the bits that are set in any lower word. */
  scatter(from: number, to: number, cursors: Int32Array): number;
  /** Writes the indices of a bucket in order. `width` bits of the pairs count; all of the key if that is exact. */
  sortBucket(from: number, to: number, width: number, isExact: boolean): void;
  /** Writes indices as they come. */
  copy(from: number, to: number): void;
}

/** An array of 32- or 64-bit elements as words. */
export function elementsOf(data: TypedArray): Elements {
  return { words: wordsOf(data), isWide: data.BYTES_PER_ELEMENT === 8, ...keyFormat(data) };
}

/** Whether the elements are in order already. Stops at the first that is not. */
export function isRising({ words, isWide, float, flip }: Elements): boolean {
  return isWide
    ? isRisingWide(words, words.length / 2, float, flip)
    : isRisingNarrow(words, words.length, float, flip);
}

let smallSorter: PairSorter | undefined;

/** The loops in TypeScript. */
export class TypedLoops implements Loops {
  readonly isWide: boolean;
  readonly #elements: Elements;
  readonly #workspace: Workspace;
  readonly #stride: number;
  readonly #out: Uint32Array;
  #window!: Window;
  #buckets!: Buckets;
  #sorter!: PairSorter;

  constructor(elements: Elements, workspace: Workspace, { stride }: Division, out: Uint32Array) {
    this.isWide = elements.isWide;
    this.#elements = elements;
    this.#workspace = workspace;
    this.#stride = stride;
    this.#out = out;
  }

  range(from: number, to: number, part: number): void {
    const { words, isWide, float, flip } = this.#elements;
    (isWide ? rangeUpper : rangeNarrow)(words, from, to, float, flip, this.#workspace.ranges, part);
  }

  wholeRange(from: number, to: number, part: number): void {
    const { words, float, flip } = this.#elements;
    rangeWide(words, from, to, float, flip, this.#workspace.ranges, part);
  }

  count(from: number, to: number, window: Window, part: number, range: KeyRange | undefined): void {
    const { words, isWide, float, flip } = this.#elements;
    const cells = this.#workspace.rows.subarray(part * this.#stride, (part + 1) * this.#stride);
    if (range !== undefined) {
      const shift = window.cellShift - (32 - window.rest);
      countUpper(words, from, to, float, flip, range.minHigh, shift, window.nanCell, cells);
    } else (isWide ? countWide : countNarrow)(words, from, to, float, flip, window, cells);
  }

  prepare(window: Window, buckets: Buckets, largest: number): void {
    this.#window = window;
    this.#buckets = buckets;
    this.#sorter = this.#out.length <= SMALL
      ? smallSorter ??= new PairSorter(SMALL)
      : new PairSorter(largest);
  }

  scatter(from: number, to: number, cursors: Int32Array): number {
    const { words, isWide, float, flip } = this.#elements;
    const { pairs } = this.#workspace;
    const scatter = isWide ? scatterWide : scatterNarrow;
    return scatter(words, from, to, float, flip, this.#window, this.#buckets, cursors, pairs.words);
  }

  sortBucket(from: number, to: number, width: number, isExact: boolean): void {
    const { words, float } = this.#elements;
    this.#sorter.sort(this.#workspace.pairs, from, to, width, isExact ? undefined : { words, float }, this.#out);
  }

  copy(from: number, to: number): void {
    copyIndices(this.#workspace.pairs.words, from, to, this.#out, from);
  }
}
