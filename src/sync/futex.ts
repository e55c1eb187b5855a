/**
 * Sleeping and waking on a 32-bit word of shared memory: `futex(2)`, because `Atomics.wait` refuses such memory.
 *
 * @module
 */
import { FUTEX_WAIT, FUTEX_WAKE, SYS_FUTEX } from "../../ffi/constants.ts";
import { c } from "../../ffi/libc.ts";

/** The count that wakes everyone. */
export const EVERYONE = 0x7fffffff;

// struct timespec { long tv_sec; long tv_nsec; }, both halves of each
const timespec = new Int32Array(4);

/**
 * Sleeps while `words[at]` is `expected`, for at most `timeoutMs`. May return early: check again. Blocks.
 *
 * Waits are always bounded, so that a wake-up lost with a killed process costs a time slice, never a hang.
 */
export function futexWait(
  words: Int32Array<ArrayBuffer>,
  at: number,
  expected: number,
  timeoutMs: number,
): void {
  timespec[0] = Math.trunc(timeoutMs / 1000);
  timespec[2] = Math.trunc((timeoutMs % 1000) * 1e6);
  c.futex(SYS_FUTEX, words.subarray(at, at + 1), FUTEX_WAIT, expected >>> 0, timespec);
}

/** Wakes up to `count` processes that sleep on `words[at]`. */
export function futexWake(words: Int32Array<ArrayBuffer>, at: number, count: number): void {
  c.futex(SYS_FUTEX, words.subarray(at, at + 1), FUTEX_WAKE, count, null);
}
