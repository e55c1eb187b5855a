/**
 * Numbers out of bytes, correctly rounded, without a string.
 *
 * ```
 * digits ─▶ w = X · 10^m + Y, exact as the sum of two doubles
 *   w < 2^53, |q| ≤ 22          w · 10^q or w / 10^-q: one rounding (Clinger)
 *   w < 10^23, -290 ≤ q ≤ 270   w · 10^q as the sum of two doubles, right to 98 bits; it rounds one way (Ziv), or
 *   else                        the caller asks Number(text)
 * ```
 *
 * Sources: W. Clinger, "How to read floating point numbers accurately" (1990); T. J. Dekker, "A floating-point
 * technique for extending the available precision" (1971).
 *
 * @module
 */
import {
  dividedPowers,
  exactPowers,
  LEAST_POWER,
  makePower,
  MOST_POWER,
  POWER_STRIDE,
  powersOfFive,
} from "./powers.ts";

/** Bytes that may be read behind the last one of a text. */
export const PADDING_BYTES = 32;

/** What a scan returns when it leaves the text to slower means. */
export const NOT_PLAIN = -1;

const SPLITTER = 134217729;
const TWO_53 = 2 ** 53;
/** Relative, well above the error of the product of two sums. */
export const UNSURE: number = 2 ** -97;

/**
 * Reads a decimal number at `p` and stores it; whether what follows may follow is the caller's affair.
 *
 * @param words the same bytes; {@linkcode PADDING_BYTES} beyond the text can be read
 * @returns the position behind it, {@linkcode NOT_PLAIN} where there is none or it is not one of the simple ones
 */
export function scanDouble(
  bytes: Uint8Array,
  words: DataView,
  p: number,
  target: Float64Array,
  at: number,
): number {
  let c = bytes[p]!;
  const isNegative = c === 45;
  if (isNegative || c === 43) c = bytes[++p]!;
  let x = 0;
  let y = 0;
  let m = 0;
  const start = p;
  while (c >= 48 && c <= 57) {
    x = x * 10 + (c - 48);
    c = bytes[++p]!;
  }
  let digits = p - start;
  if (digits > 15) return NOT_PLAIN;
  let q = 0;
  if (c === 46) {
    p++;
    const point = p;
    let word = words.getInt32(p, true);
    // with eight digits more they stay below 2^53
    if (digits <= 7 && areDigits(word)) {
      x = x * 10000 + fourDigits(word);
      p += 4;
      word = words.getInt32(p, true);
      if (areDigits(word)) {
        x = x * 10000 + fourDigits(word);
        p += 4;
        word = words.getInt32(p, true);
        if (areDigits(word)) {
          y = fourDigits(word);
          m = 4;
          p += 4;
          word = words.getInt32(p, true);
          if (areDigits(word)) {
            y = y * 10000 + fourDigits(word);
            m = 8;
            p += 4;
          }
        }
      }
    }
    c = bytes[p]!;
    while (c >= 48 && c <= 57) {
      y = y * 10 + (c - 48);
      m++;
      c = bytes[++p]!;
    }
    if (m > 15) return NOT_PLAIN;
    q = point - p;
    digits -= q;
  }
  if (digits === 0) return NOT_PLAIN;
  if (c === 101 || c === 69) {
    c = bytes[++p]!;
    const isBelow = c === 45;
    if (isBelow || c === 43) c = bytes[++p]!;
    if (c < 48 || c > 57) return NOT_PLAIN;
    let e = c - 48;
    c = bytes[++p]!;
    while (c >= 48 && c <= 57) {
      if (e > 9999) return NOT_PLAIN;
      e = e * 10 + (c - 48);
      c = bytes[++p]!;
    }
    q = isBelow ? q - e : q + e;
  }
  if (x * powersOfFive[m]! >= TWO_53) {
    const low = x % 256;
    x -= low;
    y += low * exactPowers[m]!;
    // a multiple of 256 has eight bits less
    if (x * powersOfFive[m]! >= 256 * TWO_53 || y >= TWO_53) return NOT_PLAIN;
  }
  // both terms are exact, and so are the sum and what it leaves
  const product = x * exactPowers[m]!;
  const w = product + y;
  let value: number;
  if (w < TWO_53 && q >= -22 && q <= 22) {
    value = q < 0 ? w / exactPowers[-q]! : w * exactPowers[q]!;
  } else if (w === 0) {
    value = 0;
  } else {
    if (q < LEAST_POWER || q > MOST_POWER) return NOT_PLAIN;
    const power = POWER_STRIDE * (q - LEAST_POWER);
    if (dividedPowers[power] === 0) makePower(q);
    const high = dividedPowers[power]!;
    const r = w * high;
    const error = restOfProduct(w, r, dividedPowers[power + 2]!, dividedPowers[power + 3]!);
    const low = error + (w * dividedPowers[power + 1]! + (y - (w - product)) * high);
    const unsure = r * UNSURE;
    value = r + low;
    if (r + (low + unsure) !== value || r + (low - unsure) !== value) return NOT_PLAIN;
  }
  target[at] = isNegative ? -value : value;
  return p;
}

/** What `product`, which is a · b rounded, leaves of it, b being the sum of `upper` and `lower` of 26 bits. */
export function restOfProduct(a: number, product: number, upper: number, lower: number): number {
  const t = SPLITTER * a;
  const aUpper = t - (t - a);
  const aLower = a - aUpper;
  return ((aUpper * upper - product) + aUpper * lower + aLower * upper) + aLower * lower;
}

/** Whether all four bytes are digits. */
export function areDigits(word: number): boolean {
  return ((word & 0xf0f0f0f0) | (((word + 0x06060606) & 0xf0f0f0f0) >>> 4)) === 0x33333333;
}

/** Their value, the first byte of the text being the lowest of the word. */
export function fourDigits(word: number): number {
  const pairs = (Math.imul(word & 0x0f0f0f0f, 2561) >>> 8) & 0x00ff00ff;
  return Math.imul(pairs, 6553601) >>> 16;
}
