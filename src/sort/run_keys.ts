/**
 * Keys of single elements of any size, in NumPy's order (see `keys.ts`), for comparing the heads of sorted runs.
 *
 * @module
 */
import { dtypeOf, type ShortDType, type TypedArray } from "../memory/dtype.ts";
import { keyFormat } from "./keys.ts";
import { bitsOf } from "./lanes.ts";

const SIGN = 0x80000000 | 0;

/** Upper word of infinity, the elements' bits aligned to the left. */
const infinities: { readonly [K in ShortDType]?: number } = {
  f2: 0x7c000000,
  f4: 0x7f800000,
  f8: 0x7ff00000,
};

/** The bits of elements, and how to make keys of them. */
export interface KeySource {
  /** Words, two each for elements of 64 bits; shorter ones for elements of 8 and 16. They are all read as words. */
  readonly bits: Uint32Array;
  readonly isWide: boolean;
  /** Aligns shorter elements to the left of a word. */
  readonly shift: number;
  readonly infinity: number;
  readonly float: number;
  readonly flip: number;
}

/** How keys of an array's elements are read. */
export function keySource(data: TypedArray): KeySource {
  return {
    bits: bitsOf(data) as Uint32Array,
    isWide: data.BYTES_PER_ELEMENT === 8,
    shift: Math.max(0, 32 - 8 * data.BYTES_PER_ELEMENT),
    infinity: infinities[dtypeOf(data)] ?? 0,
    ...keyFormat(data),
  };
}

/** Notes the keys of the elements at `count` of `places` from row `from` on, in the same rows. */
export function loadKeys(
  { bits, isWide, shift, infinity, float, flip }: KeySource,
  places: Float64Array,
  from: number,
  count: number,
  highs: Int32Array,
  lows: Int32Array,
): void {
  for (let row = from; row < from + count; row++) {
    const place = places[row]!;
    let low = 0;
    let high: number;
    if (isWide) {
      low = bits[2 * place]! | 0;
      high = bits[2 * place + 1]! | 0;
    } else high = bits[place]! << shift;
    if (float !== 0) {
      const size = high & 0x7fffffff;
      const sign = high >> 31;
      if (size > infinity || (size === infinity && low !== 0)) {
        high = 0x7fffffff;
        low = -1;
      } else {
        high = (size ^ sign) + (low === 0 ? sign & 1 : 0) | 0;
        low = (low ^ sign) - sign | 0;
      }
    } else high ^= flip;
    highs[row] = high;
    lows[row] = low ^ SIGN;
  }
}

/**
 * Whether the key in row `a` goes before that in row `b`, an upper word and a lower one as a signed number; of equal ones,
 * that in the lesser row does.
 */
export function goesFirst(highs: Int32Array, lows: Int32Array, a: number, b: number): boolean {
  const high = highs[a]!;
  const other = highs[b]!;
  if (high !== other) return high < other;
  const low = lows[a]!;
  const otherLow = lows[b]!;
  return low !== otherLow ? low < otherLow : a < b;
}
