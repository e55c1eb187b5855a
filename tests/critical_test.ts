import assert from "node:assert/strict";
import process from "node:process";
import { DeadlockError, empty, MapReduce, range, setDebug, WorkerError, WorkerExitError } from "../mod.ts";
import { test } from "./harness.ts";
import { failure, indices, soon, spinForever, spinUntilAtLeast } from "./support.ts";

/** The pools in which sections must do the same. */
function* pools(): Generator<[string, MapReduce]> {
  for (const np of [0, 1, 2]) {
    using pool = new MapReduce({ np });
    yield [`np ${np}`, pool];
  }
  using serial = new MapReduce({ backend: "serial" });
  yield ["serial", serial];
  setDebug(true);
  try {
    using debug = new MapReduce({ np: 2 });
    yield ["debug", debug];
  } finally {
    setDebug(false);
  }
}

test("MapReduce.critical() lets one worker at a time in, in both forms", async () => {
  using pool = new MapReduce({ np: 2 });
  const counts = empty(2);
  const each = 50_000;
  await pool.map(
    () => {
      for (let i = 0; i < each; i++) {
        pool.critical(() => counts[0] = counts[0]! + 1);
        using _ = pool.critical.enter();
        counts[1] = counts[1]! + 1;
      }
    },
    [0, 1],
    { chunkSize: 1 },
  );
  assert.deepEqual(Array.from(counts), [2 * each, 2 * each]);
});

test("MapReduce.critical() loses no update in 100 maps of three workers", async () => {
  using pool = new MapReduce({ np: 3 });
  const counts = empty(2, "i4");
  for (let round = 1; round <= 100; round++) {
    await pool.map(
      (_, { critical }) => {
        Atomics.add(counts, 1, 1);
        for (let i = 0; i < 20; i++) critical(() => counts[0] = counts[0]! + 1);
      },
      range(3),
      { chunkSize: 1 },
    );
    assert.equal(counts[0], round * 60);
  }
  assert.equal(counts[1], 300);
}, { timeoutMs: 90_000 });

test("MapReduce.critical() keeps others out for as long as its body runs", async () => {
  using pool = new MapReduce({ np: 4 });
  const inside = empty(1, "i4");
  await pool.map(() => {
    pool.critical(() => {
      assert.equal(Atomics.add(inside, 0, 1), 0);
      for (let i = 0; i < 1000; i++) assert.equal(Atomics.load(inside, 0), 1);
      Atomics.sub(inside, 0, 1);
    });
  }, range(200));
  // without it they meet
  await pool.map(
    () => {
      Atomics.add(inside, 0, 1);
      spinUntilAtLeast(inside, 0, 2);
    },
    [0, 1],
    { chunkSize: 1 },
  );
});

test("MapReduce.critical() returns the body's value and passes on what it throws, released, everywhere", async () => {
  for (const [name, pool] of pools()) {
    const seen = await pool.map((i: number, job) => {
      const thrown = new RangeError("inside");
      let caught: unknown;
      try {
        pool.critical(() => {
          throw thrown;
        });
      } catch (error) {
        caught = error;
      }
      {
        const guard = job.critical.enter();
        guard[Symbol.dispose]();
      }
      return [pool.critical(() => i * 2), caught === thrown, pool.critical.abandoned];
    }, range(6));
    assert.deepEqual(seen, indices(6).map((i) => [2 * i, true, 0]), name);
  }
});

test("MapReduce.critical() throws DeadlockError when entered again, at once, and stays held", async () => {
  for (const [name, pool] of pools()) {
    const result = await soon(
      pool.map(() => {
        const tries = [
          () => pool.critical(() => 1),
          () => pool.critical.enter(),
          () => pool.critical(() => pool.critical(() => 1)),
        ];
        const outer = pool.critical(() => tries.map((attempt) => errorName(attempt)));
        using _ = pool.critical.enter();
        return [...outer, ...tries.map((attempt) => errorName(attempt))];
      }, range(4)),
      name,
      5000,
    );
    assert.deepEqual(result, indices(4).map(() => Array(6).fill("DeadlockError")), name);
  }
});

function errorName(call: () => unknown): string {
  try {
    call();
    return "none";
  } catch (error) {
    return (error as Error).name;
  }
}

test("MapReduce.critical() that deadlocks fails the map with the DeadlockError as cause", async () => {
  using pool = new MapReduce({ np: 2 });
  const error = await soon(
    failure(pool.map(() => pool.critical(() => pool.critical(() => 1)), [0, 1]), WorkerError),
  );
  assert.ok(error.cause instanceof DeadlockError);
  assert.deepEqual(await soon(pool.map((i: number) => pool.critical(() => i), [5, 6])), [5, 6]);
});

test("MapReduce.critical() of another pool is another section", async () => {
  using pool = new MapReduce({ np: 2 });
  using other = new MapReduce({ np: 2 });
  const met = empty(1, "i4");
  const meet = () => {
    Atomics.add(met, 0, 1);
    spinUntilAtLeast(met, 0, 2);
    return 1;
  };
  assert.deepEqual(
    await pool.map((i: number) => (i ? pool : other).critical(meet), [0, 1], { chunkSize: 1 }),
    [1, 1],
  );
  assert.deepEqual(await pool.map(() => pool.critical(() => other.critical(() => 2)), [0, 1]), [2, 2]);
});

test("MapReduce.critical() of a pool that never forked keeps the workers of another pool apart", async () => {
  for (const np of [0, 2]) {
    using locks = new MapReduce({ np });
    using workers = new MapReduce({ np: 2 });
    const count = empty(1);
    const each = 100_000;
    const add = (): void => {
      for (let i = 0; i < each; i++) locks.critical(() => count[0] = count[0]! + 1);
    };
    await workers.map(add, [0, 1], { chunkSize: 1 });
    assert.equal(count[0], 2 * each);
    locks.mapSync(() => workers.mapSync(add, [0, 1], { chunkSize: 1 }), [0]);
    assert.equal(count[0], 4 * each);
  }
});

test("MapReduce.critical() of another pool is freed by the death of a worker inside, and tells", async () => {
  using locks = new MapReduce({ np: 0 });
  using workers = new MapReduce({ np: 2 });
  const die = (): boolean => locks.critical(() => process.kill(process.pid, "SIGKILL"));
  await soon(failure(workers.map(die, [0]), WorkerExitError), "the map");
  assert.equal(locks.critical(() => locks.critical.abandoned), 1);
});

test("MapReduce.critical() throws DeadlockError when anything above holds it and waits", async () => {
  for (const np of [0, 1, 2]) {
    using outer = new MapReduce({ np });
    const enter = (): number => outer.critical(() => 1);
    const inner = (depth: number): number[] => {
      using pool = new MapReduce({ np: 1 });
      return pool.mapSync(() => depth === 0 ? enter() : inner(depth - 1)[0]!, [0]);
    };
    for (const depth of [0, 1]) {
      assert.equal((await outer.map(() => inner(depth)[0]!, [0]))[0], 1);
      const map = outer.map(() => outer.critical(() => inner(depth)), [0]);
      let error: unknown = await soon(failure(map, WorkerError), "the map");
      while (error instanceof WorkerError) error = error.cause;
      assert.ok(error instanceof DeadlockError, String(error));
    }
  }
});

test("MapReduce.critical() holds across several maps of one pool", async () => {
  using pool = new MapReduce({ np: 2 });
  const count = empty([]);
  const add = () => {
    for (let i = 0; i < 5000; i++) pool.critical(() => count[0] = count[0]! + 1);
  };
  await Promise.all([pool.map(add, [0, 1]), pool.map(add, [0, 1]), pool.map(add, [0, 1])]);
  assert.equal(count[0], 30_000);
});

test("MapReduce.critical() outside of jobs returns the body's value", () => {
  using pool = new MapReduce({ np: 2 });
  assert.equal(pool.critical(() => 7), 7);
  {
    using _ = pool.critical.enter();
    assert.throws(() => pool.critical(() => 1), DeadlockError);
  }
  assert.deepEqual(pool.mapSync(() => pool.critical(() => 8), [0, 1]), [8, 8]);
});

test("MapReduce.critical.enter() before the pool's first map is left after it, for everyone", async () => {
  using pool = new MapReduce({ np: 2 });
  {
    using _ = pool.critical.enter();
    // only now the lock moves to where workers see it
    assert.deepEqual(await pool.map((i) => i, range(4)), indices(4));
  }
  assert.equal(pool.critical(() => "entered"), "entered");
  const inside = pool.map((i) => pool.critical(() => i), range(4));
  assert.deepEqual(await soon(inside, "workers to get in"), indices(4));
});

test("MapReduce.critical.enter() may be left twice without freeing what another holds", async () => {
  using pool = new MapReduce({ np: 2 });
  const count = empty([]);
  await pool.map(
    () => {
      for (let i = 0; i < 2000; i++) {
        const guard = pool.critical.enter();
        count[0] = count[0]! + 1;
        guard[Symbol.dispose]();
        guard[Symbol.dispose]();
      }
    },
    [0, 1],
    { chunkSize: 1 },
  );
  assert.equal(count[0], 4000);
});

test("MapReduce.critical() kept by a guard that a job forgets is free for the next job", async () => {
  using pool = new MapReduce({ np: 2 });
  const map = pool.map(
    (i: number) => {
      pool.critical.enter();
      return i;
    },
    range(20),
    { onError: "settle" },
  );
  const results = await soon(map, "the map", 5000);
  assert.equal(results.length, 20);
  assert.deepEqual(await soon(pool.map((i: number) => pool.critical(() => i), [1, 2])), [1, 2]);
});

const deaths: [string, () => void][] = [
  ["is killed", () => process.kill(process.pid, "SIGKILL")],
  ["exits", () => process.exit(0)],
];
for (const [how, die] of deaths) {
  test(`MapReduce.critical() is released when a worker ${how} inside, and abandoned tells`, async () => {
    using pool = new MapReduce({ np: 2 });
    const value = empty(1, "i4");
    const settled = await soon(
      pool.map(
        (i: number) =>
          pool.critical(() => {
            value[0] = i;
            if (i === 3) die();
            return pool.critical.abandoned;
          }),
        // jobs after it, enough that the other worker does not finish them all while this one is about to die
        range(2000),
        { onError: "settle", chunkSize: 1 },
      ),
      "the map",
      5000,
    );
    assert.deepEqual(
      settled.flatMap(({ status }, i) => status === "rejected" ? [i] : []),
      [3],
    );
    const reason = (settled[3] as PromiseRejectedResult).reason;
    assert.ok(reason instanceof WorkerExitError);
    assert.equal(reason.index, 3);
    assert.equal(pool.critical.abandoned, 1);
    const counts = settled.flatMap((s) => s.status === "fulfilled" ? [s.value] : []);
    assert.ok(counts.every((count) => count === 0 || count === 1));
    assert.ok(counts.includes(1), "who came after it could tell");
  });

  test(`MapReduce.critical() works in the next map when a worker ${how} inside, 50 times`, async () => {
    using pool = new MapReduce({ np: 2 });
    for (let round = 0; round < 50; round++) {
      const map = pool.map(
        (i: number) =>
          pool.critical(() => {
            if (i === 0) die();
          }),
        [0, 1],
        { chunkSize: 1 },
      );
      const error = await soon(failure(map, WorkerExitError), `round ${round}`);
      assert.equal(error.index, 0);
      assert.deepEqual(
        await soon(pool.map((i: number) => pool.critical(() => i), [5, 6]), `round ${round}`),
        [5, 6],
      );
    }
    assert.equal(pool.critical.abandoned, 50);
  }, { timeoutMs: 60_000 });
}

test("MapReduce.critical.abandoned tells a job that is run again", async () => {
  using pool = new MapReduce({ np: 2 });
  const results = await soon(
    pool.map(
      (i: number) =>
        pool.critical(() => {
          const { abandoned } = pool.critical;
          if (i === 1 && abandoned === 0) process.kill(process.pid, "SIGKILL");
          return abandoned;
        }),
      [0, 1],
      { retries: 1, chunkSize: 1 },
    ),
    "the map",
    5000,
  );
  assert.equal(results[1], 1);
});

test("MapReduce.critical.abandoned does not count exceptions or deaths outside", async () => {
  using pool = new MapReduce({ np: 2 });
  const work = (i: number) => {
    if (i === 0) pool.critical(() => assert.fail("inside"));
    pool.critical(() => {});
    process.exit(1);
  };
  await pool.map(work, [0, 1], { onError: "settle" });
  assert.equal(pool.critical.abandoned, 0);
});

test("MapReduce.critical() is released when a job is killed for its time inside", async () => {
  using pool = new MapReduce({ np: 2 });
  const settled = await soon(
    pool.map(
      (i: number) =>
        pool.critical(() => {
          if (i === 0) spinForever();
          return i;
        }),
      range(4),
      { onError: "settle", jobTimeout: 300, chunkSize: 1 },
    ),
    "the map",
    8000,
  );
  assert.equal(settled[0]!.status, "rejected");
  assert.equal(settled.length, 4);
  assert.deepEqual(await soon(pool.map((i: number) => pool.critical(() => i), [5, 6])), [5, 6]);
});
