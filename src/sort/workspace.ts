/**
 * The memory that processes share while they partition an array.
 *
 * @module
 */
import { allocateBuffer, releaseBuffer } from "../memory/segment.ts";
import { RANGE_WORDS } from "./keys.ts";
import { type PairBuffer, pairBuffer } from "./pairs.ts";
import { bitLength } from "./window.ts";

/** Memory that processes share while they sort. */
export interface Workspace {
  readonly pairs: PairBuffer;
  readonly rows: Int32Array;
  readonly ranges: Int32Array;
}

/** How the work is divided. */
export interface Division {
  /** Parts of the input. */
  readonly parts: number;
  /** Where each part begins, and the end. */
  readonly starts: readonly number[];
  /** There are at most `2 ** cellBits` cells. */
  readonly cellBits: number;
  /** Words of a row of counts. */
  readonly stride: number;
  /** Elements of a bucket that is not a single cell. */
  readonly bucketSize: number;
}

/** Elements of a bucket: its pairs, three times, and its part of the result stay in the second-level cache. */
const BUCKET = 2 ** 15;
/** More buckets than these, and the scatter writes to more places at once than the processor keeps addresses of. */
const MAX_BUCKETS = 400;
const MAX_CELL_BITS = 16;
/** So that a member that is late or slow leaves work to the others. */
const PARTS_PER_MEMBER = 4;
/** Up to here memory is kept from call to call. */
export const SMALL: number = 2 ** 13;

let small: ArrayBuffer | undefined;

/** How `size` processes divide `n` elements. */
export function divide(n: number, size: number): Division {
  const parts = size > 1 ? PARTS_PER_MEMBER * size : 1;
  const cellBits = Math.min(MAX_CELL_BITS, Math.max(2, bitLength(n) - 4));
  return {
    parts,
    starts: Array.from({ length: parts + 1 }, (_, part) => Math.floor((n * part) / parts)),
    cellBits,
    // the cells, that of NaN, and up to a cache line
    stride: 2 ** cellBits + 16,
    bucketSize: Math.max(BUCKET, Math.ceil(n / MAX_BUCKETS)),
  };
}

/** Memory for `n` elements, given back afterwards. */
export function withWorkspace(n: number, division: Division, use: (workspace: Workspace) => void): void {
  const bytes = workspaceBytes(n, division);
  if (n <= SMALL && division.parts === 1) {
    small ??= new ArrayBuffer(8 * SMALL + 4 * (SMALL + 64));
    return use(workspaceOver(small, n, division));
  }
  const buffer = allocateBuffer(bytes, "the memory to sort in", "for a crew");
  try {
    use(workspaceOver(buffer, n, division));
  } finally {
    releaseBuffer(buffer);
  }
}

/** How many bytes that takes. */
export function workspaceBytes(n: number, { parts, stride }: Division): number {
  return 8 * n + 4 * parts * (stride + RANGE_WORDS);
}

/** The workspace in given memory. */
export function workspaceOver(
  buffer: ArrayBuffer,
  n: number,
  { parts, stride }: Division,
  offset = 0,
): Workspace {
  const rowWords = parts * stride;
  const rows = offset + 8 * n;
  return {
    pairs: pairBuffer(n, buffer, offset),
    rows: new Int32Array(buffer, rows, rowWords),
    ranges: new Int32Array(buffer, rows + 4 * rowWords, parts * RANGE_WORDS),
  };
}
