import assert from "node:assert/strict";
import process from "node:process";
import { DeadlockError, empty, MapReduce, range, setDebug, WorkerError, WorkerExitError } from "../mod.ts";
import { test } from "./harness.ts";
import { busyMs, failure, indices, soon, spinUntilAtLeast } from "./support.ts";

/** Shared memory in which jobs note the order in which they pass. */
class Log {
  readonly #entries: Int32Array;

  constructor(size: number) {
    this.#entries = empty(size + 1, "i4");
  }

  add(value: number): void {
    this.#entries[1 + this.#entries[0]!] = value;
    this.#entries[0] = this.#entries[0]! + 1;
  }

  get values(): number[] {
    return Array.from(this.#entries.subarray(1, 1 + this.#entries[0]!));
  }
}

test("MapReduce.ordered() runs bodies in input order under every schedule, in both forms", async () => {
  for (const np of [1, 2, 4]) {
    using pool = new MapReduce({ np });
    for (const schedule of ["dynamic", "static", "guided"] as const) {
      for (const chunkSize of [undefined, 1, 7]) {
        const log = new Log(150);
        const results = await soon(
          pool.map(
            (i: number, job) => {
              if (i % 2) return job.ordered(() => (log.add(i), 2 * i));
              using _ = pool.ordered.enter();
              log.add(i);
              return 2 * i;
            },
            range(150),
            chunkSize === undefined ? { schedule } : { schedule, chunkSize },
          ),
          schedule,
          10_000,
        );
        assert.deepEqual(log.values, indices(150), `np ${np}, ${schedule}, chunks of ${chunkSize}`);
        assert.deepEqual(results, indices(150).map((i) => 2 * i));
      }
    }
  }
});

test("MapReduce.ordered() keeps the order in 100 maps", async () => {
  using pool = new MapReduce({ np: 2 });
  for (let round = 0; round < 100; round++) {
    const log = new Log(8);
    await soon(
      pool.map(
        (i: number) => {
          if ((i + round) % 3 === 0) busyMs(0.1);
          pool.ordered(() => log.add(i));
        },
        range(8),
        { chunkSize: 1 },
      ),
      `round ${round}`,
      10_000,
    );
    assert.deepEqual(log.values, indices(8));
  }
}, { timeoutMs: 60_000 });

test("MapReduce.ordered() holds back only its bodies: jobs run in parallel before it", async () => {
  using pool = new MapReduce({ np: 2 });
  const begun = empty(1, "i4");
  const log = new Log(2);
  await pool.map(
    (i: number) => {
      if (i === 1) Atomics.store(begun, 0, 1);
      else spinUntilAtLeast(begun, 0, 1); // job 0 enters only after job 1 has begun
      pool.ordered(() => log.add(i));
    },
    [0, 1],
    { chunkSize: 1 },
  );
  assert.deepEqual(log.values, [0, 1]);
});

test("MapReduce.ordered() skipped by a job passes its turn when the job ends", async () => {
  using pool = new MapReduce({ np: 2 });
  const patterns: ((i: number) => boolean)[] = [
    (i) => i % 2 === 0,
    (i) => i % 3 === 1,
    (i) => i === 99,
    (i) => i === 0,
    () => false,
    (i) => i > 50,
  ];
  for (const enters of patterns) {
    for (const chunkSize of [1, 4, 50]) {
      const log = new Log(100);
      await soon(pool.map(
        (i: number) => {
          if (enters(i)) pool.ordered(() => log.add(i));
        },
        range(100),
        { chunkSize },
      ));
      assert.deepEqual(log.values, indices(100).filter(enters), `${enters}, chunks of ${chunkSize}`);
    }
  }
});

test("MapReduce.ordered() works in the master: np 0, serial, debug, few items", async () => {
  using none = new MapReduce({ np: 0 });
  using serial = new MapReduce({ backend: "serial" });
  using forked = new MapReduce({ np: 2 });
  const check = async (name: string, pool: MapReduce, options: object = {}) => {
    const log: number[] = [];
    const results = await pool.map(
      (i: number) => {
        if (i === 2) return -1;
        return pool.ordered(() => log.push(i));
      },
      range(5),
      options,
    );
    assert.deepEqual(log, [0, 1, 3, 4], name);
    assert.deepEqual(results, [1, 2, -1, 3, 4], name);
    const twice = await pool.map(
      () => {
        pool.ordered(() => 1);
        try {
          pool.ordered(() => 2);
          return "none";
        } catch (error) {
          return (error as Error).name;
        }
      },
      range(2),
      options,
    );
    assert.deepEqual(twice, ["DeadlockError", "DeadlockError"], name);
  };
  await check("np 0", none);
  await check("serial", serial);
  await check("minLength", forked, { minLength: 100 });
  setDebug(true);
  try {
    await check("debug", forked);
  } finally {
    setDebug(false);
  }
});

test("MapReduce.ordered() throws DeadlockError when a job enters it twice, at once", async () => {
  using pool = new MapReduce({ np: 2 });
  const enterings: (() => unknown)[] = [
    () => pool.ordered(() => pool.ordered(() => 1)),
    () => [pool.ordered(() => 1), pool.ordered(() => 2)],
    () => pool.ordered(() => pool.ordered.enter()),
    () => {
      pool.ordered.enter()[Symbol.dispose]();
      return pool.ordered.enter();
    },
  ];
  for (const enter of enterings) {
    const error = await soon(failure(pool.map(enter, range(10)), WorkerError));
    assert.ok(error.cause instanceof DeadlockError);
    const settled = await soon(pool.map(enter, range(10), { onError: "settle" }));
    assert.ok(
      settled.every((s) => s.status === "rejected" && (s.reason as Error).cause instanceof DeadlockError),
    );
  }
});

test("MapReduce.ordered() gives its turn on when its body throws, or its job before it", async () => {
  using pool = new MapReduce({ np: 2 });
  const log = new Log(40);
  const work = (i: number) => {
    if (i % 5 === 1) throw new RangeError("before");
    pool.ordered(() => {
      if (i % 5 === 3) throw new RangeError("inside");
      log.add(i);
    });
    if (i % 5 === 4) throw new RangeError("after");
  };
  for (const chunkSize of [1, 10]) {
    const settled = await soon(pool.map(work, range(20), { onError: "settle", chunkSize }));
    assert.deepEqual(
      settled.map(({ status }) => status === "fulfilled"),
      indices(20).map((i) => i % 5 === 0 || i % 5 === 2),
    );
  }
  const expected = indices(20).filter((i) => i % 5 !== 1 && i % 5 !== 3);
  assert.deepEqual(log.values, [...expected, ...expected]);
  const error = await soon(failure(pool.map(work, range(2, 20)), WorkerError));
  assert.ok(error.cause instanceof RangeError);
});

const places: [string, (pool: MapReduce, body: () => void, die: () => void) => void][] = [
  ["before", (pool, body, die) => (die(), pool.ordered(body))],
  ["inside", (pool, body, die) => pool.ordered(() => (die(), body()))],
  ["after", (pool, body, die) => (pool.ordered(body), die())],
];
for (const [place, run] of places) {
  test(`MapReduce.ordered() gives its turn on when a worker dies ${place}, 25 times`, async () => {
    using pool = new MapReduce({ np: 2 });
    for (let round = 0; round < 25; round++) {
      const log = new Log(12);
      const settled = await soon(
        pool.map(
          (i: number) => {
            run(pool, () => log.add(i), () => {
              if (i === 4) round % 2 ? process.exit(1) : process.kill(process.pid, "SIGKILL");
            });
          },
          range(12),
          { onError: "settle", chunkSize: 1 + round % 4 },
        ),
        `round ${round}`,
        5000,
      );
      assert.deepEqual(settled.map(({ status }) => status === "fulfilled"), indices(12).map((i) => i !== 4));
      assert.ok((settled[4] as PromiseRejectedResult).reason instanceof WorkerExitError);
      assert.deepEqual(log.values, indices(12).filter((i) => i !== 4 || place === "after"));
    }
  }, { timeoutMs: 60_000 });

  test(`MapReduce.ordered() ends well when a job that died ${place} is run again`, async () => {
    using pool = new MapReduce({ np: 2 });
    for (let round = 0; round < 6; round++) {
      const log = new Log(14);
      const attempts = empty(12, "i4");
      const results = await soon(
        pool.map(
          (i: number) => {
            const isFirst = Atomics.add(attempts, i, 1) === 0;
            run(pool, () => log.add(i), () => {
              if (i % 6 === 4 && isFirst) process.exit(1);
            });
            return i;
          },
          range(12),
          { retries: 1, chunkSize: 1 + round % 3 },
        ),
        `round ${round}`,
        5000,
      );
      assert.deepEqual(results, indices(12));
      assert.deepEqual([...new Set(log.values)].sort((a, b) => a - b), indices(12));
    }
  }, { timeoutMs: 60_000 });
}

test("MapReduce.ordered() fails the map at once when a worker dies inside while others wait", async () => {
  using pool = new MapReduce({ np: 2 });
  const map = pool.map((i: number) => pool.ordered(() => i === 0 && process.exit(4)), range(100), {
    chunkSize: 1,
  });
  const error = await soon(failure(map, WorkerExitError));
  assert.deepEqual([error.index, error.exitCode], [0, 4]);
  assert.deepEqual(await soon(pool.map((i: number) => pool.ordered(() => i), range(5))), indices(5));
});

test("MapReduce.ordered() and critical() work inside each other's jobs", async () => {
  using pool = new MapReduce({ np: 2 });
  const log = new Log(50);
  await soon(pool.map((i: number) => {
    pool.critical(() => {});
    pool.ordered(() => pool.critical(() => log.add(i)));
    pool.critical(() => {});
  }, range(50)));
  assert.deepEqual(log.values, indices(50));
});

test("MapReduce.ordered() counts the turns of each of several maps on its own", async () => {
  using pool = new MapReduce({ np: 2 });
  const logs = [new Log(60), new Log(60), new Log(60)];
  await soon(
    Promise.all(logs.map((log) => pool.map((i: number) => pool.ordered(() => log.add(i)), range(60)))),
    "the maps",
    5000,
  );
  for (const log of logs) assert.deepEqual(log.values, indices(60));
});

test("MapReduce.ordered() holds for many more workers than processors", async () => {
  using pool = new MapReduce({ np: 16 });
  const log = new Log(300);
  await soon(
    pool.map(
      (i: number) => {
        if (i % 7 === 0) busyMs(0.2);
        pool.ordered(() => log.add(i));
      },
      range(300),
      { chunkSize: 1 },
    ),
    "the map",
    20_000,
  );
  assert.deepEqual(log.values, indices(300));
});

test("MapReduce.imapUnordered() lets jobs pass ordered in input order", async () => {
  using pool = new MapReduce({ np: 2 });
  const log = new Log(200);
  let count = 0;
  for await (const _ of pool.imapUnordered((i: number) => pool.ordered(() => log.add(i)), range(200))) {
    count++;
  }
  assert.equal(count, 200);
  assert.deepEqual(log.values, indices(200));
});
