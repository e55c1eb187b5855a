/**
 * Elements as integers whose order is NumPy's: `-0 == 0`, NaN last and all NaN equal.
 *
 * Loops read elements as 32-bit words, never as bigints. A float is sign and magnitude; when the sign is set its key is
 * the magnitude with all bits inverted, but for -0, which has the key of 0. The loops
 * for elements of 64 bits are in `wide_keys.ts`, of 32 bits in `narrow_keys.ts`, of 8 and 16 bits in `counting.ts`.
 *
 * @module
 */
import { dtypeOf, type ShortDType, type TypedArray } from "../memory/dtype.ts";

/** What tells the loops how to make a key of an element's upper word. */
export interface KeyFormat {
  /** -1 for floats, 0 for integers. */
  readonly float: number;
  /** Is xor-ed to an integer's word: the sign bit for unsigned ones, which then compare as signed. */
  readonly flip: number;
}

const SIGN = 0x80000000 | 0;

const formats: { readonly [K in ShortDType]: KeyFormat } = {
  f2: { float: -1, flip: 0 },
  f4: { float: -1, flip: 0 },
  f8: { float: -1, flip: 0 },
  i1: { float: 0, flip: 0 },
  i2: { float: 0, flip: 0 },
  i4: { float: 0, flip: 0 },
  i8: { float: 0, flip: 0 },
  u1: { float: 0, flip: SIGN },
  b1: { float: 0, flip: SIGN },
  u2: { float: 0, flip: SIGN },
  u4: { float: 0, flip: SIGN },
  u8: { float: 0, flip: SIGN },
};

/** How keys of an array's elements are made. */
export function keyFormat(data: TypedArray): KeyFormat {
  return formats[dtypeOf(data)];
}

/** The memory of an array of 32- or 64-bit elements as words. */
export function wordsOf({ buffer, byteOffset, byteLength }: TypedArray): Int32Array {
  return new Int32Array(buffer, byteOffset, byteLength / 4);
}

/** What a loop over some elements finds out about their keys; kept in words that processes share. */
export interface KeyRange {
  readonly minHigh: number;
  /** Unsigned. */
  readonly minLow: number;
  readonly maxHigh: number;
  /** Unsigned. */
  readonly maxLow: number;
  /** How many are not NaN. */
  readonly count: number;
}

/** Words that a {@linkcode KeyRange} takes. */
export const RANGE_WORDS = 16;
/** Which of them notes the bits that are set in any element's lower word; known when the elements were moved. */
export const LOW_BITS = 5;

/** The range that covers those noted in `rows`. */
export function readRange(rows: Int32Array, count: number): KeyRange {
  let whole: KeyRange | undefined;
  for (let row = 0; row < count; row++) {
    const [minHigh, minLow, maxHigh, maxLow, present] = rows.subarray(row * RANGE_WORDS) as unknown as [
      number,
      number,
      number,
      number,
      number,
    ];
    if (present === 0) continue;
    const range = { minHigh, minLow: minLow >>> 0, maxHigh, maxLow: maxLow >>> 0, count: present };
    whole = whole === undefined ? range : union(whole, range);
  }
  return whole ?? { minHigh: 0, minLow: 0, maxHigh: 0, maxLow: 0, count: 0 };
}

function union(a: KeyRange, b: KeyRange): KeyRange {
  const isLower = a.minHigh < b.minHigh || (a.minHigh === b.minHigh && a.minLow <= b.minLow);
  const isHigher = a.maxHigh > b.maxHigh || (a.maxHigh === b.maxHigh && a.maxLow >= b.maxLow);
  const least = isLower ? a : b;
  const most = isHigher ? a : b;
  return {
    minHigh: least.minHigh,
    minLow: least.minLow,
    maxHigh: most.maxHigh,
    maxLow: most.maxLow,
    count: a.count + b.count,
  };
}
