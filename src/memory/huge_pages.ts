/**
 * Pages of 2 MiB for shared memory, without privilege and whatever `shmem_enabled` says: `MADV_COLLAPSE`
 * (madvise(2), Linux 6.1).
 *
 * First touch of 1 GiB costs 0.85 s in pages of 4 KiB and 0.06 s in huge ones, giving it back 160 ms and 3 ms; each
 * child pays the first touch of what it inherits again.
 *
 * @module
 */
import { MADV_COLLAPSE, MADV_POPULATE_WRITE } from "../../ffi/constants.ts";
import { c } from "../../ffi/libc.ts";
import { memoryBudget } from "./memory_budget.ts";

/** What x86-64 calls a huge page, and AArch64 with 4 KiB pages too. */
export const HUGE_PAGE_BYTES: number = 2 ** 21;

/** Collapsed in one call: a failure costs no more than this. */
const PIECE_BYTES = 2 ** 26;
/** Below this, asking how much memory there is would take as long as the collapse. */
const UNCHECKED_BYTES = 2 ** 24;
/** Collapsing takes the memory at once: an array beyond this share of what is free may be meant to be sparse. */
const SHARE = 1 / 8;

/** How many huge pages serve `byteLength` bytes; the last one counts when half of it is used. */
export function hugePagesFor(byteLength: number): number {
  return byteLength < HUGE_PAGE_BYTES ? 0 : Math.round(byteLength / HUGE_PAGE_BYTES);
}

/**
 * Backs fresh memory with huge pages where the kernel has them; elsewhere it stays as it is. Blocks for 60 ms per
 * GiB, more where the host has to find the memory first.
 */
export function useHugePages(address: number, byteLength: number): void {
  const bytes = hugePagesFor(byteLength) * HUGE_PAGE_BYTES;
  if (bytes === 0) return;
  if (bytes > UNCHECKED_BYTES && bytes > SHARE * memoryBudget().availableBytes) return;
  for (let at = address; at < address + bytes; at += PIECE_BYTES) {
    const end = Math.min(at + PIECE_BYTES, address + bytes);
    // only what holds a page can be collapsed
    for (let page = at; page < end; page += HUGE_PAGE_BYTES) {
      if (c.madvise(page, 1, MADV_POPULATE_WRITE) < 0) return;
    }
    if (c.madvise(at, end - at, MADV_COLLAPSE) < 0) return;
  }
}
