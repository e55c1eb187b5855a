/**
 * Random numbers for jobs: each job has its own stream, which depends on the seed and on the job's index
 * only.
 *
 * ```
 * seed ──64-bit key──┐
 *                 Philox4x32-10 ──128-bit state──► xoshiro128** ──► 0 ≤ x < 1
 * index ──counter────┘
 * ```
 *
 * Philox is a bijection of the counter for a given key, so two jobs never start in the same state, and it is
 * made for counters: neighbouring indices give unrelated states. xoshiro128** is what a draw costs, a few
 * nanoseconds.
 *
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011) and its Random123 library.
 *
 * @module
 */
import { uniform } from "../../ffi/xoshiro.ts";
import { describe } from "../describe.ts";

/** What fixes the random numbers of a pool: a safe integer, or a bigint of at most 64 bits. */
export type Seed = number | bigint;

/** The index of the stream for code outside of any job. */
export const OUTSIDE_JOBS: number = -1;

/** The streams of one seed; holds the one of the job that runs. */
export class JobRandom {
  readonly #key: readonly [number, number];
  readonly #state: Uint32Array = new Uint32Array(4);
  #index = OUTSIDE_JOBS;
  #isReady = false;

  /**
   * Makes the streams; `start()` chooses one.
   *
   * @throws {TypeError} when `seed` is neither a number nor a bigint
   * @throws {RangeError} when it is not a safe integer, or of more than 64 bits
   */
  constructor(seed: Seed) {
    checkSeed(seed, "random: seed");
    const bits = BigInt.asUintN(64, BigInt(seed));
    this.#key = [Number(bits & 0xffff_ffffn), Number(bits >> 32n)];
  }

  /**
   * Goes to the beginning of the stream of job `index`, at the next draw: costs nothing to jobs that draw
   * none.
   */
  start(index: number): void {
    this.#index = index;
    this.#isReady = false;
  }

  /** The next number of the stream: 0 ≤ x < 1, a multiple of 2^-53. */
  next(): number {
    if (!this.#isReady) this.#fill();
    return uniform(this.#state);
  }

  #fill(): void {
    const state = this.#state;
    state[0] = this.#index;
    state[1] = Math.floor(this.#index / 2 ** 32);
    state[2] = 0;
    state[3] = 0;
    philox4x32(state, this.#key[0], this.#key[1]);
    // the one state in 2^128 that xoshiro never leaves
    if ((state[0] | state[1] | state[2] | state[3]) === 0) state[0] = 1;
    this.#isReady = true;
  }
}

/**
 * Checks a seed; `where` says what it is for, e.g. `"new MapReduce: seed"`.
 *
 * @throws {TypeError} when it is neither a number nor a bigint
 * @throws {RangeError} when it is not a safe integer, or of more than 64 bits
 */
export function checkSeed(seed: unknown, where: string): asserts seed is Seed {
  if (typeof seed === "bigint" ? seed >= -(2n ** 63n) && seed < 2n ** 64n : Number.isSafeInteger(seed)) {
    return;
  }
  const message = `${where} must be a safe integer or a bigint of at most 64 bits, got ${describe(seed)}`;
  throw typeof seed === "number" || typeof seed === "bigint"
    ? new RangeError(message)
    : new TypeError(message);
}

/** Ten rounds of Philox4x32 over `counter`, in place. */
export function philox4x32(counter: Uint32Array, keyLow: number, keyHigh: number): void {
  let c0 = counter[0]!, c1 = counter[1]!, c2 = counter[2]!, c3 = counter[3]!;
  for (let round = 0; round < 10; round++) {
    const high0 = highProduct(0xd251_1f53, c0);
    const high2 = highProduct(0xcd9e_8d57, c2);
    const low0 = Math.imul(0xd251_1f53, c0);
    const low2 = Math.imul(0xcd9e_8d57, c2);
    c0 = (high2 ^ c1 ^ keyLow) >>> 0;
    c1 = low2 >>> 0;
    c2 = (high0 ^ c3 ^ keyHigh) >>> 0;
    c3 = low0 >>> 0;
    keyLow = keyLow + 0x9e37_79b9 | 0;
    keyHigh = keyHigh + 0xbb67_ae85 | 0;
  }
  counter[0] = c0;
  counter[1] = c1;
  counter[2] = c2;
  counter[3] = c3;
}

/** The upper 32 bits of the product of two unsigned 32-bit integers. */
function highProduct(a: number, b: number): number {
  const a0 = a & 0xffff, a1 = a >>> 16, b0 = b & 0xffff, b1 = b >>> 16;
  const middle = a1 * b0 + (a0 * b0 >>> 16);
  return a1 * b1 + (middle >>> 16) + (a0 * b1 + (middle & 0xffff) >>> 16);
}

/** A seed that nobody has chosen. */
export function anySeed(): Seed {
  // not libc's: pools that run in the master need no permission
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
