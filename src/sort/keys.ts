/**
 * Elements as integers whose order is NumPy's: `-0 == 0`, NaN last and all NaN equal.
 *
 * Loops read elements as 32-bit words, never as bigints. A float is sign and magnitude; its key is the magnitude,
 * negated (two's complement) when the sign is set, so that both zeros have the key 0 and no branch is taken. The loops
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
export function wordsOf({ buffer, byteOffset, byteLength }: TypedArray): Uint32Array {
  return new Uint32Array(buffer, byteOffset, byteLength / 4);
}

/** What a loop over some elements finds out about their keys; kept in words that processes share. */
export interface KeyRange {
  readonly minHigh: number;
  /** Unsigned. */
  readonly minLow: number;
  readonly maxHigh: number;
  /** Unsigned. */
  readonly maxLow: number;
  /** The bits that are set in any key's lower word. */
  readonly lowBits: number;
  /** How many are not NaN. */
  readonly count: number;
}

/** Words that a {@linkcode KeyRange} takes. */
export const RANGE_WORDS = 16;

/** The range that covers those noted in `rows`. */
export function readRange(rows: Int32Array, count: number): KeyRange {
  let whole: KeyRange | undefined;
  for (let row = 0; row < count; row++) {
    const [minHigh, minLow, maxHigh, maxLow, lowBits, present] = rows.subarray(
      row * RANGE_WORDS,
    ) as unknown as [number, number, number, number, number, number];
    if (present === 0) continue;
    const range = { minHigh, minLow: minLow >>> 0, maxHigh, maxLow: maxLow >>> 0, lowBits, count: present };
    whole = whole === undefined ? range : union(whole, range);
  }
  return whole ?? { minHigh: 0, minLow: 0, maxHigh: 0, maxLow: 0, lowBits: 0, count: 0 };
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
    lowBits: a.lowBits | b.lowBits,
    count: a.count + b.count,
  };
}
