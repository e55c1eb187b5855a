import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import fc from "fast-check";
import { c } from "../ffi/libc.ts";
import { copy, empty, isShared, MapReduce, type NdArray, release, zeros } from "../mod.ts";
import { crewTuning } from "../src/algorithms/crew.ts";
import type { TypedArray } from "../src/memory/dtype.ts";
import { argsort } from "../src/sort/mod.ts";
import { numpy } from "./numpy.ts";
import { withCrews } from "./algorithms_support.ts";
import { KernelIndices, KernelPartition } from "../src/sort/kernel_loops.ts";
import { TypedIndices, TypedPartition } from "../src/sort/typed_loops.ts";
import {
  compare,
  DTYPES,
  filled,
  FILLS,
  hookMethods,
  slowArgsort,
  testLoops,
  words,
  wrongPlaces,
} from "./sort_support.ts";
import { childrenOf, leavesNothing, realPid } from "./support.ts";

const LENGTHS = [0, 1, 2, 3, 24, 25, 100, 1000, 5000, 40_000];

for (const dtype of DTYPES) {
  testLoops(`argsort() of ${dtype} sorts every kind of data stably, NaN last`, () => {
    let seed = 1;
    for (const [name, fill] of Object.entries(FILLS)) {
      for (const n of LENGTHS) {
        const a = filled(dtype, n, fill, seed++);
        const order = argsort(a, { np: 1 });
        assert.ok(order instanceof Uint32Array && isShared(order));
        assert.equal(wrongPlaces(a, order), 0, `${name}, ${n} elements`);
      }
    }
  });

  testLoops(`argsort() of ${dtype} gives the same with 2 and 3 processes`, () =>
    withCrews(() => {
      let seed = 100;
      for (const [name, fill] of Object.entries(FILLS)) {
        const a = filled(dtype, 30_011, fill, seed++);
        const alone = argsort(a, { np: 0 });
        assert.deepEqual(argsort(a, { np: 2 + seed % 2 }), alone, name);
      }
      assert.deepEqual(childrenOf(), []);
    }));
}

testLoops("argsort() gives NumPy's stable order for each dtype and kind of data", () => {
  const directory = `tests/tmp/argsort_${process.pid}`;
  mkdirSync(directory, { recursive: true });
  try {
    const inputs: { name: string; a: TypedArray; dtype: string }[] = [];
    for (const dtype of DTYPES) {
      for (const [fillName, fill] of Object.entries(FILLS)) {
        const a = filled(dtype, 20_000, fill, inputs.length + 1);
        const name = `${directory}/${dtype}_${fillName}`;
        writeFileSync(name, new Uint8Array(a.buffer, a.byteOffset, a.byteLength));
        inputs.push({ name, a, dtype });
      }
    }
    numpy(
      `
for line in sys.argv[1:]:
    name, dtype = line.split(":")
    np.argsort(np.fromfile(name, dtype), kind="stable").astype("u4").tofile(name + ".order")
`,
      inputs.map(({ name, dtype }) => `${name}:${dtype === "b1" ? "?" : dtype}`),
    );
    for (const { name, a } of inputs) {
      const bytes = readFileSync(`${name}.order`);
      const wanted = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      assert.deepEqual([...argsort(a)], [...wanted], name);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

const SPECIAL = [0, -0, NaN, Infinity, -Infinity, 1, -1, 5e-324, -5e-324, Number.MAX_VALUE];

testLoops("argsort() agrees with the oracle on any doubles", () => {
  const value = fc.oneof(fc.constantFrom(...SPECIAL), fc.double(), fc.integer({ min: -3, max: 3 }));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 400 }), (values) => {
      assert.deepEqual([...argsort(Float64Array.from(values))], slowArgsort(values));
      assert.deepEqual([...argsort(values)], slowArgsort(values));
    }),
    { numRuns: 300 },
  );
});

testLoops("argsort() agrees with the oracle on any 64-bit integers", () => {
  const value = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -2n, max: 2n }),
    fc.bigInt({ min: 2n ** 40n, max: 2n ** 40n + 9n }),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 400 }), (values) => {
      assert.deepEqual([...argsort(BigInt64Array.from(values))], slowArgsort(values));
      const unsigned = BigUint64Array.from(values);
      assert.deepEqual([...argsort(unsigned)], slowArgsort(unsigned));
    }),
    { numRuns: 200 },
  );
});

testLoops("argsort() sorts along each axis of a view, strided or not", () => {
  const m = copy(
    Array.from(
      { length: 7 },
      (_, i) =>
        Array.from(
          { length: 5 },
          (_, j) => Array.from({ length: 30 }, (_, k) => (i * 37 + j * 11 + k * k * 7) % 13),
        ),
    ),
  );
  const views: NdArray[] = [m, m.transpose(2, 0, 1), m.step(-1, 2, 3), m.lo(1, 1, 1), m.pick(null, 2, null)];
  for (const view of views) {
    for (let axis = -view.dimension; axis < view.dimension; axis++) {
      for (const np of [1, 2]) {
        const order = withCrews(() => argsort(view, { axis, np })) as NdArray;
        assert.deepEqual(order.shape, view.shape);
        checkAlong(view, order, axis < 0 ? axis + view.dimension : axis);
      }
    }
  }
});

/** Compares each lane with the oracle. */
function checkAlong(view: NdArray, order: NdArray, axis: number): void {
  const index = new Array<number>(view.dimension).fill(0);
  const others = index.map((_, i) => i).filter((i) => i !== axis);
  for (;;) {
    const at = (k: number): number[] => index.map((value, i) => i === axis ? k : value);
    const lane = Array.from({ length: view.shape[axis]! }, (_, k) => view.get(...at(k)));
    const places = lane.map((_, k) => Number(order.get(...at(k))));
    assert.deepEqual(places, slowArgsort(lane));
    const next = others.findLast((i) => ++index[i]! < view.shape[i]! || (index[i] = 0, false));
    if (next === undefined) return;
  }
}

testLoops("argsort() of rows as long as the cell limits, and of none", () => {
  for (const length of [1, 24, 25, 300]) {
    for (const dtype of DTYPES) {
      const rows = 40;
      const data = filled(dtype, rows * length, FILLS["random"]!, length);
      const m = empty([rows, length], dtype) as NdArray;
      (m.data as Float64Array).set(data as Float64Array);
      const order = argsort(m) as NdArray;
      for (let row = 0; row < rows; row++) {
        const lane = m.data.subarray(row * length, (row + 1) * length);
        assert.equal(
          wrongPlaces(lane, order.data.subarray(row * length, (row + 1) * length) as Uint32Array),
          0,
        );
      }
    }
  }
  assert.deepEqual((argsort(zeros([3, 0])) as NdArray).shape, [3, 0]);
  assert.deepEqual((argsort(zeros([0, 3]), { axis: 0 }) as NdArray).shape, [0, 3]);
  assert.equal(argsort(zeros(0)).length, 0);
  assert.deepEqual([...argsort(5)], [0]);
  assert.deepEqual([...argsort(zeros([]))], [0]);
});

testLoops("argsort() with axis null sorts all elements as one dimension", () => {
  const order: Uint32Array = argsort([[3, 1], [2, 0]], { axis: null });
  assert.deepEqual([...order], [3, 1, 2, 0]);
});

testLoops("argsort() writes to out, shared or private, or where the input lies", () => {
  const a = filled("f8", 5000, FILLS["random"]!, 3);
  const wanted = argsort(a, { np: 1 });
  for (const np of [1, 2]) {
    for (const out of [empty(5000, "u4"), new Uint32Array(5000)]) {
      assert.equal(withCrews(() => argsort(a, { np, out })), out);
      assert.deepEqual([...out], [...wanted]);
    }
    const view = empty([50, 100], "u4");
    const m = empty([50, 100]);
    m.data.set(a as Float64Array);
    assert.equal(withCrews(() => argsort(m, { np, out: view })), view);
    assert.deepEqual(view.data, (argsort(m) as unknown as NdArray).data);
    const own = filled("u4", 3000, FILLS["random"]!, 5) as Uint32Array<ArrayBuffer>;
    const order = slowArgsort(own);
    withCrews(() => argsort(own, { np, out: own }));
    assert.deepEqual([...own], order);
  }
});

testLoops("argsort() of private memory, subarrays and other buffers", () => {
  const next = words(9);
  const big = Float64Array.from({ length: 3001 }, () => next());
  const part = big.subarray(1, 2900);
  for (const np of [1, 2]) {
    withCrews(() => {
      assert.equal(wrongPlaces(part, argsort(part, { np })), 0);
      const shared = new Float32Array(new SharedArrayBuffer(4 * 2000), 4, 1990);
      shared.set(big.subarray(0, 1990));
      assert.equal(wrongPlaces(shared, argsort(shared, { np })), 0);
    });
  }
  const bytes = Uint8ClampedArray.of(9, 3, 255, 0);
  assert.deepEqual([...argsort(bytes)], [3, 1, 0, 2]);
  assert.deepEqual([...argsort([true, false, true])], [1, 0, 2]);
  assert.deepEqual([...argsort([3n, 1n, 2n])], [1, 2, 0]);
});

testLoops("argsort() takes NumPy's kinds and refuses what it does not know", () => {
  const a = Float64Array.of(2, 1);
  for (const kind of ["stable", "quicksort", "mergesort", "heapsort"] as const) {
    assert.deepEqual([...argsort(a, { kind })], [1, 0]);
  }
  const wrong = (options: unknown, of: unknown = a): () => void => () =>
    void argsort(of as TypedArray, options as { np: number });
  assert.throws(wrong({ kind: "bogosort" }), { name: "TypeError", message: /knows no kind "bogosort"/ });
  assert.throws(wrong({ kind: 1 }), {
    name: "TypeError",
    message: /kind that is a string, got a number \(1\)/,
  });
  assert.throws(wrong({ axsi: 1 }), { name: "TypeError", message: /did you mean "axis"/ });
  assert.throws(wrong({ axis: 1 }), RangeError);
  assert.throws(wrong({ axis: "0" }), TypeError);
  assert.throws(wrong({ np: -1 }), RangeError);
  assert.throws(wrong({ np: "2" }), TypeError);
  assert.throws(wrong({ out: new Float64Array(2) }), {
    name: "TypeError",
    message: /argsort\(\) out .*"u4", got "f8"/,
  });
  assert.throws(wrong({ out: new Uint32Array(3) }), { name: "RangeError", message: /argsort\(\) out/ });
  assert.throws(wrong({}, "text"), {
    name: "TypeError",
    message: 'argsort() wants a typed array, an n-d view, an array or a number, got a string ("text")',
  });
  assert.throws(wrong({}, [[1, 2], [3]]), TypeError);
  const gone = empty(10);
  release(gone);
  assert.throws(wrong({}, gone), { name: "TypeError", message: /released/ });
});

testLoops("argsort() works in jobs, alone and with processes of its own", async () => {
  const a = filled("f8", 20_000, FILLS["random"]!, 11);
  const wanted = argsort(a);
  using pool = new MapReduce({ np: 2 });
  const orders = await pool.map((np: number | undefined) => {
    crewTuning.minItemsPerMember = 1;
    return argsort(a, np === undefined ? {} : { np });
  }, [undefined, 1, 2, 3]);
  for (const order of orders) assert.deepEqual(order, wanted);
});

testLoops("argsort() is done again when a process dies in the middle", () => {
  const a = filled("f8", 200_000, FILLS["random"]!, 14);
  const bytes = filled("u1", 200_000, FILLS["random"]!, 15);
  const master = realPid();
  const deaths = zeros([], "i4");
  for (let round = 0; round < 8; round++) {
    let calls = 0;
    const dieInTime = (): void => {
      if (c.getpid() !== master && calls++ === round) {
        Atomics.add(deaths, 0, 1);
        c.kill(c.getpid(), 9);
      }
    };
    // `fill` clears the counts of bytes
    const restore = [
      hookMethods([TypedPartition, KernelPartition], ["range", "count"], dieInTime),
      hookMethods([TypedIndices, KernelIndices], ["scatter", "sortBucket"], dieInTime),
      hookMethods([Uint32Array], ["fill"], dieInTime),
    ];
    try {
      withCrews(() => {
        for (const array of [a, bytes]) assert.equal(wrongPlaces(array, argsort(array, { np: 3 })), 0);
      });
    } finally {
      for (const put of restore) put();
    }
  }
  assert.ok(deaths[0]! > 0);
  assert.deepEqual(childrenOf(), []);
});

testLoops("argsort() leaves no memory, process or descriptor behind", async () => {
  const a = filled("f8", 300_000, FILLS["random"]!, 12);
  const out = empty(300_000, "u4");
  await leavesNothing(() => {
    for (const np of [1, 2, 3]) withCrews(() => argsort(a, { np, out }));
  });
  assert.equal(compare(a[out[0]!]!, a[out[1]!]!) <= 0, true);
});

testLoops("argsort() of a million sorts from the threshold on in processes", () => {
  const a = filled("f8", 2_200_000, FILLS["random"]!, 13);
  const order = argsort(a);
  assert.equal(wrongPlaces(a, order), 0);
});
