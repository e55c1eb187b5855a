/**
 * The least and the greatest element of a stretch of an array, NaN if there is one.
 *
 * A comparison that is false for almost every element costs less than a chain of minima. One function for each class
 * of arrays and direction, see `sum_kernels.ts`.
 *
 * @module
 */

/** The first of the least doubles. */
export function leastDouble(a: Float64Array, from: number, count: number): number {
  let least = a[from]!;
  if (least !== least) return NaN;
  const end = from + count;
  let i = from;
  for (; i < end; i++) {
    // eight at a time, as long as there is nothing new
    const last = end - 8;
    while (
      i <= last &&
      a[i]! >= least &&
      a[i + 1]! >= least &&
      a[i + 2]! >= least &&
      a[i + 3]! >= least &&
      a[i + 4]! >= least &&
      a[i + 5]! >= least &&
      a[i + 6]! >= least &&
      a[i + 7]! >= least
    ) i += 8;
    if (i >= end) break;
    const x = a[i]!;
    // false for NaN
    if (x >= least) continue;
    if (x !== x) return NaN;
    least = x;
  }
  return least;
}

/** The first of the greatest doubles. */
export function greatestDouble(a: Float64Array, from: number, count: number): number {
  let greatest = a[from]!;
  if (greatest !== greatest) return NaN;
  const end = from + count;
  let i = from;
  for (; i < end; i++) {
    // eight at a time, as long as there is nothing new
    const last = end - 8;
    while (
      i <= last &&
      a[i]! <= greatest &&
      a[i + 1]! <= greatest &&
      a[i + 2]! <= greatest &&
      a[i + 3]! <= greatest &&
      a[i + 4]! <= greatest &&
      a[i + 5]! <= greatest &&
      a[i + 6]! <= greatest &&
      a[i + 7]! <= greatest
    ) i += 8;
    if (i >= end) break;
    const x = a[i]!;
    // false for NaN
    if (x <= greatest) continue;
    if (x !== x) return NaN;
    greatest = x;
  }
  return greatest;
}

/** The first of the least floats. */
export function leastFloat(a: Float32Array, from: number, count: number): number {
  let least = a[from]!;
  if (least !== least) return NaN;
  const end = from + count;
  let i = from;
  for (; i < end; i++) {
    // eight at a time, as long as there is nothing new
    const last = end - 8;
    while (
      i <= last &&
      a[i]! >= least &&
      a[i + 1]! >= least &&
      a[i + 2]! >= least &&
      a[i + 3]! >= least &&
      a[i + 4]! >= least &&
      a[i + 5]! >= least &&
      a[i + 6]! >= least &&
      a[i + 7]! >= least
    ) i += 8;
    if (i >= end) break;
    const x = a[i]!;
    // false for NaN
    if (x >= least) continue;
    if (x !== x) return NaN;
    least = x;
  }
  return least;
}

/** The first of the greatest floats. */
export function greatestFloat(a: Float32Array, from: number, count: number): number {
  let greatest = a[from]!;
  if (greatest !== greatest) return NaN;
  const end = from + count;
  let i = from;
  for (; i < end; i++) {
    // eight at a time, as long as there is nothing new
    const last = end - 8;
    while (
      i <= last &&
      a[i]! <= greatest &&
      a[i + 1]! <= greatest &&
      a[i + 2]! <= greatest &&
      a[i + 3]! <= greatest &&
      a[i + 4]! <= greatest &&
      a[i + 5]! <= greatest &&
      a[i + 6]! <= greatest &&
      a[i + 7]! <= greatest
    ) i += 8;
    if (i >= end) break;
    const x = a[i]!;
    // false for NaN
    if (x <= greatest) continue;
    if (x !== x) return NaN;
    greatest = x;
  }
  return greatest;
}

/** The least byte. */
export function leastByte(a: Uint8Array, from: number, count: number): number {
  let least = a[from]!;
  for (let i = from; i < from + count; i++) {
    if (a[i]! < least) least = a[i]!;
  }
  return least;
}

/** The greatest byte. */
export function greatestByte(a: Uint8Array, from: number, count: number): number {
  let greatest = a[from]!;
  for (let i = from; i < from + count; i++) {
    if (a[i]! > greatest) greatest = a[i]!;
  }
  return greatest;
}

/** The least integer. */
export function leastInt(a: Int32Array, from: number, count: number): number {
  let least = a[from]!;
  for (let i = from; i < from + count; i++) {
    if (a[i]! < least) least = a[i]!;
  }
  return least;
}

/** The greatest integer. */
export function greatestInt(a: Int32Array, from: number, count: number): number {
  let greatest = a[from]!;
  for (let i = from; i < from + count; i++) {
    if (a[i]! > greatest) greatest = a[i]!;
  }
  return greatest;
}

/**
 * Where the least 64-bit integer is, or the greatest.
 *
 * @param flip 0, or -2^31 for unsigned ones: turns the order of the high words into the one of signed integers
 */
export function extremePair(
  words: Int32Array,
  flip: number,
  isLeast: boolean,
  from: number,
  count: number,
): number {
  // the least of ~x is the greatest of x
  const mask = isLeast ? 0 : -1;
  let best = from;
  let high = (words[2 * from + 1]! ^ flip) ^ mask;
  let low = (words[2 * from]! ^ mask) >>> 0;
  for (let i = from + 1; i < from + count; i++) {
    const h = (words[2 * i + 1]! ^ flip) ^ mask;
    if (h > high) continue;
    const l = (words[2 * i]! ^ mask) >>> 0;
    if (h < high || l < low) {
      high = h;
      low = l;
      best = i;
    }
  }
  return best;
}

/** Replaces elements of a row by lesser ones of other rows. */
export function leastRows(
  a: Float64Array,
  from: number,
  rows: number,
  stride: number,
  width: number,
  best: Float64Array,
  at: number,
): void {
  for (let r = 0, row = from; r < rows; r++, row += stride) {
    for (let j = 0; j < width; j++) {
      const x = a[row + j]!;
      const b = best[at + j]!;
      // NaN stays, and comes in
      if (!(x >= b) && b === b) best[at + j] = x;
    }
  }
}

/** Replaces elements of a row by greater ones of other rows. */
export function greatestRows(
  a: Float64Array,
  from: number,
  rows: number,
  stride: number,
  width: number,
  best: Float64Array,
  at: number,
): void {
  for (let r = 0, row = from; r < rows; r++, row += stride) {
    for (let j = 0; j < width; j++) {
      const x = a[row + j]!;
      const b = best[at + j]!;
      if (!(x <= b) && b === b) best[at + j] = x;
    }
  }
}
