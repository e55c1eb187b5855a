import assert from "node:assert/strict";
import process from "node:process";
import { cpuCount, empty, getDebug, type Job, MapReduce, range } from "../mod.ts";
import { test } from "./harness.ts";
import { failure, indices, leavesNothing, realPid, scriptOutput, spinUntilAtLeast } from "./support.ts";

const square = (x: number) => x * x;

test("MapReduce.map() gives the results in input order whatever np and the number of items", async () => {
  for (const np of [0, 1, 2, 3, 5]) {
    using pool = new MapReduce({ np });
    for (const n of [0, 1, 2, 3, 7, 100, 1000]) {
      assert.deepEqual(await pool.map(square, indices(n)), indices(n).map(square), `np ${np}, n ${n}`);
    }
  }
});

test("MapReduce.map() gives a million results in order", async () => {
  using pool = new MapReduce({ np: 2 });
  const results = await pool.map((i: number) => 3 * i + 1, range(1e6));
  assert.equal(results.length, 1e6);
  for (let i = 0; i < 1e6; i++) if (results[i] !== 3 * i + 1) assert.fail(`result ${i} is ${results[i]}`);
});

test("MapReduce.map() takes any iterable, array-like or typed array", async () => {
  using pool = new MapReduce({ np: 2 });
  const shared = empty(5, "i4");
  shared.set([5, 4, 3, 2, 1]);
  const sources: [string, () => Iterable<unknown> | ArrayLike<unknown>][] = [
    ["array", () => ["a", "b", "c"]],
    ["sparse array", () => Object.assign(new Array(3), { 1: "x" })],
    ["Set", () => new Set([3, 1, 2])],
    ["Map", () => new Map([["a", 1], ["b", 2]])],
    ["string", () => "añ😀z"],
    ["generator", () =>
      (function* () {
        yield* [10, 20, 30];
      })()],
    ["array-like", () => ({ length: 2, 0: "x", 1: "y" })],
    ["range", () => range(2, 11, 3)],
    ["Float64Array", () => Float64Array.of(1.5, NaN, -0)],
    ["BigInt64Array", () => BigInt64Array.of(1n, -2n)],
    ["shared array", () => shared],
    ["subarray", () => shared.subarray(1, 4)],
    ["arguments of mixed kinds", () => [null, undefined, 1n, { a: [1] }, "s", [1, [2]]]],
  ];
  for (const [name, make] of sources) {
    assert.deepEqual(await pool.map((x: unknown) => [x], make()), Array.from(make(), (x) => [x]), name);
  }
});

test("MapReduce.map() hands the items themselves to jobs, whatever they hold", async () => {
  using pool = new MapReduce({ np: 2 });
  const items = [{ f: () => 41 }, { f: () => 42 }];
  assert.deepEqual(await pool.map((item) => item.f(), items), [41, 42]);
  assert.deepEqual(await pool.map((f: () => number) => f() + 1, items.map(({ f }) => f)), [42, 43]);
});

test("MapReduce.map() sees every variable as it is at the call, copy on write", async () => {
  using pool = new MapReduce({ np: 2 });
  let factor = 1;
  const state = { list: [1] };
  const first = pool.map(
    (x: number) => {
      factor += 100;
      state.list.push(x);
      return x * (factor - 100) + state.list[0]!;
    },
    [1, 1],
    { chunkSize: 1 },
  );
  factor = 7;
  state.list = [50];
  const results = await first;
  // a worker that ran both jobs has changed its own copy before the second
  assert.ok(results[0] === 2 && (results[1] === 2 || results[1] === 102), String(results));
  assert.deepEqual([factor, state.list], [7, [50]]);
  assert.deepEqual(await pool.map((x: number) => x * factor, [2, 3]), [14, 21]);
});

test("MapReduce.map() runs jobs in processes of their own, np at a time", async () => {
  for (const np of [1, 2, 4]) {
    using pool = new MapReduce({ np });
    const flags = empty(1, "i4");
    const pids = await pool.map(
      () => {
        Atomics.add(flags, 0, 1);
        spinUntilAtLeast(flags, 0, np); // passes only when np jobs run at the same time
        return realPid();
      },
      indices(np),
      { chunkSize: 1 },
    );
    assert.equal(new Set(pids).size, np);
    assert.ok(!pids.includes(realPid()));
  }
});

test("MapReduce.map() starts only as many workers as there are items", async () => {
  using pool = new MapReduce({ np: 8 });
  const flags = empty(1, "i4");
  const workers = await pool.map((_, job) => {
    Atomics.add(flags, 0, 1);
    spinUntilAtLeast(flags, 0, 2);
    return { rank: job.rank, pid: realPid() };
  }, [0, 1]);
  assert.deepEqual(workers.map(({ rank }) => rank).sort(), [0, 1]);
  assert.equal(new Set(workers.map(({ pid }) => pid)).size, 2);
});

test("MapReduce.map() lets workers write into shared arrays", async () => {
  using pool = new MapReduce({ np: 2 });
  const x = empty(1000);
  await pool.map((i: number) => {
    x[i] = i / 2;
  }, range(1000));
  assert.deepEqual(Array.from(x), indices(1000).map((i) => i / 2));
});

test("MapReduce.map() runs every job exactly once under every schedule and chunk size", async () => {
  using pool = new MapReduce({ np: 3 });
  for (const schedule of ["dynamic", "static", "guided"] as const) {
    for (const chunkSize of [undefined, 1, 3, 1000]) {
      for (const n of [1, 2, 3, 10, 500]) {
        const runs = empty(n, "i4");
        const options = chunkSize === undefined ? { schedule } : { schedule, chunkSize };
        const results = await pool.map((i: number) => Atomics.add(runs, i, 1) + i, range(n), options);
        const name = `${schedule}, chunks of ${chunkSize}, ${n} items`;
        assert.deepEqual(results, indices(n), name);
        assert.ok(runs.every((count) => count === 1), name);
      }
    }
  }
});

test("MapReduce.map() deals chunks round robin when the schedule is static, as OpenMP", async () => {
  using pool = new MapReduce({ np: 3 });
  const chunked = await pool.map((_, job) => job.rank, range(20), { schedule: "static", chunkSize: 4 });
  assert.deepEqual(chunked, indices(20).map((i) => Math.floor(i / 4) % 3));
  const whole = await pool.map((_, job) => job.rank, range(12), { schedule: "static" });
  assert.deepEqual(whole, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
});

test("MapReduce.map() hands out chunks of chunkSize consecutive items when the schedule is dynamic", async () => {
  using pool = new MapReduce({ np: 2 });
  const ranks = await pool.map((_, job) => job.rank, range(60), { chunkSize: 5 });
  for (let i = 0; i < 60; i++) assert.equal(ranks[i], ranks[i - i % 5]);
});

test("MapReduce.map() of nothing is [] without forking, and so is what needs no worker", async () => {
  // where fork is refused, only what does not fork works
  const source = `
    import { MapReduce, setDebug } from "@sharedmem/sharedmem";
    import assert from "node:assert/strict";
    const pool = new MapReduce({ np: 2 });
    await assert.rejects(pool.map((x) => x, [1, 2]), { name: "UnsupportedError" });
    assert.deepEqual(await pool.map((x) => x, []), []);
    assert.deepEqual(await pool.map((x) => x, new Set()), []);
    assert.deepEqual(pool.mapSync((x) => x, []), []);
    assert.deepEqual(await pool.map((x) => x + 1, [1, 2, 3], { minLength: 4 }), [2, 3, 4]);
    assert.deepEqual(await new MapReduce({ np: 0 }).map((x) => x + 1, [1, 2]), [2, 3]);
    assert.deepEqual(await new MapReduce({ backend: "serial" }).map((x) => x + 1, [1, 2]), [2, 3]);
    setDebug(true);
    assert.deepEqual(await pool.map((x) => x + 1, [1, 2]), [2, 3]);
    console.log("fine");
  `;
  assert.equal(await scriptOutput(source, { env: { SHAREDMEM_REEXEC: "0" } }), "fine\n");
});

test("MapReduce.map() runs fewer than minLength items in the master, and forks from minLength on", async () => {
  using pool = new MapReduce({ np: 2 });
  let runs = 0;
  const work = () => {
    runs++;
    return realPid();
  };
  assert.deepEqual(await pool.map(work, [1, 2, 3], { minLength: 4 }), [1, 2, 3].map(realPid));
  assert.equal(runs, 3);
  const pids = await pool.map(work, [1, 2, 3], { minLength: 3 });
  assert.ok(!pids.includes(realPid()));
  assert.equal(runs, 3);
});

test("MapReduce.map() takes items apart when star is set, and passes the job last", async () => {
  using pool = new MapReduce({ np: 2 });
  const items: [number, string][] = [[1, "a"], [2, "b"], [3, "c"]];
  assert.deepEqual(await pool.map((n: number, s: string) => s.repeat(n), items, { star: true }), [
    "a",
    "bb",
    "ccc",
  ]);
  const withJob = (n: number, s: string, job: Job) => [n, s, job.index];
  assert.deepEqual(await pool.map(withJob, items, { star: true }), [[1, "a", 0], [2, "b", 1], [3, "c", 2]]);
  const count = (...values: unknown[]) => values.length;
  assert.deepEqual(await pool.map(count, [[], [1], [1, 2]] as unknown[][], { star: true }), [1, 2, 3]);
  const rows = [Float64Array.of(1, 2), Float64Array.of(3, 4)] as unknown as [number, number][];
  assert.deepEqual(await pool.map((a: number, b: number) => a * b, rows, { star: true }), [2, 12]);
  using serial = new MapReduce({ np: 0 });
  assert.deepEqual(await serial.map(withJob, items, { star: true }), [[1, "a", 0], [2, "b", 1], [3, "c", 2]]);
});

test("MapReduce.map() hands every job its index, rank, np, sections, local, shared, random and signal", async () => {
  const shared = { tag: "s" };
  for (const np of [0, 2]) {
    using pool = new MapReduce({ np, shared });
    const seen = await pool.map((_, job) => {
      const { critical, ordered, local, random, signal } = job;
      const drawn = random();
      return {
        index: job.index,
        isRank: job.rank === local.rank && pool.local.rank === local.rank,
        isNp: np === 0 || job.np === np,
        critical: critical(() => 1),
        ordered: ordered(() => 2),
        isShared: job.shared === shared,
        isDrawn: drawn >= 0 && drawn < 1,
        isSignal: signal instanceof AbortSignal && !signal.aborted,
      };
    }, range(4));
    const common = {
      isRank: true,
      isNp: true,
      critical: 1,
      ordered: 2,
      isShared: true,
      isDrawn: true,
      isSignal: true,
    };
    assert.deepEqual(seen, indices(4).map((index) => ({ index, ...common })));
  }
});

test("MapReduce.map() hands its own shared, else the pool's, to job.shared by copy on write", async () => {
  const x = empty(2, "i4");
  const own = { x, f: () => 5 };
  using pool = new MapReduce({ np: 2, shared: "pool's" });
  const results = await pool.map(
    (i: number, { shared }) => {
      const { x, f } = shared as typeof own;
      x[i] = f() + i;
      return shared === own;
    },
    [0, 1],
    { shared: own },
  );
  assert.deepEqual([results, Array.from(x)], [[true, true], [5, 6]]);
  assert.deepEqual(await pool.map((_, job) => job.shared, [0]), ["pool's"]);
});

test("MapReduce.map() lets a job see no signal fire that nobody fired", async () => {
  using pool = new MapReduce({ np: 2 });
  const { signal } = new AbortController();
  assert.deepEqual(await pool.map((_, job) => job.signal.aborted, [0, 1], { signal }), [false, false]);
});

test("new MapReduce() has np and backend as given, else cpuCount() and fork", () => {
  using standard = new MapReduce();
  assert.deepEqual([standard.np, standard.backend], [cpuCount(), "fork"]);
  using given = new MapReduce({ np: 5, backend: "serial" });
  assert.deepEqual([given.np, given.backend], [5, "serial"]);
  assert.equal(getDebug(), false);
});

test("new MapReduce() refuses a wrong np", () => {
  assert.throws(() => new MapReduce({ np: -1 }), RangeError);
  assert.throws(() => new MapReduce({ np: 1.5 }), RangeError);
  assert.throws(() => new MapReduce({ np: NaN }), RangeError);
  assert.throws(() => new MapReduce({ np: "2" as unknown as number }), TypeError);
});

test("MapReduce.map() refuses wrong arguments", async () => {
  using pool = new MapReduce({ np: 2 });
  const map = pool.map.bind(pool) as (...values: unknown[]) => Promise<unknown>;
  await failure(() => map(1, [1]), TypeError);
  await failure(() => map(square), TypeError);
  await failure(() => map(square, 5), TypeError);
  await failure(() => map(square, null), TypeError);
  await failure(() => map(square, {}), TypeError);
  await failure(() => map(square, [1], 3), TypeError);
  await failure(() => map(square, [1], { chunksize: 1 }), TypeError);
  await failure(() => map(square, [1], { chunkSize: 0 }), RangeError);
  await failure(() => map(square, [1], { schedule: "dynamical" }), TypeError);
  assert.deepEqual(await map(square, [3]), [9]);
});

test("MapReduce.mapSync() does what map() does, blocking", () => {
  using pool = new MapReduce({ np: 2, seed: 1 });
  assert.deepEqual(pool.mapSync(square, range(100)), indices(100).map(square));
  assert.deepEqual(
    pool.mapSync((a: number, b: number) => a - b, [[5, 3], [1, 1]] as [number, number][], { star: true }),
    [2, 0],
  );
  assert.deepEqual(pool.mapSync((x: number) => x, [3, 4], { reduce: (x, i) => x * 10 + i }), [30, 41]);
  const pids = pool.mapSync(realPid, [1, 2]);
  assert.ok(!pids.includes(realPid()));
  assert.throws(() =>
    pool.mapSync(() => {
      throw new RangeError("no");
    }, [1]), { name: "WorkerError" });
  assert.throws(() => pool.mapSync(() => process.exit(3), [1]), { name: "WorkerExitError", exitCode: 3 });
  assert.throws(() => pool.mapSync(() => () => 1, [1]), { name: "CodecError" });
});

test("MapReduce.map() leaves nothing behind after 200 maps, failing ones among them", async () => {
  let maps = 20; // for what is allocated once
  await leavesNothing(async () => {
    using pool = new MapReduce({ np: 2 });
    for (let i = 0; i < maps; i++) {
      if (i % 10 === 3) await pool.map(() => process.exit(1), [1, 2]).catch(() => {});
      else if (i % 10 === 7) await pool.map(() => JSON.parse("{"), [1, 2]).catch(() => {});
      else await pool.map(square, range(8));
    }
    maps = 200;
  }, 1);
}, { timeoutMs: 90_000 });
