/**
 * Plain rows of numbers out of text, in AssemblyScript: what `src/text/parse_plain.ts` does, with integers of 64 bits.
 * The memory is laid out by `src/text/plain_kernel.ts`; nothing is allocated here.
 *
 * Sources: D. Lemire, "Number parsing at a gigabyte per second" (2021), for the rounding; W. Clinger, "How to read
 * floating point numbers accurately" (1990), for what needs none.
 */

// Functions that are not exported are inlined: in Bun each function that is one must be compiled before a fork.

/** Two words: the line that comes next, and a power of ten that was wanted and not there, or `NONE`. */
const STATE: usize = 0;
const NONE: i32 = i32.MAX_VALUE;
/** 1, 10, … 10^22 as doubles. */
const EXACT_POWERS: usize = 256;
/** 128 bits of each power of five from the least on, the upper half first; 0 where there is none yet. */
const POWERS: usize = 1024;
const LEAST_POWER: i32 = -300;
const MOST_POWER: i32 = 300;

const ZERO: u32 = 48;
const MOST_EXACT: u64 = 1 << 53;

/** Whether all of eight bytes are. */
@inline
function areDigits(eight: u64): bool {
  const upper: u64 = 0xf0f0f0f0f0f0f0f0;
  return ((eight & upper) | (((eight + 0x0606060606060606) & upper) >> 4)) == 0x3333333333333333;
}

/** Their value, the first byte of the text being the lowest. */
@inline
function eightDigits(eight: u64): u64 {
  const pairs = (eight & 0x0f0f0f0f0f0f0f0f) * 2561 >> 8;
  const fours = (pairs & 0x00ff00ff00ff00ff) * 6553601 >> 16;
  return (fours & 0x0000ffff0000ffff) * 42949672960001 >> 32;
}

/** The upper half of a product. */
@inline
function upperProduct(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const low = a0 * b1;
  const high = a1 * b0;
  const carry = ((a0 * b0) >> 32) + (low & 0xffffffff) + (high & 0xffffffff);
  return a1 * b1 + (low >> 32) + (high >> 32) + (carry >> 32);
}

/** The bits of w · 10^q, w > 0, rounded to the nearest double; 0 where that is not certain or no normal number. */
@inline
function scaled(w: u64, q: i32, power: usize): u64 {
  const zeros = clz(w);
  const normal = w << zeros;
  const factor = load<u64>(power);
  let upper = upperProduct(normal, factor);
  let lower = normal * factor;
  // 9 bits are more than a double takes: where they are all set, what is missing may carry
  if ((upper & 0x1ff) == 0x1ff) {
    const rest = upperProduct(normal, load<u64>(power, 8));
    lower += rest;
    if (lower < rest) upper++;
    if (lower == u64.MAX_VALUE) return 0;
  }
  const isLarge = upper >> 63;
  const shift = isLarge + 9;
  let mantissa = upper >> shift;
  // floor(log2(10^q)), the place of the first bit, the bias
  let exponent = ((217706 * q) >> 16) + 63 + i32(isLarge) - i32(zeros) + 1023;
  // half way, to even: only these powers leave nothing below
  if (lower <= 1 && q >= -4 && q <= 23 && (mantissa & 3) == 1 && mantissa << shift == upper) mantissa ^= 1;
  mantissa = (mantissa + (mantissa & 1)) >> 1;
  if (mantissa >= MOST_EXACT) {
    mantissa >>= 1;
    exponent++;
  }
  if (exponent <= 0 || exponent >= 2047) return 0;
  return (mantissa & (MOST_EXACT / 2 - 1)) | (u64(exponent) << 52);
}

/**
 * Parses lines of plain numbers, each with the same separator behind it, up to the first line that is anything else.
 *
 * @param from 32 bytes behind `to` can be read
 * @param target where the first number goes
 * @param separator a byte that comes between two numbers, and `other` another one, or the same
 * @param skipped a byte that may come before a number any number of times, -1 for none
 * @returns how many rows there were; the state tells where it stopped
 */
export function parsePlain(
  from: usize,
  to: usize,
  target: usize,
  limit: u32,
  columns: u32,
  separator: u32,
  other: u32,
  skipped: u32,
): u32 {
  let p = from;
  let at = target;
  let rows: u32 = 0;
  let line = p;
  store<i32>(STATE, NONE, 4);
  for (; p < to && rows < limit; rows++) {
    line = p;
    for (let column = columns; column > 0; column--) {
      let c: u32 = load<u8>(p);
      while (c == skipped) c = load<u8>(++p);
      const isNegative = c == 45;
      if (isNegative) c = load<u8>(++p);
      const start = p;
      let w: u64 = 0;
      while (c - ZERO <= 9) {
        w = w * 10 + u64(c - ZERO);
        c = load<u8>(++p);
      }
      let digits = u32(p - start);
      let q: i32 = 0;
      if (c == 46) {
        const point = ++p;
        let eight = load<u64>(p);
        while (areDigits(eight)) {
          w = w * 100000000 + eightDigits(eight);
          p += 8;
          eight = load<u64>(p);
        }
        c = u32(eight) & 0xff;
        while (c - ZERO <= 9) {
          w = w * 10 + u64(c - ZERO);
          c = load<u8>(++p);
        }
        q = -i32(p - point);
        digits -= q;
      }
      if (digits == 0) return stopped(line, rows);
      const end = p;
      if ((c | 32) == 101) {
        c = load<u8>(++p);
        const isBelow = c == 45;
        if (isBelow || c == 43) c = load<u8>(++p);
        const first = p;
        let e: i32 = 0;
        while (c - ZERO <= 9) {
          e = e * 10 + i32(c - ZERO);
          c = load<u8>(++p);
        }
        if (p == first || p - first > 4) return stopped(line, rows);
        q += isBelow ? -e : e;
      }
      if (digits > 19) {
        // zeros before the first digit do not count
        for (let s = start; s < end; s++) {
          const d: u32 = load<u8>(s);
          if (d == ZERO) digits--;
          else if (d != 46) break;
        }
        if (digits > 19) return stopped(line, rows);
      }
      let bits: u64 = 0;
      if (w <= MOST_EXACT && q >= -22 && q <= 22) {
        const power = load<f64>(EXACT_POWERS + (<usize>(q < 0 ? -q : q) << 3));
        bits = reinterpret<u64>(q < 0 ? f64(w) / power : f64(w) * power);
      } else {
        if (w == 0 || q < LEAST_POWER || q > MOST_POWER) return stopped(line, rows);
        const power = POWERS + (<usize>(q - LEAST_POWER) << 4);
        if (load<u64>(power) == 0) {
          store<i32>(STATE, q, 4);
          return stopped(line, rows);
        }
        bits = scaled(w, q, power);
        if (bits == 0) return stopped(line, rows);
      }
      store<u64>(at, bits | (u64(isNegative) << 63));
      at += 8;
      if (column > 1) {
        if (c != separator && c != other) return stopped(line, rows);
      } else if (c != 10) {
        if (c != 13 || load<u8>(++p) != 10) return stopped(line, rows);
      }
      p++;
    }
    line = p;
  }
  return stopped(line, rows);
}

/** Notes the line that comes next. */
@inline
function stopped(line: usize, rows: u32): u32 {
  store<u32>(STATE, u32(line));
  return rows;
}
