/**
 * Products of matrices, in blocks that stay in the cache.
 *
 * ```
 *        B: depth × columns, packed four columns side by side
 *        ┌──┬──┬──┐
 *        │  │  │  │ DEPTH rows at a time
 *        └──┴──┴──┘
 *  A ┌─┐ ┌──┬──┬──┐
 *  4 │ │ │  │  │  │ C: blocks of 4 × 4 in registers; four rows of A belong to one claim of a member
 *    └─┘ └──┴──┴──┘
 * ```
 *
 * @module
 */
import type { CrewMember } from "./crew.ts";
import { dotBig, dotDoubles, multiplyPanel, packPanels } from "./dot_kernels.ts";

/** Sizes: `rows × depth` times `depth × columns`. */
export interface ProductShape {
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
}

/** Rows of `b` that are packed at once. */
const DEPTH = 256;
/** Rows of `a` that a member claims. */
const ROWS = 32;

/** Multiplies, as one of a crew: `out` gets the rows that this member claims. */
export function multiplyDoubles(
  member: CrewMember,
  a: Float64Array,
  b: Float64Array,
  { rows, depth, columns }: ProductShape,
  out: Float64Array,
): void {
  if (columns === 1) return multiplyVector(member, a, b, rows, depth, out);
  if (rows === 1) return multiplyRow(a, b, depth, columns, out);
  const claims = Math.ceil(rows / ROWS);
  const padded = Math.ceil(columns / 4) * 4;
  const layers = Math.ceil(depth / DEPTH);
  const panels: Float64Array[] = [];
  // each claim sees all of b: packed once a member
  const block = new Float64Array(ROWS * padded);
  const rowsOfA = new Float64Array(4 * depth);
  for (let claim = member.claim(0); claim < claims; claim = member.claim(0)) {
    const first = claim * ROWS;
    const count = Math.min(ROWS, rows - first);
    block.fill(0);
    for (let layer = 0; layer < layers; layer++) {
      const from = layer * DEPTH;
      const height = Math.min(DEPTH, depth - from);
      const packed = panels[layer] ??= pack(b, from, height, columns, padded);
      for (let row = 0; row < count; row += 4) {
        const isFull = row + 4 <= count;
        if (!isFull) fillRows(a, first + row, count - row, depth, rowsOfA);
        const source = isFull ? a : rowsOfA;
        const base = isFull ? (first + row) * depth + from : from;
        for (let j = 0; j < padded; j += 4) {
          multiplyPanel(source, base, depth, packed, j * height, height, block, row * padded + j, padded);
        }
      }
    }
    for (let row = 0; row < count; row++) {
      out.set(block.subarray(row * padded, row * padded + columns), (first + row) * columns);
    }
  }
}

/** A matrix by a vector. */
function multiplyVector(
  member: CrewMember,
  a: Float64Array,
  b: Float64Array,
  rows: number,
  depth: number,
  out: Float64Array,
): void {
  const step = Math.max(1, Math.floor(2 ** 17 / Math.max(depth, 1)));
  const claims = Math.ceil(rows / step);
  for (let claim = member.claim(0); claim < claims; claim = member.claim(0)) {
    const end = Math.min(rows, (claim + 1) * step);
    for (let row = claim * step; row < end; row++) out[row] = dotDoubles(a, row * depth, b, 0, depth) + 0;
  }
}

/** A vector by a matrix: its rows are read in order. */
function multiplyRow(
  a: Float64Array,
  b: Float64Array,
  depth: number,
  columns: number,
  out: Float64Array,
): void {
  out.fill(0);
  for (let k = 0, from = 0; k < depth; k++, from += columns) addMultiple(b, from, a[k]!, columns, out);
}

function addMultiple(b: Float64Array, from: number, factor: number, count: number, out: Float64Array): void {
  for (let j = 0; j < count; j++) out[j] = out[j]! + factor * b[from + j]!;
}

/** The same for 64-bit integers, element by element. */
export function multiplyBig(
  member: CrewMember,
  a: BigInt64Array,
  b: BigInt64Array,
  { rows, depth, columns }: ProductShape,
  out: BigInt64Array,
): void {
  for (let row = member.claim(0); row < rows; row = member.claim(0)) {
    for (let j = 0; j < columns; j++) {
      out[row * columns + j] = dotBig(a, row * depth, b, j, columns, depth);
    }
  }
}

function pack(b: Float64Array, from: number, height: number, columns: number, padded: number): Float64Array {
  const packed = new Float64Array(height * padded);
  packPanels(b, from, height, columns, packed);
  return packed;
}

/** The last rows, with rows of zeros up to four. */
function fillRows(a: Float64Array, row: number, count: number, depth: number, target: Float64Array): void {
  target.fill(0);
  target.set(a.subarray(row * depth, (row + count) * depth));
}
