/**
 * Integers out of bytes, without a string.
 *
 * @module
 */
import { exactPowers } from "./powers.ts";
import { NOT_PLAIN } from "./scan_number.ts";

const TWO_32 = 2 ** 32;

/**
 * Reads an integer of up to 15 digits at `p` and stores it as a double.
 *
 * @returns the position behind it, {@linkcode NOT_PLAIN} where there is none, it is longer or not from `least` to `most`
 */
export function scanInteger(
  bytes: Uint8Array,
  p: number,
  target: Float64Array,
  at: number,
  least: number,
  most: number,
): number {
  let c = bytes[p]!;
  const isNegative = c === 45;
  if (isNegative || c === 43) c = bytes[++p]!;
  // not even -0 is unsigned
  if (isNegative && least === 0) return NOT_PLAIN;
  const start = p;
  let value = 0;
  while (c >= 48 && c <= 57) {
    value = value * 10 + (c - 48);
    c = bytes[++p]!;
  }
  if (p === start || p - start > 15) return NOT_PLAIN;
  // 0 - 0 is 0, where -0 would be another value
  if (isNegative) value = 0 - value;
  if (value < least || value > most) return NOT_PLAIN;
  target[at] = value;
  return p;
}

/**
 * Reads an integer of up to 19 digits at `p` and stores it as two words, the low one first.
 *
 * @returns the position behind it, {@linkcode NOT_PLAIN} where there is none, it is longer or does not fit
 */
export function scanLong(
  bytes: Uint8Array,
  p: number,
  halves: Int32Array,
  at: number,
  isUnsigned: boolean,
): number {
  let c = bytes[p]!;
  const isNegative = c === 45;
  if (isNegative || c === 43) c = bytes[++p]!;
  if (isNegative && isUnsigned) return NOT_PLAIN;
  const start = p;
  let value = 0;
  // 10^15 and more would not be exact: the rest is read apart
  while (c >= 48 && c <= 57 && p - start < 10) {
    value = value * 10 + (c - 48);
    c = bytes[++p]!;
  }
  const second = p;
  let rest = 0;
  while (c >= 48 && c <= 57) {
    rest = rest * 10 + (c - 48);
    c = bytes[++p]!;
  }
  if (p === start || p - start > 19) return NOT_PLAIN;
  let high: number;
  let low: number;
  if (p === second) {
    high = Math.floor(value / TWO_32);
    low = value - high * TWO_32;
  } else {
    // value · 10^k + rest, in words: each product stays below 2^53
    const scale = exactPowers[p - second]!;
    const upper = Math.floor(value / 65536);
    const upperProduct = upper * scale;
    const upperHigh = Math.floor(upperProduct / 65536);
    const lowSum = (upperProduct - upperHigh * 65536) * 65536 + (value - upper * 65536) * scale + rest;
    const carry = Math.floor(lowSum / TWO_32);
    high = upperHigh + carry;
    low = lowSum - carry * TWO_32;
  }
  if (!isUnsigned && high >= 0x80000000) return NOT_PLAIN;
  if (isNegative) {
    low = TWO_32 - low;
    high = -high - 1;
    if (low === TWO_32) {
      low = 0;
      high++;
    }
  }
  halves[2 * at] = low | 0;
  halves[2 * at + 1] = high | 0;
  return p;
}
