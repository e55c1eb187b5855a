/**
 * Mutexes of pools, many to a page of shared memory: a pool costs no mapping of its own.
 *
 * @module
 */
import { allocateBuffer } from "../memory/segment.ts";
import { self } from "../process/identity.ts";
import { Mutex } from "./mutex.ts";

/** One cache line each, so that pools do not slow each other down. */
const LOCK_WORDS = 16;
const PAGE_LOCKS = 64;

/** A mutex and the way to give its place back. */
export interface LentMutex {
  readonly mutex: Mutex;
  /** To be called when no process uses the mutex any more. */
  giveBack(): void;
}

let free: { readonly words: Int32Array<ArrayBuffer>; readonly at: number }[] = [];
let owner = 0;

/** A free mutex that processes forked from now on share. */
export function lendMutex(): LentMutex {
  // places that a child inherited as free are its parent's and its siblings' to give away
  if (owner !== self.pid) free = [];
  owner = self.pid;
  if (free.length === 0) {
    const words = new Int32Array(allocateBuffer(4 * LOCK_WORDS * PAGE_LOCKS, "the locks of pools"));
    for (let at = 0; at < words.length; at += LOCK_WORDS) free.push({ words, at });
  }
  const place = free.pop()!;
  place.words.fill(0, place.at, place.at + LOCK_WORDS);
  let isLent = true;
  return {
    mutex: new Mutex(place.words, place.at),
    giveBack(): void {
      if (isLent && owner === self.pid) free.push(place);
      isLent = false;
    },
  };
}
