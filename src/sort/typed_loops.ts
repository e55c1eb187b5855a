/**
 * The loops over elements in TypeScript.
 *
 * @module
 */
import { type Buckets, bucketsOf, cursorsOf, type Plan } from "./buckets.ts";
import { copyIndices } from "./digits.ts";
import type { KeyRange } from "./keys.ts";
import type { Elements, IndexLoops } from "./loops.ts";
import { countNarrow, rangeNarrow, scatterNarrow } from "./narrow_keys.ts";
import { PairSorter } from "./pairs.ts";
import { countUpper, countWide, rangeUpper, rangeWide, scatterWide } from "./wide_keys.ts";
import type { Window } from "./window.ts";
import { type Division, SMALL, type Workspace } from "./workspace.ts";

/** What indices and values have in common. */
export class TypedPartition {
  readonly isWide: boolean;
  protected readonly elements: Elements;
  protected readonly workspace: Workspace;
  readonly #stride: number;

  constructor(elements: Elements, workspace: Workspace, { stride }: Division) {
    this.isWide = elements.isWide;
    this.elements = elements;
    this.workspace = workspace;
    this.#stride = stride;
  }

  range(from: number, to: number, part: number): void {
    const { words, isWide, float, flip } = this.elements;
    (isWide ? rangeUpper : rangeNarrow)(words, from, to, float, flip, this.workspace.ranges, part);
  }

  wholeRange(from: number, to: number, part: number): void {
    const { words, float, flip } = this.elements;
    rangeWide(words, from, to, float, flip, this.workspace.ranges, part);
  }

  count(from: number, to: number, window: Window, part: number, range: KeyRange | undefined): void {
    const { words, isWide, float, flip } = this.elements;
    const cells = this.workspace.rows.subarray(part * this.#stride, (part + 1) * this.#stride);
    if (range !== undefined) {
      const shift = window.cellShift - (32 - window.rest);
      countUpper(words, from, to, float, flip, range.minHigh, shift, window.nanCell, cells);
    } else (isWide ? countWide : countNarrow)(words, from, to, float, flip, window, cells);
  }

  plan(window: Window, parts: number, most: number): Plan {
    const { rows } = this.workspace;
    const buckets = bucketsOf(window, rows, parts, this.#stride, most);
    return { buckets, cursors: cursorsOf(buckets, window, rows, parts, this.#stride) };
  }
}

let smallSorter: PairSorter | undefined;

/** Loops for indices. */
export class TypedIndices extends TypedPartition implements IndexLoops {
  readonly #out: Uint32Array;
  #window!: Window;
  #buckets!: Buckets;
  #sorter!: PairSorter;

  constructor(elements: Elements, workspace: Workspace, division: Division, out: Uint32Array) {
    super(elements, workspace, division);
    this.#out = out;
  }

  prepare(window: Window, buckets: Buckets, largest: number): void {
    this.#window = window;
    this.#buckets = buckets;
    this.#sorter = this.#out.length <= SMALL
      ? smallSorter ??= new PairSorter(SMALL)
      : new PairSorter(largest);
  }

  scatter(from: number, to: number, cursors: Int32Array): number {
    const { words, isWide, float, flip } = this.elements;
    const { pairs } = this.workspace;
    const scatter = isWide ? scatterWide : scatterNarrow;
    return scatter(words, from, to, float, flip, this.#window, this.#buckets, cursors, pairs.words);
  }

  sortBucket(from: number, to: number, width: number, isExact: boolean): void {
    const { words, float } = this.elements;
    this.#sorter.sort(
      this.workspace.pairs,
      from,
      to,
      width,
      isExact ? undefined : { words, float },
      this.#out,
    );
  }

  copy(from: number, to: number): void {
    copyIndices(this.workspace.pairs.words, from, to, this.#out, from);
  }
}
