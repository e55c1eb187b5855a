/**
 * Neighbouring cells taken together to buckets that fit the cache.
 *
 * @module
 */
import type { Window } from "./window.ts";

/** Where each cell's elements go. */
export interface Buckets {
  /** The bucket of each cell. */
  readonly ofCell: Uint16Array;
  /** The least window value of each bucket. */
  readonly bases: Int32Array;
  /** How many bits the window values of a bucket take, at most 30. */
  readonly widths: Uint8Array;
  /** Where each bucket begins among the pairs, and then that of NaN, and the end. */
  readonly starts: Int32Array;
  /** How many buckets there are, without that of NaN. */
  readonly count: number;
}

/** How a partition goes: the buckets, and where each part of the input writes its first element of each, a row a part. */
export interface Plan {
  readonly buckets: Buckets;
  readonly cursors: readonly Int32Array[];
}

/** A bucket's bits must be shifted by less than 32, and as the upper word of a double must not make NaN. */
const MAX_SPAN = 2 ** 30;

/**
 * Buckets of at most `most` elements, but for single cells that hold more.
 *
 * @param rows how many elements each part of the input has in each cell, a row a part
 * @param stride cells of a row
 */
export function bucketsOf(
  window: Window,
  rows: Int32Array,
  parts: number,
  stride: number,
  most: number,
): Buckets {
  const { cells, nanCell } = window;
  const totals = totalsOf(rows, parts, stride, cells);
  const mostCells = mostCellsOf(window);
  const ofCell = new Uint16Array(cells);
  const firsts: number[] = [];
  const starts: number[] = [];
  let count = -1;
  let size = 0;
  let position = 0;
  let first = 0;
  for (let cell = 0; cell < cells; cell++) {
    const inCell = totals[cell]!;
    const isFull = size > 0 && size + inCell > most && inCell > 0;
    if (count < 0 || isFull || cell - first >= mostCells) {
      count++;
      first = cell;
      size = 0;
      firsts.push(cell);
      starts.push(position);
    }
    ofCell[cell] = count;
    size += inCell;
    position += inCell;
  }
  firsts.push(cells);
  let missing = 0;
  for (let part = 0; part < parts; part++) missing += rows[part * stride + nanCell]!;
  starts.push(position, position + missing);
  return bucketsFrom(window, ofCell, firsts, Int32Array.from(starts));
}

/** How many cells a bucket may have at most. */
export function mostCellsOf({ cellShift }: Window): number {
  return Math.ceil(MAX_SPAN / 2 ** cellShift);
}

/** Buckets by the first cell of each, and the number of cells as the last; and by where they begin, see {@linkcode Buckets}. */
export function bucketsFrom(
  { cellShift }: Window,
  ofCell: Uint16Array,
  firsts: ArrayLike<number>,
  starts: Int32Array,
): Buckets {
  const count = firsts.length - 1;
  const bases = new Int32Array(count);
  const widths = new Uint8Array(count);
  for (let bucket = 0; bucket < count; bucket++) {
    bases[bucket] = firsts[bucket]! * 2 ** cellShift;
    const span = (firsts[bucket + 1]! - firsts[bucket]!) * 2 ** cellShift;
    widths[bucket] = Math.ceil(Math.log2(span));
  }
  return { ofCell, bases, widths, starts, count };
}

/** Where each part of the input writes its first element of each bucket, a row a part. */
export function cursorsOf(
  { ofCell, starts, count }: Buckets,
  { cells, nanCell }: Window,
  rows: Int32Array,
  parts: number,
  stride: number,
): Int32Array[] {
  let next = starts.slice(0, count + 1);
  const cursors: Int32Array[] = [];
  for (let part = 0; part < parts; part++) {
    cursors.push(next);
    next = next.slice();
    addCells(rows, part * stride, cells, ofCell, next);
    next[count]! += rows[part * stride + nanCell]!;
  }
  return cursors;
}

function totalsOf(rows: Int32Array, parts: number, stride: number, cells: number): Int32Array {
  if (parts === 1) return rows;
  const totals = new Int32Array(cells);
  for (let part = 0; part < parts; part++) addRow(rows, part * stride, cells, totals);
  return totals;
}

function addRow(rows: Int32Array, at: number, cells: number, totals: Int32Array): void {
  for (let cell = 0; cell < cells; cell++) totals[cell]! += rows[at + cell]!;
}

function addCells(
  rows: Int32Array,
  at: number,
  cells: number,
  ofCell: Uint16Array,
  sums: Int32Array,
): void {
  for (let cell = 0; cell < cells; cell++) sums[ofCell[cell]!]! += rows[at + cell]!;
}
