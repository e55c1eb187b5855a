/**
 * The generator behind `random()` and, in Deno, behind `Math.random`.
 *
 * Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2021),
 * https://prng.di.unimi.it/xoshiro128starstar.c.
 *
 * @module
 */

/** One step of xoshiro128** 1.1 on `state`, four words that are not all 0: its output as a signed 32-bit integer. */
export function xoshiro128(state: Uint32Array): number {
  // four words by contract
  const s0 = state[0]!, s1 = state[1]!, s2 = state[2]! ^ s0, s3 = state[3]! ^ s1;
  const scrambled = Math.imul(s1, 5);
  state[0] = s0 ^ s3;
  state[1] = s1 ^ s2;
  state[2] = s2 ^ s1 << 9;
  state[3] = s3 << 11 | s3 >>> 21;
  return Math.imul(scrambled << 7 | scrambled >>> 25, 9);
}

/** Two steps of {@linkcode xoshiro128}: 0 ≤ x < 1, a multiple of 2^-53. */
export function uniform(state: Uint32Array): number {
  const high = xoshiro128(state) >>> 5;
  const low = xoshiro128(state) >>> 6;
  return (high * 2 ** 26 + low) * 2 ** -53;
}
