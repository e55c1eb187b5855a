/**
 * Pages of 2 MiB for shared memory, without privilege and whatever `shmem_enabled` says: `MADV_COLLAPSE`
 * (madvise(2), Linux 6.1).
 *
 * First touch of 1 GiB costs 0.85 s in pages of 4 KiB and 0.06 s in huge ones, giving it back 160 ms and 3 ms; and each
 * child pays for the first touch of what it inherits again, 265 ms and 4 ms.
 *
 * Where a host lends a virtual machine its memory on demand, huge pages are what it has taken away: 2–3 s for 1 GiB,
 * while small ones are still there. So an array that is slow to get stops asking, and asks again when its memory is
 * used once more, because then it pays.
 *
 * @module
 */
import { MADV_COLLAPSE, MADV_POPULATE_WRITE } from "../../ffi/constants.ts";
import { c } from "../../ffi/libc.ts";
import { memoryBudget } from "./memory_budget.ts";

/** What x86-64 calls a huge page, and AArch64 with 4 KiB pages too. */
export const HUGE_PAGE_BYTES: number = 2 ** 21;

/** Collapsed in one call. */
const PIECE_BYTES = 2 ** 23;
/** A quarter of a millisecond is usual for a piece, 16 ms when the host has to find it. */
const SLOW_MS = 6;
/** In a row; a single one may be the scheduler's doing. */
const MAX_SLOW_PIECES = 2;
/** So long after the memory was found to be the host's no other attempt is made. */
const PAUSE_MS = 1000;
/** Below this, asking how much memory there is would take as long as the collapse. */
const UNCHECKED_BYTES = 2 ** 24;
/** Collapsing takes the memory at once: an array beyond this share of what is free may be meant to be sparse. */
const SHARE = 1 / 8;

let pausedUntil = -Infinity;

/** How many huge pages serve `byteLength` bytes; the last one counts when half of it is used. */
export function hugePagesFor(byteLength: number): number {
  return byteLength < HUGE_PAGE_BYTES ? 0 : Math.round(byteLength / HUGE_PAGE_BYTES);
}

/**
 * Backs fresh memory with huge pages where the kernel has them at hand; elsewhere it stays as it is. Blocks for 60 ms
 * per GiB.
 *
 * @returns false when it stopped because that took too long
 */
export function useHugePages(address: number, byteLength: number): boolean {
  const bytes = hugePagesFor(byteLength) * HUGE_PAGE_BYTES;
  if (bytes === 0) return true;
  if (performance.now() < pausedUntil) return false;
  if (bytes > UNCHECKED_BYTES && bytes > SHARE * memoryBudget().availableBytes) return true;
  return collapse(address, bytes, MAX_SLOW_PIECES);
}

/** The same for memory that is used again, however long it takes: up to 3 s per GiB, once. */
export function insistOnHugePages(address: number, byteLength: number): void {
  collapse(address, hugePagesFor(byteLength) * HUGE_PAGE_BYTES, Infinity);
}

function collapse(address: number, bytes: number, maxSlowPieces: number): boolean {
  let now = performance.now();
  let slowPieces = 0;
  for (let at = address; at < address + bytes; at += PIECE_BYTES) {
    if (!collapsePiece(at, Math.min(at + PIECE_BYTES, address + bytes))) return true;
    const before = now;
    now = performance.now();
    slowPieces = now - before > SLOW_MS ? slowPieces + 1 : 0;
    if (slowPieces < maxSlowPieces) continue;
    pausedUntil = now + PAUSE_MS;
    return false;
  }
  return true;
}

function collapsePiece(from: number, to: number): boolean {
  // only what holds a page can be collapsed
  for (let page = from; page < to; page += HUGE_PAGE_BYTES) {
    if (c.madvise(page, 1, MADV_POPULATE_WRITE) < 0) return false;
  }
  return c.madvise(from, to - from, MADV_COLLAPSE) === 0;
}
