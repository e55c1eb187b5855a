/**
 * Insertion into pairs that are nearly in order; see `pairs.ts`.
 *
 * @module
 */
import { SIGN } from "./digits.ts";
import { lowKey } from "./wide_keys.ts";

/**
 * Writes the indices of pairs that are nearly in order, putting right what is not by insertion; false when that takes
 * more than so many moves.
 */
export function repairExact(
  words: Int32Array,
  doubles: Float64Array,
  n: number,
  out: Uint32Array,
  at: number,
  moves: number,
): boolean {
  let left = moves;
  let last = words[0]! ^ SIGN;
  out[at] = words[1]!;
  for (let i = 1; i < n; i++) {
    const word = words[2 * i]! ^ SIGN;
    const index = words[2 * i + 1]!;
    if (word >= last) {
      out[at + i] = index;
      last = word;
      continue;
    }
    const pair = doubles[i]!;
    let j = i - 1;
    for (; j >= 0 && (words[2 * j]! ^ SIGN) > word; j--) {
      doubles[j + 1] = doubles[j]!;
      out[at + j + 1] = out[at + j]!;
    }
    left -= i - j;
    if (left < 0) return false;
    doubles[j + 1] = pair;
    out[at + j + 1] = index;
    last = words[2 * i]! ^ SIGN;
  }
  return true;
}

/** As {@linkcode repairExact}, where pairs that are equal may differ in the lower words of their keys. */
export function repair(
  words: Int32Array,
  doubles: Float64Array,
  n: number,
  keys: Int32Array,
  float: number,
  out: Uint32Array,
  at: number,
  moves: number,
): boolean {
  let left = moves;
  let last = words[0]! ^ SIGN;
  // of the pair before, -1 while nobody had to know it: looking it up is a cache miss
  let lastLow = -1;
  out[at] = words[1]!;
  for (let i = 1; i < n; i++) {
    const word = words[2 * i]! ^ SIGN;
    const index = words[2 * i + 1]!;
    if (word > last) {
      out[at + i] = index;
      last = word;
      lastLow = -1;
      continue;
    }
    const low = lowKey(keys, index, float);
    if (word === last) {
      if (lastLow < 0) lastLow = lowKey(keys, out[at + i - 1]!, float);
      if (lastLow <= low) {
        out[at + i] = index;
        lastLow = low;
        continue;
      }
    }
    const pair = doubles[i]!;
    let j = i - 1;
    for (; j >= 0; j--) {
      const other = words[2 * j]! ^ SIGN;
      if (other < word || (other === word && lowKey(keys, words[2 * j + 1]!, float) <= low)) break;
      doubles[j + 1] = doubles[j]!;
      out[at + j + 1] = out[at + j]!;
    }
    left -= i - j;
    if (left < 0) return false;
    doubles[j + 1] = pair;
    out[at + j + 1] = index;
    last = words[2 * i]! ^ SIGN;
    lastLow = -1;
  }
  return true;
}
