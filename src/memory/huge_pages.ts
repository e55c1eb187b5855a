/**
 * Pages of 2 MiB for shared memory, without privilege and whatever `shmem_enabled` says: `MADV_COLLAPSE`
 * (madvise(2), Linux 6.1).
 *
 * | 1 GiB, Zen 5 | pages of 4 KiB | huge pages |
 * |---|---|---|
 * | first touch | 0.5–0.85 s | 0.06 s |
 * | in each child that inherits it, again | 265 ms | 4 ms |
 * | giving it back | 160 ms | 3 ms |
 * | first touch where a host must find the memory for its virtual machine | 0.8–2 s | 2–3 s |
 *
 * The last line is paid once, because memory is kept for reuse (`warm_memory.ts`). Stopping at the first slow page was
 * tried: a single pass over cold memory then takes 0.6 s less, but every later map over it twice as long.
 *
 * @module
 */
import { MADV_COLLAPSE, MADV_POPULATE_WRITE } from "../../ffi/constants.ts";
import { c } from "../../ffi/libc.ts";
import { memoryBudget } from "./memory_budget.ts";

/** What x86-64 calls a huge page, and AArch64 with 4 KiB pages too. */
export const HUGE_PAGE_BYTES: number = 2 ** 21;

/** Collapsed in one call: a failure leaves what came before. */
const PIECE_BYTES = 2 ** 26;
/** Below this, asking how much memory there is would take as long as the collapse. */
const UNCHECKED_BYTES = 2 ** 24;
/** Collapsing takes the memory at once: an array beyond this share of what is free may be meant to be sparse. */
const SHARE = 1 / 8;

/** How many huge pages serve `byteLength` bytes; the last one counts when half of it is used. */
export function hugePagesFor(byteLength: number): number {
  return byteLength < HUGE_PAGE_BYTES ? 0 : Math.round(byteLength / HUGE_PAGE_BYTES);
}

/** Fresh memory that a crew is to back with huge pages, a part at a time. */
export interface FreshMemory {
  readonly address: number;
  readonly byteLength: number;
}

let waiting: FreshMemory[] = [];

/**
 * Backs fresh memory with huge pages where the kernel has them; elsewhere it stays as it is. Blocks, see above.
 */
export function useHugePages(address: number, byteLength: number): void {
  const bytes = bytesToCollapse(byteLength);
  for (let at = 0; at < bytes; at += PIECE_BYTES) {
    if (!collapse(address + at, address + Math.min(at + PIECE_BYTES, bytes))) return;
  }
}

/** Leaves that to the members of the next crew, who share it; the memory is not to be touched before. */
export function useHugePagesLater(address: number, byteLength: number): void {
  const bytes = bytesToCollapse(byteLength);
  if (bytes > 0) waiting.push({ address, byteLength: bytes });
}

/** What was left, which is now the caller's to do. */
export function takeFreshMemory(): FreshMemory[] {
  const taken = waiting;
  waiting = [];
  return taken;
}

/** Does what was left after all, where no crew comes. */
export function getFreshMemory(): void {
  for (const { address, byteLength } of takeFreshMemory()) useHugePages(address, byteLength);
}

/** To be called when memory is given back. */
export function forgetFreshMemory(address: number): void {
  if (waiting.length > 0) waiting = waiting.filter((memory) => memory.address !== address);
}

function bytesToCollapse(byteLength: number): number {
  const bytes = hugePagesFor(byteLength) * HUGE_PAGE_BYTES;
  return bytes > UNCHECKED_BYTES && bytes > SHARE * memoryBudget().availableBytes ? 0 : bytes;
}

function collapse(from: number, to: number): boolean {
  // only what holds a page can be collapsed
  for (let page = from; page < to; page += HUGE_PAGE_BYTES) {
    if (c.madvise(page, 1, MADV_POPULATE_WRITE) < 0) return false;
  }
  return c.madvise(from, to - from, MADV_COLLAPSE) === 0;
}
