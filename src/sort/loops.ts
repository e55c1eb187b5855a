/**
 * The loops over elements that sorting is made of, behind one interface: in TypeScript (`typed_loops.ts`) and in
 * WebAssembly (`kernel_loops.ts`). Both give the same results.
 *
 * @module
 */
import type { TypedArray } from "../memory/dtype.ts";
import type { Buckets, Plan } from "./buckets.ts";
import { keyFormat, type KeyRange, wordsOf } from "./keys.ts";
import { isRisingNarrow } from "./narrow_keys.ts";
import { isRisingWide } from "./wide_keys.ts";
import type { Window } from "./window.ts";

/** The elements to be sorted, as words, and how to read them. */
export interface Elements {
  readonly words: Int32Array;
  readonly isWide: boolean;
  readonly float: number;
  readonly flip: number;
}

/** What distributes one array's elements to buckets. `from`…`to` are elements, `part` the workspace's row to write to. */
export interface PartitionLoops {
  /** Whether elements have 64 bits. */
  readonly isWide: boolean;
  /** Notes the range of keys, of 64-bit elements perhaps only that of their upper words. */
  range(from: number, to: number, part: number): void;
  /** Notes the whole range of keys. */
  wholeRange(from: number, to: number, part: number): void;
  /** Counts how many fall in each cell; `range` is given where upper words tell the cells. */
  count(from: number, to: number, window: Window, part: number, range: KeyRange | undefined): void;
  /** Takes cells together to buckets of at most `most` elements, once all parts have been counted. */
  plan(window: Window, parts: number, most: number): Plan;
  /** To be called before what follows; of the buckets that are not single cells none has more than `largest` elements. */
  prepare(window: Window, buckets: Buckets, largest: number): void;
  /** Moves elements into their buckets; gives what is to be noted of them. */
  scatter(from: number, to: number, cursors: Int32Array): number;
}

/** Loops for indices. `scatter()` gives the bits that are set in any lower word. */
export interface IndexLoops extends PartitionLoops {
  /** Writes the indices of a bucket in order; `width` bits of its pairs count, which are all of the key if it is exact. */
  sortBucket(from: number, to: number, width: number, isExact: boolean): void;
  /** Writes indices as they come. */
  copy(from: number, to: number): void;
}

/** Loops for the values of doubles. `scatter()` gives 1 when there is a `-0`. */
export interface ValueLoops extends PartitionLoops {
  /** Writes the values of a bucket in order. */
  sortBucket(bucket: number): void;
  /** Writes NaN to these places. */
  fillMissing(from: number, to: number): void;
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
