/**
 * The loops of argsort and sort in AssemblyScript: the same as in `src/sort/wide_keys.ts`, `narrow_keys.ts`,
 * `pairs.ts` and `value_buckets.ts`, whose keys and pairs they share. Addresses are those of the window
 * (`src/memory/window.ts`); nothing is allocated here.
 *
 * A pair is read and written as one integer: the index in its upper half, the word in its lower.
 */

// Functions that are not exported are inlined: in Bun each function that is one must be compiled before a fork, which
// `src/sort/rehearsal.ts` sees to by calling it.

/** Digits of one pass. */
const DIGITS: u32 = 4096;
const FEW: u32 = 24;
const ONE_PASS_BITS: u32 = 12;
const TWO_PASSES_BITS: u32 = 24;
const MANY: u32 = 4096;
const REPAIR_MOVES: u32 = 6;

const SIZE_MASK: u64 = 0x7fffffffffffffff;
const INFINITE: u64 = 0x7ff0000000000000;

/** The bits of an element: read once, because V8 checks each access to the memory. */
@inline
function bitsAt<T>(at: usize): u64 {
  return sizeof<T>() == 8 ? load<u64>(at) : u64(load<u32>(at));
}

@inline
function isMissing<T>(bits: u64): bool {
  if (!isFloat<T>()) return false;
  return sizeof<T>() == 8 ? (bits & SIZE_MASK) > INFINITE : (u32(bits) & 0x7fffffff) > 0x7f800000;
}

/** An element's key, of one of 32 bits in the upper half. */
@inline
function keyOf<T>(bits: u64, flip: u32): i64 {
  if (sizeof<T>() == 8) {
    if (!isFloat<T>()) return bits ^ (i64(flip) << 32);
    const key = i64(bits << 1 == 0 ? 0 : bits);
    return key ^ i64(u64(key >> 63) >> 1);
  }
  let key = i32(bits);
  if (isFloat<T>()) {
    const sign = key >> 31;
    key = ((key & 0x7fffffff) ^ sign) - sign;
  } else key ^= flip;
  return i64(key) << 32;
}

/** The key's window in the upper half, and what is left of it below. */
@inline
function windowOf<T>(bits: u64, flip: u32, up: u32): u64 {
  const key = u64(keyOf<T>(bits, flip));
  return sizeof<T>() == 8 ? key << u64(up) : key;
}

/** The bits of a lane. */
@inline
function bitsOf<T>(value: T): u64 {
  if (isFloat<T>()) return sizeof<T>() == 8 ? reinterpret<u64>(value) : u64(reinterpret<u32>(value));
  return sizeof<T>() == 8 ? u64(value) : u64(u32(value));
}

/** Lane by lane; NaN as `y` loses. */
@inline
function lesser<T>(x: v128, y: v128): v128 {
  if (isFloat<T>()) return v128.pmin<T>(x, y);
  return v128.bitselect(y, x, v128.gt<T>(x, y));
}

/** See `lesser`. */
@inline
function greater<T>(x: v128, y: v128): v128 {
  if (isFloat<T>()) return v128.pmax<T>(x, y);
  return v128.bitselect(y, x, v128.gt<T>(y, x));
}

/** Adds which lanes are NaN to counts of the same width. */
@inline
function addMissing<T>(counts: v128, x: v128): v128 {
  if (!isFloat<T>()) return counts;
  const isMissing = v128.ne<T>(x, x);
  return sizeof<T>() == 8 ? v128.sub<i64>(counts, isMissing) : v128.sub<i32>(counts, isMissing);
}

/** Notes the least and the greatest key, in vectors of which four are looked at in a turn. */
@inline
function range<T>(elements: usize, from: u32, to: u32, flip: u32, row: usize): void {
  const sign: T = <T>(isFloat<T>() ? 0 : sizeof<T>() == 8 ? i64(flip) << 32 : i64(flip));
  const signs = v128.splat<T>(sign);
  let least0: v128, most0: v128;
  if (isFloat<T>()) {
    least0 = v128.splat<T>(<T>Infinity);
    most0 = v128.splat<T>(<T>-Infinity);
  } else {
    least0 = v128.splat<T>(<T>(sizeof<T>() == 8 ? i64.MAX_VALUE : i64(i32.MAX_VALUE)));
    most0 = v128.splat<T>(<T>(sizeof<T>() == 8 ? i64.MIN_VALUE : i64(i32.MIN_VALUE)));
  }
  let least1 = least0;
  let most1 = most0;
  let missing0 = i64x2.splat(0);
  let missing1 = missing0;
  let at = elements + <usize>from * sizeof<T>();
  const end = elements + <usize>to * sizeof<T>();
  for (; at + 64 <= end; at += 64) {
    const x0 = v128.xor(v128.load(at), signs);
    const x1 = v128.xor(v128.load(at, 16), signs);
    const x2 = v128.xor(v128.load(at, 32), signs);
    const x3 = v128.xor(v128.load(at, 48), signs);
    least0 = lesser<T>(lesser<T>(least0, x0), x2);
    most0 = greater<T>(greater<T>(most0, x0), x2);
    missing0 = addMissing<T>(addMissing<T>(missing0, x0), x2);
    least1 = lesser<T>(lesser<T>(least1, x1), x3);
    most1 = greater<T>(greater<T>(most1, x1), x3);
    missing1 = addMissing<T>(addMissing<T>(missing1, x1), x3);
  }
  const least = lesser<T>(least0, least1);
  const most = greater<T>(most0, most1);
  let min = keyOf<T>(bitsOf<T>(v128.extract_lane<T>(least, 0)), 0);
  let max = keyOf<T>(bitsOf<T>(v128.extract_lane<T>(most, 0)), 0);
  min = lesserKey(min, keyOf<T>(bitsOf<T>(v128.extract_lane<T>(least, 1)), 0));
  max = greaterKey(max, keyOf<T>(bitsOf<T>(v128.extract_lane<T>(most, 1)), 0));
  let missing: u32 = 0;
  if (sizeof<T>() == 4) {
    min = lesserKey(min, keyOf<T>(bitsOf<T>(v128.extract_lane<T>(least, 2)), 0));
    max = greaterKey(max, keyOf<T>(bitsOf<T>(v128.extract_lane<T>(most, 2)), 0));
    min = lesserKey(min, keyOf<T>(bitsOf<T>(v128.extract_lane<T>(least, 3)), 0));
    max = greaterKey(max, keyOf<T>(bitsOf<T>(v128.extract_lane<T>(most, 3)), 0));
    const counts = v128.add<i32>(missing0, missing1);
    missing = v128.extract_lane<u32>(counts, 0) + v128.extract_lane<u32>(counts, 1) +
      v128.extract_lane<u32>(counts, 2) + v128.extract_lane<u32>(counts, 3);
  } else {
    const counts = v128.add<i64>(missing0, missing1);
    missing = u32(v128.extract_lane<u64>(counts, 0) + v128.extract_lane<u64>(counts, 1));
  }
  for (; at < end; at += sizeof<T>()) {
    const bits = bitsAt<T>(at);
    if (isMissing<T>(bits)) {
      missing++;
      continue;
    }
    const key = keyOf<T>(bits, flip);
    min = lesserKey(min, key);
    max = greaterKey(max, key);
  }
  // blocks of a part add to one row
  const seen = load<u32>(row, 16);
  const present = to - from - missing;
  if (seen > 0) {
    min = lesserKey(min, (i64(load<i32>(row)) << 32) | i64(load<u32>(row, 4)));
    max = greaterKey(max, (i64(load<i32>(row, 8)) << 32) | i64(load<u32>(row, 12)));
  }
  if (seen + present == 0) return;
  store<i32>(row, i32(min >> 32));
  store<u32>(row, u32(min), 4);
  store<i32>(row, i32(max >> 32), 8);
  store<u32>(row, u32(max), 12);
  store<u32>(row, seen + present, 16);
}

@inline
function lesserKey(x: i64, y: i64): i64 {
  return x < y ? x : y;
}

@inline
function greaterKey(x: i64, y: i64): i64 {
  return x > y ? x : y;
}

@inline
function countCells<T>(
  elements: usize,
  from: u32,
  to: u32,
  flip: u32,
  up: u32,
  base: u32,
  cellShift: u32,
  nanCell: u32,
  cells: usize,
): void {
  const end = elements + <usize>to * sizeof<T>();
  for (let at = elements + <usize>from * sizeof<T>(); at < end; at += sizeof<T>()) {
    const bits = bitsAt<T>(at);
    const cell = isMissing<T>(bits) ? nanCell : (u32(windowOf<T>(bits, flip, up) >> 32) - base) >> cellShift;
    increment(cells + (<usize>cell << 2));
  }
}

@inline
function scatter<T>(
  elements: usize,
  from: u32,
  to: u32,
  flip: u32,
  up: u32,
  base: u32,
  cellShift: u32,
  ofCell: usize,
  table: usize,
  nanBucket: u32,
  pairs: usize,
): u32 {
  let lower: u32 = 0;
  let at = elements + <usize>from * sizeof<T>();
  for (let i = from; i < to; i++, at += sizeof<T>()) {
    const bits = bitsAt<T>(at);
    if (sizeof<T>() == 8) lower |= u32(bits);
    if (isMissing<T>(bits)) {
      store<u64>(pairs + (<usize>next(table + (<usize>nanBucket << 4)) << 3), u64(i) << 32);
      continue;
    }
    const key = windowOf<T>(bits, flip, up);
    const bucket = <usize>load<u16>(ofCell + (<usize>((u32(key >> 32) - base) >> cellShift) << 1));
    const entry = table + (bucket << 4);
    const place = load<u64>(entry, 8);
    const word = u64(u32((key - load<u64>(entry)) >> (place >> 32)));
    store<u32>(entry, u32(place) + 1, 8);
    store<u64>(pairs + (<usize>u32(place) << 3), (u64(i) << 32) | word);
  }
  return lower;
}

/** Where the next element of a bucket goes. */
@inline
function next(entry: usize): u32 {
  const place = load<u32>(entry, 8);
  store<u32>(entry, place + 1, 8);
  return place;
}

@inline
function increment(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}

@inline
function toStarts(counts: usize, digits: u32): void {
  let sum: u32 = 0;
  const end = counts + (<usize>digits << 2);
  for (let at = counts; at < end; at += 4) {
    const count = load<u32>(at);
    store<u32>(at, sum);
    sum += count;
  }
}

@inline
function digit(pair: u64, shift: u32, mask: u32): usize {
  return <usize>((u32(pair) >> shift) & mask) << 2;
}

/** Adds what one part of the input has in each cell. */
export function addRow(row: usize, cells: u32, totals: usize): void {
  const end = <usize>cells << 2;
  for (let at: usize = 0; at < end; at += 4) store<u32>(totals + at, load<u32>(totals + at) + load<u32>(row + at));
}

/**
 * Takes neighbouring cells together to buckets, see `src/sort/buckets.ts`; gives how many.
 *
 * @param firsts two words each: the first cell, the first element; and then the ends
 */
export function joinCells(
  totals: usize,
  cells: u32,
  most: u32,
  mostCells: u32,
  ofCell: usize,
  firsts: usize,
): u32 {
  let count: u32 = 0;
  let size: u32 = 0;
  let position: u32 = 0;
  let first: u32 = 0;
  let entry = firsts;
  for (let cell: u32 = 0; cell < cells; cell++) {
    const inCell = load<u32>(totals + (<usize>cell << 2));
    const isFull = size > 0 && inCell > 0 && size + inCell > most;
    if (count == 0 || isFull || cell - first >= mostCells) {
      count++;
      first = cell;
      size = 0;
      store<u32>(entry, cell);
      store<u32>(entry, position, 4);
      entry += 8;
    }
    store<u16>(ofCell + (<usize>cell << 1), count - 1);
    size += inCell;
    position += inCell;
  }
  store<u32>(entry, cells);
  store<u32>(entry, position, 4);
  return count;
}

/** Adds what one part of the input has in each bucket, and of NaN. */
export function addCells(
  row: usize,
  cells: u32,
  ofCell: usize,
  nanCell: u32,
  count: u32,
  sums: usize,
): void {
  for (let cell: u32 = 0; cell < cells; cell++) {
    const sum = sums + (<usize>load<u16>(ofCell + (<usize>cell << 1)) << 2);
    store<u32>(sum, load<u32>(sum) + load<u32>(row + (<usize>cell << 2)));
  }
  const missing = sums + (<usize>count << 2);
  store<u32>(missing, load<u32>(missing) + load<u32>(row + (<usize>nanCell << 2)));
}

@inline
function countOne(pairs: usize, n: u32, shift: u32, mask: u32, counts: usize): void {
  memory.fill(counts, 0, <usize>(mask + 1) << 2);
  const end = pairs + (<usize>n << 3);
  for (let at = pairs; at < end; at += 8) increment(counts + digit(load<u64>(at), shift, mask));
  toStarts(counts, mask + 1);
}

@inline
function countTwo(pairs: usize, n: u32, shift: u32, upperShift: u32, mask: u32, counts: usize): void {
  const upper = counts + (DIGITS << 2);
  memory.fill(counts, 0, <usize>(mask + 1) << 2);
  memory.fill(upper, 0, <usize>(mask + 1) << 2);
  const end = pairs + (<usize>n << 3);
  for (let at = pairs; at < end; at += 8) {
    const pair = load<u64>(at);
    increment(counts + digit(pair, shift, mask));
    increment(upper + digit(pair, upperShift, mask));
  }
  toStarts(counts, mask + 1);
  toStarts(upper, mask + 1);
}

@inline
function move(pairs: usize, n: u32, shift: u32, mask: u32, counts: usize, to: usize): void {
  const end = pairs + (<usize>n << 3);
  for (let at = pairs; at < end; at += 8) {
    const pair = load<u64>(at);
    const place = counts + digit(pair, shift, mask);
    const to8 = load<u32>(place);
    store<u32>(place, to8 + 1);
    store<u64>(to + (<usize>to8 << 3), pair);
  }
}

/** As `move`, but only the indices. */
@inline
function placeIndices(pairs: usize, n: u32, shift: u32, mask: u32, counts: usize, out: usize): void {
  const end = pairs + (<usize>n << 3);
  for (let at = pairs; at < end; at += 8) {
    const pair = load<u64>(at);
    const place = counts + digit(pair, shift, mask);
    const to4 = load<u32>(place);
    store<u32>(place, to4 + 1);
    store<u32>(out + (<usize>to4 << 2), u32(pair >> 32));
  }
}

@inline
function copyIndices(pairs: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(out + (<usize>i << 2), load<u32>(pairs + (<usize>i << 3), 4));
}

@inline
function lowKey(elements: usize, i: u32, float: u32): u32 {
  const bits = load<u64>(elements + (<usize>i << 3));
  const low = u32(bits);
  return (bits & SIZE_MASK) == 0 ? low : low ^ (u32(i64(bits) >> 63) & float);
}

/** Insertion into pairs that are nearly in order, see `repair.ts`; false when it takes more than `moves`. */
@inline
function repair(
  pairs: usize,
  n: u32,
  isExact: bool,
  elements: usize,
  float: u32,
  out: usize,
  moves: u32,
): bool {
  let left = i32(moves);
  const first = load<u64>(pairs);
  let last = u32(first);
  store<u32>(out, u32(first >> 32));
  for (let i: u32 = 1; i < n; i++) {
    const pair = load<u64>(pairs + (<usize>i << 3));
    const word = u32(pair);
    const index = u32(pair >> 32);
    if (isExact ? word >= last : word > last) {
      store<u32>(out + (<usize>i << 2), index);
      last = word;
      continue;
    }
    const low: u32 = isExact ? 0 : lowKey(elements, index, float);
    if (
      !isExact && word == last && lowKey(elements, load<u32>(out + (<usize>i << 2) - 4), float) <= low
    ) {
      store<u32>(out + (<usize>i << 2), index);
      continue;
    }
    let j = i32(i) - 1;
    for (; j >= 0; j--) {
      const other = load<u64>(pairs + (<usize>j << 3));
      if (u32(other) < word) break;
      if (u32(other) == word && (isExact || lowKey(elements, u32(other >> 32), float) <= low)) break;
      store<u64>(pairs + (<usize>(j + 1) << 3), other);
      store<u32>(out + (<usize>(j + 1) << 2), u32(other >> 32));
    }
    left -= i32(i) - j;
    if (left < 0) return false;
    store<u64>(pairs + (<usize>(j + 1) << 3), pair);
    store<u32>(out + (<usize>(j + 1) << 2), index);
    last = u32(load<u64>(pairs + (<usize>i << 3)));
  }
  return true;
}

/** How many of a bucket's uppermost bits to sort by. */
@inline
function digitBits(n: u32, width: u32): u32 {
  const telling: u32 = 35 - clz(n);
  if (width <= TWO_PASSES_BITS && n > 1024) return width;
  if (telling >= width) return width;
  return n > MANY ? TWO_PASSES_BITS : min(telling, TWO_PASSES_BITS);
}

/**
 * Writes the indices of `n` pairs in order to `out`; false, with the pairs as they were, when that takes what is only
 * in `pairs.ts`.
 *
 * @param isExact whether `width` bits are all that tells the keys apart
 * @param scratch room for twice as many pairs as there is `room` for, behind two passes' counts
 */
export function sortPairs(
  pairs: usize,
  n: u32,
  width: u32,
  isExact: bool,
  elements: usize,
  float: u32,
  out: usize,
  scratch: usize,
  room: u32,
): bool {
  if (n == 1 || (width == 0 && isExact)) {
    copyIndices(pairs, n, out);
    return true;
  }
  const a = scratch + (DIGITS << 3);
  const b = a + (<usize>room << 3);
  let moves = REPAIR_MOVES * n;
  if (n <= FEW && n <= room) {
    // not memory.copy, which looks at how long the memory is said to be
    for (let i: u32 = 0; i < n; i++) store<u64>(b + (<usize>i << 3), load<u64>(pairs + (<usize>i << 3)));
    moves = i32.MAX_VALUE;
  } else {
    const isDirect = isExact && width <= ONE_PASS_BITS && n > MANY;
    if (!isDirect && n > room) return false;
    const bits = isDirect ? width : digitBits(n, width);
    if (bits > TWO_PASSES_BITS) return false;
    let from = pairs;
    let counts = scratch;
    let shift = 32 - bits;
    let mask: u32 = (1 << bits) - 1;
    if (bits > ONE_PASS_BITS) {
      const half = (bits + 1) >> 1;
      mask = (1 << half) - 1;
      shift = 32 - half;
      countTwo(pairs, n, shift - half, shift, mask, counts);
      move(pairs, n, shift - half, mask, counts, a);
      from = a;
      counts += DIGITS << 2;
    } else countOne(pairs, n, shift, mask, counts);
    if (isExact && bits >= width) {
      placeIndices(from, n, shift, mask, counts, out);
      return true;
    }
    move(from, n, shift, mask, counts, b);
  }
  return repair(b, n, isExact, elements, float, out, moves);
}

export function rangeF8(
  elements: usize,
  from: u32,
  to: u32,
  flip: u32,
  row: usize,
): void {
  range<f64>(elements, from, to, flip, row);
}

export function countCellsF8(
  elements: usize,
  from: u32,
  to: u32,
  flip: u32,
  up: u32,
  base: u32,
  cellShift: u32,
  nanCell: u32,
  cells: usize,
): void {
  countCells<f64>(elements, from, to, flip, up, base, cellShift, nanCell, cells);
}

export function scatterF8(
  elements: usize,
  from: u32,
  to: u32,
  flip: u32,
  up: u32,
  base: u32,
  cellShift: u32,
  ofCell: usize,
  table: usize,
  nanBucket: u32,
  pairs: usize,
): u32 {
  return scatter<f64>(elements, from, to, flip, up, base, cellShift, ofCell, table, nanBucket, pairs);
}

export function rangeI8(
  elements: usize,
  from: u32,
  to: u32,
  flip: u32,
  row: usize,
): void {
  range<i64>(elements, from, to, flip, row);
}

export function countCellsI8(
  elements: usize,
  from: u32,
  to: u32,
  flip: u32,
  up: u32,
  base: u32,
  cellShift: u32,
  nanCell: u32,
  cells: usize,
): void {
  countCells<i64>(elements, from, to, flip, up, base, cellShift, nanCell, cells);
}

export function scatterI8(
  elements: usize,
  from: u32,
  to: u32,
  flip: u32,
  up: u32,
  base: u32,
  cellShift: u32,
  ofCell: usize,
  table: usize,
  nanBucket: u32,
  pairs: usize,
): u32 {
  return scatter<i64>(elements, from, to, flip, up, base, cellShift, ofCell, table, nanBucket, pairs);
}

export function rangeF4(
  elements: usize,
  from: u32,
  to: u32,
  flip: u32,
  row: usize,
): void {
  range<f32>(elements, from, to, flip, row);
}

export function countCellsF4(
  elements: usize,
  from: u32,
  to: u32,
  flip: u32,
  up: u32,
  base: u32,
  cellShift: u32,
  nanCell: u32,
  cells: usize,
): void {
  countCells<f32>(elements, from, to, flip, up, base, cellShift, nanCell, cells);
}

export function scatterF4(
  elements: usize,
  from: u32,
  to: u32,
  flip: u32,
  up: u32,
  base: u32,
  cellShift: u32,
  ofCell: usize,
  table: usize,
  nanBucket: u32,
  pairs: usize,
): u32 {
  return scatter<f32>(elements, from, to, flip, up, base, cellShift, ofCell, table, nanBucket, pairs);
}

export function rangeI4(
  elements: usize,
  from: u32,
  to: u32,
  flip: u32,
  row: usize,
): void {
  range<i32>(elements, from, to, flip, row);
}

export function countCellsI4(
  elements: usize,
  from: u32,
  to: u32,
  flip: u32,
  up: u32,
  base: u32,
  cellShift: u32,
  nanCell: u32,
  cells: usize,
): void {
  countCells<i32>(elements, from, to, flip, up, base, cellShift, nanCell, cells);
}

export function scatterI4(
  elements: usize,
  from: u32,
  to: u32,
  flip: u32,
  up: u32,
  base: u32,
  cellShift: u32,
  ofCell: usize,
  table: usize,
  nanBucket: u32,
  pairs: usize,
): u32 {
  return scatter<i32>(elements, from, to, flip, up, base, cellShift, ofCell, table, nanBucket, pairs);
}

/** Moves the keys of doubles into their buckets, NaN nowhere; whether there was a `-0`. */
export function scatterKeys(
  elements: usize,
  from: u32,
  to: u32,
  up: u32,
  base: u32,
  cellShift: u32,
  ofCell: usize,
  table: usize,
  keys: usize,
): bool {
  let hasMinusZero: u32 = 0;
  const end = elements + (<usize>to << 3);
  for (let at = elements + (<usize>from << 3); at < end; at += 8) {
    const bits = bitsAt<f64>(at);
    if (isMissing<f64>(bits)) continue;
    hasMinusZero |= u32(bits == u64(i64.MIN_VALUE));
    const key = u64(keyOf<f64>(bits, 0));
    const window = key << u64(up);
    const bucket = <usize>load<u16>(ofCell + (<usize>((u32(window >> 32) - base) >> cellShift) << 1));
    const entry = table + (bucket << 4);
    const upper = (window - load<u64>(entry)) >> 32 << 32;
    store<u64>(keys + (<usize>next(entry) << 3), upper | u64(u32(key)));
  }
  return hasMinusZero != 0;
}

/** The uppermost 32 of the bits that tell a bucket's keys apart. */
@inline
function wordOf(key: u64, width: u32, up: u32): u64 {
  return ((key >> 32 << 32) | ((key << u64(up)) & 0xffffffff)) >> u64(width);
}

@inline
function countKeys(
  keys: usize,
  n: u32,
  width: u32,
  up: u32,
  shift: u32,
  upperShift: u32,
  mask: u32,
  counts: usize,
): void {
  const upper = counts + (DIGITS << 2);
  memory.fill(counts, 0, <usize>(mask + 1) << 2);
  memory.fill(upper, 0, <usize>(mask + 1) << 2);
  const end = keys + (<usize>n << 3);
  for (let at = keys; at < end; at += 8) {
    const word = wordOf(load<u64>(at), width, up);
    increment(counts + digit(word, shift, mask));
    increment(upper + digit(word, upperShift, mask));
  }
  toStarts(counts, mask + 1);
  toStarts(upper, mask + 1);
}

@inline
function moveKeys(
  keys: usize,
  n: u32,
  width: u32,
  up: u32,
  shift: u32,
  mask: u32,
  counts: usize,
  to: usize,
): void {
  const end = keys + (<usize>n << 3);
  for (let at = keys; at < end; at += 8) {
    const key = load<u64>(at);
    const place = counts + digit(wordOf(key, width, up), shift, mask);
    const to8 = load<u32>(place);
    store<u32>(place, to8 + 1);
    store<u64>(to + (<usize>to8 << 3), key);
  }
}

@inline
function insertKeys(keys: usize, n: u32, moves: u32): bool {
  let left = i32(moves);
  let last = load<u64>(keys);
  for (let i: u32 = 1; i < n; i++) {
    const key = load<u64>(keys + (<usize>i << 3));
    if (key >= last) {
      last = key;
      continue;
    }
    let j = i32(i) - 1;
    for (; j >= 0; j--) {
      const other = load<u64>(keys + (<usize>j << 3));
      if (other <= key) break;
      store<u64>(keys + (<usize>(j + 1) << 3), other);
    }
    left -= i32(i) - j;
    if (left < 0) return false;
    store<u64>(keys + (<usize>(j + 1) << 3), key);
  }
  return true;
}

/** Doubles of keys; `above` is what lies above the window of the least one, `least`. */
@inline
function writeKeys(keys: usize, n: u32, base: u32, rest: u32, above: u32, least: u32, target: usize): void {
  for (let i: usize = 0; i < <usize>n << 3; i += 8) {
    const key = load<u64>(keys + i);
    const window = u32(key >> 32) + base;
    let bits = u64(window) << u64(rest);
    // a window below that of the least key has carried
    if (rest < 32) bits |= u64(above + u32(window < least)) << u64(32 + rest);
    const whole = (bits >> 32 << 32) | u64(u32(key));
    store<u64>(target + i, whole ^ (u64(i64(whole) >> 63) >> 1));
  }
}

/** Writes the doubles of `n` keys in order; false, with the keys as they were, where `value_buckets.ts` must. */
export function sortKeys(
  keys: usize,
  n: u32,
  width: u32,
  base: u32,
  rest: u32,
  above: u32,
  least: u32,
  target: usize,
  scratch: usize,
  room: u32,
): bool {
  if (n > room) return false;
  const up = 32 - rest;
  const a = scratch + (DIGITS << 3);
  const b = a + (<usize>room << 3);
  const bits = max<u32>(1, min<u32>(ONE_PASS_BITS, (36 - clz(n)) >> 1));
  const mask: u32 = (1 << bits) - 1;
  countKeys(keys, n, width, up, 32 - 2 * bits, 32 - bits, mask, scratch);
  moveKeys(keys, n, width, up, 32 - 2 * bits, mask, scratch, a);
  moveKeys(a, n, width, up, 32 - bits, mask, scratch + (DIGITS << 2), b);
  if (!insertKeys(b, n, REPAIR_MOVES * n)) return false;
  writeKeys(b, n, base, rest, above, least, target);
  return true;
}
