import assert from "node:assert/strict";
import { empty, MapReduce, range } from "../mod.ts";
import { test } from "./harness.ts";
import {
  busyMs,
  failure,
  indices,
  noChildren,
  realPid,
  soon,
  spinForever,
  spinUntilAtLeast,
} from "./support.ts";

const MASTER = realPid();

test("MapReduce.map() gives results in input order when later jobs end first", async () => {
  using pool = new MapReduce({ np: 2 });
  for (let round = 0; round < 20; round++) {
    const done = empty(1, "i4");
    const results = await pool.map(
      (i: number) => {
        if (i === 0) spinUntilAtLeast(done, 0, 9); // ends last
        Atomics.add(done, 0, 1);
        return `job ${i}`;
      },
      range(10),
      { chunkSize: 1 },
    );
    assert.deepEqual(results, indices(10).map((i) => `job ${i}`));
  }
});

test("MapReduce.map() calls reduce in order of arrival and gives its values in input order", async () => {
  using pool = new MapReduce({ np: 2 });
  for (let round = 0; round < 20; round++) {
    const reduced = empty(1, "i4");
    const arrivals: number[] = [];
    const values = await pool.map(
      (i: number) => {
        if (i === 0) spinUntilAtLeast(reduced, 0, 1); // only reduce in the master releases it
        return i * 10;
      },
      range(2),
      {
        chunkSize: 1,
        reduce: (result, index) => {
          arrivals.push(index);
          Atomics.add(reduced, 0, 1);
          return [result, index];
        },
      },
    );
    assert.deepEqual(arrivals, [1, 0]);
    assert.deepEqual(values, [[0, 0], [10, 1]]);
  }
});

test("MapReduce.map() calls reduce in the master, one at a time, once for each result", async () => {
  for (const np of [0, 1, 3]) {
    using pool = new MapReduce({ np });
    const seen: number[] = [];
    let depth = 0;
    const values = await pool.map((i: number) => 2 * i, range(500), {
      reduce: (result, index) => {
        assert.equal(depth++, 0);
        assert.equal(realPid(), MASTER);
        assert.equal(result, 2 * index);
        assert.equal(pool.local.rank, undefined);
        seen.push(index);
        depth--;
        return result + 1;
      },
    });
    assert.deepEqual(seen.sort((a, b) => a - b), indices(500));
    assert.deepEqual(values, indices(500).map((i) => 2 * i + 1));
  }
});

test("MapReduce.map() passes an array result to reduce as one argument, and keeps undefined", async () => {
  using pool = new MapReduce({ np: 2 });
  const lengths = await pool.map((i: number) => [i, i], range(3), { reduce: (...values) => values.length });
  assert.deepEqual(lengths, [2, 2, 2]); // the result, its index
  assert.deepEqual(await pool.map(() => 1, [1, 2], { reduce: () => {} }), [undefined, undefined]);
});

test("MapReduce.map() lets reduce count words in the master as a sequential run does", async () => {
  const lines = indices(400).map((i) => `w${i % 7} w${i % 11} all`);
  const count = (into: Map<string, number>, words: readonly string[]) => {
    for (const word of words) into.set(word, (into.get(word) ?? 0) + 1);
  };
  const expected = new Map<string, number>();
  for (const line of lines) count(expected, line.split(" "));
  using pool = new MapReduce({ np: 2 });
  const counted = new Map<string, number>();
  await pool.map((line: string) => line.split(" "), lines, { reduce: (words) => count(counted, words) });
  assert.deepEqual(counted, expected);
});

test("MapReduce.map() rejects with what reduce throws, as it is, and stops the workers", async () => {
  for (const np of [0, 2]) {
    using pool = new MapReduce({ np });
    const thrown = new RangeError("in reduce");
    const map = pool.map((i: number) => i === 0 || np === 0 ? i : spinForever(), [0, 1], {
      chunkSize: 1,
      reduce: () => {
        throw thrown;
      },
    });
    assert.equal(await soon(failure(map, RangeError)), thrown);
    await noChildren();
    assert.deepEqual(await pool.map((x: number) => x, [1, 2]), [1, 2]);
  }
});

test("MapReduce.map() throws what the items throw, as it is", async () => {
  using pool = new MapReduce({ np: 2 });
  const thrown = new Error("no more items");
  const items = function* () {
    yield 1;
    throw thrown;
  };
  assert.equal(await soon(failure(() => pool.map((x: number) => x, items()), Error)), thrown);
  await noChildren();
});

test("MapReduce.map() lets the event loop turn while workers run", async () => {
  using pool = new MapReduce({ np: 2 });
  const stop = empty(1, "i4");
  let ticks = 0;
  const timer = setInterval(() => {
    // the jobs end only because the timer ticks
    if (++ticks === 20) Atomics.store(stop, 0, 1);
  }, 2);
  try {
    await pool.map(() => spinUntilAtLeast(stop, 0, 1), [0, 1], { chunkSize: 1 });
  } finally {
    clearInterval(timer);
  }
  assert.ok(ticks >= 20);
});

test("MapReduce.map() tells a progress callback how far it is, up to the end", async () => {
  for (const np of [0, 2]) {
    using pool = new MapReduce({ np });
    const reports: { done: number; total: number; elapsedMs: number; perSecond: number; etaMs: number }[] =
      [];
    await pool.map(() => busyMs(2), range(60), { progress: (report) => reports.push(report) });
    assert.ok(reports.length >= 2);
    assert.ok(reports.every(({ total }) => total === 60));
    for (let i = 1; i < reports.length; i++) {
      assert.ok(
        reports[i]!.done >= reports[i - 1]!.done && reports[i]!.elapsedMs >= reports[i - 1]!.elapsedMs,
      );
    }
    const last = reports.at(-1)!;
    assert.equal(last.done, 60);
    assert.equal(last.etaMs, 0);
    assert.ok(last.perSecond > 0 && last.elapsedMs > 0);
  }
});

test("MapReduce.map() rejects with what the progress callback throws", async () => {
  using pool = new MapReduce({ np: 2 });
  const thrown = new Error("in progress");
  const map = pool.map((x: number) => x, range(10), {
    progress: () => {
      throw thrown;
    },
  });
  assert.equal(await soon(failure(map, Error)), thrown);
  await noChildren();
});
