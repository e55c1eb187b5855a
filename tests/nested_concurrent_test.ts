import assert from "node:assert/strict";
import process from "node:process";
import { background, empty, MapReduce, range, WorkerError, WorkerExitError } from "../mod.ts";
import { test } from "./harness.ts";
import {
  collect,
  eventually,
  failure,
  indices,
  isRunning,
  leavesNothing,
  noChildren,
  realPid,
  sharedMappings,
  soon,
  spinForever,
  spinUntilAtLeast,
} from "./support.ts";

test("MapReduce.map() of one pool may run several times at the same time", async () => {
  using pool = new MapReduce({ np: 2 });
  const met = empty(1, "i4");
  const maps = indices(4).map((k) =>
    pool.map(
      (i: number) => {
        Atomics.add(met, 0, 1);
        spinUntilAtLeast(met, 0, 8); // passes only when all four run
        return 10 * k + i;
      },
      range(2),
      { chunkSize: 1 },
    )
  );
  const results = await soon(Promise.all(maps), "the maps", 8000);
  assert.deepEqual(results, indices(4).map((k) => [10 * k, 10 * k + 1]));
});

test("MapReduce.map() gives each of many simultaneous maps its own results", async () => {
  using pool = new MapReduce({ np: 2 });
  for (let round = 0; round < 10; round++) {
    const maps = indices(6).map((k) => pool.map((i: number) => `${k}:${i}`.repeat(1 + i % 20), range(100)));
    const results = await soon(Promise.all(maps), "the maps", 8000);
    results.forEach((list, k) =>
      assert.deepEqual(list, indices(100).map((i) => `${k}:${i}`.repeat(1 + i % 20)))
    );
  }
  await noChildren();
});

test("MapReduce.map() that fails leaves the other maps of its pool alone", async () => {
  using pool = new MapReduce({ np: 2 });
  const stop = empty(1, "i4");
  const good = pool.map((i: number) => (spinUntilAtLeast(stop, 0, 1), i), [0, 1], { chunkSize: 1 });
  await soon(failure(pool.map(() => assert.fail("x"), [0, 1]), WorkerError));
  await soon(failure(pool.map(() => process.exit(1), [0, 1]), WorkerExitError));
  await soon(failure(pool.map(spinForever, [0, 1], { timeout: 20 }), Error));
  Atomics.store(stop, 0, 1);
  assert.deepEqual(await soon(good), [0, 1]);
});

test("MapReduce.map() and imap() of several pools run at the same time", async () => {
  using first = new MapReduce({ np: 2 });
  using second = new MapReduce({ np: 1 });
  const [a, b, c] = await soon(
    Promise.all([
      first.map((i: number) => i, range(500)),
      collect(second.imap((i: number) => -i, range(500))),
      collect(first.imap((i: number) => 2 * i, range(500))),
    ]),
    "the maps",
    8000,
  );
  assert.deepEqual([a, b, c], [indices(500), indices(500).map((i) => -i), indices(500).map((i) => 2 * i)]);
});

test("MapReduce.map() works in the loop over imap() and in reduce of another map", async () => {
  using pool = new MapReduce({ np: 2 });
  const sums: number[] = [];
  for await (const n of pool.imap((i: number) => i + 1, range(4))) {
    sums.push((await pool.map((i: number) => i, range(n))).reduce((a, b) => a + b, 0));
  }
  assert.deepEqual(sums, [0, 1, 3, 6]);
  const reduced = await pool.map((i: number) => i, range(3), {
    reduce: (i) => pool.mapSync((x: number) => x * 10, [i, i + 1]),
  });
  assert.deepEqual(reduced, [[0, 10], [10, 20], [20, 30]]);
});

test("MapReduce in a job has np 1 by default, and maps there", async () => {
  using pool = new MapReduce({ np: 2 });
  const results = await soon(
    pool.map((i: number) => {
      using inner = new MapReduce();
      return {
        np: inner.np,
        pids: inner.mapSync(realPid, [1, 2, 3]),
        values: inner.mapSync((x: number) => x * i, [1, 2, 3]),
      };
    }, range(3)),
    "the map",
    8000,
  );
  for (const [i, { np, pids, values }] of results.entries()) {
    assert.equal(np, 1);
    assert.equal(new Set(pids).size, 1);
    assert.deepEqual(values, [i, 2 * i, 3 * i]);
  }
  assert.notEqual(new MapReduce().np, 0);
});

test("MapReduce in a job takes more workers when told, and uses the outer pool too", async () => {
  using pool = new MapReduce({ np: 2 });
  const results = await soon(
    pool.map((i: number) => {
      using inner = new MapReduce({ np: 2 });
      const met = empty(1, "i4");
      const ranks = inner.mapSync(
        () => {
          Atomics.add(met, 0, 1);
          spinUntilAtLeast(met, 0, 2);
          return inner.local.rank!;
        },
        [0, 1],
        { chunkSize: 1 },
      );
      const outer = pool.mapSync((x: number) => x + i, [10, 20]);
      return { ranks: ranks.sort(), outer, own: pool.local.rank !== undefined };
    }, range(2)),
    "the map",
    8000,
  );
  assert.deepEqual(results, indices(2).map((i) => ({ ranks: [0, 1], outer: [10 + i, 20 + i], own: true })));
});

test("MapReduce in a job of a job in a job works", async () => {
  using pool = new MapReduce({ np: 2 });
  const deep = (level: number): number =>
    level === 0 ? 1 : new MapReduce({ np: 2 }).mapSync(() => deep(level - 1), [0, 1]).reduce((a, b) => a + b);
  assert.deepEqual(await soon(pool.map(() => deep(2), [0, 1]), "the map", 10_000), [4, 4]);
});

test("MapReduce in a job surfaces errors and deaths as causes, with their classes", async () => {
  using pool = new MapReduce({ np: 2 });
  const threw = await soon(failure(
    pool.map(() => {
      new MapReduce({ np: 2 }).mapSync((i: number) => {
        if (i === 1) throw new RangeError("deep");
      }, [0, 1]);
    }, [0]),
    WorkerError,
  ));
  const inner = threw.cause as WorkerError;
  assert.equal(inner.name, "WorkerError");
  assert.equal(inner.index, 1);
  assert.ok(inner.cause instanceof RangeError && inner.cause.message === "deep");
  const died = await soon(failure(
    pool.map(() => {
      new MapReduce({ np: 2 }).mapSync(() => process.exit(7), [0]);
    }, [0]),
    WorkerError,
  ));
  const death = died.cause as WorkerExitError;
  assert.deepEqual([death.name, death.exitCode, death.index], ["WorkerExitError", 7, 0]);
});

test("MapReduce in a job keeps sections apart and in order", async () => {
  using pool = new MapReduce({ np: 2 });
  const log = empty(9, "i4");
  await soon(
    pool.map(
      (i: number) => {
        pool.ordered(() => {
          new MapReduce({ np: 2 }).mapSync(
            (k: number) => pool.critical(() => log[1 + log[0]!++] = 10 * i + k),
            [0, 1],
          );
        });
      },
      range(4),
      { chunkSize: 1 },
    ),
    "the map",
    8000,
  );
  assert.equal(log[0], 8);
  assert.deepEqual(Array.from(log.subarray(1)).map((x) => Math.floor(x / 10)), [0, 0, 1, 1, 2, 2, 3, 3]);
});

test("MapReduce in a job dies with the job's worker", async () => {
  using pool = new MapReduce({ np: 2 });
  const pids = empty(2, "i4");
  const map = failure(
    pool.map(
      () => {
        new MapReduce({ np: 2 }).mapSync(
          (i: number) => {
            Atomics.store(pids, i, realPid());
            spinForever();
          },
          [0, 1],
          { chunkSize: 1 },
        );
      },
      [0],
      { timeout: 1500 },
    ),
    Error,
  );
  await eventually(() => pids.every((pid) => pid !== 0), "the grandchildren");
  assert.equal((await soon(map, "the map", 4000)).name, "JobTimeoutError");
  await eventually(() => !pids.some(isRunning), "the grandchildren's end", 1000);
});

test("pools made, run and disposed in a job use the memory of each other's locks again", async () => {
  using pool = new MapReduce({ np: 1 });
  const mappings = await pool.map(() => {
    const runPools = (count: number) => {
      for (let i = 0; i < count; i++) {
        using nested = new MapReduce({ np: 1 });
        nested.mapSync((x: number) => x, [1]);
      }
      return sharedMappings();
    };
    return [runPools(10), runPools(130)];
  }, [0]);
  // 64 locks have a page of their own
  assert.equal(mappings[0]![1], mappings[0]![0]);
});

test("background() beside maps, and in a job, works", async () => {
  using pool = new MapReduce({ np: 2 });
  const tasks = indices(3).map((i) => background(() => pool.mapSync((x: number) => x + i, [1, 2])));
  const mapped = pool.map((x: number) => x, range(10));
  assert.deepEqual(await soon(Promise.all(tasks), "the tasks", 5000), [[1, 2], [2, 3], [3, 4]]);
  assert.deepEqual(await mapped, indices(10));
});

test("nested and simultaneous maps leave nothing behind", async () => {
  await leavesNothing(async () => {
    using pool = new MapReduce({ np: 2 });
    for (let i = 0; i < 5; i++) {
      await Promise.all([pool.map((x: number) => x, range(5)), pool.map((x: number) => x, range(5))]);
      await pool.map(() => new MapReduce({ np: 2 }).mapSync(() => 1, [1, 2]), [1, 2]);
    }
  });
});
