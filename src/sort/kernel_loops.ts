/**
 * The loops of one array in WebAssembly. Tables that are read for each element are copied to this process's part of the
 * window; elements, pairs and indices are mapped into it.
 *
 * @module
 */
import type { Buckets } from "./buckets.ts";
import { type KeyRange, RANGE_WORDS } from "./keys.ts";
import type { ElementKernels, Kernels } from "./kernels.ts";
import type { Elements, Loops, TypedLoops } from "./loops.ts";
import type { Window } from "./window.ts";
import type { Division } from "./workspace.ts";

/** Where in the window each of them begins. */
export interface Places {
  readonly elements: number;
  readonly pairs: number;
  readonly rows: number;
  readonly ranges: number;
  readonly out: number;
}

const OF_CELL = 2 ** 16;
const TABLE = OF_CELL + 2 ** 17;
const ENTRY_WORDS = 4;
const SCRATCH = TABLE + 2 ** 21;
/** Where operands are copied that are not mapped. */
export const COPIES: number = 2 ** 25;
/** Pairs that there is room for twice. */
const MOST_ROOM = (COPIES - SCRATCH) / 16 - 4096;
/** A call returns this often, for V8 compiles a function anew only between calls. */
const BLOCK = 2 ** 16;

/** The loops in WebAssembly. */
export class KernelLoops implements Loops {
  readonly isWide: boolean;
  readonly #kernels: Kernels;
  readonly #loops: ElementKernels;
  readonly #elements: Elements;
  readonly #places: Places;
  readonly #stride: number;
  /** What takes long is rare, and is left to it. */
  readonly #typed: TypedLoops;
  readonly #table: Int32Array;
  #window!: Window;
  #buckets!: Buckets;
  #room = 0;
  #prepareTyped: (() => void) | undefined;

  constructor(kernels: Kernels, elements: Elements, places: Places, { stride }: Division, typed: TypedLoops) {
    const { isWide, float } = elements;
    this.#kernels = kernels;
    this.#loops = kernels.elements[isWide ? (float ? "F8" : "I8") : (float ? "F4" : "I4")];
    this.isWide = isWide;
    this.#elements = elements;
    this.#places = places;
    this.#stride = stride;
    this.#typed = typed;
    this.#table = new Int32Array(kernels.window.memory.buffer, TABLE, ENTRY_WORDS * (2 ** 16 + 1));
  }

  range(from: number, to: number, part: number): void {
    const { elements, ranges } = this.#places;
    const { flip } = this.#elements;
    const row = ranges + 4 * RANGE_WORDS * part;
    new Int32Array(this.#kernels.window.memory.buffer, row, RANGE_WORDS).fill(0);
    inBlocks(from, to, (at, end) => this.#loops.range(elements, at, end, flip, row));
  }

  wholeRange(from: number, to: number, part: number): void {
    this.range(from, to, part);
  }

  count(from: number, to: number, window: Window, part: number, _range: KeyRange | undefined): void {
    const { elements, rows } = this.#places;
    const { flip } = this.#elements;
    const { rest, base, cellShift, nanCell } = window;
    const cells = rows + 4 * this.#stride * part;
    inBlocks(from, to, (at, end) => {
      this.#loops.count(elements, at, end, flip, 32 - rest, base, cellShift, nanCell, cells);
    });
  }

  prepare(window: Window, buckets: Buckets, largest: number): void {
    this.#window = window;
    this.#buckets = buckets;
    this.#room = Math.min(largest, MOST_ROOM);
    this.#prepareTyped = () => this.#typed.prepare(window, buckets, largest);
    new Uint16Array(this.#kernels.window.memory.buffer, OF_CELL, buckets.ofCell.length).set(buckets.ofCell);
    fillTable(this.#table, window.base, buckets.bases, buckets.widths, buckets.count);
  }

  scatter(from: number, to: number, cursors: Int32Array): number {
    const { elements, pairs } = this.#places;
    const { flip } = this.#elements;
    const { rest, base, cellShift } = this.#window;
    const { count } = this.#buckets;
    fillCursors(this.#table, cursors, count + 1);
    let bits = 0;
    inBlocks(from, to, (at, end) => {
      bits |= this.#loops.scatter(
        elements,
        at,
        end,
        flip,
        32 - rest,
        base,
        cellShift,
        OF_CELL,
        TABLE,
        count,
        pairs,
      );
    });
    return bits;
  }

  sortBucket(from: number, to: number, width: number, isExact: boolean): void {
    const n = to - from;
    if (n === 0) return;
    const pairs = this.#places.pairs + 8 * from;
    const out = this.#places.out + 4 * from;
    const { elements } = this.#places;
    const { float } = this.#elements;
    const room = this.#room;
    const isDone = isExact
      ? this.#kernels.pairs.sortExact(pairs, n, width, out, SCRATCH, room)
      : this.#kernels.pairs.sortInexact(pairs, n, width, out, SCRATCH, room, elements, float);
    if (isDone !== 0) return;
    this.#prepareTyped?.();
    this.#prepareTyped = undefined;
    this.#typed.sortBucket(from, to, width, isExact);
  }

  copy(from: number, to: number): void {
    this.#typed.copy(from, to);
  }
}

function inBlocks(from: number, to: number, use: (from: number, to: number) => void): void {
  for (let at = from; at < to; at += BLOCK) use(at, Math.min(at + BLOCK, to));
}

/** An entry is the least key of a bucket, its window in the upper of two words, the next place, and the width. */
function fillTable(
  table: Int32Array,
  base: number,
  bases: Int32Array,
  widths: Uint8Array,
  count: number,
): void {
  for (let bucket = 0; bucket < count; bucket++) {
    table[ENTRY_WORDS * bucket] = 0;
    table[ENTRY_WORDS * bucket + 1] = base + bases[bucket]! | 0;
    table[ENTRY_WORDS * bucket + 3] = widths[bucket]!;
  }
}

function fillCursors(table: Int32Array, cursors: Int32Array, count: number): void {
  for (let bucket = 0; bucket < count; bucket++) table[ENTRY_WORDS * bucket + 2] = cursors[bucket]!;
}
