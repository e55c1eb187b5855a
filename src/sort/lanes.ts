/**
 * The lanes of an n-d array along an axis: what is sorted, one by one.
 *
 * @module
 */
import { type CrewMember, runCrew } from "../algorithms/crew.ts";
import { constructorOf, dtypeOf, type TypedArray } from "../memory/dtype.ts";
import { elementCount } from "../memory/shape.ts";

/** Lanes of `length` elements, `inner` apart; lane `(o, k)` begins at `o * length * inner + k`. */
export interface Lanes {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** How many pieces of work each member can claim: the last ones are small. */
const CLAIMS_PER_MEMBER = 16;

/** The lanes along an axis of an array in C order. */
export function lanesAlong(dimensions: readonly number[], axis: number): Lanes {
  return {
    outer: elementCount(dimensions.slice(0, axis)),
    length: dimensions[axis]!,
    inner: elementCount(dimensions.slice(axis + 1)),
  };
}

/**
 * Sorts each lane of `source` into the same lane of `target`, which may be one array, with `size` processes.
 *
 * @param sortLane sorts a whole array into another of its length
 */
export function sortLanes(
  { outer, length, inner }: Lanes,
  source: TypedArray,
  target: TypedArray,
  size: number,
  sortLane: (source: TypedArray, target: TypedArray) => void,
): void {
  const lanes = outer * inner;
  const step = Math.max(1, Math.ceil(lanes / (CLAIMS_PER_MEMBER * size)));
  const work = (member: CrewMember): void => {
    const isPlain = inner === 1;
    const input = isPlain ? undefined : new (constructorOf(dtypeOf(source)))(length);
    const output = isPlain ? undefined : new (constructorOf(dtypeOf(target)))(length);
    for (let from = step * member.claim(0); from < lanes; from = step * member.claim(0)) {
      for (let lane = from; lane < Math.min(lanes, from + step); lane++) {
        const first = Math.floor(lane / inner) * length * inner + lane % inner;
        if (input === undefined || output === undefined) {
          sortLane(source.subarray(first, first + length), target.subarray(first, first + length));
        } else {
          copyStrided(source, first, inner, input, 0, 1, length);
          sortLane(input, output);
          copyStrided(output, 0, 1, target, first, inner, length);
        }
      }
    }
  };
  if (!runCrew(size, work)) runCrew(1, work);
}

/** Bits are copied, not values, so that NaNs keep theirs. */
function copyStrided(
  from: TypedArray,
  at: number,
  step: number,
  to: TypedArray,
  toAt: number,
  toStep: number,
  count: number,
): void {
  const [source, target] = [bitsOf(from), bitsOf(to)];
  if (from.BYTES_PER_ELEMENT === 8) {
    copyWide(source as Uint32Array, 2 * at, 2 * step, target as Uint32Array, 2 * toAt, 2 * toStep, count);
  } else copyNarrow(source as Uint32Array, at, step, target as Uint32Array, toAt, toStep, count);
}

function copyNarrow(
  from: Uint32Array,
  at: number,
  step: number,
  to: Uint32Array,
  toAt: number,
  toStep: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) to[toAt + i * toStep] = from[at + i * step]!;
}

function copyWide(
  from: Uint32Array,
  at: number,
  step: number,
  to: Uint32Array,
  toAt: number,
  toStep: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    to[toAt + i * toStep] = from[at + i * step]!;
    to[toAt + i * toStep + 1] = from[at + i * step + 1]!;
  }
}

/** The elements' bits: words, two each for 64-bit elements, or shorter ones. */
export function bitsOf({ buffer, byteOffset, byteLength, BYTES_PER_ELEMENT }: TypedArray): Bits {
  switch (BYTES_PER_ELEMENT) {
    case 1:
      return new Uint8Array(buffer, byteOffset, byteLength);
    case 2:
      return new Uint16Array(buffer, byteOffset, byteLength / 2);
    default:
      return new Uint32Array(buffer, byteOffset, byteLength / 4);
  }
}

/** See {@linkcode bitsOf}. */
export type Bits = Uint8Array | Uint16Array | Uint32Array;
