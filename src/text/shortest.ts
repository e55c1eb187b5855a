/**
 * The shortest text of a number that reads back to the same bits.
 *
 * @module
 */
import { constructorOf, type ShortDType } from "../memory/dtype.ts";
import type { NumberFormat } from "./printf.ts";

/** The shortest text of each value of an element type: `0.1` of an `f4` that was rounded from 0.1. */
export function shortestOf(dtype: ShortDType): NumberFormat {
  if (dtype === "f4") return narrowText(6, 9, 2 ** -126, Math.fround);
  if (dtype === "f2") return narrowText(3, 5, 2 ** -14, halfRounder());
  return dtype === "f8" ? doubleText : String;
}

/** JavaScript's own text of a double is the shortest one, but for the sign of zero; names are NumPy's. */
export function doubleText(value: number | bigint): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  if (typeof value === "number" && !Number.isFinite(value)) {
    return value > 0 ? "inf" : value < 0 ? "-inf" : "nan";
  }
  return `${value}`;
}

/**
 * From `normal` on every decimal of `sure` digits is another number of that type, and `enough` digits tell all numbers
 * apart: the first count between them that gives the number back is the shortest, or has zeros at its end that are left
 * out.
 */
function narrowText(
  sure: number,
  enough: number,
  normal: number,
  round: (value: number) => number,
): NumberFormat {
  return (value) => {
    const number = Number(value);
    if (!Number.isFinite(number) || number === 0) return doubleText(number);
    for (let digits = Math.abs(number) < normal ? 1 : sure; digits < enough; digits++) {
      const near = Number(number.toPrecision(digits));
      if (round(near) === number) return `${near}`;
    }
    return `${Number(number.toPrecision(enough))}`;
  };
}

function halfRounder(): (value: number) => number {
  const cell = new (constructorOf("f2"))(1) as Float32Array;
  return (value) => {
    cell[0] = value;
    return cell[0]!;
  };
}
