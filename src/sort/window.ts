/**
 * Which bits of the keys the partition looks at: 32 that cover their range, and of these the uppermost as cells.
 *
 * ```
 * key      hhhhhhhhhhhhhhhh hhhhhhhhhhhhhhhh llllllllllllllll llllllllllllllll     64 bits
 * window        32 bits: (key >> rest) - base ────────────────┤ rest ─────────┤
 * cell          uppermost bits of the window: >>> cellShift
 * ```
 *
 * @module
 */
import type { KeyRange } from "./keys.ts";

/** The window; shifts by 32 are two shifts of less, because a shift by 32 is none. */
export interface Window {
  /** The least key's window, which is taken off. */
  readonly base: number;
  /** What lies above the least key's window. */
  readonly top: number;
  /** How many bits of the window lie below those that number the cell. */
  readonly cellShift: number;
  /** How many cells there are for keys. */
  readonly cells: number;
  /** The cell of NaN. */
  readonly nanCell: number;
  /** How many bits of the key lie below the window, 0…32. */
  readonly rest: number;
  readonly high0: number;
  readonly high1: number;
  readonly low0: number;
  readonly low1: number;
  readonly rest0: number;
  readonly rest1: number;
}

/** The window over a range, with at most `2 ** cellBits` cells. */
export function windowOver(range: KeyRange, isWide: boolean, cellBits: number): Window {
  const { minHigh, minLow, maxHigh, maxLow } = range;
  let rest = 0;
  if (isWide) {
    const low = maxLow - minLow;
    const high = (maxHigh - minHigh - (low < 0 ? 1 : 0)) >>> 0;
    const bits = high > 0 ? 32 + bitLength(high) : bitLength(low >>> 0);
    // one bit to spare: taking off the least may carry
    rest = Math.min(32, Math.max(0, bits - 31));
  }
  const above = 32 - rest;
  const shifts = {
    high0: above >> 1,
    high1: above - (above >> 1),
    low0: rest >> 1,
    low1: rest - (rest >> 1),
    rest0: above >> 1,
    rest1: above - (above >> 1),
  };
  const at = (high: number, low: number): number =>
    isWide ? ((high << shifts.high0) << shifts.high1) | ((low >>> shifts.low0) >>> shifts.low1) : high;
  const base = at(minHigh, minLow) | 0;
  const most = (at(maxHigh, maxLow) - base) >>> 0;
  const cellShift = Math.max(0, bitLength(most) - cellBits);
  const cells = (most >>> cellShift) + 1;
  const top = rest < 32 ? minHigh >> rest : 0;
  return { base, top, cellShift, cells, nanCell: 2 ** cellBits, rest, ...shifts };
}

/** Bits of an unsigned number. */
export function bitLength(value: number): number {
  return 32 - Math.clz32(value);
}
