/**
 * Powers of ten as sums of two doubles, right to 106 bits, made when they are first needed.
 *
 * @module
 */

/** The powers that there are: products with integers up to 10^20 neither overflow nor lose bits. */
export const LEAST_POWER = -290;
export const MOST_POWER = 270;

/** Doubles a power takes in {@linkcode dividedPowers}: high part, low part, and the high part split in halves. */
export const POWER_STRIDE = 4;

/** The powers that are doubles, 1 to 10^22. */
export const exactPowers: Float64Array = Float64Array.from({ length: 23 }, (_, k) => 10 ** k);

/** 5^k, to see whether a product has at most 53 bits. */
export const powersOfFive: Float64Array = Float64Array.from({ length: 23 }, (_, k) => 5 ** k);

/**
 * 10^q at `POWER_STRIDE * (q - LEAST_POWER)`: `high`, `low`, and the halves of `high`, which have at most 26 bits each.
 * A high part of 0 says that the power was not made yet.
 */
export const dividedPowers: Float64Array = new Float64Array(POWER_STRIDE * (MOST_POWER - LEAST_POWER + 1));

/** Veltkamp's factor: splits a double into two of 26 bits. */
const SPLITTER = 134217729;

/** Makes the powers that numbers of up to 22 digits behind the point want, without an exponent. */
export function makeCommonPowers(): void {
  for (let q = -22; q <= 22; q++) if (dividedPowers[POWER_STRIDE * (q - LEAST_POWER)] === 0) makePower(q);
}

/** Makes 10^q; about a microsecond. */
export function makePower(q: number): void {
  const high = Number(`1e${q}`);
  const at = POWER_STRIDE * (q - LEAST_POWER);
  const upper = SPLITTER * high - (SPLITTER * high - high);
  dividedPowers[at] = high;
  dividedPowers[at + 1] = q < 0 ? restBelowOne(high, -q) : Number(10n ** BigInt(q) - BigInt(high));
  dividedPowers[at + 2] = upper;
  dividedPowers[at + 3] = high - upper;
}

/** 10^-k - high, rounded: `high` is mantissa · 2^-shift, so the rest is (2^shift - mantissa · 10^k) / 10^k · 2^-shift. */
function restBelowOne(high: number, k: number): number {
  const shift = 52 - Math.floor(Math.log2(high));
  // in two steps, as 2^shift alone may overflow
  const mantissa = BigInt(high * 2 ** 500 * 2 ** (shift - 500));
  const tenth = 10n ** BigInt(k);
  const rest = (((1n << BigInt(shift)) - mantissa * tenth) << 64n) / tenth;
  return Number(rest) * 2 ** -64 * 2 ** -(shift >> 1) * 2 ** -(shift - (shift >> 1));
}
