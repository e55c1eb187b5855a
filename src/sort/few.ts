/**
 * Short arrays, such as rows of a table: insertion, without any preparation.
 *
 * @module
 */
import { isTypedArray, type TypedArray } from "../memory/dtype.ts";

const FEW = 24;
/** Every element of up to 32 bits, and every double, is a double. */
const values = new Float64Array(FEW);

/** Whether an array is so short; not of 64-bit integers, whose values doubles cannot hold. */
export function isFew(data: TypedArray): boolean {
  return data.length <= FEW && !(data instanceof BigInt64Array) && !(data instanceof BigUint64Array) &&
    isTypedArray(data);
}

/** Writes the indices that sort so few elements. */
export function sortFewIndices(data: TypedArray, out: Uint32Array): void {
  values.set(data as Float64Array);
  insertFew(values, data.length, out);
}

function insertFew(values: Float64Array, n: number, out: Uint32Array): void {
  out[0] = 0;
  for (let i = 1; i < n; i++) {
    const value = values[i]!;
    let j = i - 1;
    if (value === value) {
      // what is neither below nor equal is above, or NaN
      for (; j >= 0 && !(values[j]! <= value); j--) {
        values[j + 1] = values[j]!;
        out[j + 1] = out[j]!;
      }
    }
    values[j + 1] = value;
    out[j + 1] = i;
  }
}
