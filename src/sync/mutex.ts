/**
 * A lock between processes that survives the death of its holder.
 *
 * The word holds the holder's process id, so whoever reaps a child can tell that it died inside and pass the lock
 * on (nginx's method, `ngx_shmtx_force_unlock`). States: 0 free, `pid` held, `pid | CONTENDED` held and somebody
 * may sleep on the word.
 *
 * @module
 */
import { self } from "../process/identity.ts";
import { hasEnded } from "../process/reap.ts";
import { EVERYONE, futexWait, futexWake } from "./futex.ts";

const CONTENDED = 1 << 30;
/** Tries before sleeping; a section is usually shorter than a sleep and a wake-up (about 10 µs). */
const SPINS = 200;
const SLICE_MS = 50;

/** Words that a {@linkcode Mutex} takes. */
export const MUTEX_WORDS = 2;

/** A mutex in two words of shared memory: the lock and the number of holders that died. */
export class Mutex {
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #at: number;

  /** Lays the mutex over `words[at]` and `words[at + 1]`, which start as zero. */
  constructor(words: Int32Array<ArrayBuffer>, at: number) {
    this.#words = words;
    this.#at = at;
  }

  /** Whether this process holds it. */
  get isHeld(): boolean {
    return (this.#words[this.#at]! & ~CONTENDED) === self.pid;
  }

  /** Whether the process `pid` holds it. */
  isHeldBy(pid: number): boolean {
    return (Atomics.load(this.#words, this.#at) & ~CONTENDED) === pid;
  }

  /** How many holders died inside. */
  get abandoned(): number {
    return Atomics.load(this.#words, this.#at + 1);
  }

  /** Takes it if it is free; false otherwise. */
  tryAcquire(): boolean {
    return Atomics.compareExchange(this.#words, this.#at, 0, self.pid) === 0;
  }

  /** Waits for it. The caller must not hold it. Blocks. */
  acquire(): void {
    const words = this.#words;
    const at = this.#at;
    for (let spin = 0; spin < SPINS; spin++) {
      if (words[at] === 0 && this.tryAcquire()) return;
    }
    for (;;) {
      // others may sleep on it too, so the lock is taken as contended
      let held = Atomics.compareExchange(words, at, 0, self.pid | CONTENDED);
      if (held === 0) return;
      if ((held & CONTENDED) === 0) {
        if (Atomics.compareExchange(words, at, held, held | CONTENDED) !== held) continue;
        held |= CONTENDED;
      }
      futexWait(words, at, held, SLICE_MS);
      if (Atomics.load(words, at) === held) this.#releaseForDead(held & ~CONTENDED);
    }
  }

  /** Gives it back. The caller must hold it. */
  release(): void {
    if ((Atomics.exchange(this.#words, this.#at, 0) & CONTENDED) !== 0) futexWake(this.#words, this.#at, 1);
  }

  /**
   * Nobody may tell of a holder's death: its parent died with it, or its parent is who waits here, or blocks in
   * another map.
   */
  #releaseForDead(holder: number): void {
    if (hasEnded(holder)) this.releaseFor(holder);
  }

  /**
   * Frees it if `pid`, which has died and is not reaped yet, held it; also wakes everyone, in case it died waking.
   * The death counts as abandonment unless `isExpected`.
   */
  releaseFor(pid: number, isExpected = false): void {
    const words = this.#words;
    const at = this.#at;
    for (let held = Atomics.load(words, at); (held & ~CONTENDED) === pid; held = Atomics.load(words, at)) {
      // taken over before it is freed: one process counts the death, and nobody enters before it is counted
      if (Atomics.compareExchange(words, at, held, self.pid | CONTENDED) !== held) continue;
      if (!isExpected) Atomics.add(words, at + 1, 1);
      this.release();
    }
    futexWake(words, at, EVERYONE);
  }
}
