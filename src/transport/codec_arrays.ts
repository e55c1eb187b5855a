/**
 * Arrays: whether one is dense, without the cost of listing its keys where that can be had, and plain numbers.
 *
 * @module
 */
import { inspect } from "node:util";
import { asRefusal } from "./codec_refusal.ts";
import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { ARRAY, NUMBERS, SPARSE_ARRAY } from "./tags.ts";

/** Before {@linkcode prepareArrays}: inspecting for the first time takes milliseconds. */
const UNPREPARED = 1 << 16;
const SAMPLE_LENGTH = 128;
const ROUNDS = 20;

/** From this length on {@linkcode hasOnlyElements} is faster than listing the keys. */
let longArray = UNPREPARED;

/** From here on an array is tried as plain numbers. */
const NUMBERS_MIN_LENGTH = 4;

/** Writes an array that the encoder has registered. */
export function writeArray(encoder: Encoder, value: readonly unknown[], pos: number): number {
  const { length } = value;
  if (!isDense(value)) return writeSparseArray(encoder, value, pos);
  if (isMostlyFractions(value)) {
    const end = writeNumbers(encoder, value, pos);
    if (end >= 0) return end;
  }
  let at = encoder.tagged(ARRAY, length, pos);
  for (let i = 0; i < length; i++) {
    try {
      at = encoder.write(value[i], at);
    } catch (thrown) {
      throw asRefusal(thrown).within(`[${i}]`);
    }
  }
  return at;
}

function writeSparseArray(encoder: Encoder, value: readonly unknown[], pos: number): number {
  const keys = Object.keys(value);
  const at = encoder.tagged(SPARSE_ARRAY, value.length, pos);
  return encoder.pairs(value, keys, encoder.uint(keys.length, at));
}

/** Reads what follows `SPARSE_ARRAY` into `target`. */
export function readSparseArray(decoder: Decoder, target: unknown[]): unknown[] {
  const length = decoder.uint();
  if (length > 0xffffffff) decoder.fail(`an array of ${length} elements`);
  decoder.pairs(target as unknown as Record<string, unknown>);
  if (target.length < length) {
    // Setting a length may allocate for it; an element far out makes the array a table first.
    target[length - 1] = undefined;
    delete target[length - 1];
    target.length = length;
  }
  return target;
}

/** Whether an array has an element at each index and no properties besides. */
function isDense(value: readonly unknown[]): boolean {
  const { length } = value;
  if (length < longArray || !hasOnlyElements(value)) {
    // Indices come first and in order.
    const keys = Object.keys(value);
    return keys.length === length && (length === 0 || keys[length - 1] === String(length - 1));
  }
  for (let i = 0; i < length; i++) {
    if (value[i] === undefined && !Object.hasOwn(value, i)) return false;
  }
  return true;
}

/**
 * Measures once from which length on an array is better inspected; takes 1 to 3 ms. To be called before a fork,
 * so that children find it done.
 */
export function prepareArrays(): void {
  if (longArray !== UNPREPARED) return;
  const sample = Array.from({ length: SAMPLE_LENGTH }, (_, i) => i);
  const inspectMs = leastMs(() => hasOnlyElements(sample));
  const keysMs = leastMs(() => Object.keys(sample));
  longArray = Math.max(16, Math.ceil(SAMPLE_LENGTH * inspectMs / keysMs));
}

/** Whether a dense array looks like numbers that are written as f64s anyway. */
function isMostlyFractions(value: readonly unknown[]): boolean {
  const { length } = value;
  return length >= NUMBERS_MIN_LENGTH && (isFraction(value[0]) || isFraction(value[length - 1]));
}

/** Writes an array of numbers as f64s; -1 when it has something else in it. */
function writeNumbers(encoder: Encoder, value: readonly unknown[], pos: number): number {
  const { length } = value;
  for (let i = 0; i < length; i++) {
    if (typeof value[i] !== "number") return -1;
  }
  const at = encoder.ensure(encoder.tagged(NUMBERS, length, pos), length * 8);
  const { view } = encoder;
  for (let i = 0; i < length; i++) view.setFloat64(at + i * 8, value[i] as number, true);
  return at + length * 8;
}

function isFraction(value: unknown): boolean {
  return typeof value === "number" && (value | 0) !== value;
}

/**
 * Whether an array certainly has no named properties; any doubt gives `false`. Inspecting it without its elements
 * is the one way to ask that does not name each element first: that takes 28 ns an element in JavaScriptCore,
 * where inspecting takes 0.3 µs at any length, and 6 ns in V8, where it takes 6 µs.
 */
function hasOnlyElements(value: readonly unknown[]): boolean {
  canInspect ??= inspectBare([0, 1]) === bareText(2) &&
    inspectBare(Object.assign([0, 1], { a: 1 })) !== bareText(2);
  return canInspect && inspectBare(value) === bareText(value.length);
}

let canInspect: boolean | undefined;

function inspectBare(value: readonly unknown[]): string {
  return inspect(value, { maxArrayLength: 0, depth: 0, customInspect: false, breakLength: Infinity });
}

function bareText(length: number): string {
  return `[ ... ${length} more items ]`;
}

function leastMs(run: () => unknown): number {
  let least = Infinity;
  for (let i = 0; i < ROUNDS; i++) {
    const from = performance.now();
    run();
    least = Math.min(least, performance.now() - from);
  }
  // A clock may be too coarse to tell.
  return Math.max(least, 1e-5);
}
