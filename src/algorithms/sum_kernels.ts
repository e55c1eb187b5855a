/**
 * Sums of a stretch of an array.
 *
 * NumPy's pairwise sum, bit for bit: eight partial sums over at most 128 elements, longer stretches halved at a multiple
 * of eight. One function for each class of arrays: engines make one piece of machine code of each, and slow code
 * of one that sees several classes.
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

/** The path from the whole to the block at work: what is to the right of it, 0 when it is itself to the right, … */
const rights = new Int32Array(64);
/** … and the sum of what is to the left then. */
const lefts = new Float64Array(64);

/** The pairwise sum of up to 2^31 doubles. A walk and not a recursion: calls took a fifth of the time. */
export function sumDoubles(a: Float64Array, first: number, length: number): number {
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
    const end = from + count;
    let i = from;
    for (const last = end - 8; i <= last; i += 8) {
      s0 += a[i]!;
      s1 += a[i + 1]!;
      s2 += a[i + 2]!;
      s3 += a[i + 3]!;
      s4 += a[i + 4]!;
      s5 += a[i + 5]!;
      s6 += a[i + 6]!;
      s7 += a[i + 7]!;
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

/** The pairwise sum of floats, in double precision. */
export function sumFloats(a: Float32Array, first: number, length: number): number {
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
    const end = from + count;
    let i = from;
    for (const last = end - 8; i <= last; i += 8) {
      s0 += a[i]!;
      s1 += a[i + 1]!;
      s2 += a[i + 2]!;
      s3 += a[i + 3]!;
      s4 += a[i + 4]!;
      s5 += a[i + 5]!;
      s6 += a[i + 6]!;
      s7 += a[i + 7]!;
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
export function sumInts(a: Int32Array, from: number, count: number): number {
  // doubles from the start: engines would compile integer sums and throw them away at the first overflow
  let s0 = -0;
  let s1 = -0;
  let s2 = -0;
  let s3 = -0;
  const end = from + count;
  let i = from;
  for (const last = end - 4; i <= last; i += 4) {
    s0 += a[i]!;
    s1 += a[i + 1]!;
    s2 += a[i + 2]!;
    s3 += a[i + 3]!;
  }
  for (; i < end; i++) s0 += a[i]!;
  return (s0 + s1) + (s2 + s3) + 0;
}

/** The sum of up to 2^21 bytes. */
export function sumBytes(a: Uint8Array, from: number, count: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const end = from + count;
  let i = from;
  for (const last = end - 4; i <= last; i += 4) {
    s0 += a[i]!;
    s1 += a[i + 1]!;
    s2 += a[i + 2]!;
    s3 += a[i + 3]!;
  }
  for (; i < end; i++) s0 += a[i]!;
  return s0 + s1 + s2 + s3;
}

/** The sum of up to 2^20 64-bit integers, exact. */
export function sumPairs(words: Int32Array, isSigned: boolean, from: number, count: number): bigint {
  let low = -0;
  let high = -0;
  const end = 2 * (from + count);
  if (isSigned) {
    for (let i = 2 * from; i < end; i += 2) {
      low += words[i]! >>> 0;
      high += words[i + 1]!;
    }
  } else {
    for (let i = 2 * from; i < end; i += 2) {
      low += words[i]! >>> 0;
      high += words[i + 1]! >>> 0;
    }
  }
  return BigInt(low) + (BigInt(high) << 32n);
}

/** Adds rows of `width` doubles, `stride` apart, to a row of sums. */
export function addRows(
  a: Float64Array,
  from: number,
  rows: number,
  stride: number,
  width: number,
  sums: Float64Array,
  at: number,
): void {
  let row = from;
  let left = rows;
  for (; left >= 4; left -= 4, row += 4 * stride) {
    const second = row + stride;
    const third = second + stride;
    const fourth = third + stride;
    for (let j = 0; j < width; j++) {
      sums[at + j] = sums[at + j]! + ((a[row + j]! + a[second + j]!) + (a[third + j]! + a[fourth + j]!));
    }
  }
  for (; left > 0; left--, row += stride) {
    for (let j = 0; j < width; j++) sums[at + j] = sums[at + j]! + a[row + j]!;
  }
}
