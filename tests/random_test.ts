import assert from "node:assert/strict";
import { xoshiro128 } from "../ffi/xoshiro.ts";
import { JobRandom, philox4x32, type Seed } from "../src/pool/random.ts";
import { test } from "./harness.ts";

const INDICES = 100_000;

function draws(seed: Seed, index: number, count: number): number[] {
  const random = new JobRandom(seed);
  random.start(index);
  return Array.from({ length: count }, () => random.next());
}

/** Pearson's statistic of `values` in [0, 1) over equal bins, as standard deviations from what chance gives. */
function chiSquareDeviation(values: readonly number[], bins: number): number {
  const counts = new Float64Array(bins);
  for (const x of values) counts[Math.floor(x * bins)]!++;
  const expected = values.length / bins;
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return (statistic - (bins - 1)) / Math.sqrt(2 * (bins - 1));
}

function firstValues(seed: Seed): number[] {
  const random = new JobRandom(seed);
  return Array.from({ length: INDICES }, (_, index) => {
    random.start(index);
    return random.next();
  });
}

test("philox4x32() gives the known answers of Random123", () => {
  // Random123, tests/kat_vectors, the three lines "philox4x32 10": counter, key, result
  const lines = [
    "00000000 00000000 00000000 00000000 00000000 00000000   6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff   408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0   d16cfe09 94fdcceb 5001e420 24126ea1",
  ];
  for (const line of lines) {
    const words = line.split(/\s+/).map((word) => parseInt(word, 16));
    const counter = Uint32Array.from(words.slice(0, 4));
    philox4x32(counter, words[4]!, words[5]!);
    assert.deepEqual([...counter], words.slice(6));
  }
});

test("xoshiro128() gives the outputs of the authors' C code", () => {
  const state = Uint32Array.of(1, 2, 3, 4);
  // as in the tests of Rust's rand_xoshiro
  // deno-fmt-ignore
  const expected = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804];
  assert.deepEqual(expected.map(() => xoshiro128(state) >>> 0), expected);
});

test("JobRandom gives the streams that an independent program gives", () => {
  // a Python program with unbounded integers, written from the papers
  const streams: [Seed, number, number[]][] = [
    [0, 0, [0.7963394130884194, 0.13128140747173744, 0.23754100491633212]],
    [42, 0, [0.05834490539698767, 0.6160295598191229, 0.6620284546806461]],
    [42, 1, [0.8850745776750654, 0.755857117753253, 0.6840423528051861]],
    [42, 4294967301, [0.44298263948584204, 0.7707787581558613, 0.22807452108852433]],
    [-7, 3, [0.5138040918543674, 0.646601768928774, 0.24910745502846088]],
    [9007199254740991, 2147483646, [0.021532970155870745, 0.26059115590478676, 0.7724306901237148]],
    [0xdeadbeefcafebaben, -1, [0.6571980219075312, 0.7158928091240817, 0.21386120289029387]],
  ];
  for (const [seed, index, expected] of streams) assert.deepEqual(draws(seed, index, 3), expected);
});

test("JobRandom.start() goes to the beginning of a job's stream, whatever ran before", () => {
  const random = new JobRandom(5);
  const outside = random.next();
  random.start(8);
  const first = [random.next(), random.next()];
  random.start(9);
  random.next();
  random.start(8);
  assert.deepEqual([random.next(), random.next()], first);
  assert.equal(new JobRandom(5).next(), outside);
  assert.deepEqual(draws(5n, 8, 2), first);
});

test("JobRandom gives multiples of 2^-53 below 1", () => {
  const values = draws(1, 0, INDICES);
  assert.ok(values.every((x) => x >= 0 && x < 1 && Number.isInteger(x * 2 ** 53)));
  assert.ok(values.some((x) => (x * 2 ** 53) % 2 === 1));
});

test("JobRandom gives unrelated numbers to neighbouring jobs", () => {
  for (const seed of [0, 1, 2n ** 63n]) {
    const values = firstValues(seed);
    const mean = values.reduce((sum, x) => sum + x, 0) / INDICES;
    // all limits: 5 standard deviations of what chance gives
    assert.ok(Math.abs(mean - 0.5) < 5 * Math.sqrt(1 / 12 / INDICES), `mean ${mean}`);
    assert.ok(Math.abs(chiSquareDeviation(values, 1000)) < 5, "distribution");
    const lowBits = values.map((x) => x * 2 ** 40 % 1);
    assert.ok(Math.abs(chiSquareDeviation(lowBits, 1024)) < 5, "low bits");
    const pairs = values.slice(1).map((x, i) => (Math.floor(values[i]! * 32) + x) / 32);
    assert.ok(Math.abs(chiSquareDeviation(pairs, 1024)) < 5, "pairs of neighbours");
    const correlation = values.slice(1).reduce((sum, x, i) => sum + (x - 0.5) * (values[i]! - 0.5), 0) * 12 /
      INDICES;
    assert.ok(Math.abs(correlation) < 5 / Math.sqrt(INDICES), `correlation ${correlation}`);
    // 10^5 of 2^53 values: a collision has a chance of 6e-7
    assert.equal(new Set(values).size, INDICES);
  }
});

test("JobRandom gives unrelated numbers for neighbouring seeds, and good ones within a job", () => {
  const bySeed = Array.from({ length: INDICES }, (_, seed) => draws(seed, 0, 1)[0]!);
  assert.ok(Math.abs(chiSquareDeviation(bySeed, 1000)) < 5);
  assert.equal(new Set(bySeed).size, INDICES);
  assert.ok(Math.abs(chiSquareDeviation(draws(3, 7, INDICES), 1000)) < 5);
});

test("new JobRandom() refuses what is no seed", () => {
  assert.throws(() => new JobRandom(1.5), {
    name: "RangeError",
    message: /seed must be a safe integer or a bigint/,
  });
  assert.throws(() => new JobRandom(2 ** 53), RangeError);
  assert.throws(() => new JobRandom(2n ** 64n), RangeError);
  assert.throws(() => new JobRandom(-(2n ** 63n) - 1n), RangeError);
  assert.throws(() => new JobRandom("1" as unknown as number), {
    name: "TypeError",
    message: /got a string \("1"\)/,
  });
});
