/**
 * Sums of a stretch of an array.
 *
 * NumPy's pairwise sum, bit for bit: eight partial sums over at most 128 elements, longer stretches halved at a multiple
 * of eight. One function for each class of arrays: engines make one piece of machine code of each, and slow code
 * of one that sees several classes.
 *
 * Indices are added modulo 2^32, `(i + 1) | 0`: V8 tests each other addition for overflow, which made sums of doubles
 * take a third longer. JavaScriptCore does not mind.
 *
 * @module
 */

/** Stretches up to this are summed at once. */
const BLOCK = 128;

/** Where NumPy's pairwise sum halves `count` elements. */
export function halfOf(count: number): number {
  const half = Math.floor(count / 2);
  return half - half % 8;
}

/** Indices stay below it, so that they can be added as machine words. */
export const INDEX_END: number = 2 ** 31 - 64;

/** The path from the whole to the block at work: what is to the right of it, 0 when it is itself to the right, … */
const rights = new Int32Array(64);
/** … and the sum of what is to the left then. */
const lefts = new Float64Array(64);

/** The pairwise sum of up to 2^30 doubles. A walk and not a recursion: calls took a fifth of the time. */
export function sumDoubles(a: Float64Array, first: number, length: number): number {
  if (first + length > INDEX_END) return walkDoubles(a.subarray(first, first + length), 0, length);
  return walkDoubles(a, first, length);
}

function walkDoubles(a: Float64Array, first: number, length: number): number {
  let from = first;
  let count = length;
  for (let depth = 0;;) {
    while (count > BLOCK) {
      const half = (count >>> 4) << 3;
      rights[depth++] = count - half;
      count = half;
    }
    // -0 is what changes no sum
    let s0 = -0;
    let s1 = -0;
    let s2 = -0;
    let s3 = -0;
    let s4 = -0;
    let s5 = -0;
    let s6 = -0;
    let s7 = -0;
    const end = (from + count) | 0;
    let i = from;
    for (const last = end - 16; i <= last; i = (i + 16) | 0) {
      s0 += a[i]!;
      s1 += a[(i + 1) | 0]!;
      s2 += a[(i + 2) | 0]!;
      s3 += a[(i + 3) | 0]!;
      s4 += a[(i + 4) | 0]!;
      s5 += a[(i + 5) | 0]!;
      s6 += a[(i + 6) | 0]!;
      s7 += a[(i + 7) | 0]!;
      s0 += a[(i + 8) | 0]!;
      s1 += a[(i + 9) | 0]!;
      s2 += a[(i + 10) | 0]!;
      s3 += a[(i + 11) | 0]!;
      s4 += a[(i + 12) | 0]!;
      s5 += a[(i + 13) | 0]!;
      s6 += a[(i + 14) | 0]!;
      s7 += a[(i + 15) | 0]!;
    }
    if (i <= end - 8) {
      s0 += a[i]!;
      s1 += a[(i + 1) | 0]!;
      s2 += a[(i + 2) | 0]!;
      s3 += a[(i + 3) | 0]!;
      s4 += a[(i + 4) | 0]!;
      s5 += a[(i + 5) | 0]!;
      s6 += a[(i + 6) | 0]!;
      s7 += a[(i + 7) | 0]!;
      i = (i + 8) | 0;
    }
    let sum = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
    for (; i < end; i++) sum += a[i]!;
    from = end;
    while (depth > 0 && rights[depth - 1] === 0) sum = lefts[--depth]! + sum;
    if (depth === 0) return sum;
    lefts[depth - 1] = sum;
    count = rights[depth - 1]!;
    rights[depth - 1] = 0;
  }
}

/** The pairwise sum of up to 2^30 floats, in double precision. */
export function sumFloats(a: Float32Array, first: number, length: number): number {
  if (first + length > INDEX_END) return walkFloats(a.subarray(first, first + length), 0, length);
  return walkFloats(a, first, length);
}

function walkFloats(a: Float32Array, first: number, length: number): number {
  let from = first;
  let count = length;
  for (let depth = 0;;) {
    while (count > BLOCK) {
      const half = (count >>> 4) << 3;
      rights[depth++] = count - half;
      count = half;
    }
    // -0 is what changes no sum
    let s0 = -0;
    let s1 = -0;
    let s2 = -0;
    let s3 = -0;
    let s4 = -0;
    let s5 = -0;
    let s6 = -0;
    let s7 = -0;
    const end = (from + count) | 0;
    let i = from;
    for (const last = end - 16; i <= last; i = (i + 16) | 0) {
      s0 += a[i]!;
      s1 += a[(i + 1) | 0]!;
      s2 += a[(i + 2) | 0]!;
      s3 += a[(i + 3) | 0]!;
      s4 += a[(i + 4) | 0]!;
      s5 += a[(i + 5) | 0]!;
      s6 += a[(i + 6) | 0]!;
      s7 += a[(i + 7) | 0]!;
      s0 += a[(i + 8) | 0]!;
      s1 += a[(i + 9) | 0]!;
      s2 += a[(i + 10) | 0]!;
      s3 += a[(i + 11) | 0]!;
      s4 += a[(i + 12) | 0]!;
      s5 += a[(i + 13) | 0]!;
      s6 += a[(i + 14) | 0]!;
      s7 += a[(i + 15) | 0]!;
    }
    if (i <= end - 8) {
      s0 += a[i]!;
      s1 += a[(i + 1) | 0]!;
      s2 += a[(i + 2) | 0]!;
      s3 += a[(i + 3) | 0]!;
      s4 += a[(i + 4) | 0]!;
      s5 += a[(i + 5) | 0]!;
      s6 += a[(i + 6) | 0]!;
      s7 += a[(i + 7) | 0]!;
      i = (i + 8) | 0;
    }
    let sum = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
    for (; i < end; i++) sum += a[i]!;
    from = end;
    while (depth > 0 && rights[depth - 1] === 0) sum = lefts[--depth]! + sum;
    if (depth === 0) return sum;
    lefts[depth - 1] = sum;
    count = rights[depth - 1]!;
    rights[depth - 1] = 0;
  }
}

/** The sum of up to 2^21 integers, exact. */
export function sumInts(a: Int32Array, first: number, count: number): number {
  if (first + count > INDEX_END) return sumInts(a.subarray(first, first + count), 0, count);
  const end = (first + count) | 0;
  let sum = 0;
  for (let from = first; from < end; from += SHORT) sum += sumShort(a, from, Math.min(end, from + SHORT));
  return sum;
}

/** Integers whose lower halves add up to less than 2^31. */
const SHORT = 2 ** 15;

/** The sum modulo 2^32 and the one of the upper halves give the whole: engines add words faster than they make doubles. */
function sumShort(a: Int32Array, from: number, end: number): number {
  let word0 = 0;
  let word1 = 0;
  let upper0 = 0;
  let upper1 = 0;
  let i = from;
  for (const last = (end - 4) | 0; i <= last; i = (i + 4) | 0) {
    const x0 = a[i]!;
    const x1 = a[(i + 1) | 0]!;
    const x2 = a[(i + 2) | 0]!;
    const x3 = a[(i + 3) | 0]!;
    word0 = (word0 + x0) | 0;
    upper0 = (upper0 + (x0 >> 16)) | 0;
    word1 = (word1 + x1) | 0;
    upper1 = (upper1 + (x1 >> 16)) | 0;
    word0 = (word0 + x2) | 0;
    upper0 = (upper0 + (x2 >> 16)) | 0;
    word1 = (word1 + x3) | 0;
    upper1 = (upper1 + (x3 >> 16)) | 0;
  }
  for (; i < end; i = (i + 1) | 0) {
    word0 = (word0 + a[i]!) | 0;
    upper0 = (upper0 + (a[i]! >> 16)) | 0;
  }
  const upper = upper0 + upper1;
  return upper * 65536 + ((word0 + word1 - (upper << 16)) >>> 0);
}

/** The sum of up to 2^21 bytes. */
export function sumBytes(a: Uint8Array, first: number, count: number): number {
  if (first + count > INDEX_END) return sumBytes(a.subarray(first, first + count), 0, count);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const end = (first + count) | 0;
  let i = first;
  for (const last = end - 8; i <= last; i = (i + 8) | 0) {
    s0 = (s0 + a[i]! + a[(i + 1) | 0]!) | 0;
    s1 = (s1 + a[(i + 2) | 0]! + a[(i + 3) | 0]!) | 0;
    s2 = (s2 + a[(i + 4) | 0]! + a[(i + 5) | 0]!) | 0;
    s3 = (s3 + a[(i + 6) | 0]! + a[(i + 7) | 0]!) | 0;
  }
  for (; i < end; i++) s0 += a[i]!;
  return s0 + s1 + s2 + s3;
}

/**
 * The sum of up to 2^20 64-bit integers, modulo 2^64: so signs do not matter, nor what upper words add beyond 2^32.
 *
 * @param words two for each integer, the low one first
 */
export function sumPairs(words: Int32Array): bigint {
  let low0 = -0;
  let low1 = -0;
  let low2 = -0;
  let low3 = -0;
  let high0 = 0;
  let high1 = 0;
  const end = words.length;
  let i = 0;
  for (const last = (end - 8) | 0; i <= last; i = (i + 8) | 0) {
    low0 += words[i]! >>> 0;
    high0 = (high0 + words[i | 1]!) | 0;
    low1 += words[i | 2]! >>> 0;
    high1 = (high1 + words[i | 3]!) | 0;
    low2 += words[i | 4]! >>> 0;
    high0 = (high0 + words[i | 5]!) | 0;
    low3 += words[i | 6]! >>> 0;
    high1 = (high1 + words[i | 7]!) | 0;
  }
  for (; i < end; i += 2) {
    low0 += words[i]! >>> 0;
    high0 = (high0 + words[i + 1]!) | 0;
  }
  return BigInt((low0 + low1) + (low2 + low3)) + (BigInt(high0 + high1) << 32n);
}
