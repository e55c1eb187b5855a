import assert from "node:assert/strict";
import {
  CodecError,
  copy,
  empty,
  fromIter,
  full,
  isShared,
  MapReduce,
  range,
  release,
  table,
  zeros,
} from "../mod.ts";
import { test } from "./harness.ts";
import {
  childrenOf,
  collectGarbage,
  failure,
  indices,
  leavesNothing,
  soon,
  spinUntilAtLeast,
} from "./support.ts";

/** Two jobs return what `make(0)` and `make(1)` make; the same made here is what is wanted. */
async function carries(name: string, make: (i: number) => unknown): Promise<void> {
  using pool = new MapReduce({ np: 2 });
  assert.deepEqual(await pool.map(make, range(2)), [make(0), make(1)], name);
}

test("MapReduce.map() carries every kind of plain value", async () => {
  const makers: Record<string, (i: number) => unknown> = {
    "small integers": (i) => i - 1,
    "big integers": (i) => 2 ** 40 + i,
    "fractions": (i) => i + 0.1,
    "-0": () => -0,
    "NaN": () => NaN,
    "infinities": (i) => i ? Infinity : -Infinity,
    "booleans": (i) => i === 1,
    "null and undefined": (i) => i ? null : undefined,
    "bigints": (i) => (-1n) ** BigInt(i) * 2n ** 200n,
    "empty string": () => "",
    "strings": (i) => `añ😀\0${i}\ud800`,
    "arrays": (i) => [i, [i, "x"], [], [[[]]]],
    "sparse arrays": () => Object.assign(new Array(4), { 2: 1 }),
    "objects": (i) => ({ i, s: `t${i}`, v: [i, 2.5], o: { n: null, u: undefined }, "": 0, "two words": 1 }),
    "keys like numbers": () => ({ 2: "b", 1: "a", x: 1 }),
    "Map": (i) => new Map<unknown, unknown>([["a", i], [{ k: 1 }, new Map([[1, 2]])], [NaN, undefined]]),
    "Set": (i) => new Set([i, "x", null, [1]]),
    "Date": (i) => new Date(1e12 + i),
    "invalid Date": () => new Date(NaN),
    "RegExp": () => /a+b/giu,
    "Error": (i) => new RangeError(`e${i}`, { cause: { i } }),
    "typed arrays": (
      i,
    ) => [Float64Array.of(i, NaN), Int8Array.of(-1), BigUint64Array.of(2n ** 63n), new Uint16Array(0)],
    "ArrayBuffer": (i) => Uint8Array.of(i, 2, 3).buffer,
    "DataView": (i) => new DataView(Uint8Array.of(0, i, 2, 3).buffer, 1, 2),
    "part of a buffer": (i) => new Uint8Array(1000).subarray(10 + i, 14),
    "boxed": (i) => [Object(i), Object("s"), Object(true)],
  };
  for (const [name, make] of Object.entries(makers)) await carries(name, make);
});

test("MapReduce.map() carries results of mixed kinds, each at its place", async () => {
  const kinds: ((i: number) => unknown)[] = [
    (i) => i,
    (i) => `s${i}`,
    (i) => ({ i, list: [i, `${i}`] }),
    () => undefined,
    (i) => Float32Array.of(i, i + 0.5),
    (i) => "x".repeat(i * 100),
    (i) => i / 3,
    () => null,
    (i) => new Map([[i, { i }]]),
    (i) => indices(i % 50),
    (i) => BigInt(i) ** 20n,
  ];
  const make = (i: number) => kinds[(i * 7) % kinds.length]!(i);
  for (const np of [1, 2]) {
    using pool = new MapReduce({ np });
    for (const chunkSize of [undefined, 1, 17]) {
      const options = chunkSize === undefined ? {} : { chunkSize };
      assert.deepEqual(await pool.map(make, range(1000), options), indices(1000).map(make));
    }
  }
});

test("MapReduce.map() keeps the identity of parts and cycles", async () => {
  using pool = new MapReduce({ np: 2 });
  const [result] = await pool.map(() => {
    const part = { x: 1 };
    const cycle: { self?: unknown; parts: unknown[] } = { parts: [part, part] };
    cycle.self = cycle;
    return { cycle, map: new Map([[part, cycle]]) };
  }, [0]);
  const { cycle, map } = result!;
  assert.equal(cycle.self, cycle);
  assert.equal(cycle.parts[0], cycle.parts[1]);
  assert.equal(map.get(cycle.parts[0] as { x: number }), cycle);
});

test("MapReduce.map() carries an Error as a value with its class, cause and data", async () => {
  using pool = new MapReduce({ np: 1 });
  const [error] = await pool.map(
    () => Object.assign(new TypeError("a value", { cause: new RangeError("inner") }), { code: 3 }),
    [0],
  );
  assert.ok(error instanceof TypeError && error.cause instanceof RangeError);
  assert.deepEqual([error.message, error.cause.message, error.code], ["a value", "inner", 3]);
});

test("MapReduce.map() carries 10^6 numbers, strings and objects", async () => {
  using pool = new MapReduce({ np: 2 });
  const n = 1e6;
  const halves = await pool.map((i: number) => i / 2, range(n));
  for (let i = 0; i < n; i++) if (halves[i] !== i / 2) assert.fail(`number ${i}`);
  const strings = await pool.map((i: number) => `n${i}`, range(n / 5));
  for (let i = 0; i < n / 5; i++) if (strings[i] !== `n${i}`) assert.fail(`string ${i}`);
  const objects = await pool.map((i: number) => ({ i, s: "s", v: [i, i + 1] }), range(n / 10));
  for (let i = 0; i < n / 10; i++) {
    const { i: at, s, v } = objects[i]!;
    if (at !== i || s !== "s" || v[1] !== i + 1) assert.fail(`object ${i}`);
  }
  const many = await pool.map((k: number) => Array.from({ length: n }, (_, i) => i + k), [0, 1]);
  for (const [k, list] of many.entries()) {
    assert.equal(list.length, n);
    for (let i = 0; i < n; i++) if (list[i] !== i + k) assert.fail(`element ${i}`);
  }
});

test("MapReduce.map() carries strings of 5 MB and typed arrays of 50 MB", async () => {
  using pool = new MapReduce({ np: 2 });
  const length = 5e6;
  const texts = await pool.map((i: number) => (i ? "ü" : "x").repeat(length) + i, range(4));
  texts.forEach((text, i) => assert.ok(text === (i ? "ü" : "x").repeat(length) + i, `text ${i}`));
  const arrays = await soon(
    pool.map((k: number) => {
      const array = new Float64Array(50e6 / 8);
      for (let i = 0; i < array.length; i++) array[i] = i * (k + 1);
      return array;
    }, range(3)),
    "the map",
    20_000,
  );
  for (const [k, array] of arrays.entries()) {
    assert.equal(array.length, 50e6 / 8);
    for (let i = 0; i < array.length; i++) if (array[i] !== i * (k + 1)) assert.fail(`array ${k} at ${i}`);
  }
}, { timeoutMs: 60_000 });

test("MapReduce.map() carries many results of middle size, slowly consumed by reduce", async () => {
  using pool = new MapReduce({ np: 2 });
  const sizes = await pool.map((i: number) => new Uint8Array(100_000 + i).fill(i), range(300), {
    reduce: (array, i) => array.every((x) => x === (i & 255)) && array.length,
  });
  assert.deepEqual(sizes, indices(300).map((i) => 100_000 + i));
});

test("MapReduce.map() returns shared arrays by reference, views and parts too", async () => {
  const x = empty(100, "i4");
  x.set(indices(100));
  using pool = new MapReduce({ np: 2 });
  const results = await pool.map(
    (i: number) => ({ whole: x, part: x.subarray(10 * i, 10 * i + 5) }),
    range(3),
  );
  for (const [i, { whole, part }] of results.entries()) {
    assert.ok(isShared(whole) && isShared(part));
    assert.deepEqual(Array.from(part), indices(5).map((k) => 10 * i + k));
    x[10 * i] = -7 - i;
    assert.deepEqual([whole[10 * i], part[0]], [-7 - i, -7 - i]);
    part[1] = 99;
    assert.equal(x[10 * i + 1], 99);
  }
  // and workers forked later see what is written through them
  results[0]!.part[2] = 1234;
  assert.deepEqual(await pool.map(() => x[2], [0]), [1234]);
});

test("MapReduce.map() returns an array made in a job intact and shared", async () => {
  using pool = new MapReduce({ np: 2 });
  const n = 1e6;
  const arrays = await pool.map((k: number) => {
    const made = empty(n);
    for (let i = 0; i < n; i++) made[i] = i + k;
    return { made, tail: made.subarray(n - 3), k };
  }, range(6));
  for (const { made, tail, k } of arrays) {
    assert.ok(isShared(made) && isShared(tail));
    for (let i = 0; i < n; i++) if (made[i] !== i + k) assert.fail(`array ${k} at ${i}`);
    made[n - 1] = -1;
    assert.equal(tail[2], -1);
  }
  const sums = await pool.map((k: number) => {
    arrays[k]!.made[0] = 100 + k; // still shared with workers
    return arrays[k]!.made[1]!;
  }, range(6));
  assert.deepEqual(sums, indices(6).map((k) => 1 + k));
  assert.deepEqual(arrays.map(({ made }) => made[0]), indices(6).map((k) => 100 + k));
});

test("MapReduce.map() lets the master see what the worker writes into an array that it has returned", async () => {
  using pool = new MapReduce({ np: 1 });
  const flags = empty(2, "i4");
  let made: Int32Array | undefined;
  const map = pool.map(
    (i: number) => {
      if (i === 0) return (pool.local.made = zeros(4, "i4")) as Int32Array;
      spinUntilAtLeast(flags, 0, 1);
      const kept = pool.local.made as Int32Array;
      const seen = kept[0]!;
      kept[1] = seen + 1;
      return kept.subarray(0, 0);
    },
    [0, 1],
    {
      chunkSize: 1,
      reduce: (array, i) => {
        if (i !== 0) return;
        made = array;
        array[0] = 41;
        Atomics.store(flags, 0, 1);
      },
    },
  );
  await soon(map, "the map", 5000);
  assert.deepEqual(Array.from(made!), [41, 42, 0, 0]);
});

test("MapReduce.map() returns arrays of every maker, dtype and shape that a job made", async () => {
  using pool = new MapReduce({ np: 2 });
  const makers = [
    () => full(3, 7, "u2"),
    () => fromIter([1n, -2n], "i8"),
    () => copy(Float32Array.of(1, 2)),
    () => zeros([], "f8"),
    () => empty(0),
  ] as const;
  const results = await pool.map((i: number) => makers[i]!() as ArrayLike<unknown>, indices(makers.length));
  assert.deepEqual(results.map((array) => [array.constructor.name, Array.from(array)]), [
    ["Uint16Array", [7, 7, 7]],
    ["BigInt64Array", [1n, -2n]],
    ["Float32Array", [1, 2]],
    ["Float64Array", [0]],
    ["Float64Array", []],
  ]);
  const [matrix] = await pool.map(() => {
    const made = zeros([3, 4], "i4");
    made.set(1, 2, 12);
    return made.transpose(1, 0);
  }, [0]);
  assert.deepEqual([matrix!.shape, matrix!.get(2, 1), matrix!.get(0, 0)], [[4, 3], 12, 0]);
  const [columns] = await pool.map(() => {
    const made = table(3, { x: "f8", id: "i4" });
    made.x.set([0.5, 1.5, 2.5]);
    made.id.set([1, 2, 3]);
    return made;
  }, [0]);
  assert.deepEqual([Array.from(columns!.x), Array.from(columns!.id)], [[0.5, 1.5, 2.5], [1, 2, 3]]);
});

test("MapReduce.map() takes shared arrays out of Maps and objects at any depth", async () => {
  using pool = new MapReduce({ np: 2 });
  const [result] = await pool.map(
    () => new Map([["a", { list: [1, { made: empty(5).fill(2) }] as const }]]),
    [0],
  );
  const made = result!.get("a")!.list[1].made;
  assert.ok(isShared(made));
  assert.deepEqual(Array.from(made), [2, 2, 2, 2, 2]);
});

test("MapReduce.map() carries an array made in a job by imap(), background and under settle, too", async () => {
  using pool = new MapReduce({ np: 2 });
  let next = 0;
  for await (const made of pool.imap((k: number) => empty(1000, "i4").fill(k), range(20))) {
    assert.ok(isShared(made) && made.every((x) => x === next));
    next++;
  }
  const settled = await pool.map((k: number) => k === 1 ? assert.fail("x") : empty(10).fill(k), range(3), {
    onError: "settle",
  });
  const last = settled[2]!;
  assert.ok(last.status === "fulfilled" && isShared(last.value) && last.value.every((x) => x === 2));
});

test("MapReduce.map() gives CodecError for a released array's maker only, never garbage", async () => {
  using pool = new MapReduce({ np: 2 });
  const [gone] = await pool.map(() => {
    const made = empty(10);
    release(made);
    return made;
  }, [0]).catch((error: unknown) => [error]);
  assert.ok(gone instanceof CodecError || (gone as Float64Array).length === 0);
});

test("arrays made in jobs are apart when the master has given memory back before", async () => {
  using pool = new MapReduce({ np: 2 });
  const n = 2 ** 20;
  for (let round = 0; round < 20; round++) {
    // what is kept for the next array must not go to two workers, nor to a worker and the master
    for (let i = 0; i < 4; i++) release(full(n, -1));
    const met = empty(1, "i4");
    const map = pool.map(
      (k: number) => {
        const made = empty(n).fill(k);
        Atomics.add(met, 0, 1);
        spinUntilAtLeast(met, 0, 2);
        return made;
      },
      [1, 2],
      { chunkSize: 1 },
    );
    const own = full(n, 3);
    const arrays = [...await map, own];
    arrays.forEach((array, i) => assert.ok(array.every((x) => x === i + 1), `array ${i} in round ${round}`));
    for (const array of arrays) release(array);
  }
});

test("arrays that a worker lets go are not lent to the master while another worker sees them", async () => {
  using pool = new MapReduce({ np: 2 });
  const n = 2 ** 20;
  const kept = full(n, 7);
  await pool.map(
    (k: number) => {
      if (k === 0) release(kept);
      else for (let i = 0; i < 5; i++) release(full(n, 9));
      return empty(n).fill(8)[0];
    },
    [0, 1],
    { chunkSize: 1 },
  );
  assert.ok(kept.every((x) => x === 7));
  assert.equal(kept.length, n);
});

test("arrays made in jobs are freed when nobody holds them", async () => {
  await leavesNothing(async () => {
    using pool = new MapReduce({ np: 2 });
    for (let round = 0; round < 5; round++) {
      const arrays = await pool.map(() => empty(1e5).fill(1), range(20));
      assert.ok(arrays.every((array) => array[99_999] === 1));
    }
    await failure(pool.map((i: number) => i === 10 ? assert.fail("x") : empty(1e5), range(20)), Error);
    await collectGarbage();
    assert.deepEqual(childrenOf(), []);
  });
});
