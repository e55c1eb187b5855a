import assert from "node:assert/strict";
import process from "node:process";
import {
  AsyncJobError,
  CodecError,
  empty,
  JobTimeoutError,
  MapReduce,
  range,
  WorkerError,
  WorkerExitError,
} from "../mod.ts";
import { test } from "./harness.ts";
import { failure, indices, soon, spinForever } from "./support.ts";

test('onError "settle" gives what Promise.allSettled gives', async () => {
  const work = (i: number) => {
    if (i % 3 === 1) throw new RangeError(`no ${i}`);
    return { i };
  };
  const expected = await Promise.allSettled(indices(30).map(async (i) => await work(i)));
  for (const np of [0, 1, 2]) {
    using pool = new MapReduce({ np });
    const settled = await pool.map(work, range(30), { onError: "settle" });
    // what a job threw is the cause of the reason
    const unwrapped = settled.map((s) => {
      if (s.status === "fulfilled") return s;
      assert.ok(s.reason instanceof WorkerError);
      return { status: s.status, reason: s.reason.cause };
    });
    const brief = (list: PromiseSettledResult<unknown>[]) =>
      list.map((s) =>
        s.status === "fulfilled" ? s : [s.status, (s.reason as Error).name, (s.reason as Error).message]
      );
    assert.deepEqual(brief(unwrapped as PromiseSettledResult<unknown>[]), brief(expected));
  }
});

test('onError "settle" runs everything, whatever fails, and reports each failure by its class', async () => {
  for (const chunkSize of [1, 3, 100]) {
    using pool = new MapReduce({ np: 2 });
    const runs = empty(40, "i4");
    const settled = await soon(
      pool.map(
        (i: number) => {
          Atomics.add(runs, i, 1);
          if (i % 10 === 3) throw new TypeError("thrown");
          if (i % 10 === 5) process.exit(6);
          if (i % 10 === 6) process.kill(process.pid, "SIGKILL");
          if (i % 10 === 7) return () => i;
          if (i % 10 === 8) return Promise.resolve(i);
          return i;
        },
        range(40),
        { onError: "settle", chunkSize },
      ),
      "the map",
      10_000,
    );
    const classes = {
      3: WorkerError,
      5: WorkerExitError,
      6: WorkerExitError,
      7: CodecError,
      8: AsyncJobError,
    };
    settled.forEach((s, i) => {
      const type = (classes as Record<number, abstract new (...values: never[]) => Error>)[i % 10];
      if (type === undefined) assert.deepEqual(s, { status: "fulfilled", value: i });
      else assert.ok(s.status === "rejected" && s.reason instanceof type, `${i}: ${JSON.stringify(s)}`);
      if (s.status === "rejected") assert.equal((s.reason as { index: number }).index, i);
    });
    assert.deepEqual(Array.from(runs), Array(40).fill(1), `chunks of ${chunkSize}`);
  }
});

test('onError "settle" works in mapSync() and with mapSync() deaths', () => {
  using pool = new MapReduce({ np: 2 });
  const settled = pool.mapSync((i: number) => i === 2 ? process.exit(1) : i, range(4), { onError: "settle" });
  assert.deepEqual(settled.map(({ status }) => status), ["fulfilled", "fulfilled", "rejected", "fulfilled"]);
});

test('onError "settle" reduces results that are there, and lets reduce change them', async () => {
  for (const np of [0, 2]) {
    using pool = new MapReduce({ np });
    const reduced: number[] = [];
    const settled = await pool.map(
      (i: number) => {
        if (i === 1) throw new Error("x");
        return i;
      },
      range(3),
      { onError: "settle", reduce: (value, index) => (reduced.push(index), value * 10) },
    );
    assert.deepEqual(reduced.sort(), [0, 2]);
    assert.deepEqual([settled[0], settled[1]!.status, settled[2]], [
      { status: "fulfilled", value: 0 },
      "rejected",
      { status: "fulfilled", value: 20 },
    ]);
  }
});

test('onError "throw" does not run everything after an error', async () => {
  using pool = new MapReduce({ np: 2 });
  const runs = empty(1, "i4");
  await failure(
    pool.map((i: number) => {
      if (i === 0) throw new Error("first");
      Atomics.add(runs, 0, 1);
      const end = performance.now() + 1;
      while (performance.now() < end);
    }, range(20_000)),
    WorkerError,
  );
  assert.ok(runs[0]! < 19_000);
});

test("retries runs a job again when its worker died, no job else", async () => {
  for (const chunkSize of [1, 4, 100]) {
    using pool = new MapReduce({ np: 2 });
    for (let round = 0; round < 4; round++) {
      const runs = empty(20, "i4");
      const seen: number[] = [];
      const results = await soon(
        pool.map(
          (i: number) => {
            const run = Atomics.add(runs, i, 1);
            if (i % 7 === 3 && run < 2) round % 2 ? process.exit(0) : process.kill(process.pid, "SIGKILL");
            return { i, text: "t".repeat(i * 50) };
          },
          range(20),
          {
            retries: 2,
            chunkSize,
            reduce: (result, index) => (seen.push(index), result),
          },
        ),
        `round ${round}`,
        8000,
      );
      assert.deepEqual(results, indices(20).map((i) => ({ i, text: "t".repeat(i * 50) })));
      assert.deepEqual(
        Array.from(runs),
        indices(20).map((i) => i % 7 === 3 ? 3 : 1),
        `chunks of ${chunkSize}`,
      );
      assert.deepEqual(seen.sort((a, b) => a - b), indices(20));
    }
  }
}, { timeoutMs: 60_000 });

test("retries that are used up fail with the death, and so does the default of none", async () => {
  using pool = new MapReduce({ np: 2 });
  for (const retries of [0, 1, 3]) {
    const runs = empty(4, "i4");
    const work = (i: number) => {
      Atomics.add(runs, i, 1);
      if (i === 1) process.exit(8);
      return i;
    };
    const error = await soon(failure(pool.map(work, range(4), { retries }), WorkerExitError));
    assert.deepEqual([error.index, error.exitCode, runs[1]], [1, 8, retries + 1]);
    runs.fill(0);
    const settled = await soon(pool.map(work, range(4), { retries, onError: "settle" }));
    assert.deepEqual(settled.map(({ status }) => status === "fulfilled"), [true, false, true, true]);
    assert.deepEqual(Array.from(runs), [1, retries + 1, 1, 1]);
  }
});

test("retries never run a job again for an exception or a result that cannot be carried", async () => {
  using pool = new MapReduce({ np: 2 });
  const runs = empty(2, "i4");
  const thrower = (i: number) => {
    Atomics.add(runs, i, 1);
    throw new Error("x");
  };
  await failure(pool.map(thrower, [0], { retries: 5 }), WorkerError);
  const refused = (i: number) => (Atomics.add(runs, i, 1), () => 1);
  await failure(pool.map(refused, [1].map((i) => i), { retries: 5 }), CodecError);
  assert.deepEqual(Array.from(runs), [1, 1]);
});

test("retries work in imap(), imapUnordered() and mapSync()", async () => {
  using pool = new MapReduce({ np: 2 });
  for (const method of ["imap", "imapUnordered"] as const) {
    const runs = empty(30, "i4");
    const results: number[] = [];
    const stream = pool[method](
      (i: number) => {
        if (Atomics.add(runs, i, 1) === 0 && i % 10 === 4) process.exit(1);
        return i;
      },
      range(30),
      { retries: 1 },
    );
    for await (const result of stream) results.push(result);
    if (method === "imapUnordered") results.sort((a, b) => a - b);
    assert.deepEqual(results, indices(30));
    assert.deepEqual(Array.from(runs), indices(30).map((i) => i % 10 === 4 ? 2 : 1));
  }
  const runs = empty(6, "i4");
  const results = pool.mapSync(
    (i: number) => {
      if (Atomics.add(runs, i, 1) === 0 && i === 2) process.exit(1);
      return i;
    },
    range(6),
    { retries: 1 },
  );
  assert.deepEqual(results, indices(6));
});

test("settle, retries and jobTimeout live together", async () => {
  using pool = new MapReduce({ np: 2 });
  const runs = empty(6, "i4");
  const settled = await soon(
    pool.map(
      (i: number) => {
        const run = Atomics.add(runs, i, 1);
        if (i === 1) spinForever();
        if (i === 2 && run === 0) process.exit(1);
        if (i === 3) throw new RangeError("x");
        return i;
      },
      range(6),
      { onError: "settle", retries: 1, jobTimeout: 200 },
    ),
    "the map",
    8000,
  );
  assert.deepEqual(settled.map(({ status }) => status === "fulfilled"), [
    true,
    false,
    true,
    false,
    true,
    true,
  ]);
  assert.ok((settled[1] as PromiseRejectedResult).reason instanceof JobTimeoutError);
  assert.ok((settled[3] as PromiseRejectedResult).reason instanceof WorkerError);
});
