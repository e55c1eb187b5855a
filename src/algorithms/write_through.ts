/**
 * Results that are written where the input lies, or where children cannot write.
 *
 * @module
 */
import { makeData } from "../memory/arrays.ts";
import { dtypeOf, type TypedArray } from "../memory/dtype.ts";
import { releaseBuffer } from "../memory/segment.ts";
import { type Output, overlaps } from "./input.ts";

/**
 * Has `write` fill an output; shared memory in its place, which is copied there, when the output has bytes in common
 * with what is read, or several processes could not write it.
 *
 * @param inputs what `write` reads
 * @param size how many processes write
 * @param name is named in errors, e.g. `argsort`
 */
export function writeThrough(
  { data, isShared }: Output,
  inputs: readonly TypedArray[],
  size: number,
  name: string,
  write: (target: TypedArray) => void,
): void {
  const isDirect = isShared || size === 1;
  if (isDirect && !inputs.some((input) => overlaps(data, input))) return write(data);
  const copy = makeData([data.length], dtypeOf(data), name, "anything");
  try {
    write(copy);
    (data as Float64Array).set(copy as Float64Array);
  } finally {
    releaseBuffer(copy.buffer);
  }
}
