/**
 * argsort and sort: the first call of a process, then later ones on warm pages. Arguments: what (0 argsort, 1 sort), element type (its
 * place in TYPES), elements, data (its place in DATA), calls, processes (-1 for as many as the module likes).
 *
 * @module
 */
import assert from "node:assert/strict";
import { empty, release } from "../../mod.ts";
import { argsort, sort } from "../../src/sort/mod.ts";
import type { ShortDType, TypedArray } from "../../src/memory/dtype.ts";
import { argument, median, report } from "./_bench.ts";

const TYPES = ["f8", "f4", "i4", "i8", "u1"] as const;
const DATA = ["random", "sorted", "reversed", "few", "nan"] as const;

const what = argument(0, 0) === 0 ? "argsort" : "sort";
const dtype: ShortDType = TYPES[argument(1, 0)]!;
const n = argument(2, 1_000_000);
const data = DATA[argument(3, 0)]!;
const calls = argument(4, 5);
const np = argument(5, -1);

/** Marsaglia's xorshift: the same numbers in every process. */
let state = 2463534242;
function word(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}

function fill(array: TypedArray): void {
  const isFloat = dtype.startsWith("f");
  if (data === "random" && !isFloat) {
    const bytes = array.byteLength;
    const words = bytes % 4 === 0 ? new Uint32Array(array.buffer as ArrayBuffer, 0, bytes / 4) : array;
    for (let i = 0; i < words.length; i++) words[i] = word();
    return;
  }
  const wide = dtype === "i8" ? new Int32Array(array.buffer as ArrayBuffer, 0, 2 * n) : undefined;
  for (let i = 0; i < n; i++) {
    const value = valueAt(i, isFloat);
    if (wide === undefined) array[i] = value;
    else wide[2 * i] = value;
  }
}

function valueAt(i: number, isFloat: boolean): number {
  switch (data) {
    case "sorted":
      return i;
    case "reversed":
      return n - i;
    case "few":
      return word() % 100;
    case "nan":
      return word() % 10 === 0 ? NaN : word() / 2 ** 32;
    default:
      return isFloat ? (word() + word() / 2 ** 32) / 2 ** 32 : word();
  }
}

/** Of very many, looks at one pair in eight. */
function check(a: Float64Array, order: Uint32Array | undefined): void {
  for (let i = 1; i < n; i += n > 1e7 ? 8 : 1) {
    const x = a[order === undefined ? i - 1 : order[i - 1]!]!;
    const y = a[order === undefined ? i : order[i]!]!;
    if (x > y || (x !== x && y === y)) assert.fail(`${what}() put ${x} before ${y} at ${i}`);
  }
}

const a = empty(n, dtype) as Float64Array<ArrayBuffer>;
fill(a);
const input = what === "sort" ? a.slice() : a;
const options = np < 0 ? {} : { np };
const times: number[] = [];
for (let call = 0; call <= calls; call++) {
  if (what === "sort") a.set(input);
  const start = performance.now();
  const order = what === "sort" ? sort(a, options) : argsort(a, options);
  times.push(performance.now() - start);
  if (call === 0) check(a, what === "sort" ? undefined : order as Uint32Array);
  // the pages of the result are warm for the next call, as those of C are
  if (what === "argsort") release(order);
}
const perElement = times.map((ms) => (ms * 1e6) / n);
const later = perElement.slice(1);
report({ coldNs: perElement[0]!, medianNs: median(later), minNs: Math.min(...later) });
