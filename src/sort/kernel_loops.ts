/**
 * The loops of one array in WebAssembly. Tables that are read for each element are copied to this process's part of the
 * window; elements, pairs and indices are mapped into it.
 *
 * @module
 */
import { type Buckets, bucketsFrom, mostCellsOf, type Plan } from "./buckets.ts";
import { type KeyRange, RANGE_WORDS } from "./keys.ts";
import type { ElementKernels, Kernels, KernelType } from "./kernels.ts";
import type { Elements, IndexLoops, PartitionLoops, ValueLoops } from "./loops.ts";
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

/** Tables of the current partition, and the bucket that is sorted. */
export const OF_CELL: number = 2 ** 16;
/** See {@linkcode OF_CELL}. */
export const TABLE: number = OF_CELL + 2 ** 17;
const ENTRY_WORDS = 4;
/** See {@linkcode OF_CELL}. */
export const SCRATCH: number = TABLE + 2 ** 21;
/** While buckets are made: how many elements each cell has, the first cell and element of each bucket, cursors. */
const TOTALS = SCRATCH;
const FIRSTS = TOTALS + 2 ** 19;
const CURSORS = FIRSTS + 2 ** 20;
/** Where operands are copied that are not mapped. */
export const COPIES: number = 2 ** 23;
/** Pairs that there is room for twice. */
const MOST_ROOM = (COPIES - SCRATCH) / 16 - 4096;
/** A call returns this often, for V8 compiles a function anew only between calls. */
const BLOCK = 2 ** 16;

/** What indices and values have in common; `L` are the loops in TypeScript, to which what is rare and takes long is left. */
export class KernelPartition<L extends PartitionLoops> {
  readonly isWide: boolean;
  protected readonly kernels: Kernels;
  protected readonly loops: ElementKernels;
  protected readonly elements: Elements;
  protected readonly places: Places;
  protected readonly table: Int32Array;
  protected window!: Window;
  protected buckets!: Buckets;
  protected room = 0;
  /** For what needs no preparation; sorting a bucket does. */
  protected readonly typed: L;
  readonly #stride: number;
  #isTypedReady = false;

  constructor(kernels: Kernels, elements: Elements, places: Places, { stride }: Division, typed: L) {
    this.isWide = elements.isWide;
    this.kernels = kernels;
    this.loops = kernels.elements[kernelType(elements)];
    this.elements = elements;
    this.places = places;
    this.table = new Int32Array(kernels.window.memory.buffer, TABLE, ENTRY_WORDS * (2 ** 16 + 1));
    this.#stride = stride;
    this.typed = typed;
  }

  range(from: number, to: number, part: number): void {
    const { elements, ranges } = this.places;
    const { flip } = this.elements;
    const row = ranges + 4 * RANGE_WORDS * part;
    inBlocks(from, to, (at, end) => this.loops.range(elements, at, end, flip, row));
  }

  wholeRange(from: number, to: number, part: number): void {
    this.range(from, to, part);
  }

  count(from: number, to: number, window: Window, part: number, _range: KeyRange | undefined): void {
    const { elements, rows } = this.places;
    const { flip } = this.elements;
    const { rest, base, cellShift, nanCell } = window;
    const cells = rows + 4 * this.#stride * part;
    inBlocks(from, to, (at, end) => {
      this.loops.count(elements, at, end, flip, 32 - rest, base, cellShift, nanCell, cells);
    });
  }

  plan(window: Window, parts: number, most: number): Plan {
    const { plan, window: { memory } } = this.kernels;
    const { cells, nanCell } = window;
    const rowAt = (part: number): number => this.places.rows + 4 * this.#stride * part;
    if (parts > 1) {
      new Int32Array(memory.buffer, TOTALS, cells).fill(0);
      for (let part = 0; part < parts; part++) plan.addRow(rowAt(part), cells, TOTALS);
    }
    const totals = parts > 1 ? TOTALS : rowAt(0);
    const count = plan.joinCells(totals, cells, most, mostCellsOf(window), OF_CELL, FIRSTS);
    const entries = new Int32Array(memory.buffer, FIRSTS, 2 * (count + 1));
    const next = new Int32Array(memory.buffer, CURSORS, count + 1);
    const firsts = new Int32Array(count + 1);
    const starts = new Int32Array(count + 2);
    for (let bucket = 0; bucket <= count; bucket++) {
      firsts[bucket] = entries[2 * bucket]!;
      starts[bucket] = next[bucket] = entries[2 * bucket + 1]!;
    }
    const cursors: Int32Array[] = [];
    for (let part = 0; part < parts; part++) {
      cursors.push(next.slice());
      plan.addCells(rowAt(part), cells, OF_CELL, nanCell, count, CURSORS);
    }
    // the end of NaN is where a next part would write its first
    starts[count + 1] = next[count]!;
    const ofCell = new Uint16Array(memory.buffer, OF_CELL, cells);
    return { buckets: bucketsFrom(window, ofCell, firsts, starts), cursors };
  }

  /** `buckets` are those of `plan()`, whose cells are where the loops look for them. */
  prepare(window: Window, buckets: Buckets, largest: number): void {
    this.window = window;
    this.buckets = buckets;
    this.room = Math.min(largest, MOST_ROOM);
    fillTable(this.table, window.base, buckets.bases, buckets.widths, buckets.count);
  }

  /** The loops in TypeScript, ready to sort a bucket. */
  protected prepared(): L {
    if (!this.#isTypedReady) this.typed.prepare(this.window, this.buckets, this.room);
    this.#isTypedReady = true;
    return this.typed;
  }
}

/** Loops for indices. */
export class KernelIndices extends KernelPartition<IndexLoops> implements IndexLoops {
  scatter(from: number, to: number, cursors: Int32Array): number {
    const { elements, pairs } = this.places;
    const { flip } = this.elements;
    const { rest, base, cellShift } = this.window;
    const { count } = this.buckets;
    const { scatter } = this.loops;
    fillCursors(this.table, cursors, count + 1);
    let bits = 0;
    inBlocks(from, to, (at, end) => {
      bits |= scatter(elements, at, end, flip, 32 - rest, base, cellShift, OF_CELL, TABLE, count, pairs);
    });
    return bits;
  }

  sortBucket(from: number, to: number, width: number, isExact: boolean): void {
    const n = to - from;
    if (n === 0) return;
    const { elements, pairs, out } = this.places;
    const [source, target] = [pairs + 8 * from, out + 4 * from];
    const { float } = this.elements;
    const { sortPairs } = this.kernels.pairs;
    const isDone = sortPairs(source, n, width, Number(isExact), elements, float, target, SCRATCH, this.room);
    if (isDone === 0) this.prepared().sortBucket(from, to, width, isExact);
  }

  copy(from: number, to: number): void {
    this.typed.copy(from, to);
  }
}

/** Loops for the values of doubles. */
export class KernelValues extends KernelPartition<ValueLoops> implements ValueLoops {
  scatter(from: number, to: number, cursors: Int32Array): number {
    const { elements, pairs } = this.places;
    const { rest, base, cellShift } = this.window;
    const { scatterKeys } = this.kernels.pairs;
    fillCursors(this.table, cursors, this.buckets.count);
    let hasMinusZero = 0;
    inBlocks(from, to, (at, end) => {
      hasMinusZero |= scatterKeys(elements, at, end, 32 - rest, base, cellShift, OF_CELL, TABLE, pairs);
    });
    return hasMinusZero;
  }

  sortBucket(bucket: number): void {
    const { starts, widths, bases } = this.buckets;
    const { rest, base, top } = this.window;
    const { pairs, out } = this.places;
    const from = starts[bucket]!;
    const n = starts[bucket + 1]! - from;
    if (n === 0) return;
    const isDone = this.kernels.pairs.sortKeys(
      pairs + 8 * from,
      n,
      widths[bucket]!,
      base + bases[bucket]! | 0,
      rest,
      top,
      base,
      out + 8 * from,
      SCRATCH,
      this.room,
    );
    if (isDone === 0) this.prepared().sortBucket(bucket);
  }

  fillMissing(from: number, to: number): void {
    this.typed.fillMissing(from, to);
  }
}

/** Which loops are those of some elements. */
export function kernelType({ isWide, float }: Elements): KernelType {
  return isWide ? (float ? "F8" : "I8") : (float ? "F4" : "I4");
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
