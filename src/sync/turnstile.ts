/**
 * `ordered`: bodies run in input order.
 *
 * Nobody keeps a list of turns. Jobs are claimed in rising order, and each worker publishes LOWER, a bound below
 * every job that it holds or may still claim; job `i` may pass when no other worker's bound is below `i`.
 * A job that ends raises its worker's bound, so one that never enters passes its turn, and a dead worker's bound is
 * raised by whoever reaps it.
 *
 * @module
 */
import { EVERYONE, futexWait, futexWake } from "./futex.ts";

/** Where the shared words lie. */
export interface TurnstileLayout {
  readonly words: Int32Array<ArrayBuffer>;
  /** A word that changes when a bound rises and somebody sleeps. */
  readonly turn: number;
  /** How many sleep, or are about to. */
  readonly waiters: number;
  /** Set once `ordered` was entered in this run. */
  readonly used: number;
  /** Each worker's bound, by rank. */
  readonly bounds: readonly number[];
}

const SPINS = 2000;
const SLICE_MS = 20;

/** One worker's view of the turns; `rank` -1 is the master's, which only wakes. */
export class Turnstile {
  readonly #layout: TurnstileLayout;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #own: number;
  readonly #others: readonly number[];

  /** Milliseconds that this worker has waited for turns. */
  waitedMs = 0;

  /** Lays it over the words of one run. */
  constructor(layout: TurnstileLayout, rank: number) {
    this.#layout = layout;
    this.#words = layout.words;
    this.#own = layout.bounds[rank] ?? -1;
    this.#others = layout.bounds.filter((_, other) => other !== rank);
  }

  /** Whether any job of this run has used it. */
  get isUsed(): boolean {
    return this.#words[this.#layout.used] !== 0;
  }

  /** Waits until every job before `index` has passed or ended. Blocks. */
  enter(index: number): void {
    const { used } = this.#layout;
    const words = this.#words;
    if (words[used] === 0) Atomics.store(words, used, 1);
    if (this.#mayPass(index)) return;
    const startMs = performance.now();
    this.#await(index);
    this.waitedMs += performance.now() - startMs;
  }

  #await(index: number): void {
    const { turn, waiters } = this.#layout;
    const words = this.#words;
    for (let spin = 0; spin < SPINS; spin++) if (this.#mayPass(index)) return;
    for (;;) {
      Atomics.add(words, waiters, 1);
      const sequence = Atomics.load(words, turn);
      const passes = this.#mayPass(index);
      // a worker that has not seen `used` yet raises its bound without waking: the slice covers it
      if (!passes) futexWait(words, turn, sequence, SLICE_MS);
      Atomics.sub(words, waiters, 1);
      if (passes || this.#mayPass(index)) return;
    }
  }

  /** Raises this worker's bound and wakes who waited for it. */
  raise(bound: number): void {
    Atomics.store(this.#words, this.#own, bound);
    this.wake();
  }

  /** Wakes everyone who waits for a turn. */
  wake(): void {
    if (Atomics.load(this.#words, this.#layout.waiters) === 0) return;
    Atomics.add(this.#words, this.#layout.turn, 1);
    futexWake(this.#words, this.#layout.turn, EVERYONE);
  }

  #mayPass(index: number): boolean {
    const words = this.#words;
    for (const bound of this.#others) if (Atomics.load(words, bound) < index) return false;
    return true;
  }
}
