/**
 * Arrays longer than what is sorted as one run, or than indices of 32 bits count.
 *
 * The limits are lowered. A real array above the last one has no place on common machines: 2^32 + 1 bytes have 34 GB of
 * indices, and 2^31 doubles take 16 GiB, their indices and those of their runs as much again. Bun views no more than
 * 4 GiB of memory at once.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { copy, empty, isShared, type NdArray, take, zeros } from "../mod.ts";
import { c } from "../ffi/libc.ts";
import { constructorOf, dtypeOf, type ShortDType, type TypedArray } from "../src/memory/dtype.ts";
import { sortTuning } from "../src/sort/limits.ts";
import { argsort, searchsorted, sort, sorted } from "../src/sort/mod.ts";
import { withCrews } from "./algorithms_support.ts";
import { test } from "./harness.ts";
import { compare, DTYPES, filled, FILLS, slowArgsort, words, wrongPlaces } from "./sort_support.ts";
import { childrenOf, leavesNothing, realPid } from "./support.ts";

const RUN = 1000;
const INDICES = 4096;

/** Runs `use` with low limits, and crews from one element on. */
function withLimits<T>(use: () => T, run = RUN, indices = INDICES): T {
  const before = { ...sortTuning };
  Object.assign(sortTuning, { pairs: run, counts: run, indices });
  try {
    return withCrews(use);
  } finally {
    Object.assign(sortTuning, before);
  }
}

/** The class of indices below `length`. */
function classFor(length: number): typeof Uint32Array | typeof Float64Array {
  return length > INDICES ? Float64Array : Uint32Array;
}

function isSame(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): boolean {
  for (let i = 0; i < b.length; i++) if (!Object.is(a[i], b[i])) return false;
  return a.length === b.length;
}

/** A private copy. */
function own(a: TypedArray): TypedArray {
  const array = new (constructorOf(dtypeOf(a)))(a.length) as Float64Array;
  array.set(a as Float64Array);
  return array;
}

for (const dtype of DTYPES) {
  test(`argsort() of long ${dtype} merges runs stably, with 1, 2 and 3 processes`, () => {
    let seed = 1;
    for (const [name, fill] of Object.entries(FILLS)) {
      for (const length of [RUN, RUN + 1, 2 * RUN, 3500, INDICES, INDICES + 1, 9001]) {
        const a = filled(dtype, length, fill, seed++);
        // each run is a crew of its own, and each crew some milliseconds
        const np = length === 3500 || length === INDICES + 1 ? 1 + seed % 3 : 1;
        const order = withLimits(() => argsort(a, { np })) as TypedArray;
        assert.ok(order instanceof classFor(length) && isShared(order));
        assert.equal(wrongPlaces(a, order as Uint32Array), 0, `${name}, ${length}, np ${np}`);
      }
    }
    assert.deepEqual(childrenOf(), []);
  });

  test(`sort() and sorted() of long ${dtype} merge runs, with 1, 2 and 3 processes`, () => {
    let seed = 50;
    for (const [name, fill] of Object.entries(FILLS)) {
      for (const length of [RUN, RUN + 1, 2 * RUN, 3500, 9001]) {
        const a = filled(dtype, length, fill, seed++);
        const np = length === 3500 ? 1 + seed % 3 : 1;
        const wanted = slowArgsort(a).map((i) => a[i]!);
        withLimits(() => {
          const copied = sorted(a, { np }) as TypedArray;
          const mine = own(a);
          for (const result of [copied, sort(mine, { np }), sort(a, { np })]) {
            assert.ok(isSame(result, wanted), `${name}, ${length}, np ${np}`);
          }
          assert.ok(isShared(copied));
        });
      }
    }
    assert.deepEqual(childrenOf(), []);
  });
}

const SPECIAL = [0, -0, NaN, Infinity, -Infinity, 1, -1, 5e-324, -5e-324, Number.MAX_VALUE];

test("argsort() and sort() of any long doubles agree with the oracle, whatever the limits", () => {
  const value = fc.oneof(fc.constantFrom(...SPECIAL), fc.double(), fc.integer({ min: -3, max: 3 }));
  fc.assert(
    fc.property(
      fc.array(value, { maxLength: 300 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 50, max: 150 }),
      fc.constantFrom(...DTYPES.filter((dtype) => dtype.startsWith("f"))),
      fc.constantFrom(...new Array<number>(20).fill(1), 2),
      (values, run, indices, dtype, np) => {
        const a = own(new (constructorOf(dtype) as Float64ArrayConstructor)(values));
        const wanted = slowArgsort(a);
        withLimits(
          () => {
            assert.deepEqual([...argsort(a, { np })], wanted);
            const inOrder = wanted.map((i) => a[i]!);
            assert.ok(isSame(sorted(a, { np }) as TypedArray, inOrder));
            assert.ok(isSame(sort(a, { np }), inOrder));
          },
          run,
          indices,
        );
      },
    ),
    { numRuns: 200 },
  );
});

test("argsort() and sort() of any long integers agree with the oracle, whatever the limits", () => {
  const value = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -2n, max: 2n }),
    fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n, 2n ** 31n, 2n ** 32n - 1n),
  );
  const types = DTYPES.filter((dtype) => !dtype.startsWith("f") && dtype !== "b1");
  fc.assert(
    fc.property(
      fc.array(value, { maxLength: 300 }),
      fc.integer({ min: 1, max: 50 }),
      fc.constantFrom(...types),
      (values, run, dtype) => {
        const isBig = dtype.endsWith("8");
        const a = empty(values.length, dtype) as TypedArray;
        for (let i = 0; i < values.length; i++) {
          a[i] = isBig ? values[i]! : Number(BigInt.asIntN(32, values[i]!));
        }
        const wanted = slowArgsort(a);
        const inOrder = wanted.map((i) => a[i]!);
        withLimits(() => {
          assert.deepEqual([...argsort(a, { np: 1 })], wanted);
          assert.ok(isSame(sort(a, { np: 1 }), inOrder));
        }, run);
      },
    ),
    { numRuns: 200 },
  );
});

test("argsort() keeps equal elements in order across the runs' borders", () => {
  const kinds: Readonly<Record<string, (i: number) => number>> = {
    equal: () => 7,
    zeros: (i) => i % 3 === 0 ? -0 : 0,
    missing: () => NaN,
    zerosAndMissing: (i) => i % 2 === 0 ? NaN : i % 3 === 0 ? -0 : 0,
    falling: (i) => -Math.floor(i / 700),
  };
  for (const dtype of ["f8", "f4", "f2"] as const) {
    for (const [name, kind] of Object.entries(kinds)) {
      const a = empty(3333, dtype) as TypedArray;
      for (let i = 0; i < a.length; i++) a[i] = kind(i);
      const wanted = slowArgsort(a);
      for (const np of [1, 2, 3]) {
        withLimits(() => {
          assert.deepEqual([...argsort(a, { np })], wanted, name);
          assert.ok(isSame(sorted(a, { np }) as TypedArray, wanted.map((i) => a[i]!)), name);
        });
      }
    }
  }
});

test("argsort() of long doubles takes NaN of any bits for one, infinities for none", () => {
  const a = empty(2222);
  const bits = new Uint32Array(a.buffer);
  const uppers = [0x7ff00000, 0xfff00000, 0x7ff80000, 0xffffffff];
  for (let i = 0; i < a.length; i++) [bits[2 * i], bits[2 * i + 1]] = [i % 3, uppers[i % 4]!];
  const wanted = slowArgsort(a);
  for (const np of [1, 2]) assert.deepEqual([...withLimits(() => argsort(a, { np }))], wanted);
});

test("argsort() and sort() go along long axes of views, strided or not", () => {
  const next = words(3);
  for (const dtype of ["f8", "i4", "u8", "f2", "u1"] as const) {
    const isBig = dtype === "u8";
    for (const length of [2500, 5000]) {
      const m = empty([3, length], dtype) as NdArray;
      for (let i = 0; i < 3 * length; i++) m.data[i] = isBig ? BigInt(next() % 99) : next() % 99;
      for (const [view, axis] of [[m, 1], [m.transpose(1, 0), 0], [m.step(1, -1), -1]] as const) {
        const np = 1 + (length + axis) % 2;
        const [order, values] = withLimits(() =>
          [argsort(view, { axis, np }), sorted(view, { axis, np })] as NdArray[]
        );
        assert.ok(order!.data instanceof classFor(length));
        assert.deepEqual(order!.shape, view.shape);
        for (let lane = 0; lane < 3; lane++) {
          const at = (k: number): [number, number] => axis === 0 ? [k, lane] : [lane, k];
          const elements = Array.from({ length }, (_, k) => view.get(...at(k)));
          const places = elements.map((_, k) => Number(order!.get(...at(k))));
          assert.equal(wrongPlaces(elements, places), 0);
          assert.ok(elements.every((_, k) => values!.get(...at(k)) === elements[places[k]!]));
        }
        const inPlace = copy(view) as NdArray;
        withLimits(() => sort(inPlace, { axis, np }));
        assert.deepEqual(inPlace.data, values!.data);
      }
    }
  }
});

test("argsort() wants an out of the class that its indices need, and writes where the input lies", () => {
  const a = filled("f8", INDICES + 1, FILLS["random"]!, 3) as Float64Array<ArrayBuffer>;
  const wanted = slowArgsort(a);
  withLimits(() => {
    for (const np of [1, 2]) {
      for (const out of [empty(a.length), new Float64Array(a.length)]) {
        assert.equal(argsort(a, { np, out }), out);
        assert.deepEqual([...out], wanted);
      }
    }
    const short = a.subarray(0, INDICES);
    const narrow = new Uint32Array(INDICES);
    argsort(short, { out: narrow });
    assert.deepEqual([...narrow], slowArgsort(short));
    assert.throws(() => argsort(a, { out: new Uint32Array(a.length) }), {
      name: "TypeError",
      message: 'argsort() out must be of dtype "f8", got "u4"',
    });
    assert.throws(() => argsort(short, { out: new Float64Array(INDICES) }), {
      name: "TypeError",
      message: 'argsort() out must be of dtype "u4", got "f8"',
    });
    argsort(a, { out: a, np: 2 });
    assert.deepEqual([...a], wanted);
  });
});

test("searchsorted() and take() work with indices that are doubles", () => {
  const a = filled("f8", 9001, FILLS["clusters"]!, 8) as Float64Array;
  const values = filled("f8", 700, FILLS["clusters"]!, 9) as Float64Array;
  values.set(a.subarray(0, 300));
  values[301] = NaN;
  const inOrder = own(a).sort(compare as (x: number | bigint, y: number | bigint) => number) as Float64Array;
  withLimits(() => {
    const order = argsort(a);
    assert.ok((order as TypedArray) instanceof Float64Array);
    assert.ok(isSame(take(a, order), inOrder));
    for (const side of ["left", "right"] as const) {
      for (const np of [1, 2]) {
        for (const options of [{ side, np }, { side, np, sorter: order }]) {
          const of = "sorter" in options ? a : inOrder;
          const places = searchsorted(of, values, options) as TypedArray;
          assert.ok(places instanceof Float64Array && isShared(places));
          assert.deepEqual([...places], slowPlaces(inOrder, values, side));
          assert.equal(searchsorted(of, values[5]!, options), places[5]);
        }
      }
    }
    const out = values.slice();
    searchsorted(inOrder, out, { out });
    assert.deepEqual([...out], slowPlaces(inOrder, values, "left"));
    assert.throws(() => searchsorted(inOrder, values, { out: new Uint32Array(700) }), {
      name: "TypeError",
      message: 'searchsorted() out must be of dtype "f8", got "u4"',
    });
    // a place may be the length
    assert.ok(searchsorted(zeros(INDICES - 1), [1]) instanceof Uint32Array);
    assert.deepEqual(searchsorted(zeros(INDICES), [1]) as unknown, Float64Array.of(INDICES));
  });
});

test("searchsorted() in long arrays of each dtype", () => {
  withLimits(() => {
    for (const dtype of DTYPES.filter((dtype) => dtype !== "b1")) {
      const a = sorted(filled(dtype, 9001, FILLS["clusters"]!, 2)) as TypedArray;
      for (const v of [a.subarray(50, 60), filled(dtype, 200, FILLS["clusters"]!, 3)]) {
        for (const side of ["left", "right"] as const) {
          assert.deepEqual(
            [...searchsorted(a, v, { side, np: 1 }) as Uint32Array],
            slowPlaces(a, v, side),
            dtype,
          );
        }
      }
    }
    const integers = sorted(filled("i4", 9001, FILLS["random"]!, 5)) as Int32Array;
    const values = BigInt64Array.from(integers.subarray(0, 300), BigInt);
    assert.deepEqual(
      searchsorted(integers, values),
      searchsorted(integers, integers.subarray(0, 300)),
    );
  });
});

/** How many elements go before each value. */
function slowPlaces(a: TypedArray, values: TypedArray, side: "left" | "right"): number[] {
  const count = (goes: (x: number | bigint) => boolean): number => {
    const at = Array.prototype.findIndex.call(a, (x: number | bigint) => !goes(x)) as number;
    return at < 0 ? a.length : at;
  };
  return Array.from(
    values as Float64Array,
    (value) => count((x) => side === "left" ? compare(x, value) < 0 : compare(x, value) <= 0),
  );
}

test("argsort() and sort() of long arrays go on when a process dies while runs are merged", () => {
  const a = filled("f8", 60_000, FILLS["random"]!, 14) as Float64Array;
  const wanted = slowArgsort(a);
  const inOrder = wanted.map((i) => a[i]!);
  const master = realPid();
  const deaths = zeros([], "i4");
  const from = Float64Array.from;
  for (let round = 0; round < 6; round++) {
    let pieces = 0;
    // called for the heads of the runs of each piece
    Float64Array.from = function (this: unknown, source: Iterable<number>) {
      if (c.getpid() !== master && pieces++ === 2 * round) {
        Atomics.add(deaths, 0, 1);
        c.kill(c.getpid(), 9);
      }
      return from.call(Float64Array, source as Iterable<never>);
    } as typeof Float64Array.from;
    try {
      withLimits(() => {
        assert.ok(isSame(argsort(a, { np: 3 }), wanted), `argsort, round ${round}`);
        const inPlace = copy(a);
        sort(inPlace, { np: 3 });
        assert.ok(isSame(inPlace, inOrder), `sort, round ${round}`);
      }, 9000);
    } finally {
      Float64Array.from = from;
    }
  }
  assert.ok(deaths[0]! > 0);
  assert.deepEqual(childrenOf(), []);
});

test("argsort() and sort() of long arrays leave no memory, process or descriptor behind", async () => {
  const arrays = (["f8", "f4", "u2"] as const).map((dtype: ShortDType) =>
    filled(dtype, 30_000, FILLS["random"]!, 12)
  );
  const out = empty(30_000);
  await leavesNothing(() => {
    for (const a of arrays) {
      for (const np of [1, 2]) {
        withLimits(() => {
          argsort(a, { np, out });
          sort(a, { np });
        });
      }
    }
  });
});
