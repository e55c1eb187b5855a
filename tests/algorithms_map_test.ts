import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import { isForkedChild } from "../src/process/identity.ts";
import {
  copy,
  empty,
  full,
  isShared,
  mapArray,
  MapReduce,
  release,
  sum,
  take,
} from "./algorithms_exports.ts";
import type { TypedArray } from "./algorithms_exports.ts";
import { answers, assertSame, DTYPES, randomArray, valuesOf, view, withCrews } from "./algorithms_support.ts";
import { test } from "./harness.ts";

test("take() is NumPy's for every type, axis, shape of indices and mode", () => {
  for (const dtype of DTYPES) {
    const a = randomArray(dtype, 4 * 5 * 6);
    const m = view(a, [4, 5, 6]);
    const i = new Int32Array([0, 3, -1, -4, 2, 2]);
    const far = new BigInt64Array([0n, 100n, -100n, 7n, -1n, 3n]);
    const p = view(new Int8Array([0, 1, -1, 2]), [2, 2]);
    const forms = [
      ["a.take(i)", () => take(a, i)],
      ["m.take(p)", () => take(m, p)],
      ["m.take(i, axis=0)", () => take(m, i, { axis: 0 })],
      ["m.take(p, axis=1)", () => take(m, p, { axis: 1 })],
      ["m.take(i, axis=-1)", () => take(m, i, { axis: -1 })],
      ["m.take(2, axis=1)", () => take(m, 2, { axis: 1 })],
      ["m.take(-1)", () => take(m, -1)],
      ["a.take(-1, axis=0)", () => take(a, -1, { axis: 0 })],
      ["m.take(far, mode='wrap')", () => take(m, far, { mode: "wrap" })],
      ["m.take(far, mode='clip')", () => take(m, far, { mode: "clip" })],
      ["m.take(far, axis=2, mode='wrap')", () => take(m, far, { axis: 2, mode: "wrap" })],
      ["m.take(far, axis=0, mode='clip')", () => take(m, far, { axis: 0, mode: "clip" })],
      ["m.transpose(2,0,1).take(i, axis=1)", () => take(m.transpose(2, 0, 1), i, { axis: 1 })],
      ["m[::-1, ::2].take(p)", () => take(m.step(-1, 2), p)],
      ["m.take(i[:0], axis=1)", () => take(m, i.subarray(0, 0), { axis: 1 })],
    ] as const;
    const found = answers({ a, m, i, far, p }, forms.map(([text]) => text));
    forms.forEach(([text, call], at) => assertSame(call(), found[at]!, `${dtype} ${text}`));
  }
});

test("take() gives the same for any np, and long rows", () => {
  const a = copy(randomArray("f4", 3000 * 40, 2));
  const m = view(a, [3000, 40]);
  const flat = new Uint16Array(50_000).map((_, i) => (i * 7919) % 60_000);
  const rows = new Int16Array(5000).map((_, i) => (i * 31) % 3000 - 1500);
  const calls = [
    (np: number) => take(a, flat, { np }),
    (np: number) => take(m, rows, { axis: 0, np }),
    (np: number) => take(m, rows.subarray(0, 9).map((x) => x % 40), { axis: 1, np }),
  ];
  for (const call of calls) {
    const wanted = valuesOf(call(1));
    for (const np of [0, 2, 3]) withCrews(() => assert.deepEqual(valuesOf(call(np)), wanted));
  }
  assert.equal((take(m, rows, { axis: 0 }) as { get(...at: number[]): number }).get(1, 7), m.get(1531, 7));
});

test("take() moves bits: payloads of NaN, 64-bit integers", () => {
  for (const pattern of [0x7ff0_0000_0000_0001n, 0xfff8_dead_beef_0001n]) {
    const bits = new BigUint64Array([0n, pattern]);
    const taken = take(new Float64Array(bits.buffer), [1, 1]);
    assert.equal(new BigUint64Array(taken.buffer, 0, 2)[1], pattern);
    assert.equal(take(bits, -1), pattern);
  }
});

test("take() fills out, and checks its arguments", () => {
  const a = copy([10, 20, 30]);
  for (const out of [new Float64Array(2), empty(2)]) {
    assert.equal(take(a, [2, 0], { out }), out);
    assert.deepEqual([...out], [30, 10]);
  }
  take(a, [2, 1, 0], { out: a });
  assert.deepEqual([...a], [30, 20, 10]);
  assert(isShared(take(a, [0])));
  const bad = (call: () => unknown, name: string, message: RegExp): void =>
    assert.throws(call, { name, message });
  bad(() => take(a, [0, 3]), "RangeError", /^take\(\) wants indices from -3 to 2, got 3 in indices\[1\]$/);
  bad(() => take(a, [-4]), "RangeError", /got -4/);
  bad(() => take(a, [0.5]), "TypeError", /wants integers, got 0.5 in indices\[0\]/);
  bad(() => take(a, [NaN], { mode: "wrap" }), "TypeError", /got NaN/);
  bad(() => take(a, [Infinity], { mode: "clip" }), "TypeError", /got Infinity/);
  bad(() => take([], [0]), "RangeError", /no|length 0/);
  assert.deepEqual([...take([] as number[], [] as number[])], []);
  bad(() => take(a, [0], { mode: "round" as "wrap" }), "TypeError", /knows no mode "round"/);
  bad(() => take(a, [0], { mode: 1 as unknown as "wrap" }), "TypeError", /as mode, got a number/);
  bad(() => take(a, [0], { axis: 1 }), "RangeError", /axis/);
  bad(() => take(a, [0], { out: new Float32Array(1) }), "TypeError", /"f8", got "f4"/);
  bad(() => take(a, "0" as unknown as number), "TypeError", /indices wants/);
  const big = new Uint32Array(100_000);
  big[90_000] = 3;
  bad(() => withCrews(() => take(a, big, { np: 2 })), "RangeError", /got 3 in indices\[90000\]/);
  release(a);
  bad(() => take(a, [0]), "TypeError", /released/);
});

test("take() agrees with indexing for any arrays", () => {
  fc.assert(
    fc.property(fc.float64Array({ minLength: 1, maxLength: 50 }), fc.array(fc.integer()), (a, indices) => {
      const n = a.length;
      assert.deepEqual([...take(a, indices, { mode: "wrap" })], indices.map((i) => a[((i % n) + n) % n]));
      assert.deepEqual(
        [...take(a, indices, { mode: "clip" })],
        indices.map((i) => a[Math.max(0, Math.min(n - 1, i))]),
      );
    }),
  );
});

const square = (chunk: Float64Array, offset: number): void => {
  for (let i = 0; i < chunk.length; i++) chunk[i] = chunk[i]! * chunk[i]! + (offset + i);
};

test("mapArray() changes every element once, for any np and chunk size, in shared and private memory", () => {
  const a = randomArray("f8", 10_007) as Float64Array;
  const wanted = [...a.map((x, i) => x * x + i)];
  for (const np of [0, 1, 2, 3]) {
    for (const chunkSize of [undefined, 1000, 10_007, 20_000, 7]) {
      withCrews(() => {
        for (const x of [copy(a), a.slice()]) {
          assert.equal(mapArray(x, square, { np, chunkSize }), x);
          assert.deepEqual([...x], wanted, `np ${np}, chunks of ${chunkSize}`);
        }
      });
      if (np === 3) break;
    }
  }
});

test("mapArray() with out leaves the array as it is, and converts", () => {
  const a = randomArray("i4", 5000) as Int32Array;
  const kept = a.slice();
  for (const np of [1, 2]) {
    for (const out of [empty(5000), new Float64Array(5000)]) {
      const result = withCrews(() =>
        mapArray(a, (chunk) => {
          for (let i = 0; i < chunk.length; i++) chunk[i] = chunk[i]! / 2;
        }, { out, np, chunkSize: 512 })
      );
      assert.equal(result, out);
      assert.deepEqual([...out], [...kept].map((x) => x / 2));
      assert.deepEqual(a, kept);
    }
  }
});

test("mapArray() takes views in C order, any type, and nothing at all", () => {
  const m = empty([10, 20], "i8");
  m.data.fill(3n);
  const part = m.lo(2, 0).hi(5, 20);
  assert.equal(mapArray(part, (chunk, offset) => chunk.fill(BigInt(offset))), part);
  assert.deepEqual([m.get(1, 19), m.get(2, 0), m.get(6, 19), m.get(7, 0)], [3n, 0n, 0n, 3n]);
  let calls = 0;
  mapArray(empty(0), () => calls++);
  assert.equal(calls, 0);
  for (const dtype of DTYPES) {
    const x = full(3000, 1, dtype);
    withCrews(() =>
      mapArray<TypedArray>(x, (chunk) => (chunk as Float64Array).fill(chunk[0] as number), {
        np: 2,
        chunkSize: 100,
      })
    );
    assert(x.every((value) => Number(value) === 1));
  }
});

test("mapArray() works in several processes when the work is worth it, and only then", () => {
  const slow = empty(64);
  const here = empty([], "i4");
  mapArray(slow, (chunk) => {
    const until = performance.now() + 2;
    while (performance.now() < until);
    chunk.fill(isForkedChild() ? 2 : 1);
    if (!isForkedChild()) here[0]!++;
  }, { np: 2, chunkSize: 1 });
  assert(slow.every((x) => x === 1 || x === 2));
  assert(slow.includes(2), "another process helped");
  assert.equal(slow[0], 1);
  const fast = empty(1000);
  mapArray(fast, (chunk) => chunk.fill(isForkedChild() ? 2 : 1), { np: 2, chunkSize: 100 });
  assert(fast.every((x) => x === 1), "not worth a process");
});

test("mapArray() does the chunks of a child that died again, in place too", () => {
  for (const out of [undefined, empty(40_000)]) {
    for (let round = 0; round < 3; round++) {
      const x = full(40_000, 5);
      const body = (chunk: Float64Array): void => {
        for (let i = 0; i < chunk.length; i++) {
          chunk[i]!++;
          if (i === 70 && isForkedChild()) process.kill(process.pid, "SIGKILL");
        }
      };
      const result = withCrews(() => mapArray(x, body, { np: 2, chunkSize: 100, out }));
      assert(result.every((value) => value === 6), `round ${round}`);
    }
  }
});

test("mapArray() throws what the kernel throws, here or in a child", () => {
  const x = full(10_000, 5);
  const fail = (): void => {
    throw new SyntaxError("no such kernel");
  };
  assert.throws(() => mapArray(x, fail), SyntaxError);
  assert.throws(() => withCrews(() => mapArray(x, fail, { np: 2, chunkSize: 10 })), SyntaxError);
  const once = (_: Float64Array, offset: number): void => {
    if (offset === 9000) throw new EvalError("the ninth");
  };
  assert.throws(() => withCrews(() => mapArray(x, once, { np: 2, chunkSize: 1000 })), EvalError);
  assert(x.every((value) => value === 5));
});

test("a kernel may call an algorithm, which then works alone", () => {
  const x = full(20_000, 1);
  const body = (chunk: Float64Array): void => void chunk.fill(sum(chunk, { np: 2 }));
  withCrews(() => mapArray(x, body, { np: 2, chunkSize: 1000 }));
  assert(x.every((value) => value === 1000));
  // and afterwards in a crew again
  assert.equal(withCrews(() => sum(x, { np: 2 })), 20_000_000);
});

test("mapArray() checks its arguments", () => {
  const x = copy([1, 2, 3]);
  const nothing = (): void => {};
  const bad = (call: () => unknown, name: string, message: RegExp): void =>
    assert.throws(call, { name, message });
  bad(
    () => mapArray([1, 2] as unknown as Float64Array, nothing),
    "TypeError",
    /^mapArray\(\) wants a typed array or an n-d view, got an array of 2$/,
  );
  bad(() => mapArray(x, 5 as unknown as () => void), "TypeError", /wants a function/);
  bad(() => mapArray(empty([2, 2]).transpose(1, 0), nothing), "TypeError", /gaps: copy\(\) it/);
  bad(() => mapArray(x, nothing, { chunkSize: 0 }), "RangeError", /chunkSize from 1/);
  bad(() => mapArray(x, nothing, { chunkSize: 1.5 }), "RangeError", /chunkSize/);
  bad(() => mapArray(x, nothing, { np: -1 }), "RangeError", /np/);
  bad(() => mapArray(x, nothing, { out: empty(2) }), "RangeError", /shape 3, got 2/);
  bad(
    () => mapArray<TypedArray>(x, nothing, { out: empty(3, "i8") }),
    "TypeError",
    /numbers as the array does, got dtype "i8"/,
  );
  bad(() => mapArray(x, nothing, { chunk: 5 } as object), "TypeError", /did you mean "chunkSize"/);
  release(x);
  bad(() => mapArray(x, nothing), "TypeError", /released/);
});

test("take() and mapArray() work inside jobs", async () => {
  using pool = new MapReduce({ np: 2 });
  const x = copy(randomArray("f8", 5000) as Float64Array);
  const wanted = [...x].map((v) => v + 1);
  const results = await pool.map(
    (k) => {
      const own = take(x, [4999, k]);
      const made = mapArray(x, (chunk) => chunk.forEach((v, i) => chunk[i] = v + 1), {
        out: empty(5000),
        chunkSize: 99,
      });
      return { own, made };
    },
    [0, 1, 2],
  );
  results.forEach(({ own, made }, k) => {
    assert.deepEqual([...own], [x[4999], x[k]]);
    assert.deepEqual([...made], wanted);
  });
});
