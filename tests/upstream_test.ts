/**
 * The suite of rainwoodman/sharedmem 0.3.8 (tests/test_sharedmem.py), one test for each of its own, and the scripts
 * of StevenLOL/sharedmem; ported by behaviour.
 */
import assert from "node:assert/strict";
import process from "node:process";
import {
  background,
  copy,
  empty,
  emptyLike,
  full,
  fullLike,
  isShared,
  MapReduce,
  range,
  setDebug,
  WorkerError,
  WorkerExitError,
  zeros,
} from "../mod.ts";
import { test } from "./harness.ts";
import { busyMs, failure, indices, scriptOutput, sleepSync, soon, spinUntilAtLeast } from "./support.ts";

test("test_create: empty, emptyLike, full and fullLike have the shape asked for", () => {
  const a = empty(100, "f8");
  assert.equal(a.length, 100);
  assert.equal(emptyLike(a).length, 100);
  assert.equal(emptyLike([1, 2, 3]).length, 3);
  const ones = full(100, 1.0);
  const alike = fullLike(a, 1.0);
  for (const array of [ones, alike]) {
    assert.equal(array.length, 100);
    assert.ok(array.every((x) => x === 1));
    assert.ok(isShared(array));
  }
  assert.deepEqual(emptyLike([[1, 2, 3], [4, 5, 6]]).shape, [2, 3]);
});

test("test_scalar: workers write a scalar in order", async () => {
  const s = empty([]);
  using pool = new MapReduce();
  await pool.map((i: number) => pool.ordered(() => void (s[0] = i)), range(10));
  assert.equal(s.length, 1);
  assert.equal(s[0], 9);
});

test("test_parallel_process: four sleeps of four workers take the time of less than three", async () => {
  using pool = new MapReduce({ np: 4 });
  const started = performance.now();
  await pool.map(() => sleepSync(800), range(4));
  assert.ok(performance.now() - started < 2400);
});

test("test_parallel_thread: the serial backend gives the same results", async () => {
  using pool = new MapReduce({ np: 4, backend: "serial" });
  assert.deepEqual(await pool.map((i: number) => i * i, range(4)), [0, 1, 4, 9]);
});

test("test_background: gives the value after its time, while the master goes on", async () => {
  const started = performance.now();
  const task = background(() => {
    sleepSync(300);
    return true;
  });
  assert.ok(performance.now() - started < 250);
  assert.equal(await task, true);
  assert.ok(performance.now() - started >= 299);
});

test("test_background_raise: the exception of the function is thrown", async () => {
  const error = await failure(
    background(() => {
      throw new Error("I am raised");
    }),
    WorkerError,
  );
  assert.equal((error.cause as Error).message, "I am raised");
});

test("test_killed: a worker that kills itself on job 10 of 100 is an error", async () => {
  using pool = new MapReduce({ np: 2 });
  const error = await soon(failure(
    pool.map((i: number) => {
      if (i === 10) process.kill(process.pid, "SIGKILL");
      return i;
    }, range(100)),
    WorkerExitError,
  ));
  assert.deepEqual([error.index, error.signal], [10, "SIGKILL"]);
});

test("test_unpicklable_raise: an exception that cannot travel whole is told as lossy", async () => {
  using pool = new MapReduce({ np: 2 });
  class Unpicklable extends Error {
    self = () => this;
  }
  const error = await failure(
    pool.map(() => {
      throw new Unpicklable("no");
    }, [0]),
    WorkerError,
  );
  assert.equal(error.lossy, true);
  assert.ok(error.cause instanceof Error && error.cause.message === "no");
});

test("test_picklable_raise: the reason is the original", async () => {
  using pool = new MapReduce({ np: 2 });
  const error = await failure(
    pool.map(() => {
      throw Object.assign(new RangeError("yes"), { value: 1 });
    }, [0]),
    WorkerError,
  );
  assert.ok(error.cause instanceof RangeError);
  assert.deepEqual(
    [error.cause.message, (error.cause as RangeError & { value: number }).value, error.lossy],
    ["yes", 1, false],
  );
});

/** Sends `view` through a job and checks that what comes back is the same memory: each sees the other's writes. */
async function passesByReference<V>(
  view: V,
  get: (view: V) => number,
  set: (view: V, value: number) => void,
): Promise<V> {
  using pool = new MapReduce({ np: 1 });
  const [back] = await pool.map(() => {
    set(view, 11);
    return view;
  }, [0]);
  assert.equal(get(view), 11);
  assert.equal(get(back!), 11);
  set(back!, 12);
  assert.equal(get(view), 12);
  set(view, 13);
  assert.equal(get(back!), 13);
  return back!;
}

test("test_memory_pickle: a shared array passes as a view of the same memory and of the same type", async () => {
  const a = zeros(100, "i4");
  const back = await passesByReference(a, (view) => view[7]!, (view, value) => void (view[7] = value));
  assert.ok(back instanceof Int32Array && back.length === 100 && isShared(back));
});

test("test_memory_pickle_reversed: negative strides pass", async () => {
  const a = zeros([100], "f8");
  const m = zeros([10, 10]);
  a.set(indices(100));
  const reversed = m.step(-1, -1);
  const back = await passesByReference(
    reversed,
    (view) => view.get(0, 1),
    (view, value) => void view.set(0, 1, value),
  );
  assert.deepEqual([back.shape, back.stride], [[10, 10], [-10, -1]]);
  assert.equal(m.get(9, 8), 13);
});

test("test_memory_pickle_reshaped: permuted axes pass", async () => {
  const m = zeros([10, 5, 2]);
  const permuted = m.transpose(2, 1, 0);
  const back = await passesByReference(
    permuted,
    (view) => view.get(1, 4, 9),
    (view, value) => void view.set(1, 4, 9, value),
  );
  assert.deepEqual([back.shape, back.stride], [[2, 5, 10], permuted.stride]);
  assert.equal(m.get(9, 4, 1), 13);
});

test("test_memory_type: the results of arithmetic are not shared", () => {
  const a = full(10, 2);
  assert.equal(isShared(a), true);
  assert.equal(isShared(a.map((x) => x + 10)), false);
  assert.equal(isShared(a.slice()), false);
  assert.equal(isShared(a.subarray(2)), true);
  assert.equal(isShared(a.reduce((x, y) => x + y)), false);
  assert.equal(isShared([1, 2]), false);
});

test("test_memory_pickle_zero: an array of shape (5, 0) passes", async () => {
  using pool = new MapReduce({ np: 1 });
  const a = empty([5, 0], "f4");
  const [back] = await pool.map(() => a, [0]);
  assert.deepEqual([back!.shape, back!.data.length], [[5, 0], 0]);
  assert.ok(back!.data instanceof Float32Array);
});

test("test_local: 800 jobs see the ranks 0..3 and no other", async () => {
  const t = empty(800, "i4").fill(-1);
  const met = empty(1, "i4");
  using pool = new MapReduce({ np: 4 });
  await pool.map(
    (i: number) => {
      if (i < 4) {
        Atomics.add(met, 0, 1);
        spinUntilAtLeast(met, 0, 4);
      }
      pool.ordered(() => void (t[i] = pool.local.rank!));
    },
    range(800),
    { chunkSize: 1 },
  );
  assert.deepEqual([...new Set(t)].sort(), [0, 1, 2, 3]);
});

test(
  "test_ordered: with it times increase over 800 jobs of 32 workers, without it they need not",
  async () => {
    const t = empty(800);
    const now = () => performance.timeOrigin + performance.now();
    using pool = new MapReduce({ np: 32 });
    await soon(
      pool.map(
        (i: number) => {
          if (Math.random() < 0.1) busyMs(0.5);
          pool.ordered(() => void (t[i] = now()));
        },
        range(800),
        { chunkSize: 1 },
      ),
      "the map",
      30_000,
    );
    for (let i = 1; i < 800; i++) assert.ok(t[i]! >= t[i - 1]!, `time ${i}`);
    const order = empty(3, "i4");
    await pool.map(
      (i: number) => {
        if (i === 0) spinUntilAtLeast(order, 0, 1);
        order[1 + i] = Atomics.add(order, 0, 1);
      },
      [0, 1],
      { chunkSize: 1 },
    );
    assert.deepEqual(Array.from(order.subarray(1)), [1, 0]);
  },
  { timeoutMs: 60_000 },
);

test("test_warnings: a worker prints nothing that nobody asked for", async () => {
  const output = await scriptOutput(`
    import { MapReduce, range } from "@sharedmem/sharedmem";
    using pool = new MapReduce({ np: 2 });
    await pool.map((i) => new Array(i), range(8));
    await pool.map(() => { throw new Error("x"); }, range(8)).catch(() => {});
  `);
  assert.equal(output, "");
});

test("test_critical: with it no two are inside, without it the assertion fails", async () => {
  using pool = new MapReduce({ np: 8 });
  const t = empty(1, "i4");
  await pool.map(() =>
    pool.critical(() => {
      t[0] = 1;
      busyMs(0.1);
      assert.equal(t[0], 1);
      t[0] = 0;
    }), range(200));
  const met = empty(1, "i4");
  const error = await failure(
    pool.map(
      (i: number) => {
        Atomics.store(t, 0, i);
        Atomics.add(met, 0, 1);
        spinUntilAtLeast(met, 0, 2); // both have written
        assert.equal(Atomics.load(t, 0), i);
      },
      [1, 2],
      { chunkSize: 1 },
    ),
    WorkerError,
  );
  assert.equal((error.cause as Error).name, "AssertionError");
});

test("test_sum: the integral by results, by critical and by the array agree", async () => {
  const n = 1 << 22;
  const chunk = 1 << 16;
  const xdx = empty(n);
  const total = empty([]);
  using pool = new MapReduce({ np: 2 });
  const parts = await pool.map((start: number) => {
    let part = 0;
    for (let i = start; i < start + chunk; i++) part += xdx[i] = i / n / n;
    pool.critical(() => total[0] = total[0]! + part);
    return part;
  }, range(0, n, chunk));
  const byResults = parts.reduce((a, b) => a + b);
  const byArray = xdx.reduce((a, b) => a + b);
  const exact = (n - 1) / n / 2;
  for (const sum of [byResults, total[0]!, byArray]) assert.ok(Math.abs(sum - exact) < 1e-10);
});

test("test_wordcount: with reduce in the master equals the run in debug mode", async () => {
  const lines = indices(500).map((i) => `the ${i % 13} quick ${i % 7} fox ${"x".repeat(i % 5)}`);
  const run = async () => {
    const counts = new Map<string, number>();
    using pool = new MapReduce({ np: 2 });
    await pool.map(
      (line: string) => {
        const own = new Map<string, number>();
        for (const word of line.split(" ")) own.set(word, (own.get(word) ?? 0) + 1);
        return own;
      },
      lines,
      {
        reduce: (own) => {
          for (const [word, count] of own) counts.set(word, (counts.get(word) ?? 0) + count);
        },
      },
    );
    return counts;
  };
  const parallel = await run();
  setDebug(true);
  try {
    assert.deepEqual(parallel, await run());
  } finally {
    setDebug(false);
  }
  assert.equal(parallel.get("the"), 500);
});

test("testcpu: many more sleeps than workers end in time", async () => {
  using pool = new MapReduce({ np: 4 });
  const started = performance.now();
  await pool.map(() => sleepSync(10), range(64), { chunkSize: 1 });
  const elapsedMs = performance.now() - started;
  assert.ok(elapsedMs >= 159 && elapsedMs < 1000, `${elapsedMs}`);
});

test("testdefer: background tasks end and fail beside each other", async () => {
  const outcomes = await Promise.allSettled([background(() => 3), background(() => assert.fail("printed"))]);
  assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "rejected"]);
});

test("testdie, testexcept: job 10 of 100 that dies or throws is an error that names it", async () => {
  using pool = new MapReduce();
  const died = await soon(
    failure(
      pool.map((i: number) => i === 10 && process.kill(process.pid, "SIGKILL"), range(100)),
      WorkerExitError,
    ),
  );
  const threw = await soon(
    failure(pool.map((i: number) => i === 10 && assert.fail("x"), range(100)), WorkerError),
  );
  assert.deepEqual([died.index, threw.index], [10, 10]);
});

test("copy: of a list, of a scalar and of a shared array", () => {
  assert.deepEqual(Array.from(copy([1, 2, 3])), [1, 2, 3]);
  const s = full([], 5);
  const c = copy(s);
  c[0] = 6;
  assert.deepEqual([s[0], c[0], isShared(c)], [5, 6, true]);
});
