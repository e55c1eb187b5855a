/**
 * Pages of 2 MiB for shared memory, without privilege and whatever `shmem_enabled` says: `MADV_COLLAPSE`
 * (madvise(2), Linux 6.1).
 *
 * First touch of 1 GiB costs 0.85 s in pages of 4 KiB and 0.06 s in huge ones, giving it back 160 ms and 3 ms; each
 * child pays the first touch of what it inherits again. But where a host lends a virtual machine memory only on demand,
 * the first huge page that it has to find costs 4 ms, more than small ones: then the rest stays small.
 *
 * @module
 */
import { MADV_COLLAPSE, MADV_POPULATE_WRITE, MADV_REMOVE } from "../../ffi/constants.ts";
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
 * @returns whether all of it has them
 */
export function useHugePages(address: number, byteLength: number): boolean {
  const bytes = hugePagesFor(byteLength) * HUGE_PAGE_BYTES;
  if (performance.now() < pausedUntil) return bytes === 0;
  if (bytes > UNCHECKED_BYTES && bytes > SHARE * memoryBudget().availableBytes) return false;
  return forEachPiece(address, bytes, collapse);
}

/**
 * Trades the small pages of memory whose contents nobody needs for huge ones: what is freed can be had again at once,
 * 8 MiB at a time. Blocks for 220 ms per GiB.
 *
 * @returns whether all of it has them
 */
export function exchangePages(address: number, byteLength: number): boolean {
  const bytes = hugePagesFor(byteLength) * HUGE_PAGE_BYTES;
  return forEachPiece(
    address,
    bytes,
    (from, to) => c.madvise(from, to - from, MADV_REMOVE) === 0 && collapse(from, to),
  );
}

/** False when `work` fails, or takes so long that the host must be finding memory. */
function forEachPiece(address: number, bytes: number, work: (from: number, to: number) => boolean): boolean {
  let now = performance.now();
  let slowPieces = 0;
  for (let at = address; at < address + bytes; at += PIECE_BYTES) {
    if (!work(at, Math.min(at + PIECE_BYTES, address + bytes))) return false;
    const before = now;
    now = performance.now();
    slowPieces = now - before > SLOW_MS ? slowPieces + 1 : 0;
    if (slowPieces < MAX_SLOW_PIECES) continue;
    pausedUntil = now + PAUSE_MS;
    return at + PIECE_BYTES >= address + bytes;
  }
  return true;
}

function collapse(from: number, to: number): boolean {
  // only what holds a page can be collapsed
  for (let page = from; page < to; page += HUGE_PAGE_BYTES) {
    if (c.madvise(page, 1, MADV_POPULATE_WRITE) < 0) return false;
  }
  return c.madvise(from, to - from, MADV_COLLAPSE) === 0;
}
