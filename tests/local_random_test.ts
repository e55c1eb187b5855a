import assert from "node:assert/strict";
import process from "node:process";
import { empty, MapReduce, range, setDebug } from "../mod.ts";
import { test } from "./harness.ts";
import { collect, indices, spinUntilAtLeast } from "./support.ts";

test("MapReduce.local.rank is 0…np-1 in a worker and undefined outside", async () => {
  for (const np of [1, 2, 4]) {
    using pool = new MapReduce({ np });
    const met = empty(1, "i4");
    assert.equal(pool.local.rank, undefined);
    const map = pool.map(
      (_, job) => {
        Atomics.add(met, 0, 1);
        spinUntilAtLeast(met, 0, np);
        return [pool.local.rank, pool.tls.rank, job.local.rank, job.rank];
      },
      range(np),
      { chunkSize: 1 },
    );
    assert.equal(pool.local.rank, undefined);
    const ranks = await map;
    assert.deepEqual(ranks.map(([rank]) => rank!).sort(), indices(np));
    for (const four of ranks) assert.equal(new Set(four).size, 1);
    assert.equal(pool.local.rank, undefined);
  }
});

test("MapReduce.local survives from job to job of one map, in one worker, and no further", async () => {
  using pool = new MapReduce({ np: 2 });
  const count = (_: number, job: { rank: number }) => {
    pool.local.count = (pool.local.count as number | undefined ?? 0) + 1;
    return [job.rank, pool.local.count as number];
  };
  for (let round = 0; round < 3; round++) {
    const counts = await pool.map(count, range(40), { chunkSize: 1 });
    for (const rank of [0, 1]) {
      const own = counts.filter(([at]) => at === rank).map(([, value]) => value!);
      assert.deepEqual(own, indices(own.length).map((i) => i + 1));
    }
    assert.equal(pool.local.count, undefined);
  }
});

test("MapReduce.local is the same in the master: np 0, serial, debug", async () => {
  const check = async (pool: MapReduce) => {
    const seen = await pool.map((_, job) => {
      pool.local.count = (pool.local.count as number | undefined ?? 0) + 1;
      return [pool.local.rank, job.rank, job.local.count];
    }, range(3));
    assert.deepEqual(seen, [[0, 0, 1], [0, 0, 2], [0, 0, 3]]);
    assert.deepEqual([pool.local.rank, pool.local.count], [undefined, undefined]);
  };
  await check(new MapReduce({ np: 0 }));
  await check(new MapReduce({ backend: "serial" }));
  setDebug(true);
  try {
    await check(new MapReduce({ np: 2 }));
  } finally {
    setDebug(false);
  }
});

test("MapReduce.local holds what cannot travel", async () => {
  using pool = new MapReduce({ np: 2 });
  const results = await pool.map((i: number) => {
    pool.local.double ??= (x: number) => 2 * x;
    return (pool.local.double as (x: number) => number)(i);
  }, range(10));
  assert.deepEqual(results, indices(10).map((i) => 2 * i));
});

const draw = (i: number, job: { random(): number }): number[] =>
  Array.from({ length: 1 + i % 3 }, () => job.random());

test("MapReduce.random() gives the same to a job whatever np, schedule and method", async () => {
  using reference = new MapReduce({ np: 0, seed: 42 });
  const expected = await reference.map(draw, range(60));
  for (const np of [1, 2, 3]) {
    for (const schedule of ["dynamic", "static", "guided"] as const) {
      using pool = new MapReduce({ np, seed: 42 });
      assert.deepEqual(await pool.map(draw, range(60), { schedule, chunkSize: 1 + np }), expected);
    }
  }
  using pool = new MapReduce({ np: 2, seed: 42 });
  assert.deepEqual(await collect(pool.imap(draw, range(60))), expected);
  assert.deepEqual(pool.mapSync(draw, range(60)), expected);
  assert.deepEqual(await pool.map(draw, range(60), { minLength: 100 }), expected);
  assert.deepEqual(await pool.map(draw, range(60)), expected, "and in each map of a pool");
  assert.deepEqual(
    await pool.map((i: number) => indices(1 + i % 3).map(() => pool.random()), range(60)),
    expected,
  );
  using serial = new MapReduce({ backend: "serial", seed: 42 });
  assert.deepEqual(await serial.map(draw, range(60)), expected);
  setDebug(true);
  try {
    assert.deepEqual(await pool.map(draw, range(60)), expected);
  } finally {
    setDebug(false);
  }
});

test("MapReduce.random() is in [0, 1) and differs between jobs, seeds and pools without a seed", async () => {
  const first = async (options: object) => {
    using pool = new MapReduce({ np: 2, ...options });
    return await pool.map((_, job) => job.random(), range(5000));
  };
  const [a, b, c, d] = [await first({ seed: 1 }), await first({ seed: 2 }), await first({}), await first({})];
  const all = [...a, ...b, ...c, ...d];
  assert.ok(all.every((x) => x >= 0 && x < 1));
  assert.equal(new Set(all).size, all.length);
  const mean = a.reduce((sum, x) => sum + x) / a.length;
  assert.ok(Math.abs(mean - 0.5) < 0.03);
});

test("MapReduce.random() gives a job that is run again the same numbers", async () => {
  using reference = new MapReduce({ np: 0, seed: 7 });
  const expected = await reference.map(draw, range(10));
  using pool = new MapReduce({ np: 2, seed: 7 });
  const runs = empty(10, "i4");
  const results = await pool.map(
    (i: number, job) => {
      const values = draw(i, job);
      if (i % 4 === 1 && Atomics.add(runs, i, 1) === 0) process.exit(1);
      return values;
    },
    range(10),
    { retries: 1 },
  );
  assert.deepEqual(results, expected);
});

test("MapReduce.random() takes bigint and negative seeds", async () => {
  const first = async (seed: number | bigint) => {
    using pool = new MapReduce({ np: 2, seed });
    return await pool.map((_, job) => job.random(), range(3));
  };
  assert.deepEqual(await first(5n), await first(5));
  assert.notDeepEqual(await first(-5), await first(5));
});
