/**
 * The loops of argsort and sort in AssemblyScript: the same as in `src/sort/wide_keys.ts`, `narrow_keys.ts`,
 * `pairs.ts` and `value_buckets.ts`, whose keys and pairs they share. Addresses are those of the window
 * (`src/memory/window.ts`); nothing is allocated here.
 *
 * A pair is read and written as one integer: the index in its upper half, the word in its lower.
 */

/** Digits of one pass. */
const DIGITS: u32 = 4096;
const FEW: u32 = 24;
const ONE_PASS_BITS: u32 = 12;
const TWO_PASSES_BITS: u32 = 24;
const MANY: u32 = 4096;
const REPAIR_MOVES: u32 = 6;

const SIZE_MASK: u64 = 0x7fffffffffffffff;
const INFINITE: u64 = 0x7ff0000000000000;

@inline
function isMissing<T>(at: usize): bool {
  if (!isFloat<T>()) return false;
  if (sizeof<T>() == 8) return (load<u64>(at) & SIZE_MASK) > INFINITE;
  return (load<u32>(at) & 0x7fffffff) > 0x7f800000;
}

/** An element's key, of one of 32 bits in the upper half. */
@inline
function keyAt<T>(at: usize, flip: u32): i64 {
  if (sizeof<T>() == 8) {
    let bits = load<i64>(at);
    if (!isFloat<T>()) return bits ^ (i64(flip) << 32);
    bits = bits << 1 == 0 ? 0 : bits;
    return bits ^ i64(u64(bits >> 63) >> 1);
  }
  let key = load<i32>(at);
  if (isFloat<T>()) {
    const sign = key >> 31;
    key = ((key & 0x7fffffff) ^ sign) - sign;
  } else key ^= flip;
  return i64(key) << 32;
}

/** The key's window in the upper half, and what is left of it below. */
@inline
function windowAt<T>(at: usize, flip: u32, up: u32): u64 {
  const key = u64(keyAt<T>(at, flip));
  return sizeof<T>() == 8 ? key << u64(up) : key;
}

@inline
function range<T>(elements: usize, from: u32, to: u32, flip: u32, row: usize): void {
  let min: i64 = i64.MAX_VALUE;
  let max: i64 = i64.MIN_VALUE;
  let missing: u32 = 0;
  const end = elements + <usize>to * sizeof<T>();
  for (let at = elements + <usize>from * sizeof<T>(); at < end; at += sizeof<T>()) {
    if (isMissing<T>(at)) {
      missing++;
      continue;
    }
    const key = keyAt<T>(at, flip);
    min = key < min ? key : min;
    max = key > max ? key : max;
  }
  // blocks of a part add to one row
  const seen = load<u32>(row, 16);
  const present = to - from - missing;
  if (seen > 0) {
    const least = (i64(load<i32>(row)) << 32) | i64(load<u32>(row, 4));
    const most = (i64(load<i32>(row, 8)) << 32) | i64(load<u32>(row, 12));
    min = least < min ? least : min;
    max = most > max ? most : max;
  }
  if (seen + present == 0) return;
  store<i32>(row, i32(min >> 32));
  store<u32>(row, u32(min), 4);
  store<i32>(row, i32(max >> 32), 8);
  store<u32>(row, u32(max), 12);
  store<u32>(row, seen + present, 16);
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
    const cell = isMissing<T>(at) ? nanCell : (u32(windowAt<T>(at, flip, up) >> 32) - base) >> cellShift;
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
  let bits: u32 = 0;
  let at = elements + <usize>from * sizeof<T>();
  for (let i = from; i < to; i++, at += sizeof<T>()) {
    if (sizeof<T>() == 8) bits |= load<u32>(at);
    if (isMissing<T>(at)) {
      store<u64>(pairs + (<usize>next(table + (<usize>nanBucket << 4)) << 3), u64(i) << 32);
      continue;
    }
    const key = windowAt<T>(at, flip, up);
    const bucket = <usize>load<u16>(ofCell + (<usize>((u32(key >> 32) - base) >> cellShift) << 1));
    const entry = table + (bucket << 4);
    const word = u64(u32((key - load<u64>(entry)) >> u64(load<u32>(entry, 12))));
    store<u64>(pairs + (<usize>next(entry) << 3), (u64(i) << 32) | word);
  }
  return bits;
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

function countOne(pairs: usize, n: u32, shift: u32, mask: u32, counts: usize): void {
  memory.fill(counts, 0, <usize>(mask + 1) << 2);
  const end = pairs + (<usize>n << 3);
  for (let at = pairs; at < end; at += 8) increment(counts + digit(load<u64>(at), shift, mask));
  toStarts(counts, mask + 1);
}

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
 * @param scratch room for twice as many pairs as there is `room` for, behind two passes' counts
 */
@inline
function sortBucket(
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
  const counts = scratch;
  const a = scratch + (DIGITS << 3);
  const b = a + (<usize>room << 3);
  if (n <= FEW && n <= room) {
    // not memory.copy, which looks at how long the memory is said to be
    for (let i: u32 = 0; i < n; i++) store<u64>(a + (<usize>i << 3), load<u64>(pairs + (<usize>i << 3)));
    return repair(a, n, isExact, elements, float, out, i32.MAX_VALUE);
  }
  if (isExact && width <= ONE_PASS_BITS && n > MANY) {
    const mask: u32 = (1 << width) - 1;
    countOne(pairs, n, 32 - width, mask, counts);
    placeIndices(pairs, n, 32 - width, mask, counts, out);
    return true;
  }
  if (n > room) return false;
  const bits = digitBits(n, width);
  if (bits > TWO_PASSES_BITS) return false;
  const isDone = isExact && bits >= width;
  if (bits <= ONE_PASS_BITS) {
    const mask: u32 = (1 << bits) - 1;
    countOne(pairs, n, 32 - bits, mask, counts);
    if (isDone) {
      placeIndices(pairs, n, 32 - bits, mask, counts, out);
      return true;
    }
    move(pairs, n, 32 - bits, mask, counts, a);
    return repair(a, n, isExact, elements, float, out, REPAIR_MOVES * n);
  }
  const half = (bits + 1) >> 1;
  const mask: u32 = (1 << half) - 1;
  const low = 32 - 2 * half;
  countTwo(pairs, n, low, low + half, mask, counts);
  move(pairs, n, low, mask, counts, a);
  const upper = counts + (DIGITS << 2);
  if (isDone) {
    placeIndices(a, n, low + half, mask, upper, out);
    return true;
  }
  move(a, n, low + half, mask, upper, b);
  return repair(b, n, isExact, elements, float, out, REPAIR_MOVES * n);
}

export function sortExact(
  pairs: usize,
  n: u32,
  width: u32,
  out: usize,
  scratch: usize,
  room: u32,
): bool {
  return sortBucket(pairs, n, width, true, 0, 0, out, scratch, room);
}

export function sortInexact(
  pairs: usize,
  n: u32,
  width: u32,
  out: usize,
  scratch: usize,
  room: u32,
  elements: usize,
  float: u32,
): bool {
  return sortBucket(pairs, n, width, false, elements, float, out, scratch, room);
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
    if (isMissing<f64>(at)) continue;
    hasMinusZero |= u32(load<i64>(at) == i64.MIN_VALUE);
    const key = u64(keyAt<f64>(at, 0));
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
