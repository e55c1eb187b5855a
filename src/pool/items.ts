/**
 * What users hand over as `items`, brought to one of three forms without copying what can be indexed.
 *
 * @module
 */
import { describe } from "../describe.ts";
import { Range } from "./range.ts";

/** The most items of one map: indices travel between processes as 32-bit integers. */
export const MAX_ITEMS: number = 2 ** 31 - 1;

/** Items of `map`: any iterable, array-like or typed array. */
export type Items<T> = Iterable<T> | ArrayLike<T>;

/** Items of `imap`: those of `map`, which may be infinite, and async iterables. */
export type StreamItems<T> = Items<T> | AsyncIterable<T>;

/** Items that any process can take by index, in any order. */
export interface IndexedItems<T> {
  /** Tells the forms apart. */
  readonly kind: "indexed";
  /** Their number, as it was when the map began. */
  readonly length: number;
  /** The item at `index`, 0 ≤ index < length, unchecked. */
  at(index: number): T;
}

/** Items that come one after the other; whoever stops early calls `iterator.return?.()`. */
export interface SequentialItems<T> {
  /** Tells the forms apart. */
  readonly kind: "iterator";
  /** Gives them. */
  readonly iterator: Iterator<T>;
}

/**
 * Items that come one after the other, each in its own time; whoever stops early calls `iterator.return?.()`.
 */
export interface AsyncItems<T> {
  /** Tells the forms apart. */
  readonly kind: "async";
  /** Gives them. */
  readonly iterator: AsyncIterator<T>;
}

/** An array, typed array or array-like as it stands. */
class ArrayItems<T> implements IndexedItems<T> {
  readonly kind = "indexed";
  readonly length: number;
  readonly #source: ArrayLike<T>;

  constructor(source: ArrayLike<T>) {
    this.#source = source;
    this.length = source.length;
  }

  at(index: number): T {
    // a hole of a sparse array is the `undefined` that T then includes
    return this.#source[index] as T;
  }
}

/** A range as it stands. */
class RangeItems implements IndexedItems<number> {
  readonly kind = "indexed";
  readonly length: number;
  readonly #source: Range;

  constructor(source: Range) {
    this.#source = source;
    this.length = source.length;
  }

  at(index: number): number {
    return this.#source.item(index);
  }
}

/**
 * The items of a `map` by index. Arrays, typed arrays, array-likes and ranges are not copied; any other
 * iterable (generator, Map, Set, string) is read to its end. O(1), or O(items) for those.
 *
 * @param action the caller's name, for messages
 * @throws {TypeError} when `items` is neither iterable nor array-like, or was released
 * @throws {RangeError} when there are more than {@linkcode MAX_ITEMS}
 */
export function indexedItems<T>(items: Items<T>, action: string): IndexedItems<T> {
  checkPresent(items, action);
  const indexed = asIndexed(items);
  if (indexed !== undefined) return checkedLength(indexed, action);
  if (isIterable(items)) return checkedLength(new ArrayItems(Array.from(items)), action);
  if (isAsyncIterable(items)) {
    throw new TypeError(
      `${action}: items must be iterable or array-like, got an async iterable: ` +
        `use imap, or await Array.fromAsync(items) first`,
    );
  }
  throw notItems(items, action, "iterable or array-like");
}

/**
 * The items of an `imap`: by index where they can be had so without copying, else one after the other.
 *
 * @param action the caller's name, for messages
 * @throws {TypeError} when `items` is neither iterable, nor async iterable, nor array-like, or was released
 * @throws {RangeError} when an array-like has more than {@linkcode MAX_ITEMS}
 */
export function streamItems<T>(
  items: StreamItems<T>,
  action: string,
): IndexedItems<T> | SequentialItems<T> | AsyncItems<T> {
  checkPresent(items, action);
  const indexed = asIndexed(items);
  if (indexed !== undefined) return checkedLength(indexed, action);
  if (isAsyncIterable<T>(items)) return { kind: "async", iterator: items[Symbol.asyncIterator]() };
  if (isIterable<T>(items)) return { kind: "iterator", iterator: items[Symbol.iterator]() };
  throw notItems(items, action, "iterable, async iterable or array-like");
}

/**
 * `items` by index if that takes no copy; iterables that also have a length are read by their iterator, as by
 * `for…of`.
 */
function asIndexed<T>(items: StreamItems<T>): IndexedItems<T> | undefined {
  if (Array.isArray(items)) return new ArrayItems<T>(items);
  if (typeof items !== "object" || items === null) return undefined;
  if (items instanceof Range) return new RangeItems(items) as IndexedItems<unknown> as IndexedItems<T>;
  if (ArrayBuffer.isView(items)) return "length" in items ? new ArrayItems(items as ArrayLike<T>) : undefined;
  if (isIterable(items) || isAsyncIterable(items)) return undefined;
  return isArrayLike<T>(items) ? new ArrayItems(items) : undefined;
}

/** What was released has length 0, and would pass for nothing to do. */
function checkPresent(items: unknown, action: string): void {
  if (!ArrayBuffer.isView(items) || !(items.buffer instanceof ArrayBuffer) || !items.buffer.detached) return;
  throw new TypeError(
    `${action}: items must have their memory, got an array that was released or transferred`,
  );
}

function isArrayLike<T>(items: object): items is ArrayLike<T> {
  const { length } = items as { length?: unknown };
  return typeof length === "number" && Number.isInteger(length) && length >= 0;
}

function isIterable<T>(items: unknown): items is Iterable<T> {
  return typeof (items as Partial<Iterable<T>> | null | undefined)?.[Symbol.iterator] === "function";
}

function isAsyncIterable<T>(items: unknown): items is AsyncIterable<T> {
  return typeof (items as Partial<AsyncIterable<T>> | null | undefined)?.[Symbol.asyncIterator] ===
    "function";
}

function checkedLength<T>(items: IndexedItems<T>, action: string): IndexedItems<T> {
  if (items.length <= MAX_ITEMS) return items;
  throw new RangeError(
    `${action}: at most ${MAX_ITEMS} items, got ${items.length}: ` +
      `give each job a chunk of them, e.g. range(0, n, chunk)`,
  );
}

function notItems(items: unknown, action: string, wanted: string): TypeError {
  const hint = typeof items === "function"
    ? ": the function comes first, then the items"
    : typeof (items as { then?: unknown } | null | undefined)?.then === "function"
    ? ": await it first"
    : typeof items === "number"
    ? ": use range(n) for the numbers 0…n-1"
    : "";
  return new TypeError(`${action}: items must be ${wanted}, got ${describe(items)}${hint}`);
}
