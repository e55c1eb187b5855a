/**
 * Values on their way into an array: what NumPy refuses is refused, where a typed array would silently wrap.
 *
 * @module
 */
import { describe } from "../describe.ts";
import type { ShortDType } from "./dtype.ts";

/** Turns a value into what the typed array takes. */
export type ElementCast = (value: unknown) => number | bigint;

/** Lowest and highest value of each integer type. */
const limits: { readonly [K in ShortDType]?: readonly [number | bigint, number | bigint] } = {
  i1: [-128, 127],
  u1: [0, 255],
  i2: [-32768, 32767],
  u2: [0, 65535],
  i4: [-(2 ** 31), 2 ** 31 - 1],
  u4: [0, 2 ** 32 - 1],
  i8: [-(2n ** 63n), 2n ** 63n - 1n],
  u8: [0n, 2n ** 64n - 1n],
};

/**
 * The conversion to an element type. Fractions are cut off for integers up to 32 bits, as NumPy does; 64-bit ones take
 * bigints and safe integers; `b1` takes booleans, and numbers, of which all but 0 are true.
 *
 * The conversion throws `TypeError` for a value of the wrong kind, `RangeError` for one that does not fit.
 *
 * @param where says in errors what is being filled
 */
export function castTo(dtype: ShortDType, where: () => string): ElementCast {
  if (dtype === "b1") return (value) => castBoolean(value, where);
  const limit = limits[dtype];
  if (limit === undefined) return (value) => castNumber(value, dtype, where);
  const [least, most] = limit;
  const convert = typeof least === "bigint" ? castBigInt : castNumber;
  return (value) => {
    let element: number | bigint = convert(value, dtype, where);
    if (typeof element === "number") element = Math.trunc(element);
    // NaN is in no range
    if (element >= least && element <= most) return element;
    throw new RangeError(
      `${where()}: ${value} does not fit dtype "${dtype}", ` +
        `whose values are integers from ${least} to ${most}`,
    );
  };
}

function castNumber(value: unknown, dtype: ShortDType, where: () => string): number {
  if (typeof value === "number") return value;
  throw new TypeError(`${where()}: dtype "${dtype}" wants a number, got ${describe(value)}`);
}

function castBigInt(value: unknown, dtype: ShortDType, where: () => string): bigint {
  if (typeof value === "bigint") return value;
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  if (typeof value === "number") {
    throw new RangeError(`${where()}: dtype "${dtype}" wants a bigint or a safe integer, got ${value}`);
  }
  throw new TypeError(
    `${where()}: dtype "${dtype}" wants a bigint or a safe integer, got ${describe(value)}`,
  );
}

function castBoolean(value: unknown, where: () => string): number {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "number") return value === 0 ? 0 : 1;
  throw new TypeError(`${where()}: dtype "b1" wants a boolean or a number, got ${describe(value)}`);
}
