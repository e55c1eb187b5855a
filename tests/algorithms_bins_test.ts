import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bincount,
  copy,
  digitize,
  empty,
  histogram,
  isShared,
  MapReduce,
  release,
} from "./algorithms_exports.ts";
import {
  answers,
  assertSame,
  DTYPES,
  randomArray,
  randomSource,
  valuesOf,
  view,
  withCrews,
} from "./algorithms_support.ts";
import type { ShortDType, TypedArray } from "./algorithms_exports.ts";
import { constructorOf } from "../src/memory/dtype.ts";
import { test } from "./harness.ts";

/** For bins in threes, as `numpy.digitize` searches them once it knows that they rise, and that they fall. */
const DIGITIZE_ALL =
  "np.array([[np.searchsorted(b, x, side='right'), 3 - np.searchsorted(b[::-1], x, side='right')] " +
  "for b in bins.reshape(-1, 3)])";

/** In NumPy's order, NaN last. */
function isOrdered(bins: Float64Array): boolean {
  return bins.every((bin, at) => at === 0 || bins[at - 1]! <= bin || Number.isNaN(bin));
}

const INTS = DTYPES.filter((dtype) => !dtype.startsWith("f"));

/** Integers from 0 below `end`, as elements of a type. */
function smallInts(dtype: ShortDType, length: number, end: number, seed = 1): TypedArray {
  const random = randomSource(seed);
  const array = new (constructorOf(dtype))(length);
  for (let i = 0; i < length; i++) {
    const x = Math.floor(random() * end);
    array[i] = dtype === "i8" || dtype === "u8" ? BigInt(x) : x;
  }
  return array;
}

test("bincount() of every type is NumPy's, for any np", () => {
  const arrays: Record<string, TypedArray> = { w: randomArray("f8", 30_000, 3) };
  for (const dtype of INTS) arrays[dtype] = smallInts(dtype, 30_000, 100);
  const expressions = INTS.flatMap((dtype) => {
    const x = dtype === "u8" ? "u8.astype('i8')" : dtype;
    return [`np.bincount(${x})`, `np.bincount(${x}, minlength=1000)`, `np.bincount(${x}, weights=w)`];
  });
  const found = answers(arrays, expressions);
  INTS.forEach((dtype, at) => {
    const x = arrays[dtype]!;
    for (const np of dtype === "i4" || dtype === "u1" ? [0, 1, 2, 3] : [1]) {
      withCrews(() => {
        const counts = bincount(x, { np });
        assert(counts instanceof Uint32Array && isShared(counts));
        assertSame(counts, found[3 * at]!, `${dtype}, np ${np}`);
        assertSame(bincount(x, { np, minLength: 1000 }), found[3 * at + 1]!, dtype);
      });
    }
    const sums = bincount(x, { weights: arrays.w! });
    assert(sums instanceof Float64Array);
    assertSame(sums, found[3 * at + 2]!, `${dtype}, weights`);
  });
});

test("bincount() takes what holds integers, and refuses the rest", () => {
  assert.deepEqual([...bincount([3, 0, 3])], [1, 0, 0, 2]);
  assert.deepEqual([...bincount([true, false, true])], [1, 2]);
  assert.deepEqual([...bincount([])], []);
  assert.deepEqual([...bincount(new Uint16Array(0), { minLength: 2 })], [0, 0]);
  assert.deepEqual([...bincount(new BigUint64Array([70_000n]))].indexOf(1), 70_000);
  assert.deepEqual([...bincount(new Uint32Array([5]), { minLength: 3 })], [0, 0, 0, 0, 0, 1]);
  assert.deepEqual([...bincount([1, 1], { weights: new BigInt64Array([3n, -5n]) })], [0, -2]);
  const bad = (call: () => unknown, name: string, message: RegExp): void =>
    assert.throws(call, { name, message });
  bad(() => bincount([0, -1]), "RangeError", /^bincount\(\) wants integers from 0 on, got -1 in x\[1\]$/);
  bad(() => bincount(new Int8Array([-3])), "RangeError", /got -3/);
  bad(() => bincount(new BigInt64Array([-3n])), "RangeError", /got -3/);
  bad(() => bincount([0.5]), "TypeError", /wants integers, got 0.5 in x\[0\]/);
  bad(() => bincount([NaN]), "TypeError", /got NaN/);
  bad(() => bincount([[1]]), "RangeError", /one dimension, got 2/);
  bad(() => bincount([1, 2], { weights: [1] }), "RangeError", /as many weights as elements, 2, got 1/);
  bad(() => bincount([1], { minLength: -1 }), "RangeError", /minLength/);
  bad(() => bincount([1], { minLength: "1" as unknown as number }), "TypeError", /minLength/);
  bad(() => bincount([1], { minlength: 1 } as object), "TypeError", /did you mean "minLength"/);
  const x = empty(5, "u1");
  release(x);
  bad(() => bincount(x), "TypeError", /released/);
});

test("digitize() is NumPy's for every type, rising and falling bins, NaN and edges", () => {
  const edges = new Float64Array([-100, -3, 0, 0, 1, 2.5, 50, 300]);
  const special = new Float64Array([NaN, -Infinity, Infinity, -0, 0, 1, 2.5, 300, -100, 301, -101, 5e-324]);
  const arrays: Record<string, TypedArray> = {
    edges,
    special,
    ints: new Int32Array([-5, 0, 10, 200]),
    same: new Float64Array([1, 1]),
  };
  for (const dtype of DTYPES) arrays[dtype] = randomArray(dtype, 3000);
  const names = [...DTYPES, "special"];
  const forms = names.flatMap((name) =>
    ["edges", "edges[::-1]", "ints", "same", "edges[:1]", "edges[:0]"].flatMap((bins) =>
      [false, true].map((right) => ({ name, bins, right }))
    )
  );
  const found = answers(
    arrays,
    forms.map(({ name, bins, right }) => `np.digitize(${name}, ${bins}, right=${right ? "True" : "False"})`),
  );
  const binsBy: Record<string, TypedArray> = {
    edges,
    "edges[::-1]": edges.slice().reverse(),
    ints: arrays.ints!,
    same: arrays.same!,
    "edges[:1]": edges.subarray(0, 1),
    "edges[:0]": edges.subarray(0, 0),
  };
  forms.forEach(({ name, bins, right }, at) => {
    assertSame(digitize(arrays[name]!, binsBy[bins]!, { right }), found[at]!, `${name}, ${bins}, ${right}`);
  });
  const x = randomArray("f8", 50_000, 8);
  const wanted = [...digitize(x, edges)];
  for (const np of [0, 2, 3]) withCrews(() => assert.deepEqual([...digitize(x, edges, { np })], wanted));
});

test("digitize() takes NaN among its bins as the greatest of all", () => {
  const values = [NaN, 0, 0.5, 1];
  const x = Float64Array.of(-1, 0, 0.7, 1, 2, NaN);
  const all = values.flatMap((a) => values.flatMap((b) => values.map((c) => Float64Array.of(a, b, c))));
  const bins = Float64Array.from(all.flatMap((three) => [...three]));
  const found = answers({ x, bins }, [DIGITIZE_ALL])[0]!.values.map(Number);
  all.forEach((three, at) => {
    const isFalling = !isOrdered(three);
    const from = (2 * at + Number(isFalling)) * x.length;
    const call = () => [...digitize(x, three)];
    if (isFalling && !isOrdered(three.toReversed())) assert.throws(call, RangeError, `${three}`);
    else assert.deepEqual(call(), found.slice(from, from + x.length), `${three}`);
  });
});

test("digitize() keeps shapes, fills out, checks bins", () => {
  assert.equal(digitize(3, [1, 2, 5]), 2);
  const m = digitize([[1, 5], [2, 0]], [1, 2]);
  assert.deepEqual([m.shape, [...m.data]], [[2, 2], [1, 2, 2, 0]]);
  const out = new Uint32Array(2);
  assert.equal(digitize([1, 9], [5], { out }), out);
  assert.deepEqual([...out], [0, 1]);
  assert.throws(() => digitize([1], [1, 3, 2]), { name: "RangeError", message: /rise or fall/ });
  assert.throws(() => digitize([1], [[1]]), { name: "RangeError", message: /one dimension/ });
  assert.throws(() => digitize([1], [1], { out: new Float64Array(1) }), {
    name: "TypeError",
    message: /"u4", got "f8"/,
  });
  assert.throws(() => digitize([1], [1], { right: 1 as unknown as boolean }), {
    name: "TypeError",
    message: /right to be true or false/,
  });
  assert.throws(() => digitize("x" as unknown as number[], [1]), TypeError);
});

test("histogram() counts and edges are NumPy's to the bit for every type and option", () => {
  const arrays: Record<string, TypedArray> = { edges: new Float64Array([-50, -1, 0, 0, 7, 100, 128]) };
  for (const dtype of DTYPES) arrays[dtype] = randomArray(dtype, 5000, 21);
  const options: [string, NonNullable<Parameters<typeof histogram>[1]>][] = [
    ["", {}],
    ["bins=1", { bins: 1 }],
    ["bins=77", { bins: 77 }],
    ["bins=1000, range=(-20, 90)", { bins: 1000, range: [-20, 90] }],
    ["bins=13, range=(0.1, 0.7)", { bins: 13, range: [0.1, 0.7] }],
    ["bins=4, range=(5, 5)", { bins: 4, range: [5, 5] }],
    ["bins=edges", { bins: arrays.edges! }],
    ["bins=10, density=True", { bins: 10, density: true }],
    ["bins=edges, density=True", { bins: arrays.edges!, density: true }],
  ];
  const forms = DTYPES.flatMap((dtype) => options.map(([text, option]) => ({ dtype, text, option })))
    // half precision cannot tell a thousand edges apart, and duplicate edges make NaN densities
    .filter(({ dtype, text }) => !(dtype === "f2" && text.includes("1000")));
  const found = answers(
    arrays,
    forms.flatMap(({ dtype, text }) => [0, 1].map((part) => `np.histogram(${dtype}, ${text})[${part}]`)),
  );
  forms.forEach(({ dtype, text, option }, at) => {
    const [hist, edges] = histogram(arrays[dtype]!, option);
    assertSame(hist, found[2 * at]!, `${dtype}, ${text}: hist`);
    assertSame(edges, found[2 * at + 1]!, `${dtype}, ${text}: edges`);
    assert(isShared(hist) && isShared(edges));
    if (option.density !== true) assert(hist instanceof Uint32Array);
  });
});

test("histogram() puts values on and beside every edge where NumPy does", () => {
  const arrays: Record<string, TypedArray> = {};
  const forms: { name: string; dtype: ShortDType; bins: number; range: [number, number] }[] = [];
  const ranges: [number, number][] = [[0, 1], [-1, 1], [0.1, 0.7], [1e-3, 1e3], [1e15, 1e15 + 64], [
    -1e-300,
    1e-300,
  ], [0, 1e-310]];
  for (const dtype of ["f4", "f8"] as const) {
    for (const range of dtype === "f8" ? ranges : ranges.slice(0, 4)) {
      for (const bins of [3, 10, 49]) {
        const name = `x${forms.length}`;
        const data = new (constructorOf(dtype))(3 * bins + 3);
        for (let k = 0; k <= bins; k++) {
          const edge = k === bins ? range[1] : k * ((range[1] - range[0]) / bins) + range[0];
          data[3 * k] = edge;
          data[3 * k + 1] = edge * (1 + (dtype === "f4" ? 2 ** -23 : 2 ** -52));
          data[3 * k + 2] = edge * (1 - (dtype === "f4" ? 2 ** -24 : 2 ** -53));
        }
        arrays[name] = data;
        forms.push({ name, dtype, bins, range });
      }
    }
  }
  const found = answers(
    arrays,
    forms.flatMap(({ name, bins, range }) => [
      `np.histogram(${name}, bins=${bins}, range=(${range}))[0]`,
      `np.histogram(${name}, bins=${bins})[0]`,
      `np.histogram(${name}, bins=${bins})[1]`,
    ]),
  );
  forms.forEach(({ name, bins, range }, at) => {
    const what = `${name}, ${bins} bins, ${range}`;
    assertSame(histogram(arrays[name]!, { bins, range })[0], found[3 * at]!, what);
    const [hist, edges] = histogram(arrays[name]!, { bins });
    assertSame(edges, found[3 * at + 2]!, `${what}: own edges`);
    assertSame(hist, found[3 * at + 1]!, `${what}: own range`);
  });
});

test("histogram() with weights is NumPy's to the bit, and does not depend on np", () => {
  const a = randomArray("f8", 200_000, 31);
  const w = randomArray("f8", 200_000, 32);
  const f = randomArray("f4", 200_000, 33);
  const forms = [
    "a, weights=w",
    "a, bins=100, range=(0, 300), weights=w",
    "a, bins=10, weights=w, density=True",
    "f, weights=w",
  ];
  const found = answers({ a, w, f }, forms.map((form) => `np.histogram(${form})[0]`));
  const calls = [
    (np: number) => histogram(a, { weights: w, np }),
    (np: number) => histogram(a, { bins: 100, range: [0, 300], weights: w, np }),
    (np: number) => histogram(a, { weights: w, density: true, np }),
    (np: number) => histogram(f, { weights: w, np }),
  ];
  calls.forEach((call, at) => {
    for (const np of [0, 1, 2, 3]) {
      withCrews(() => assertSame(call(np)[0], found[at]!, `${forms[at]}, np ${np}`));
    }
  });
});

test("histogram() does not depend on np, strides or where the array lies", () => {
  const a = randomArray("f8", 90_000, 41);
  const m = view(a, [300, 300]);
  const wanted = valuesOf(histogram(a, { bins: 50 })[0]);
  for (const array of [a, copy(a), m, m.transpose(1, 0), m.step(-1, 1)]) {
    for (const np of [0, 1, 2, 3]) {
      withCrews(() => assert.deepEqual(valuesOf(histogram(array, { bins: 50, np })[0]), wanted));
    }
  }
});

test("histogram() leaves NaN and what is outside out, and says what it cannot do", () => {
  const x = [NaN, -1, 0, 0.5, 1, 2, Infinity, -Infinity];
  assert.deepEqual([...histogram(x, { bins: 2, range: [0, 1] })[0]], [1, 2]);
  assert.deepEqual([...histogram(x, { bins: [0, 0.5, 1] })[0]], [1, 2]);
  assert.deepEqual([...histogram([])[0]], Array(10).fill(0));
  assert.deepEqual([...histogram([3, 3, 3], { bins: 2 })[1]], [2.5, 3, 3.5]);
  assert.deepEqual([...histogram([1], { bins: [5] })[0]], []);
  const bad = (call: () => unknown, name: string, message: RegExp): void =>
    assert.throws(call, { name, message });
  bad(() => histogram(x), "RangeError", /finite/);
  bad(() => histogram([1, Infinity]), "RangeError", /finite/);
  bad(() => histogram([1], { range: [1, 0] }), "RangeError", /rises/);
  bad(() => histogram([1], { range: [0, Infinity] }), "RangeError", /finite range/);
  bad(() => histogram([1], { range: [0] as unknown as [number, number] }), "TypeError", /two numbers/);
  bad(() => histogram([1], { bins: 0 }), "RangeError", /at least one bin/);
  bad(() => histogram([1], { bins: 1.5 }), "RangeError", /integer/);
  bad(
    () => histogram([1], { bins: "auto" as unknown as number }),
    "TypeError",
    /number of bins or an array of edges/,
  );
  bad(() => histogram([1], { bins: [1, 0] }), "RangeError", /edges that rise, got 1 before 0 in bins\[1\]/);
  bad(() => histogram([1, 1 + 2 ** -52], { bins: 100 }), "RangeError", /told apart/);
  bad(() => histogram([1, 2], { weights: [1] }), "RangeError", /as many weights/);
  bad(() => histogram([1], { weights: [1n] }), "TypeError", /numbers as weights/);
  bad(() => histogram([1], { bin: 3 } as object), "TypeError", /did you mean "bins"/);
});

test("histogram() and digitize() agree with the definition for any doubles", () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
  fc.assert(
    fc.property(
      fc.array(finite, { minLength: 1, maxLength: 200 }),
      fc.integer({ min: 1, max: 40 }),
      (list, bins) => {
        const [low, high] = [Math.min(...list), Math.max(...list)];
        fc.pre(high - low > 1e-6 * Math.max(Math.abs(low), Math.abs(high)) || low === high);
        fc.pre(high - low > 1e-300 || low === high);
        const [hist, edges] = histogram(list, { bins });
        edges.forEach((edge, k) => assert(k === 0 || edges[k - 1]! < edge));
        hist.forEach((count, k) => {
          const isLast = k === bins - 1;
          const wanted = list.filter((x) =>
            x >= edges[k]! && (x < edges[k + 1]! || (isLast && x === edges[bins]))
          ).length;
          assert.equal(count, wanted);
        });
        const sorted = [...list].sort((x, y) => x - y);
        const found = digitize(list, sorted);
        list.forEach((x, i) => assert.equal(found[i], sorted.filter((edge) => edge <= x).length));
      },
    ),
  );
});

test("bins work inside jobs", async () => {
  using pool = new MapReduce({ np: 2 });
  const x = copy(smallInts("u1", 20_000, 200));
  const counts = await pool.map(
    () => ({ counts: bincount(x), hist: histogram(x, { bins: 4 })[0], at: digitize(x, [100]) }),
    [0, 1],
  );
  for (const { counts: got, hist, at } of counts) {
    assert.deepEqual([...got], [...bincount(x)]);
    assert.deepEqual([...hist], [...histogram(x, { bins: 4 })[0]]);
    assert.deepEqual([...at], [...digitize(x, [100])]);
  }
});
