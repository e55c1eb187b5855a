/**
 * How workers get their items: index ranges, claimed from one shared counter.
 *
 * @module
 */
import { futexWait } from "../sync/futex.ts";
import {
  CLOSED,
  END,
  INTENT,
  INTENT_END,
  LIMIT,
  LOWER,
  NEVER,
  NEXT,
  NO_INTENT,
  POS,
  SLEEPERS,
  slotAt,
} from "./control.ts";
import type { Schedule } from "./options.ts";

/** A chunk that takes this long is neither dominated by its hand-out nor late for the others. */
const TARGET_MS = 0.2;
const MAX_CHUNK = 8192;
/** Under the default schedule no chunk is larger than this share of what is left for each worker. */
const SHARES = 8;
/** In `ordered`, a chunk takes at most this part of the target: 6 µs. */
const ORDERED_SHARE = 32;
const MAX_ORDERED_CHUNK = 64;
const SLEEP_SLICE_MS = 100;

/** How a run hands out its items. */
export interface ClaimRules {
  readonly schedule: Schedule;
  /** As the user gave it; `undefined` lets it adapt. */
  readonly chunkSize: number | undefined;
  /** Workers that share the items. */
  readonly np: number;
}

/** Claims chunks for one worker. */
export class Claims {
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #rules: ClaimRules;
  readonly #rank: number;
  readonly #slot: number;
  /** The size that the last chunk's time suggests. */
  #adapted = 1;
  #isFirst = true;

  /** Claims for the worker of `rank`. */
  constructor(words: Int32Array<ArrayBuffer>, rules: ClaimRules, rank: number) {
    this.#words = words;
    this.#rules = rules;
    this.#rank = rank;
    this.#slot = slotAt(rank);
  }

  /** The next range `[start, end)`, `end` in the slot's END; -1 when there are no more. Sleeps while more may come. */
  claim(isOrdered: boolean): number {
    return this.#rules.schedule === "static" ? this.#claimStatic() : this.#claimShared(isOrdered);
  }

  /** Adapts the size to the time that a chunk of `count` items took. */
  took(count: number, elapsedMs: number): void {
    if (elapsedMs < TARGET_MS / 2) {
      if (count >= this.#adapted) this.#adapted = Math.min(2 * this.#adapted, MAX_CHUNK);
    } else if (elapsedMs > 2 * TARGET_MS) {
      this.#adapted = Math.max(1, Math.floor((count * TARGET_MS) / elapsedMs));
    }
  }

  #claimShared(isOrdered: boolean): number {
    const words = this.#words;
    for (;;) {
      const next = Atomics.load(words, NEXT);
      const limit = Atomics.load(words, LIMIT);
      if (next >= limit) {
        Atomics.store(words, this.#slot + INTENT, NO_INTENT);
        if (Atomics.load(words, CLOSED) !== 0 && Atomics.load(words, LIMIT) === limit) return -1;
        this.#sleep(limit);
        continue;
      }
      // the bound goes down to what may be claimed before the claim, see turnstile.ts
      if (words[this.#slot + LOWER] === NEVER) Atomics.store(words, this.#slot + LOWER, next);
      const end = next + Math.min(this.#size(limit - next, isOrdered), limit - next);
      // a worker that dies in here leaves behind what it was about to take, see lost_claims.ts
      words[this.#slot + INTENT_END] = end;
      Atomics.store(words, this.#slot + INTENT, next);
      if (Atomics.compareExchange(words, NEXT, next, end) !== next) continue;
      words[this.#slot + POS] = next;
      words[this.#slot + END] = end;
      Atomics.store(words, this.#slot + INTENT, NO_INTENT);
      return next;
    }
  }

  #size(left: number, isOrdered: boolean): number {
    const { schedule, chunkSize, np } = this.#rules;
    if (schedule === "guided") return Math.max(chunkSize ?? 1, Math.ceil(left / np));
    if (chunkSize !== undefined) return chunkSize;
    // a worker inside a long chunk makes the others wait for their turns: single jobs, unless those take no time
    if (isOrdered) return Math.max(1, Math.min(this.#adapted / ORDERED_SHARE, MAX_ORDERED_CHUNK) | 0);
    return Math.max(1, Math.min(this.#adapted, Math.floor(left / (SHARES * np))));
  }

  /** Sleeps until more items come; the others need not wait for this worker's turn meanwhile. */
  #sleep(limit: number): void {
    const words = this.#words;
    Atomics.store(words, this.#slot + LOWER, NEVER);
    Atomics.add(words, SLEEPERS, 1);
    if (Atomics.load(words, CLOSED) === 0) futexWait(words, LIMIT, limit, SLEEP_SLICE_MS);
    Atomics.sub(words, SLEEPERS, 1);
  }

  #claimStatic(): number {
    const words = this.#words;
    const limit = words[LIMIT]!;
    const end = words[this.#slot + END]!;
    const { chunkSize, np } = this.#rules;
    let start: number;
    let size: number;
    if (chunkSize === undefined) {
      const bound = (rank: number): number => Math.floor((limit * rank) / np);
      start = end === 0 && this.#isFirst ? bound(this.#rank) : limit;
      size = bound(this.#rank + 1) - start;
    } else {
      start = end === 0 && this.#isFirst ? this.#rank * chunkSize : end + (np - 1) * chunkSize;
      size = chunkSize;
    }
    this.#isFirst = false;
    if (start >= limit || size <= 0) return -1;
    // in this order: a worker that dies in between has claimed nothing
    Atomics.store(words, this.#slot + POS, start);
    Atomics.store(words, this.#slot + END, Math.min(start + size, limit));
    return start;
  }
}
