import assert from "node:assert/strict";
import {
  AsyncJobError,
  empty,
  MapReduce,
  PoolClosedError,
  range,
  setDebug,
  WorkerError,
  WorkerExitError,
} from "../mod.ts";
import process from "node:process";
import { test } from "./harness.ts";
import {
  busyMs,
  collect,
  eventually,
  failure,
  indices,
  leavesNothing,
  noChildren,
  pause,
  soon,
  spinForever,
  spinUntilAtLeast,
} from "./support.ts";

const double = (x: number) => 2 * x;

/** Look-ahead may depend on how fast jobs are, never on how many items there are. */
const LOOK_AHEAD = 5000;

/** An endless source that tells how far it was pulled and whether it was ended. */
class Naturals implements Iterable<number> {
  pulled = 0;
  returned = 0;

  *[Symbol.iterator](): Generator<number> {
    try {
      for (;;) yield this.pulled++;
    } finally {
      this.returned++;
    }
  }
}

test("MapReduce.imap() gives all results in input order", async () => {
  for (const np of [0, 1, 2, 3]) {
    using pool = new MapReduce({ np });
    for (const n of [0, 1, 2, 10, 3000]) {
      assert.deepEqual(
        await collect(pool.imap(double, range(n))),
        indices(n).map(double),
        `np ${np}, n ${n}`,
      );
    }
    assert.deepEqual(await collect(pool.imap(double, new Set([3, 1]))), [6, 2]);
  }
});

test("MapReduce.imap() gives results in input order when later jobs end first", async () => {
  using pool = new MapReduce({ np: 2 });
  const done = empty(1, "i4");
  const results = await collect(pool.imap(
    (i: number) => {
      if (i === 0) spinUntilAtLeast(done, 0, 1);
      else Atomics.store(done, 0, 1);
      return i;
    },
    [0, 1],
    { chunkSize: 1 },
  ));
  assert.deepEqual(results, [0, 1]);
});

test("MapReduce.imapUnordered() gives each result once", async () => {
  for (const np of [0, 1, 2, 3]) {
    using pool = new MapReduce({ np });
    for (const n of [0, 1, 2, 10, 3000]) {
      const results = await collect(pool.imapUnordered(double, range(n)));
      assert.deepEqual(results.sort((a, b) => a - b), indices(n).map(double), `np ${np}, n ${n}`);
    }
  }
});

test("MapReduce.imapUnordered() gives results as they arrive", async () => {
  using pool = new MapReduce({ np: 2 });
  const consumed = empty(1, "i4");
  const results: number[] = [];
  const work = (i: number) => {
    if (i === 0) spinUntilAtLeast(consumed, 0, 1); // waits until the consumer has the other
    return i;
  };
  for await (const result of pool.imapUnordered(work, [0, 1], { chunkSize: 1 })) {
    results.push(result);
    Atomics.add(consumed, 0, 1);
  }
  assert.deepEqual(results, [1, 0]);
});

for (const method of ["imap", "imapUnordered"] as const) {
  test(`MapReduce.${method}() pulls an endless source no further than it must`, async () => {
    for (const np of [0, 2]) {
      using pool = new MapReduce({ np });
      const source = new Naturals();
      const results: number[] = [];
      for await (const result of pool[method](double, source)) {
        results.push(result);
        if (results.length === 10) {
          let pulled = -1;
          for (let stable = 0; stable < 5; stable = pulled === source.pulled ? stable + 1 : 0) {
            pulled = source.pulled;
            assert.ok(pulled < LOOK_AHEAD, `pulled ${pulled}`);
            await pause(20);
          }
          break;
        }
      }
      if (method === "imap") assert.deepEqual(results, indices(10).map(double));
      assert.equal(source.returned, 1);
      await noChildren();
    }
  });

  test(`MapReduce.${method}() keeps up with a slow consumer of an endless source`, async () => {
    using pool = new MapReduce({ np: 2 });
    const source = new Naturals();
    let consumed = 0;
    for await (const _ of pool[method](double, source)) {
      consumed++;
      assert.ok(source.pulled - consumed < LOOK_AHEAD);
      if (consumed === 30_000) break;
      if (consumed % 10_000 === 0) await pause(30);
    }
  });

  test(`MapReduce.${method}() stops workers and source when the consumer breaks or throws`, async () => {
    using pool = new MapReduce({ np: 2 });
    for (let round = 0; round < 6; round++) {
      const source = new Naturals();
      const started = performance.now();
      await failure(async () => {
        for await (
          const result of pool[method]((i: number) => i < 2 ? i : spinForever(), source, { chunkSize: 1 })
        ) {
          if (round % 2 === 0) break;
          throw new RangeError(`consumer at ${result}`);
        }
        throw new RangeError("consumer");
      }, RangeError);
      await noChildren();
      assert.equal(source.returned, 1);
      assert.ok(performance.now() - started < 2000);
    }
    assert.deepEqual(await pool.map(double, [1]), [2]);
  });

  test(`MapReduce.${method}() takes async iterables, and gives a result before the next item is there`, async () => {
    for (const np of [0, 2]) {
      using pool = new MapReduce({ np });
      let consumed = 0;
      const source = async function* () {
        for (let i = 0; i < 10; i++) {
          // goes on only when the consumer has all results so far
          await eventually(() => consumed === i, `result ${i - 1}`, 2000);
          yield i;
        }
      };
      const results: number[] = [];
      for await (const result of pool[method](double, source())) {
        results.push(result);
        consumed++;
      }
      assert.deepEqual(results, indices(10).map(double));
    }
  });

  test(`MapReduce.${method}() ends an async source whose consumer breaks`, async () => {
    using pool = new MapReduce({ np: 2 });
    let returned = 0;
    const source = async function* () {
      try {
        for (let i = 0;; i++) {
          if (i % 3 === 0) await pause(1);
          yield i;
        }
      } finally {
        returned++;
      }
    };
    for await (const result of pool[method](double, source())) if (result === 40) break;
    // a source that is waiting ends when its wait does
    await eventually(() => returned === 1, "the end of the source", 2000);
    await noChildren();
  });

  test(`MapReduce.${method}() throws what the source throws, as it is`, async () => {
    for (const np of [0, 2]) {
      using pool = new MapReduce({ np });
      const thrown = new RangeError("source");
      const sync = function* () {
        for (let i = 0; i < 5; i++) yield i;
        throw thrown;
      };
      const asynchronous = async function* () {
        yield* sync();
        await Promise.resolve();
      };
      assert.equal(await soon(failure(collect(pool[method](double, sync())), RangeError)), thrown);
      assert.equal(await soon(failure(collect(pool[method](double, asynchronous())), RangeError)), thrown);
      await noChildren();
    }
  });

  test(`MapReduce.${method}() throws what a job throws, at once, and ends the source`, async () => {
    using pool = new MapReduce({ np: 2 });
    const source = new Naturals();
    const work = (i: number) => {
      if (i === 5) throw new SyntaxError("job 5");
      return i;
    };
    const error = await soon(failure(collect(pool[method](work, source)), WorkerError));
    assert.equal(error.index, 5);
    assert.ok(error.cause instanceof SyntaxError);
    assert.equal(source.returned, 1);
    await noChildren();
  });

  test(`MapReduce.${method}() throws WorkerExitError when a worker dies`, async () => {
    using pool = new MapReduce({ np: 2 });
    const work = (i: number) => i === 5 ? process.exit(9) : i;
    const error = await soon(failure(collect(pool[method](work, new Naturals())), WorkerExitError));
    assert.deepEqual([error.index, error.exitCode], [5, 9]);
    await noChildren();
  });

  test(`MapReduce.${method}() throws the signal's reason, while jobs run and while the source is waited for`, async () => {
    using pool = new MapReduce({ np: 2 });
    const reason = { why: "enough" };
    const jobs = new AbortController();
    const running = collect(pool[method](spinForever, [1, 2], { signal: jobs.signal }));
    setTimeout(() => jobs.abort(reason), 30);
    await assert.rejects(soon(running), (error) => error === reason);
    const silent = new AbortController();
    const never = async function* () {
      yield 1;
      await new Promise(() => {});
    };
    const waiting = collect(pool[method](double, never(), { signal: silent.signal }));
    setTimeout(() => silent.abort(reason), 30);
    await assert.rejects(soon(waiting), (error) => error === reason);
    await noChildren();
  });

  test(`MapReduce.${method}() throws PoolClosedError when the pool is disposed meanwhile, and afterwards`, async () => {
    const pool = new MapReduce({ np: 2 });
    const source = new Naturals();
    let results = 0;
    await failure(async () => {
      for await (const _ of pool[method](double, source)) if (++results === 5) pool[Symbol.dispose]();
    }, PoolClosedError);
    await noChildren();
    await failure(() => collect(pool[method](double, [1])), PoolClosedError);
  });

  test(`MapReduce.${method}() gives settled results and reduced ones when asked`, async () => {
    for (const np of [0, 2]) {
      using pool = new MapReduce({ np });
      const work = (i: number) => {
        if (i % 2 === 1) throw new RangeError(String(i));
        return i;
      };
      const settled = await collect(pool[method](work, range(4), { onError: "settle" }));
      const brief = settled.map((s) =>
        s.status === "fulfilled" ? s.value : ((s.reason as Error).cause as Error).message
      );
      assert.deepEqual(
        method === "imap" ? brief : brief.sort(),
        method === "imap" ? [0, "1", 2, "3"] : [0, "1", 2, "3"].sort(),
      );
      const reduced = await collect(
        pool[method](double, range(4), { reduce: (value, index) => `${index}:${value}` }),
      );
      assert.deepEqual(reduced.sort(), ["0:0", "1:2", "2:4", "3:6"]);
    }
  });

  test(`MapReduce.${method}() takes items apart when star is set`, async () => {
    using pool = new MapReduce({ np: 2 });
    const items = indices(20).map((i) => [i, 3] as [number, number]);
    const results = await collect(pool[method]((a: number, b: number) => a * b, items, { star: true }));
    assert.deepEqual(results.sort((a, b) => a - b), indices(20).map((i) => 3 * i));
  });

  test(`MapReduce.${method}() runs in the master in debug mode`, async () => {
    using pool = new MapReduce({ np: 2 });
    const thrown = new Error("as it is");
    let runs = 0;
    setDebug(true);
    try {
      assert.deepEqual(await collect(pool[method]((i: number) => (runs++, i), [1, 2, 3])), [1, 2, 3]);
      assert.equal(runs, 3);
      const raised = failure(() =>
        collect(pool[method](() => {
          throw thrown;
        }, [1])), Error);
      assert.equal(await raised, thrown);
    } finally {
      setDebug(false);
    }
  });

  test(`MapReduce.${method}() leaves nothing behind, whether it ends, breaks or is never begun`, async () => {
    await leavesNothing(async () => {
      using pool = new MapReduce({ np: 2 });
      for (let i = 0; i < 5; i++) {
        await collect(pool[method](double, range(50)));
        for await (const _ of pool[method](double, new Naturals())) break;
        pool[method](double, range(50));
      }
    });
  });
}

test("MapReduce.imap() lets jobs pass ordered in input order", async () => {
  using pool = new MapReduce({ np: 2 });
  const order = empty(2001, "i4");
  let taken = 0;
  for await (
    const _ of pool.imap((i: number) => {
      pool.ordered(() => order[1 + order[0]!++] = i);
    }, new Naturals())
  ) if (++taken === 300) break;
  const passed = Array.from(order.subarray(1, 301));
  assert.deepEqual(passed, indices(300));
}, { timeoutMs: 20_000 });

test("MapReduce.imap() hands out items as they come, while jobs run", async () => {
  using pool = new MapReduce({ np: 2 });
  // job 0 ends only when job 1 has begun, which arrives later
  const begun = empty(1, "i4");
  const source = async function* () {
    yield 0;
    await pause(20);
    yield 1;
  };
  const results = await soon(
    collect(pool.imap((i: number) => {
      if (i === 0) spinUntilAtLeast(begun, 0, 1);
      else Atomics.store(begun, 0, 1);
      return i;
    }, source())),
    "the map",
    5000,
  );
  assert.deepEqual(results, [0, 1]);
});

test("MapReduce.imap() refuses wrong arguments and promises from jobs", async () => {
  using pool = new MapReduce({ np: 2 });
  const imap = pool.imap.bind(pool) as (...values: unknown[]) => AsyncIterable<unknown>;
  await failure(() => collect(imap(1, [1])), TypeError);
  await failure(() => collect(imap(double, 1)), TypeError);
  await failure(() => collect(imap(double, [1], { colour: 1 })), TypeError);
  await failure(() => collect(imap(() => Promise.resolve(1), [1])), AsyncJobError);
});

test("MapReduce.imap() gives results that a slow consumer takes late", async () => {
  using pool = new MapReduce({ np: 2 });
  const results: string[] = [];
  for await (const result of pool.imap((i: number) => "x".repeat(10_000 + i), range(200))) {
    if (results.push(result) % 50 === 0) busyMs(20);
  }
  assert.deepEqual(results.map(({ length }) => length), indices(200).map((i) => 10_000 + i));
});
