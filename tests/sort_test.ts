import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import fc from "fast-check";
import { c } from "../ffi/libc.ts";
import { copy, empty, isShared, type NdArray, release, zeros } from "../mod.ts";
import { constructorOf, type TypedArray } from "../src/memory/dtype.ts";
import { searchsorted, sort, sorted } from "../src/sort/mod.ts";
import { numpy } from "./numpy.ts";
import { withCrews } from "./algorithms_support.ts";
import { KernelValues } from "../src/sort/kernel_loops.ts";
import { TypedValues } from "../src/sort/typed_values.ts";
import {
  compare,
  DTYPES,
  filled,
  FILLS,
  hookMethods,
  slowArgsort,
  testLoops,
  words,
} from "./sort_support.ts";
import { childrenOf, realPid } from "./support.ts";

/** The values in the oracle's order. */
function slowSorted(a: TypedArray): (number | bigint)[] {
  return slowArgsort(a).map((i) => a[i]!);
}

for (const dtype of DTYPES) {
  testLoops(`sorted() and sort() of ${dtype} order every kind of data, with 1, 2 and 3 processes`, () => {
    let seed = 1;
    for (const [name, fill] of Object.entries(FILLS)) {
      for (const n of [0, 1, 2, 20, 300, 3000, 20_000]) {
        const a = filled(dtype, n, fill, seed++);
        const wanted = slowSorted(a);
        const np = 1 + seed % 3;
        withCrews(() => {
          const shared = sorted(a, { np }) as TypedArray;
          assert.ok(isShared(shared) || n === 0);
          const own = new (constructorOf(dtype))(n) as Float64Array;
          own.set(a as Float64Array);
          assert.equal(sort(own, { np }), own);
          sort(a, { np });
          for (const result of [shared, own, a]) {
            assert.ok(isSame(result, wanted), `${name}, ${n}, np ${np}`);
          }
        });
      }
    }
    assert.deepEqual(childrenOf(), []);
  });
}

function isSame(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): boolean {
  for (let i = 0; i < b.length; i++) if (!Object.is(a[i], b[i])) return false;
  return a.length === b.length;
}

testLoops("sorted() gives NumPy's stable order to the bit, NaN apart", () => {
  const directory = `tests/tmp/sort_${process.pid}`;
  mkdirSync(directory, { recursive: true });
  try {
    const inputs = DTYPES.flatMap((dtype) =>
      Object.keys(FILLS).map((fill, at) => {
        const a = filled(dtype, 9000, FILLS[fill]!, 50 + at);
        const name = `${directory}/${dtype}_${fill}`;
        writeFileSync(name, new Uint8Array(a.buffer, a.byteOffset, a.byteLength));
        return { name, a, dtype };
      })
    );
    numpy(
      `
for line in sys.argv[1:]:
    name, dtype = line.split(":")
    np.sort(np.fromfile(name, dtype), kind="stable").tofile(name + ".sorted")
`,
      inputs.map(({ name, dtype }) => `${name}:${dtype === "b1" ? "?" : dtype}`),
    );
    for (const { name, a, dtype } of inputs) {
      const bytes = readFileSync(`${name}.sorted`);
      const wanted = new (constructorOf(dtype))(
        bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
      );
      assert.ok(isSame(sorted(a) as TypedArray, wanted), name);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

testLoops("sort() of any doubles keeps the order of zeros and puts NaN last", () => {
  const value = fc.oneof(
    fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 5e-324, -5e-324),
    fc.double(),
    fc.integer({ min: -3, max: 3 }),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 60 }), fc.integer({ min: 1, max: 60 }), (values, times) => {
      const many = Float64Array.from({ length: values.length * times }, (_, i) => values[i % values.length]!);
      const wanted = [...many].sort(compare);
      sort(many);
      assert.ok(isSame(many, wanted));
    }),
    { numRuns: 200 },
  );
});

testLoops("sort() loses no element when a process dies while it writes back", () => {
  const n = 600_000;
  const a = filled("f8", n, FILLS["random"]!, 77) as Float64Array;
  for (let i = 0; i < n; i++) if (a[i] === 0) a[i] = 1;
  const wanted = a.slice().sort();
  const master = realPid();
  const deaths = empty([], "i4").fill(0);
  for (let round = 0; round < 8; round++) {
    const shared = copy(a);
    let buckets = 0;
    // when all are in the workspace and some are back
    const restore = hookMethods([TypedValues, KernelValues], ["sortBucket"], () => {
      if (c.getpid() !== master && buckets++ === 2 * round) {
        Atomics.add(deaths, 0, 1);
        c.kill(c.getpid(), 9);
      }
    });
    try {
      withCrews(() => sort(shared, { np: 3 }));
    } finally {
      restore();
    }
    assert.ok(isSame(shared, wanted), `round ${round}`);
  }
  assert.ok(deaths[0]! > 0);
  assert.deepEqual(childrenOf(), []);
});

testLoops("sort() of many doubles in few cells, equal or not", () => {
  const n = 150_000;
  const next = words(21);
  const a = empty(n);
  const bits = new Uint32Array(a.buffer);
  const kinds: (() => [number, number])[] = [
    () => [0, next() & 1 ? 0x3ff00000 : 0x40000000],
    () => [next(), next() % 1000 === 0 ? next() & 0xffefffff : 0x3ff00000],
    () => [next() & 7, next() % 5000 === 0 ? next() & 0xffefffff : 0xbff00000 + (next() & 1)],
  ];
  for (const kind of kinds) {
    for (const np of [1, 2]) {
      for (let i = 0; i < n; i++) [bits[2 * i], bits[2 * i + 1]] = kind();
      const wanted = a.slice().sort();
      withCrews(() => sort(a, { np }));
      assert.ok(isSame(a, wanted));
    }
  }
});

testLoops("sort() works along axes and in strided views, and leaves what lies between", () => {
  const next = words(5);
  for (const np of [1, 2]) {
    for (const axis of [0, 1, 2, -1]) {
      const m = empty([6, 7, 8]);
      for (let i = 0; i < m.size; i++) m.data[i] = next() % 50;
      const wanted = numpyLike(m, axis);
      const copied = sorted(m, { axis, np });
      withCrews(() => sort(m, { axis, np }));
      assert.deepEqual([...m.data], wanted);
      assert.deepEqual([...(copied as NdArray).data], wanted);
    }
    const line = Float64Array.from([9, 100, 7, 101, 8, 102]);
    const m = empty([2, 6]);
    m.data.set([...line, ...line]);
    withCrews(() => sort(m.step(1, 2), { np }));
    assert.deepEqual([...m.data], [7, 100, 8, 101, 9, 102, 7, 100, 8, 101, 9, 102]);
    const reversed = m.transpose(1, 0).step(-1, 1);
    withCrews(() => sort(reversed, { axis: 0, np }));
    assert.deepEqual([...m.data], [102, 101, 100, 9, 8, 7, 102, 101, 100, 9, 8, 7]);
  }
});

/** NumPy's answer. */
function numpyLike(m: NdArray, axis: number): number[] {
  const text = JSON.stringify({ data: [...m.data].map(Number), shape: m.shape, axis });
  return JSON.parse(numpy(
    `import json
q = json.loads(sys.argv[1])
print(json.dumps(np.sort(np.array(q["data"]).reshape(q["shape"]), axis=q["axis"]).ravel().tolist()))`,
    [text],
  )) as number[];
}

testLoops("sort() and sorted() refuse what they cannot sort", () => {
  const wrong = (a: unknown, options: unknown = {}): () => void => () =>
    void sort(a as TypedArray, options as { np: number });
  assert.throws(wrong([3, 1]), {
    name: "TypeError",
    message: "sort() wants a typed array or an n-d view to sort in place, got an array of 2",
  });
  assert.throws(wrong("x"), TypeError);
  assert.throws(wrong(zeros(3), { axis: 1 }), RangeError);
  assert.throws(wrong(zeros(3), { axis: null, kind: "x" }), TypeError);
  assert.throws(wrong(zeros(3), { order: "x" }), TypeError);
  const gone = empty(3);
  release(gone);
  assert.throws(wrong(gone), { name: "TypeError", message: /released/ });
  assert.throws(() => sorted(gone), { name: "TypeError", message: /released/ });
  assert.throws(() => sorted("x" as unknown as number[]), TypeError);
  assert.deepEqual([...sorted([[3, 1], [2, 0]], { axis: null })], [0, 1, 2, 3]);
  assert.deepEqual([...sorted(5)], [5]);
});

testLoops("searchsorted() gives NumPy's places for each pair of dtypes and both sides", () => {
  const pairs: [string, string][] = [];
  for (const a of DTYPES) for (const v of DTYPES) pairs.push([a, v]);
  const directory = `tests/tmp/search_${process.pid}`;
  mkdirSync(directory, { recursive: true });
  try {
    for (const dtype of DTYPES) {
      for (const [role, n] of [["a", 3000], ["v", 700]] as const) {
        const array = role === "a"
          ? sorted(filled(dtype, n, FILLS["clusters"]!, 3)) as TypedArray
          : filled(dtype, n, FILLS[n % 2 === 0 ? "clusters" : "random"]!, 4);
        writeFileSync(
          `${directory}/${dtype}_${role}`,
          new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
        );
      }
    }
    numpy(
      `
d = sys.argv[1]
for line in sys.argv[2:]:
    x, y = line.split(":")
    a, v = [np.fromfile(f"{d}/{t}_{r}", "?" if t == "b1" else t) for t, r in ((x, "a"), (y, "v"))]
    for side in ("left", "right"):
        np.searchsorted(a, v, side).astype("u4").tofile(f"{d}/{x}_{y}_{side}")
`,
      [directory, ...pairs.map((pair) => pair.join(":"))],
    );
    for (const [x, y] of pairs) {
      if (x === "b1" || y === "b1") continue; // there is no typed array of truth values: "u1" stands for it
      const read = (name: string, dtype: string): TypedArray => {
        const bytes = readFileSync(`${directory}/${name}`);
        const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
        return new (constructorOf(dtype as "f8"))(buffer);
      };
      for (const side of ["left", "right"] as const) {
        const a = read(`${x}_a`, x);
        const v = read(`${y}_v`, y);
        const wanted = read(`${x}_${y}_${side}`, "u4");
        for (const np of x === y ? [1, 2] : [1]) {
          const places = withCrews(() => searchsorted(a, v, { side, np }));
          assert.deepEqual([...places as Uint32Array], [...wanted], `${x} ${y} ${side}`);
        }
        // few values take another way
        const few = searchsorted(a, v.subarray(0, 20), { side }) as Uint32Array;
        assert.deepEqual([...few], [...wanted.subarray(0, 20)], `few ${x} ${y} ${side}`);
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

testLoops("searchsorted() of numbers, arrays and views, with sorter and out", () => {
  const a = Float64Array.of(1, 2, 2, 3, NaN, NaN);
  assert.equal(searchsorted(a, 2), 1);
  assert.equal(searchsorted(a, 2, { side: "right" }), 3);
  assert.equal(searchsorted(a, NaN), 4);
  assert.equal(searchsorted(a, NaN, { side: "right" }), 6);
  assert.equal(searchsorted([], 5), 0);
  assert.equal(searchsorted(BigInt64Array.of(2n ** 60n, 2n ** 60n + 1n), 2n ** 60n + 1n), 1);
  assert.equal(searchsorted(BigInt64Array.of(1n, 5n, 9n), 6), 2);
  assert.equal(searchsorted(BigUint64Array.of(1n, 5n, 9n), -6), 0);
  assert.equal(searchsorted(Float32Array.of(1, 5, 9), 6), 2);
  assert.deepEqual([...searchsorted(a, [0, 9])], [0, 4]);
  const places: NdArray<Uint32Array<ArrayBuffer>, 2> = searchsorted(a, copy([[0, 2], [3, NaN]]));
  assert.deepEqual([places.shape, [...places.data]], [[2, 2], [0, 1, 3, 4]]);
  const mixed = Float64Array.of(3, 1, 2);
  assert.equal(searchsorted(mixed, 2.5, { sorter: [1, 2, 0] }), 2);
  const out = empty(2, "u4");
  assert.equal(searchsorted(a, [0, 9], { out }), out);
  assert.deepEqual([...out], [0, 4]);
  const wrong = (options: unknown, of: unknown = a): () => void => () =>
    void searchsorted(of as Float64Array, [1], options as { np: number });
  assert.throws(wrong({ side: "middle" }), { name: "TypeError", message: /knows no side "middle"/ });
  assert.throws(wrong({ side: 1 }), TypeError);
  assert.throws(wrong({ sorter: [0] }), { name: "RangeError", message: /sorter of 6 indices/ });
  assert.throws(wrong({ sorter: [0, 1, 2, 3, 4, 6] }), { name: "RangeError", message: /got 6 in place 5/ });
  assert.throws(wrong({}, [[1, 2]]), { name: "RangeError", message: /one dimension/ });
  assert.throws(wrong({ out: new Float64Array(1) }), TypeError);
  assert.throws(wrong({ out: new Uint32Array(2) }), RangeError);
});
