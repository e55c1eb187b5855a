/**
 * Whether a worker that died while it claimed a chunk had got it.
 *
 * A claim is a compare-and-swap on NEXT and then a note in the worker's slot; between the two lie nanoseconds in which
 * a kill would lose the chunk. So a worker writes what it is about to take before it takes it, and the master finds
 * out afterwards: if NEXT has passed the beginning and nobody else has that chunk, the dead worker had it.
 *
 * @module
 */
import { sleepMs } from "../../ffi/libc.ts";
import { END, INTENT, NEXT, POS, slotAt } from "./control.ts";

const PAGE_BITS = 2 ** 15;
/** Claims are told apart among the latest 33 million jobs; a dead worker's was near NEXT when it died. */
const MAX_PAGES = 1024;
const SETTLE_MS = 100;

/** The beginnings of chunks whose workers have begun to write results. */
export class ChunkStarts {
  readonly #pages = new Map<number, Uint32Array>();

  /** A worker has begun the chunk at `index`. */
  add(index: number): void {
    const number = Math.floor(index / PAGE_BITS);
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = new Uint32Array(PAGE_BITS / 32);
      this.#pages.set(number, page);
      if (this.#pages.size > MAX_PAGES) this.#pages.delete(this.#pages.keys().next().value!);
    }
    const bit = index % PAGE_BITS;
    page[bit >>> 5]! |= 1 << (bit & 31);
  }

  /** Whether a worker has begun the chunk at `index`. */
  has(index: number): boolean {
    const page = this.#pages.get(Math.floor(index / PAGE_BITS));
    const bit = index % PAGE_BITS;
    return page !== undefined && (page[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }
}

/**
 * Whether the worker of `rank`, which died with the intent to claim from `start` on, had claimed it. Everything that
 * the other workers have published must have been read by `readAll`.
 */
export function hadClaimed(
  words: Int32Array<ArrayBuffer>,
  np: number,
  rank: number,
  start: number,
  starts: ChunkStarts,
  readAll: () => void,
): boolean {
  if (Atomics.load(words, NEXT) <= start) return false;
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    let isOpen = false;
    for (let other = 0; other < np; other++) {
      if (other === rank) continue;
      const slot = slotAt(other);
      if (Atomics.load(words, slot + INTENT) === start) isOpen = true;
      if (Atomics.load(words, slot + POS) === start && words[slot + END]! > start) return false;
    }
    readAll();
    if (starts.has(start)) return false;
    // another that is about to take it does or does not in no time, unless it is dead too
    if (!isOpen || performance.now() > deadline) return true;
    sleepMs(0.05);
  }
}
