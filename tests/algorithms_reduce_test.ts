import assert from "node:assert/strict";
import fc from "fast-check";
import { isForkedChild } from "../src/process/identity.ts";
import { copy, dot, empty, MapReduce, max, mean, min, reduce, release, sum } from "./algorithms_exports.ts";
import type { NdArray, ShortDType, TypedArray } from "./algorithms_exports.ts";
import {
  answers,
  assertClose,
  assertSame,
  DTYPES,
  randomArray,
  valuesOf,
  view,
  withCrews,
} from "./algorithms_support.ts";
import { test } from "./harness.ts";

const isFloat = (dtype: ShortDType): boolean => dtype.startsWith("f");
const PRECISION: { readonly [K in ShortDType]?: number } = { f2: 2e-3, f4: 3e-7, f8: 1e-13 };

/** `call(np)` gives the same, to the bit, for any number of processes, which are really forked. */
function anyNp(call: (np: number) => unknown, what: string, counts = [0, 2, 3]): void {
  const wanted = valuesOf(call(1));
  for (const np of counts) {
    const got = withCrews(() => valuesOf(call(np)));
    assert.equal(got.length, wanted.length, what);
    got.forEach((value, at) =>
      assert(Object.is(value, wanted[at]), `${what}: np ${np}, element ${at}: ${value}`)
    );
  }
}

for (const dtype of DTYPES) {
  test(`sum(), mean(), min() and max() of ${dtype} are NumPy's over all and along each axis`, () => {
    const arrays: Record<string, TypedArray | NdArray> = {
      a: randomArray(dtype, 100_003),
      b: view(randomArray(dtype, 60 * 70 * 5, 2), [60, 70, 5]),
      c: view(randomArray(dtype, 300 * 700, 3), [300, 700]),
      one: randomArray(dtype, 1, 4),
    };
    const places: [string, number | undefined][] = [["a", undefined], ["a", 0], ["one", undefined]];
    for (const axis of [undefined, 0, 1, 2, -1, -3]) places.push(["b", axis]);
    for (const axis of [0, 1]) places.push(["c", axis]);
    const calls = places.flatMap(([name, axis]) =>
      ["sum", "mean", "min", "max"].map((op) => ({ name, axis, op }))
    );
    const found = answers(arrays, calls.map(({ name, axis, op }) => `${name}.${op}(${axis ?? "None"})`));
    calls.forEach(({ name, axis, op }, at) => {
      const call = { sum, mean, min, max }[op as "sum"];
      const what = `${op}(${name}, axis ${axis})`;
      const answer = found[at]!;
      for (const array of [arrays[name]!, copy(arrays[name]!)]) {
        const result = call(array, axis === undefined ? {} : { axis });
        const isExact = op === "min" || op === "max" || (op === "sum" && !isFloat(dtype)) ||
          (dtype === "f8" && (axis === undefined || name === "a"));
        if (isExact) assertSame(result, answer, what);
        else assertClose(result, answer, (PRECISION[dtype] ?? 1e-13) * 30, what);
      }
      const isSample = op === (axis === 0 ? "max" : "sum") && axis !== -1 && axis !== -3;
      if (isSample) anyNp((np) => call(arrays[name]!, axis === undefined ? { np } : { axis, np }), what, [2]);
    });
  });
}

test("sum() of doubles is NumPy's to the bit for all lengths up to several blocks, and for large ones", () => {
  const lengths = [...Array(300).keys(), 1000, 4097, 131_072, 131_073, 262_145, 1_000_001];
  const a = randomArray("f8", 1_000_001, 5) as Float64Array;
  const found = answers({ a }, lengths.map((length) => `a[:${length}].sum()`));
  lengths.forEach((length, at) => {
    assertSame(sum(a.subarray(0, length)), found[at]!, `length ${length}`);
  });
  anyNp((np) => sum(a, { np }), "sum");
});

test("sum() of integers is exact where doubles are not, and rounds once", () => {
  const a = new Uint32Array(3_000_001).fill(2 ** 32 - 1);
  assert.equal(sum(a), Number(BigInt(a.length) * (2n ** 32n - 1n)));
  const m = view(a.subarray(0, 3_000_000), [1_500_000, 2]);
  assert.deepEqual(
    [...sum(m, { axis: 0 }) as Float64Array],
    Array(2).fill(Number(1_500_000n * (2n ** 32n - 1n))),
  );
  assert.equal(sum(new BigInt64Array([2n ** 63n - 1n, 1n])), -(2n ** 63n));
  assert.equal(sum(new BigUint64Array([2n ** 64n - 1n, 2n])), 1n);
});

test("f4 and f2 sums are rounded once", () => {
  const a = new Float32Array(1_000_003).fill(0.1);
  const exact = a.length * Math.fround(0.1);
  assert.equal(sum(a), Math.fround(exact));
  assert.equal(mean(a), Math.fround(0.1));
  assert.equal(sum(new Float16Array(100_000).fill(1)), Infinity);
  assert.equal(mean(new Float16Array(100_000).fill(1)), 1);
});

test("NaN, infinities and -0 come out as NumPy's", () => {
  const cases = [
    [1, NaN, 2],
    [NaN],
    [Infinity, -Infinity, 1],
    [Infinity, 1],
    [-0],
    [-0, -0],
    [0, -0],
    [-Infinity, NaN, 5],
    [5, 4, 3, 2, 1, NaN],
    [1, 2, 3, 4, 5, 6, 7, 8, 9, NaN, -1],
    Array(20).fill(-0),
  ];
  for (const dtype of ["f2", "f4", "f8"] as const) {
    const arrays: Record<string, TypedArray> = {};
    cases.forEach((list, at) => {
      const array = randomArray(dtype, list.length);
      list.forEach((x, i) => array[i] = x);
      arrays[`x${at}`] = array;
    });
    const calls = Object.keys(arrays).flatMap((name) =>
      ["sum", "mean", "min", "max"].map((op) => ({ name, op }))
    );
    const found = answers(arrays, calls.map(({ name, op }) => `${name}.${op}()`));
    calls.forEach(({ name, op }, at) => {
      const result = { sum, mean, min, max }[op as "sum"](arrays[name]!);
      const what = `${dtype} ${op}(${[...arrays[name]!]})`;
      const isExtreme = op === "min" || op === "max";
      // of -0 and 0, which are equal, NumPy may give either
      if (isExtreme) assertClose(result, found[at]!, 0, what);
      else assertSame(result, found[at]!, what);
    });
    const rows = view(Object.assign(randomArray(dtype, 40), { 21: NaN }), [2, 20]);
    for (const call of [min, max, sum]) {
      assert.deepEqual(
        valuesOf(call(rows, { axis: 0 })).map(Number.isNaN),
        Array.from({ length: 20 }, (_, j) => j === 1),
      );
      assert.deepEqual(valuesOf(call(rows, { axis: 1 })).map(Number.isNaN), [false, true]);
    }
  }
});

test("reductions of nothing", () => {
  for (const dtype of DTYPES) {
    const none = empty(0, dtype);
    const isBig = dtype === "i8" || dtype === "u8";
    assert.equal(sum(none), isBig ? 0n : 0);
    assert(Number.isNaN(mean(none)));
    assert.throws(() => min(none), RangeError);
    assert.throws(() => max(none), {
      name: "RangeError",
      message: "max() wants at least one element, got an empty array",
    });
    const m = empty([0, 3], dtype);
    assert.deepEqual(valuesOf(sum(m, { axis: 0 })).map(Number), [0, 0, 0]);
    assert.deepEqual(valuesOf(sum(m, { axis: 1 })), []);
    assert.deepEqual(valuesOf(min(m, { axis: 1 })), []);
    assert.throws(() => min(m, { axis: 0 }), RangeError);
    // as NumPy, even where there would be no value for it
    assert.throws(() => min(empty([0, 0], dtype), { axis: 1 }), RangeError);
    assert.deepEqual(valuesOf(sum(empty([0, 0], dtype), { axis: 1 })), []);
  }
  assert.equal(reduce([], "product"), 1);
  assert.equal(reduce(new Uint8Array(0), "and"), 255);
  assert.equal(reduce(new Int8Array(0), "and"), -1);
  assert.equal(reduce(new BigUint64Array(0), "and"), 2n ** 64n - 1n);
  assert.equal(reduce(new Uint8Array(0), "or"), 0);
  assert.throws(() => reduce([], (x, y) => x + y), RangeError);
  assert.equal(reduce([] as number[], (x, y) => x + y, { initial: 7 }), 7);
});

test("views of any strides are reduced as their copies", () => {
  for (const dtype of DTYPES) {
    const base = view(randomArray(dtype, 12 * 30 * 20, 9), [12, 30, 20]);
    const views = [
      base.transpose(2, 0, 1),
      base.step(2, -1, 3),
      base.lo(1, 2, 3).hi(9, 20, 15),
      base.pick(3),
      base.pick(null, null, 7).transpose(1, 0),
      base.step(-1, -1, -1),
    ];
    for (const strided of views) {
      const packed = copy(strided);
      for (let axis = 0; axis < strided.shape.length; axis++) {
        for (const call of [sum, mean, min, max]) {
          assert.deepEqual(valuesOf(call(strided, { axis })), valuesOf(call(packed, { axis })));
        }
      }
      assert.equal(min(strided), min(packed));
      assert.equal(max(strided), max(packed));
      if (!isFloat(dtype)) assert.equal(sum(strided), sum(packed));
      else assertClose(sum(strided), { dtype, shape: [], values: [sum(packed)] }, PRECISION[dtype]!, dtype);
    }
  }
});

test("long lanes of wide and narrow rows are cut into parts and joined again", () => {
  for (const [shape, axis] of [[[2, 5000, 70], 1], [[3, 90_001, 5], 1], [[2, 300_001], 1]] as const) {
    const m = empty(shape as readonly number[], "f8") as NdArray<Float64Array>;
    for (let i = 0; i < m.data.length; i++) m.data[i] = (i * 7919) % 1001 - 500;
    const [outer, length, inner = 1] = shape;
    const wanted = {
      sum: new Float64Array(outer * inner),
      max: new Float64Array(outer * inner).fill(-Infinity),
    };
    for (let o = 0, at = 0; o < outer; o++) {
      for (let r = 0; r < length; r++) {
        for (let j = 0; j < inner; j++, at++) {
          const lane = o * inner + j;
          wanted.sum[lane]! += m.data[at]!;
          wanted.max[lane] = Math.max(wanted.max[lane]!, m.data[at]!);
        }
      }
    }
    for (const np of [1, 2]) {
      withCrews(() => {
        assert.deepEqual(valuesOf(sum(m, { axis, np })), [...wanted.sum]);
        assert.deepEqual(valuesOf(max(m, { axis, np })), [...wanted.max]);
        assert.deepEqual(valuesOf(reduce(m, (x, y) => Math.max(x, y), { axis, np })), [
          ...wanted.max,
        ]);
      });
    }
  }
});

test("nested arrays, single values, truth values", () => {
  assert.equal(sum([[1, 2], [3, 4]]), 10);
  assert.equal(sum(5), 5);
  assert.equal(sum([true, true, false]), 2);
  assert.equal(max([[1n, 5n], [-3n, 2n]]), 5n);
  assert.deepEqual(valuesOf(min([[[3, 1], [2, 5]]], { axis: -1 })), [1, 2]);
  assert.equal(mean([1n, 2n]), 1.5);
  assert.equal(sum(new Uint8ClampedArray([255, 255])), 510);
});

test("out gets the result, of the right type and shape only", () => {
  const m = copy([[1, 2, 3], [4, 5, 6]]);
  for (const out of [new Float64Array(3), empty(3)]) {
    assert.equal(sum(m, { axis: 0, out }), out);
    assert.deepEqual([...out], [5, 7, 9]);
  }
  const one = new Float64Array(1);
  assert.equal(mean(m, { out: one }), one);
  assert.equal(one[0], 3.5);
  const cube = empty([2, 2, 2]);
  cube.data.fill(1);
  const plane = empty([2, 2]);
  assert.equal(sum(cube, { axis: 1, out: plane }), plane);
  assert.deepEqual([...plane.data], [2, 2, 2, 2]);
  const text = (message: RegExp, name: string) => ({ message, name });
  assert.throws(
    () => sum(m, { axis: 0, out: new Float32Array(3) }),
    text(/dtype "f8", got "f4"/, "TypeError"),
  );
  assert.throws(() => sum(m, { axis: 0, out: new Float64Array(2) }), text(/shape 3, got 2/, "RangeError"));
  assert.throws(
    () => sum(m, { axis: 0, out: [] as unknown as Float64Array }),
    text(/typed array or an n-d view/, "TypeError"),
  );
  assert.throws(() => sum(cube, { axis: 0, out: plane.transpose(1, 0) }), text(/gaps/, "TypeError"));
});

test("wrong arguments are told", () => {
  const released = empty(10);
  release(released);
  const bad = (call: () => unknown, name: string, message: RegExp): void =>
    assert.throws(call, { name, message });
  bad(() => sum(released), "TypeError", /released/);
  bad(() => sum([1], { out: released }), "TypeError", /released/);
  bad(
    () => sum("abc" as unknown as number[]),
    "TypeError",
    /^sum\(\) wants a typed array, an n-d view, an array or a number, got a string/,
  );
  bad(() => min([[1, 2], [3]]), "TypeError", /rows of equal length/);
  bad(
    () => sum([1], { axis: 1 }),
    "RangeError",
    /^sum\(\) wants an axis from -1 to 0 of 1 dimensions, got 1$/,
  );
  bad(() => sum([1], { axis: 0.5 }), "RangeError", /got 0.5/);
  bad(() => sum([1], { axis: "0" as unknown as number }), "TypeError", /number as axis/);
  bad(() => sum([1], { axes: 0 } as object), "TypeError", /knows no option "axes" \(did you mean "axis"\?\)/);
  bad(() => sum([1], { np: -1 }), "RangeError", /np/);
  bad(() => sum([1], { np: "2" as unknown as number }), "TypeError", /np/);
  bad(() => sum([1], 0 as unknown as object), "TypeError", /object of options/);
  bad(() => reduce([1], "add" as "sum"), "TypeError", /knows no operation "add"/);
  bad(() => reduce([1], 5 as unknown as "sum"), "TypeError", /or a function as its operation, got a number/);
  bad(() => reduce([1.5], "xor"), "TypeError", /integers or booleans, got elements of dtype "f8"/);
  bad(
    () => reduce([1, 2], () => "x" as unknown as number),
    "TypeError",
    /returns a number for dtype "f8", got a string/,
  );
  bad(() => reduce([1, 2], "sum", { initial: 1n as unknown as number }), "TypeError", /initial/);
});

test("reduce() by name is NumPy's", () => {
  for (const dtype of DTYPES) {
    const a = view(randomArray(dtype, 23 * 31, 11), [23, 31]);
    const small = view(randomArray(dtype, 6 * 3, 12), [6, 3]);
    for (let i = 0; i < 18; i++) {
      small.data[i] = typeof small.data[i] === "bigint" ? BigInt(i % 3 + 1) : i % 3 + 1;
    }
    const bits = isFloat(dtype) ? [] : ["and", "or", "xor"] as const;
    const names = {
      and: "bitwise_and",
      or: "bitwise_or",
      xor: "bitwise_xor",
      product: "multiply",
      min: "minimum",
      max: "maximum",
      sum: "add",
    };
    const calls = ([...bits, "product", "min", "max"] as const).flatMap((op) =>
      [undefined, 0, 1].map((axis) => ({ op, axis, name: op === "product" ? "small" : "a" }))
    );
    const found = answers(
      { a, small },
      calls.map(({ op, axis, name }) => `np.${names[op]}.reduce(${name}, axis=${axis ?? "None"})`),
    );
    calls.forEach(({ op, axis, name }, at) => {
      const array = name === "a" ? a : small;
      const options = axis === undefined ? {} : { axis };
      assertSame(reduce(array, op, options), found[at]!, `${dtype} ${op} ${axis}`);
      if (dtype === "u4" && axis !== 0) anyNp((np) => reduce(array, op, { ...options, np }), op, [3]);
    });
  }
  const wide = new BigInt64Array([2n ** 62n, 3n, -5n]);
  assert.equal(reduce(wide, "product"), BigInt.asIntN(64, -15n * 2n ** 62n));
  assert.equal(reduce([1, 2, 3], "sum", { initial: 10 }), 16);
  assert.equal(reduce([4, 2, 3], "min", { initial: 1 }), 1);
});

test("reduce() by a function keeps the order, within and across chunks and processes", () => {
  // associative and not commutative: the first, or the last, that is not 0
  const last = (x: number, y: number): number => y !== 0 ? y : x;
  const first = (x: number, y: number): number => x !== 0 ? x : y;
  const a = new Float64Array(400_000);
  a[7] = 5;
  a[390_000] = 9;
  for (const np of [0, 1, 2, 3]) {
    withCrews(() => {
      assert.equal(reduce(a, last, { np }), 9);
      assert.equal(reduce(a, first, { np }), 5);
      assert.equal(reduce(a, first, { np, initial: 3 }), 3);
    });
  }
  // a product of 2 × 2 matrices would do, too; here paths through three states
  const compose = (f: number, g: number): number => {
    const step = (state: number): number => Math.floor(g / 3 ** (Math.floor(f / 3 ** state) % 3)) % 3;
    return step(0) + 3 * step(1) + 9 * step(2);
  };
  const maps = Float64Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 27);
  const wanted = maps.reduce(compose);
  for (const np of [1, 2, 3]) withCrews(() => assert.equal(reduce(maps, compose, { np }), wanted));
  const m = view(maps.subarray(0, 270_000), [30, 100, 90]);
  const wantedAxis = Array.from({ length: 90 * 30 }, (_, k) => {
    const [i, j] = [Math.floor(k / 90), k % 90];
    return Array.from({ length: 100 }, (_, r) => m.get(i, r, j)).reduce(compose);
  });
  for (const np of [1, 2]) {
    withCrews(() => assert.deepEqual(valuesOf(reduce(m, compose, { axis: 1, np })), wantedAxis));
  }
});

test("an error of the user's function is thrown, whoever runs it", () => {
  const a = new Float64Array(400_000);
  const inChild = (x: number, y: number): number => {
    if (isForkedChild()) throw new Error("in a child");
    return x + y;
  };
  // a child that throws is as good as dead: the work is done again here
  assert.equal(withCrews(() => reduce(a, inChild, { np: 2 })), 0);
  const everywhere = (): number => {
    throw new SyntaxError("anywhere");
  };
  assert.throws(() => withCrews(() => reduce(a, everywhere, { np: 2 })), SyntaxError);
});

test("reductions work inside jobs", async () => {
  using pool = new MapReduce({ np: 2 });
  const x = copy(randomArray("f8", 50_000, 3));
  const results = await pool.map((k) => {
    const part = x.subarray(k * 10_000, (k + 1) * 10_000);
    return {
      total: sum(part),
      least: min(part),
      nested: withCrews(() => sum(part, { np: 2 })),
      rows: sum(x, { axis: 0, out: empty(1) }),
    };
  }, [0, 1, 2, 3, 4]);
  results.forEach(({ total, least, nested, rows }, k) => {
    const part = x.subarray(k * 10_000, (k + 1) * 10_000);
    assert.deepEqual([total, least, nested, rows[0]], [sum(part), min(part), sum(part), sum(x)]);
  });
});

test("sum() and min() agree with an oracle for any doubles", () => {
  fc.assert(fc.property(fc.float64Array({ noNaN: false, maxLength: 2000 }), fc.nat(3), (a, np) => {
    fc.pre(a.length > 0);
    const oracle = a.some(Number.isNaN) ? NaN : a.reduce((x, y) => Math.min(x, y));
    assert(Object.is(min(a, { np }) + 0, oracle + 0));
    const least = reduce(a, (x, y) => x !== x || x < y ? x : y, { np });
    assert(Object.is(least + 0, oracle + 0));
  }));
  fc.assert(fc.property(fc.bigInt64Array({ maxLength: 300 }), (a) => {
    assert.equal(sum(a), BigInt.asIntN(64, a.reduce((x, y) => x + y, 0n)));
    if (a.length > 0) assert.equal(max(a), a.reduce((x, y) => x > y ? x : y));
  }));
  fc.assert(fc.property(fc.bigUint64Array({ minLength: 1, maxLength: 300 }), (a) => {
    assert.equal(min(a), a.reduce((x, y) => x < y ? x : y));
    assert.equal(max(a), a.reduce((x, y) => x > y ? x : y));
  }));
});

test("dot() of vectors and matrices is NumPy's", () => {
  for (const dtype of DTYPES) {
    const arrays: Record<string, TypedArray | NdArray> = {
      x: randomArray(dtype, 5003, 1),
      y: randomArray(dtype, 5003, 2),
      m: view(randomArray(dtype, 37 * 41, 3), [37, 41]),
      n: view(randomArray(dtype, 41 * 23, 4), [41, 23]),
      v: randomArray(dtype, 41, 5),
      w: randomArray(dtype, 37, 6),
    };
    const pairs = [["x", "y"], ["m", "n"], ["m", "v"], ["w", "m"]] as const;
    const isBig = dtype === "i8" || dtype === "u8";
    const type = isBig || isFloat(dtype) ? "" : ".astype('f8')";
    const wide = dtype === "f2" || dtype === "f4" ? ".astype('f8')" : type;
    const found = answers(arrays, pairs.map(([a, b]) => `np.dot(${a}${wide}, ${b}${wide})`));
    pairs.forEach(([a, b], at) => {
      const what = `${dtype} ${a}·${b}`;
      const result = dot(arrays[a]!, arrays[b]!);
      if (isBig) assertSame(result, found[at]!, what);
      else if (dtype !== "f2") {
        // products of random signs cancel
        const scale = Math.max(...found[at]!.values.map((x) => Math.abs(Number(x))));
        valuesOf(result).forEach((x, i) => {
          const wanted = Number(found[at]!.values[i]);
          assert(
            Math.abs(Number(x) - wanted) <= (PRECISION[dtype] ?? 1e-13) * scale,
            `${what}: ${x} ${wanted}`,
          );
        });
      }
      if (dtype !== "i1" && dtype !== "i2") anyNp((np) => dot(arrays[a]!, arrays[b]!, { np }), what, [2]);
    });
    const t = (arrays.n as NdArray).transpose(1, 0);
    const mt = (arrays.m as NdArray).transpose(1, 0);
    assert.deepEqual(valuesOf(dot(t, mt)), valuesOf(dot(copy(t), copy(mt))));
  }
});

test("dot() of all small shapes agrees with the definition", () => {
  for (const rows of [1, 2, 3, 4, 5, 33]) {
    for (const depth of [0, 1, 3, 257]) {
      for (const columns of [1, 2, 4, 5]) {
        const a = Float64Array.from({ length: rows * depth }, (_, i) => i % 7 - 3);
        const b = Float64Array.from({ length: depth * columns }, (_, i) => i % 5 - 2);
        const wanted = Array.from({ length: rows * columns }, (_, at) => {
          const [i, j] = [Math.floor(at / columns), at % columns];
          let total = 0;
          for (let k = 0; k < depth; k++) total += a[i * depth + k]! * b[k * columns + j]!;
          return total;
        });
        const result = dot(view(a, [rows, depth]), view(b, [depth, columns])) as NdArray;
        assert.deepEqual(
          [...result.data as Float64Array].map((x) => x + 0),
          wanted,
          `${rows}×${depth}×${columns}`,
        );
        assert.deepEqual(result.shape, [rows, columns]);
      }
    }
  }
});

test("dot() checks shapes, types and out", () => {
  assert.equal(dot([], []), 0);
  assert.equal(dot([1n, 2n], [3n, 4n]), 11n);
  assert.equal(dot([0.5, 1], new BigInt64Array([2n, 3n])), 4);
  assert.throws(() => dot([1, 2], [1, 2, 3]), { name: "RangeError", message: /2 elements.*shapes 2 and 3/ });
  assert.throws(() => dot([[1, 2]], [[1, 2]]), { name: "RangeError", message: /2 rows/ });
  assert.throws(() => dot(empty([1, 1, 1]), [1]), {
    name: "RangeError",
    message: /one or two dimensions, got 3/,
  });
  const m = copy([[1, 2], [3, 4]]);
  assert.equal(dot(m, m, { out: m }), m);
  assert.deepEqual([...m.data], [7, 10, 15, 22]);
  const out = new Float64Array(1);
  assert.equal(dot([2], [3], { out }), out);
  assert.equal(out[0], 6);
});
