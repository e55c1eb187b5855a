import assert from "node:assert/strict";
import fc from "fast-check";
import { greatestDouble, greatestFloat, leastDouble, leastFloat } from "../src/algorithms/extrema_kernels.ts";
import { toPlaces } from "../src/algorithms/index_kernels.ts";
import { greatestByte, greatestInt, leastByte, leastInt } from "../src/algorithms/integer_extrema.ts";
import {
  addRows,
  foldFarRows,
  greatestRows,
  leastRows,
  type RowKernel,
} from "../src/algorithms/row_kernels.ts";
import { sumBytes, sumInts } from "../src/algorithms/sum_kernels.ts";
import { test } from "./harness.ts";

const ANY_INT = fc.oneof(fc.integer(), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 0, -1, 65535, -65536));

test("the least and the greatest element are found at any place, NaN before all", () => {
  const numbers = fc.array(
    fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(NaN, Infinity, -Infinity)),
    {
      minLength: 1,
      maxLength: 70,
    },
  );
  fc.assert(
    fc.property(numbers, fc.nat({ max: 20 }), (list, from) => {
      const before = Array<number>(from).fill(-Infinity);
      const ofDoubles = new Float64Array([...before, ...list, NaN]);
      const ofFloats = new Float32Array(ofDoubles);
      const [least, greatest] = [Math.min(...list), Math.max(...list)];
      assert.equal(leastDouble(ofDoubles, from, list.length), least);
      assert.equal(leastFloat(ofFloats, from, list.length), least);
      assert.equal(greatestDouble(ofDoubles, from, list.length), greatest);
      assert.equal(greatestFloat(ofFloats, from, list.length), greatest);
    }),
    { numRuns: 500 },
  );
});

test("sums and extremes of integers are exact for any offset and length", () => {
  fc.assert(
    fc.property(fc.array(ANY_INT, { minLength: 1, maxLength: 90 }), fc.nat({ max: 20 }), (list, from) => {
      const ints = new Int32Array([...Array<number>(from).fill(-(2 ** 31)), ...list, 7]);
      const bytes = new Uint8Array(ints);
      const some = [...bytes.subarray(from, from + list.length)];
      assert.equal(sumInts(ints, from, list.length), list.reduce((sum, x) => sum + x, 0));
      assert.equal(leastInt(ints, from, list.length), Math.min(...list));
      assert.equal(greatestInt(ints, from, list.length), Math.max(...list));
      assert.equal(sumBytes(bytes, from, list.length), some.reduce((sum, x) => sum + x, 0));
      assert.equal(leastByte(bytes, from, list.length), Math.min(...some));
      assert.equal(greatestByte(bytes, from, list.length), Math.max(...some));
    }),
    { numRuns: 500 },
  );
});

test("sumInts() does not overflow where all elements are extreme", () => {
  for (const x of [-(2 ** 31), 2 ** 31 - 1, -1, 65535]) {
    for (const length of [2 ** 15, 2 ** 15 + 1, 2 ** 17 + 3]) {
      assert.equal(sumInts(new Int32Array(length).fill(x), 0, length), x * length, `${length} of ${x}`);
    }
  }
});

test("bytes beyond the 2^31st are summed and compared", () => {
  const a = new Uint8Array(2 ** 31 + 1000);
  a.fill(3, 2 ** 31 - 500);
  a[2 ** 31 + 7] = 1;
  a[2 ** 31 + 90] = 9;
  assert.equal(sumBytes(a, 2 ** 31 - 300, 1000), 3000 - 2 + 6);
  assert.equal(leastByte(a, 2 ** 31 - 300, 1000), 1);
  assert.equal(greatestByte(a, 2 ** 31 - 300, 1000), 9);
  assert.equal(leastByte(a, 2 ** 31 + 10, 50), 3);
});

test("rows are folded element by element, near ones and far ones alike", () => {
  const oracles: [RowKernel, (x: number, y: number) => number][] = [
    [addRows, (x, y) => x + y],
    [leastRows, Math.min],
    [greatestRows, Math.max],
  ];
  const element = fc.oneof(fc.integer({ min: -99, max: 99 }), fc.constant(NaN));
  fc.assert(
    fc.property(
      fc.nat({ max: 20 }),
      fc.integer({ min: 1, max: 6 }),
      fc.array(element, { minLength: 200, maxLength: 200 }),
      (rows, width, list) => {
        const a = new Float64Array(list);
        for (const [kernel, oracle] of oracles) {
          const wanted = Array.from({ length: width }, (_, j) => {
            let value = a[j]!;
            for (let r = 0; r < rows; r++) value = oracle(value, a[11 + r * 8 + j]!);
            return value;
          });
          const values = a.slice(0, width);
          kernel(a, 11, rows, 8, width, values, 0);
          assert.deepEqual([...values], wanted);
          values.set(a.subarray(0, width));
          foldFarRows(kernel, a, 11, rows, 8, width, values, 0);
          assert.deepEqual([...values], wanted);
        }
      },
    ),
  );
  const wide = Float64Array.from({ length: 3 * 1300 }, (_, i) => (i * 7919) % 1009);
  const [near, far] = [new Float64Array(1300), new Float64Array(1300)];
  addRows(wide, 0, 3, 1300, 1300, near, 0);
  foldFarRows(addRows, wide, 0, 3, 1300, 1300, far, 0);
  assert.deepEqual(far, near);
});

test("toPlaces() counts negative indices from the end and refuses the others, in every class", () => {
  const edges = [0, 1, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63].flatMap((
    x,
  ) => [x - 1, x, x + 1, -x, 1 - x, -x - 1]);
  const lengths = [1, 5, 100, 200, 40_000, 2 ** 31 - 1];
  const bounds = lengths.flatMap((length) => [length - 1, length, -length, -length - 1]);
  const make = (Class: typeof BigInt64Array | typeof BigUint64Array) => (x: number) =>
    new Class([0n, BigInt(x)]);
  const classes = [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, Float64Array];
  const makers = [
    ...classes.map((Class) => (x: number) => new Class([0, x])),
    make(BigInt64Array),
    make(BigUint64Array),
  ];
  const places = new Int32Array(9);
  for (const length of lengths) {
    for (const x of [...edges, ...bounds]) {
      for (const indicesOf of makers) {
        const indices = indicesOf(x);
        // what the class made of it
        const index = Number(indices[1]);
        const isInside = index >= -length && index < length;
        const what = `${indices.constructor.name} ${index}, length ${length}`;
        assert.equal(toPlaces(indices, length, places), isInside, what);
        if (isInside) assert.equal(places[1], index < 0 ? index + length : index + 0, what);
      }
    }
  }
  for (const x of [0.5, -0.5, NaN, Infinity, -Infinity]) {
    assert.equal(toPlaces(new Float64Array([x]), 10, places), false);
  }
  assert(toPlaces(new Float64Array([-0]), 10, places));
  assert(Object.is(places[0], 0));
  assert(toPlaces(new Int32Array(0), 1, places));
});
