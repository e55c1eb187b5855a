/**
 * Elements in the order of indices.
 *
 * @module
 */
import { type CrewMember, runCrew } from "../algorithms/crew.ts";
import type { TypedArray } from "../memory/dtype.ts";
import { bitsOf } from "./lanes.ts";

const BLOCK = 2 ** 16;

/**
 * Writes `source[indices[i]]` to `target[i]`, with `size` processes.
 *
 * @param target of the element type of `source`, in other memory; shared if `size` is above 1
 */
export function gather(source: TypedArray, indices: Uint32Array, target: TypedArray, size: number): void {
  const isWide = source.BYTES_PER_ELEMENT === 8;
  const from = bitsOf(source);
  const to = bitsOf(target);
  const n = indices.length;
  const work = (member: CrewMember): void => {
    for (let start = BLOCK * member.claim(0); start < n; start = BLOCK * member.claim(0)) {
      const end = Math.min(n, start + BLOCK);
      if (isWide) gatherPairs(from as Uint32Array, indices, start, end, to as Uint32Array);
      else gatherWords(from as Uint32Array, indices, start, end, to as Uint32Array);
    }
  };
  if (!runCrew(size, work)) runCrew(1, work);
}

function gatherWords(
  source: Uint32Array,
  indices: Uint32Array,
  from: number,
  to: number,
  target: Uint32Array,
): void {
  for (let i = from; i < to; i++) target[i] = source[indices[i]!]!;
}

function gatherPairs(
  source: Uint32Array,
  indices: Uint32Array,
  from: number,
  to: number,
  target: Uint32Array,
): void {
  for (let i = from; i < to; i++) {
    const index = indices[i]!;
    target[2 * i] = source[2 * index]!;
    target[2 * i + 1] = source[2 * index + 1]!;
  }
}
