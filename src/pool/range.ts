/**
 * Python's `range`: an arithmetic sequence that takes no memory, whatever its length.
 *
 * @module
 */
import { describe } from "../describe.ts";

/**
 * An indexable lazy sequence of integers, made by {@linkcode range}. Immutable.
 *
 * `r[i]`, `r.at(i)` and iteration give its elements; `r.length` is their number. `r[i]` is slower than
 * `r.at(i)`: it goes through a proxy.
 *
 * @example A sequence as long as it likes
 * ```ts
 * import { range } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const r = range(0, 1_000_000_000, 10);
 * assert.equal(r.length, 100_000_000);
 * assert.equal(r.at(-1), 999_999_990);
 * assert.equal(r[3], 30);
 * assert.deepEqual([...r.slice(0, 3)], [0, 10, 20]);
 * ```
 */
export class Range implements Iterable<number> {
  /** The element at an index; `undefined` outside. */
  readonly [index: number]: number;
  /** The first element, if there is any. */
  readonly start: number;
  /** The end, which is not an element. */
  readonly stop: number;
  /** The distance from one element to the next, never 0. */
  readonly step: number;
  /** The number of elements. */
  readonly length: number;
  readonly #isDirect: boolean;

  /** Use {@linkcode range}, which checks its arguments. */
  constructor(start: number, stop: number, step: number) {
    this.start = start;
    this.stop = stop;
    this.step = step;
    this.length = lengthOf(start, stop, step);
    // up to here i * step is exact for every index
    this.#isDirect = Number.isSafeInteger(stop - start);
    Object.freeze(this);
  }

  /** The element at `index`, 0 ≤ index < length, unchecked: what loops use. */
  item(index: number): number {
    if (this.#isDirect) return this.start + index * this.step;
    // i * step may pass 2^53, half of it cannot; every partial sum is an element
    const half = Math.floor(index / 2);
    return this.start + half * this.step + half * this.step + (index - 2 * half) * this.step;
  }

  /** The element at `index`, counted from the end when negative; `undefined` outside. */
  at(index: number): number | undefined {
    const whole = Math.trunc(index) || 0;
    const place = whole < 0 ? whole + this.length : whole;
    return place >= 0 && place < this.length ? this.item(place) : undefined;
  }

  /**
   * The elements from `begin` to before `end` as a range; negative positions count from the end, as in
   * arrays.
   */
  slice(begin = 0, end: number = this.length): Range {
    const first = this.#position(begin);
    const last = this.#position(end);
    if (first >= last) return new Range(this.start, this.start, this.step);
    return new Range(this.item(first), last === this.length ? this.stop : this.item(last), this.step);
  }

  /** The index of `value`, or -1. O(1). */
  indexOf(value: number): number {
    if (!Number.isSafeInteger(value)) return -1;
    const [low, high] = this.step > 0 ? [this.start, this.stop - 1] : [this.stop + 1, this.start];
    if (value < low || value > high) return -1;
    const before = lengthOf(this.start, value, this.step);
    return before < this.length && this.item(before) === value ? before : -1;
  }

  /** Whether `value` is an element. O(1). */
  includes(value: number): boolean {
    return this.indexOf(value) >= 0;
  }

  /** As Python writes it: `range(0, 10)`, `range(0, 10, 2)`. */
  toString(): string {
    return `range(${this.start}, ${this.stop}${this.step === 1 ? "" : `, ${this.step}`})`;
  }

  /** The elements in order. */
  *[Symbol.iterator](): Generator<number, void, undefined> {
    for (let index = 0; index < this.length; index++) yield this.item(index);
  }

  #position(index: number): number {
    const whole = Math.trunc(index) || 0;
    return whole < 0 ? Math.max(0, whole + this.length) : Math.min(whole, this.length);
  }
}

// At the end of the prototype chain a proxy sees only what is found nowhere else: `r[i]` works, and nothing
// else gets slower, as it would behind a proxy of its own for each range.
Object.setPrototypeOf(
  Range.prototype,
  new Proxy(Object.prototype, {
    get(target, key, receiver): unknown {
      const index = receiver instanceof Range ? indexFrom(key) : undefined;
      return index === undefined ? Reflect.get(target, key, receiver) : (receiver as Range).at(index);
    },
  }),
);

/** The array index that a property key stands for, if it does. */
function indexFrom(key: string | symbol): number | undefined {
  return typeof key === "string" && /^(0|[1-9]\d{0,15})$/.test(key) ? Number(key) : undefined;
}

/** The integers 0, 1, … stop - 1; none if `stop` is not positive. */
export function range(stop: number): Range;
/**
 * The integers start, start + step, … as long as they are before `stop` (behind it for a negative step).
 *
 * Differs from Python's `range`: bounds and step are safe integers (below 2^53).
 *
 * @throws {TypeError} when an argument is not a number
 * @throws {RangeError} when one is not a safe integer, when `step` is 0, when there would be 2^53 elements or more
 *
 * @example Chunks of an array
 * ```ts
 * import { range } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...range(3)], [0, 1, 2]);
 * assert.deepEqual([...range(0, 10, 4)], [0, 4, 8]);
 * assert.deepEqual([...range(3, 0, -1)], [3, 2, 1]);
 * assert.throws(() => range(0, 1, 0.1), RangeError);
 * ```
 */
export function range(start: number, stop: number, step?: number): Range;
export function range(first: number, second?: number, step = 1): Range {
  const [start, stop] = second === undefined && step === 1 ? [0, first] : [first, second];
  checkInteger("start", start);
  checkInteger("stop", stop);
  checkInteger("step", step);
  if (step === 0) throw new RangeError("range: step must not be 0");
  // + 0: no element is ever -0
  const made = new Range(start + 0, stop! + 0, step);
  if (made.length > Number.MAX_SAFE_INTEGER) {
    throw new RangeError(`range: at most 2^53 - 1 elements can be counted, wanted ${made}`);
  }
  return made;
}

function checkInteger(name: string, value: unknown): void {
  if (Number.isSafeInteger(value)) return;
  const wanted = `range: ${name} must be an integer between -(2^53 - 1) and 2^53 - 1, got ${describe(value)}`;
  if (typeof value !== "number") throw new TypeError(wanted);
  const isFraction = Number.isFinite(value) && !Number.isInteger(value);
  throw new RangeError(
    isFraction ? `${wanted}: for fractions, scale the elements of an integer range` : wanted,
  );
}

function lengthOf(start: number, stop: number, step: number): number {
  const span = step > 0 ? stop - start : start - stop;
  if (span <= 0) return 0;
  const stride = Math.abs(step);
  if (Number.isSafeInteger(span)) return (span - span % stride) / stride + (span % stride > 0 ? 1 : 0);
  const exactSpan = step > 0 ? BigInt(stop) - BigInt(start) : BigInt(start) - BigInt(stop);
  return Number((exactSpan + BigInt(stride) - 1n) / BigInt(stride));
}
