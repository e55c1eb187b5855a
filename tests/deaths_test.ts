import assert from "node:assert/strict";
import process from "node:process";
import { CodecError, empty, MapReduce, range, SharedMemError, WorkerExitError } from "../mod.ts";
import { test } from "./harness.ts";
import {
  busyMs,
  childrenOf,
  eventually,
  failure,
  indices,
  isRunning,
  leavesNothing,
  noChildren,
  processInfo,
  realPid,
  soon,
  SOON_MS,
  spinForever,
  spinUntilAtLeast,
} from "./support.ts";

const SIGNALS = [
  "SIGKILL",
  "SIGTERM",
  "SIGINT",
  "SIGHUP",
  "SIGABRT",
  "SIGSEGV",
  "SIGQUIT",
  "SIGUSR1",
  "SIGALRM",
] as const;

for (const signal of SIGNALS) {
  test(`WorkerExitError tells that a worker was killed by ${signal}`, async () => {
    using pool = new MapReduce({ np: 2 });
    const seen = empty(2, "i4");
    const map = pool.map(
      (i: number, job) => {
        if (i !== 5) return i;
        seen.set([realPid(), job.rank]);
        process.kill(process.pid, signal);
        spinForever();
      },
      range(20),
      { chunkSize: 1 },
    );
    const error = await soon(failure(map, WorkerExitError));
    const { name, index, pid, rank, exitCode } = error;
    assert.deepEqual([name, index, pid, rank, exitCode, error.signal], [
      "WorkerExitError",
      5,
      seen[0],
      seen[1],
      null,
      signal,
    ]);
    assert.match(error.message, /\b5\b/);
    assert.match(error.message, new RegExp(signal));
    assert.ok(error instanceof SharedMemError);
    await noChildren();
    assert.deepEqual(await pool.map((x: number) => x, range(4)), indices(4));
  });
}

for (const status of [0, 1, 7, 255]) {
  test(`WorkerExitError tells that a job called process.exit(${status})`, async () => {
    using pool = new MapReduce({ np: 2 });
    for (const exit of exits()) {
      const map = pool.map(
        (i: number) => {
          if (i === 3) exit(status);
          return i;
        },
        range(8),
        { chunkSize: 1 },
      );
      const error = await soon(failure(map, WorkerExitError));
      assert.deepEqual([error.index, error.exitCode, error.signal], [3, status, null]);
      assert.match(error.message, new RegExp(`\\b${status}\\b`));
    }
  });
}

/** All ways to leave a process. */
function exits(): ((status: number) => void)[] {
  const { Deno } = globalThis as { Deno?: { exit(status: number): never } };
  const { reallyExit } = process as { reallyExit?: (status: number) => never };
  return [
    (status) => process.exit(status),
    (status) => {
      process.exitCode = status;
      process.exit();
    },
    ...(reallyExit
      ? [(status: number) => (process as unknown as { reallyExit(status: number): void }).reallyExit(status)]
      : []),
    ...(Deno
      ? [
        (status: number) =>
          (globalThis as unknown as { Deno: { exit(status: number): never } }).Deno.exit(status),
      ]
      : []),
  ];
}

test("WorkerExitError tells that a job called process.abort()", async () => {
  using pool = new MapReduce({ np: 2 });
  const error = await soon(failure(pool.map(() => process.abort(), [1]), WorkerExitError), "the map", 5000);
  assert.ok(
    error.signal === "SIGABRT" || error.signal === "SIGTRAP" || error.signal === "SIGILL",
    error.message,
  );
});

test("MapReduce.map() rejects at once when a worker is killed from outside, 80 times", async () => {
  using pool = new MapReduce({ np: 2 });
  for (let round = 0; round < 80; round++) {
    const pids = empty(2, "i4");
    const map = failure(
      pool.map(
        (i: number) => {
          Atomics.store(pids, i, realPid());
          spinForever();
        },
        [0, 1],
        { chunkSize: 1 },
      ),
      WorkerExitError,
    );
    await eventually(() => pids[0] !== 0 && pids[1] !== 0, "the workers");
    const victim = round % 2;
    const started = performance.now();
    process.kill(pids[victim]!, "SIGKILL");
    const error = await soon(map);
    assert.ok(performance.now() - started < SOON_MS);
    assert.deepEqual([error.index, error.pid, error.signal], [victim, pids[victim], "SIGKILL"]);
    await noChildren();
  }
}, { timeoutMs: 60_000 });

test("MapReduce.map() ends one way or the other when a worker is killed at any time, 120 times", async () => {
  using pool = new MapReduce({ np: 2 });
  const expected = indices(300).map((i) => `${i}:`.padEnd(50 * (i % 40), "."));
  for (let round = 0; round < 120; round++) {
    const map = pool.map((i: number) => `${i}:`.padEnd(50 * (i % 40), "."), range(300));
    busyMs((round % 20) / 10); // kill at another moment of its life each time
    const victim = childrenOf()[round % 2];
    if (victim !== undefined) process.kill(victim.pid, "SIGKILL");
    const outcome = await soon(map.catch((error: unknown) => error), `round ${round}`, 5000);
    if (Array.isArray(outcome)) assert.deepEqual(outcome, expected);
    else assert.ok(outcome instanceof WorkerExitError && outcome.signal === "SIGKILL", String(outcome));
  }
}, { timeoutMs: 60_000 });

test("MapReduce.map() reports workers that kill each other", async () => {
  for (const np of [2, 5, 13]) {
    using pool = new MapReduce({ np });
    const pids = empty(np, "i4");
    const ready = empty(1, "i4");
    const map = pool.map(
      (i: number) => {
        Atomics.store(pids, i, realPid());
        Atomics.add(ready, 0, 1);
        spinUntilAtLeast(ready, 0, np);
        busyMs(i % 3);
        process.kill(pids[(i + 1) % np]!, "SIGKILL");
        spinForever();
      },
      range(np),
      { chunkSize: 1 },
    );
    const error = await soon(failure(map, WorkerExitError), `np ${np}`, 5000);
    assert.equal(error.signal, "SIGKILL");
    assert.deepEqual(await soon(pool.map((x: number) => x, range(20))), indices(20));
    await noChildren();
  }
});

test("MapReduce.map() reports the death of the first, the last, the only job, and of all", async () => {
  using pool = new MapReduce({ np: 2 });
  for (const [n, bad] of [[1, 0], [2, 0], [2, 1], [50, 0], [50, 49]] as const) {
    const error = await soon(
      failure(pool.map((i: number) => i === bad && process.exit(2), range(n)), WorkerExitError),
    );
    assert.equal(error.index, bad);
  }
  const settled = await soon(
    pool.map(() => process.exit(2), range(12), { onError: "settle" }),
    "the map",
    10_000,
  );
  assert.deepEqual(
    settled.map((s) => ((s as PromiseRejectedResult).reason as WorkerExitError).index),
    indices(12),
  );
});

test("MapReduce.map() reports what crashes while its result is carried", async () => {
  using pool = new MapReduce({ np: 2 });
  const run = (getter: () => unknown) =>
    pool.map(
      (i: number) => {
        const result = { i };
        if (i === 1) Object.defineProperty(result, "bomb", { enumerable: true, get: getter });
        return result;
      },
      range(3),
      { chunkSize: 1 },
    );
  const exited = await soon(failure(run(() => process.exit(5)), WorkerExitError));
  assert.deepEqual([exited.index, exited.exitCode], [1, 5]);
  const killed = await soon(failure(run(() => process.kill(process.pid, "SIGKILL")), WorkerExitError));
  assert.deepEqual([killed.index, killed.signal], [1, "SIGKILL"]);
  const segfault = await soon(
    failure(run(() => (process.kill(process.pid, "SIGSEGV"), spinForever())), WorkerExitError),
  );
  assert.deepEqual([segfault.index, segfault.signal], [1, "SIGSEGV"]);
  const threw = await soon(failure(
    run(() => {
      throw new RangeError("no");
    }),
    CodecError,
  ));
  assert.equal(threw.index, 1);
});

test("MapReduce.map() gives big results whole or an error when a worker dies after them", async () => {
  using pool = new MapReduce({ np: 2 });
  const settled = await soon(
    pool.map(
      (i: number) => {
        if (i === 6) process.kill(process.pid, "SIGKILL");
        return new Uint8Array(2e6).fill(i);
      },
      range(8),
      { onError: "settle", chunkSize: 8 },
    ),
    "the map",
    10_000,
  );
  settled.forEach((s, i) => {
    if (i === 6) assert.ok((s as PromiseRejectedResult).reason instanceof WorkerExitError);
    else {assert.ok(
        s.status === "fulfilled" && s.value.length === 2e6 && s.value.every((x) => x === i),
        `result ${i}`,
      );}
  });
});

test("MapReduce.mapSync() throws WorkerExitError when a worker dies", () => {
  using pool = new MapReduce({ np: 2 });
  for (let round = 0; round < 8; round++) {
    assert.throws(
      () => pool.mapSync((i: number) => i === 2 && process.kill(process.pid, "SIGKILL"), range(4)),
      {
        name: "WorkerExitError",
        index: 2,
        signal: "SIGKILL",
      },
    );
  }
});

test("MapReduce.map() leaves no zombie, descriptor or mapping after deaths", async () => {
  await leavesNothing(async () => {
    using pool = new MapReduce({ np: 2 });
    for (let i = 0; i < 8; i++) {
      await pool.map(() => process.kill(process.pid, "SIGKILL"), range(3)).catch(() => {});
      await pool.map(() => process.exit(i), range(3), { onError: "settle" });
    }
  }, 1);
});

test("MapReduce.map() has no worker left when it has settled", async () => {
  using pool = new MapReduce({ np: 2 });
  for (let round = 0; round < 10; round++) {
    const pids = await pool.map(realPid, range(4), { chunkSize: 1 });
    await soon((async () => {
      await eventually(
        () => pids.every((pid) => processInfo(pid)?.parent !== realPid()),
        "the end of the workers",
      );
    })());
    assert.ok(pids.every((pid) => !isRunning(pid)));
  }
});
