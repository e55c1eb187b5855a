/**
 * The loops for the values of doubles in TypeScript.
 *
 * @module
 */
import type { Buckets } from "./buckets.ts";
import type { Elements, ValueLoops } from "./loops.ts";
import { TypedPartition } from "./typed_loops.ts";
import { KeyBucketSorter } from "./value_buckets.ts";
import type { Window } from "./window.ts";
import type { Division, Workspace } from "./workspace.ts";

const INFINITY = 0x7ff00000;

/** Loops for values. */
export class TypedValues extends TypedPartition implements ValueLoops {
  readonly #target: Float64Array;
  #window!: Window;
  #buckets!: Buckets;
  #sorter!: KeyBucketSorter;

  constructor(elements: Elements, workspace: Workspace, division: Division, target: Float64Array) {
    super(elements, workspace, division);
    this.#target = target;
  }

  prepare(window: Window, buckets: Buckets, largest: number): void {
    this.#window = window;
    this.#buckets = buckets;
    this.#sorter = new KeyBucketSorter(largest, window);
  }

  scatter(from: number, to: number, cursors: Int32Array): number {
    const { pairs } = this.workspace;
    const { words } = this.elements;
    return scatterKeys(words, from, to, this.#window, this.#buckets, cursors, pairs.words) ? 1 : 0;
  }

  sortBucket(bucket: number): void {
    const { starts, widths, bases } = this.#buckets;
    this.#sorter.sort(
      this.workspace.pairs,
      starts[bucket]!,
      starts[bucket + 1]!,
      widths[bucket]!,
      bases[bucket]!,
      this.#target,
    );
  }

  fillMissing(from: number, to: number): void {
    this.#target.fill(NaN, from, to);
  }
}

/** Moves the keys of doubles into their buckets, NaN nowhere; whether there was a `-0`. */
function scatterKeys(
  words: Int32Array,
  from: number,
  to: number,
  { base, cellShift, high0, high1, low0, low1 }: Window,
  { ofCell, bases }: Buckets,
  cursors: Int32Array,
  keys: Int32Array,
): boolean {
  let hasMinusZero = false;
  for (let i = from; i < to; i++) {
    let low = words[2 * i]! | 0;
    let high = words[2 * i + 1]! | 0;
    const size = high & 0x7fffffff;
    if (size >= INFINITY && (size > INFINITY || low !== 0)) continue;
    const sign = high >> 31;
    if (size === 0 && low === 0 && sign !== 0) hasMinusZero = true;
    high ^= sign & 0x7fffffff;
    low ^= sign;
    const key = (((high << high0) << high1) | ((low >>> low0) >>> low1)) - base | 0;
    const bucket = ofCell[key >>> cellShift]!;
    const at = cursors[bucket]!++;
    keys[2 * at] = low;
    keys[2 * at + 1] = key - bases[bucket]!;
  }
  return hasMinusZero;
}
