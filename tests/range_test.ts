import assert from "node:assert/strict";
import fc from "fast-check";
import { Range, range } from "../src/pool/range.ts";
import { test } from "./harness.ts";

const MAX = Number.MAX_SAFE_INTEGER;

// written by Python 3.11: start, stop, step, len(r), r[0], i, r[i], r[-1]
// deno-fmt-ignore
const FROM_PYTHON: readonly [number, number, number, number, number | undefined, number, number | undefined, number | undefined][] = [
  [0, 0, 1, 0, undefined, 0, undefined, undefined],
  [0, 1, 1, 1, 0, 0, 0, 0],
  [0, 10, 3, 4, 0, 2, 6, 9],
  [0, 9, 3, 3, 0, 1, 3, 6],
  [10, 0, -3, 4, 10, 2, 4, 1],
  [9, 0, -3, 3, 9, 1, 6, 3],
  [5, 5, 1, 0, undefined, 0, undefined, undefined],
  [5, 4, 1, 0, undefined, 0, undefined, undefined],
  [4, 5, -1, 0, undefined, 0, undefined, undefined],
  [-3, 3, 1, 6, -3, 4, 1, 2],
  [3, -3, -2, 3, 3, 1, 1, -1],
  [0, 10, 100, 1, 0, 0, 0, 0],
  [0, -10, -100, 1, 0, 0, 0, 0],
  [-9007199254740991, 9007199254740991, 2, 9007199254740991, -9007199254740991, 4503599627370496, 1, 9007199254740989],
  [-9007199254740991, 9007199254740991, 3, 6004799503160661, -9007199254740991, 3002399751580331, 2, 9007199254740989],
  [9007199254740991, -9007199254740991, -3, 6004799503160661, 9007199254740991, 3002399751580331, -2, -9007199254740989],
  [-9007199254740991, 9007199254740991, 5, 3602879701896397, -9007199254740991, 1801439850948199, 4, 9007199254740989],
  [-9007199254740991, 9007199254740991, 9007199254740991, 2, -9007199254740991, 1, 0, 0],
  [9007199254740991, -9007199254740991, -9007199254740991, 2, 9007199254740991, 1, 0, 0],
  [-9007199254740991, 9007199254740991, 1501199875790165, 13, -9007199254740991, 7, 1501199875790164, 9007199254740989],
  [-9007199254740990, 9007199254740991, 7, 2573485501354569, -9007199254740990, 1286742750677285, 5, 9007199254740986],
  [0, 9007199254740991, 1, 9007199254740991, 0, 4503599627370496, 4503599627370496, 9007199254740990],
  [9007199254740990, 9007199254740991, 1, 1, 9007199254740990, 0, 9007199254740990, 9007199254740990],
  [-9007199254740991, 9007199254740991, 6004799503160661, 3, -9007199254740991, 1, -3002399751580330, 3002399751580331],
  [-9007199254740991, 9007199254740991, 4503599627370497, 4, -9007199254740991, 2, 3, 4503599627370500],
];

test("range() has Python's lengths and elements", () => {
  for (const [start, stop, step, length, first, index, there, last] of FROM_PYTHON) {
    const r = range(start, stop, step);
    assert.deepEqual([r.length, r.at(0), r.at(index), r.at(-1)], [length, first, there, last], String(r));
    if (there !== undefined) assert.deepEqual([r.item(index), r[index]], [there, there]);
  }
});

test("range() agrees with exact arithmetic for any bounds", () => {
  const bound = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -50, max: 50 }));
  fc.assert(
    fc.property(
      bound,
      bound,
      bound.filter((n) => n !== 0),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (a, b, s, f) => {
        const [start, stop, step] = [BigInt(a), BigInt(b), BigInt(s)];
        const span = s > 0 ? stop - start : start - stop;
        const stride = s > 0 ? step : -step;
        const length = span > 0n ? (span + stride - 1n) / stride : 0n;
        if (length > BigInt(MAX)) return void assert.throws(() => range(a, b, s), RangeError);
        const r = range(a, b, s);
        assert.equal(BigInt(r.length), length);
        if (length === 0n) return;
        const index = Math.min(r.length - 1, Math.floor(f * r.length));
        const expected = start + BigInt(index) * step;
        assert.equal(BigInt(r.item(index)), expected);
        assert.equal(r.indexOf(Number(expected)), index);
        assert.ok(!r.includes(b));
      },
    ),
  );
});

test("range() of one argument counts from 0", () => {
  assert.deepEqual([...range(4)], [0, 1, 2, 3]);
  assert.deepEqual([...range(-4)], []);
  assert.deepEqual([...range(2, 5)], [2, 3, 4]);
  assert.ok(Object.is(range(-0, 3).item(0), 0));
});

test("Range is iterable, indexable and immutable", () => {
  const r = range(10, 50, 7);
  assert.ok(r instanceof Range);
  assert.deepEqual(Array.from(r), [10, 17, 24, 31, 38, 45]);
  assert.deepEqual([r[0], r[5], r[6], r[-1]], [10, 45, undefined, undefined]);
  assert.deepEqual([r.at(-1), r.at(-6), r.at(-7), r.at(6), r.at(1.9), r.at(NaN)], [
    45,
    10,
    undefined,
    undefined,
    17,
    10,
  ]);
  assert.throws(() => ((r as { length: number }).length = 3), TypeError);
  assert.throws(() => ((r as unknown as number[])[0] = 3), TypeError);
  assert.equal((r as unknown as Record<string, unknown>)["nothing"], undefined);
  assert.equal(Object.prototype.hasOwnProperty.call(r, 0), false);
  assert.deepEqual(range(3), range(0, 3, 1));
});

test("Range.slice() gives what slicing an array gives", () => {
  const r = range(10, 50, 7);
  const array = [...r];
  for (
    const [begin, end] of [[0, 3], [2, undefined], [-2, undefined], [1, -1], [4, 2], [-99, 99], [3, 3], [
      6,
      9,
    ], [NaN, 2]]
  ) {
    assert.deepEqual([...r.slice(begin, end)], array.slice(begin, end), `${begin}:${end}`);
  }
  assert.equal(String(range(10, -8, -4).slice(1, 3)), "range(6, -2, -4)");
  const vast = range(-MAX, MAX, 3).slice(-2);
  assert.deepEqual([...vast], [9007199254740986, 9007199254740989]);
});

test("Range.indexOf() and includes() find elements only", () => {
  const r = range(10, 50, 7);
  assert.deepEqual([10, 24, 45, 25, 52, 3, 9, 50].map((x) => r.indexOf(x)), [0, 2, 5, -1, -1, -1, -1, -1]);
  const down = range(10, -8, -4);
  assert.deepEqual([10, -6, -8, 14, 8].map((x) => down.includes(x)), [true, true, false, false, false]);
  assert.deepEqual([NaN, 10.5, Infinity].map((x) => r.indexOf(x)), [-1, -1, -1]);
  assert.equal(range(0).indexOf(0), -1);
});

test("Range.toString() writes what Python writes", () => {
  assert.deepEqual([range(3), range(0, 10, 2), range(3, 0, -1)].map(String), [
    "range(0, 3)",
    "range(0, 10, 2)",
    "range(3, 0, -1)",
  ]);
});

test("range() refuses what is no range of integers", () => {
  assert.throws(() => range(0, 5, 0), { name: "RangeError", message: "range: step must not be 0" });
  assert.throws(() => range(0, 1, 0.1), {
    name: "RangeError",
    message: /step must be an integer .*got a number \(0\.1\): for fractions/,
  });
  assert.throws(() => range(1.5), { name: "RangeError", message: /^range: stop / });
  assert.throws(() => range(NaN, 3), { name: "RangeError", message: /^range: start .*\(NaN\)$/ });
  assert.throws(() => range(Infinity), { name: "RangeError", message: /\(Infinity\)$/ });
  assert.throws(() => range(2 ** 53), RangeError);
  assert.throws(() => range("3" as unknown as number), {
    name: "TypeError",
    message: /^range: stop .*got a string \("3"\)$/,
  });
  assert.throws(() => range(3n as unknown as number), { name: "TypeError", message: /a bigint \(3n\)/ });
  assert.throws(() => (range as (stop?: number) => Range)(), {
    name: "TypeError",
    message: /^range: stop .*got undefined$/,
  });
  assert.throws(() => range(0, undefined as unknown as number, 2), TypeError);
  assert.throws(() => range(-MAX, MAX), { name: "RangeError", message: /2\^53 - 1 elements/ });
});
