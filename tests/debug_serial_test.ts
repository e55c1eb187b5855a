import assert from "node:assert/strict";
import { CodecError, empty, getDebug, MapReduce, range, setDebug, WorkerError } from "../mod.ts";
import { test } from "./harness.ts";
import { collect, failure, indices, pause, realPid } from "./support.ts";

/** Runs `body` in debug mode. */
async function inDebug(body: () => Promise<void>): Promise<void> {
  setDebug(true);
  try {
    await body();
  } finally {
    setDebug(false);
  }
}

test("setDebug() turns debug mode on and off for the process, getDebug() tells", async () => {
  assert.equal(getDebug(), false);
  await inDebug(async () => {
    assert.equal(getDebug(), true);
    await pause(0);
  });
  assert.equal(getDebug(), false);
  using pool = new MapReduce({ np: 2 });
  assert.ok((await pool.map(realPid, [1, 2])).every((pid) => pid !== realPid()));
});

test("setDebug(true) makes every pool run in the master", async () => {
  using made = new MapReduce({ np: 2 });
  await inDebug(async () => {
    using pool = new MapReduce({ np: 4 });
    for (const each of [made, pool]) {
      const own: number[] = [];
      assert.deepEqual(
        await each.map((i: number) => (own.push(i), realPid()), range(3)),
        [1, 2, 3].map(realPid),
      );
      assert.deepEqual(own, [0, 1, 2]);
      assert.deepEqual(each.mapSync((i: number) => i * 2, range(3)), [0, 2, 4]);
      assert.deepEqual(await collect(each.imap((i: number) => i * 2, range(3))), [0, 2, 4]);
    }
  });
});

test("setDebug(true) lets exceptions pass unwrapped, the first one, in map(), mapSync() and imap()", async () => {
  const thrown = new RangeError("unwrapped");
  const work = (i: number) => {
    if (i > 0) throw i === 1 ? thrown : new TypeError("later");
    return i;
  };
  using pool = new MapReduce({ np: 2 });
  await inDebug(async () => {
    assert.equal(await failure(pool.map(work, range(5)), RangeError), thrown);
    assert.equal(await failure(() => pool.mapSync(work, range(5)), RangeError), thrown);
    assert.equal(await failure(collect(pool.imap(work, range(5))), RangeError), thrown);
    assert.equal(await failure(collect(pool.imapUnordered(work, range(5))), RangeError), thrown);
  });
  const wrapped = await failure(pool.map(work, range(2)), WorkerError);
  assert.notEqual(wrapped.cause, thrown);
});

test("setDebug(true) settles when asked", async () => {
  using pool = new MapReduce({ np: 2 });
  await inDebug(async () => {
    const settled = await pool.map((i: number) => i === 1 ? assert.fail("x") : i, range(3), {
      onError: "settle",
    });
    assert.deepEqual(settled.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  });
});

/** What a job sees, which must not depend on where it runs. */
function everything(pool: MapReduce) {
  return (i: number, job: { random(): number; shared: unknown; index: number }) => {
    pool.local.seen = (pool.local.seen as number | undefined ?? 0) + 1;
    const value = pool.critical(() => pool.ordered(() => i * i));
    return { value, drawn: job.random(), shared: job.shared, index: job.index, text: `n${i}` };
  };
}

test("MapReduce gives the same in debug mode, with np 0 and on the serial backend as in workers", async () => {
  using forked = new MapReduce({ np: 1, seed: 3, shared: { a: [1] } });
  const expected = await forked.map(everything(forked), range(20));
  using none = new MapReduce({ np: 0, seed: 3, shared: { a: [1] } });
  using serial = new MapReduce({ backend: "serial", seed: 3, shared: { a: [1] } });
  assert.deepEqual(await none.map(everything(none), range(20)), expected);
  assert.deepEqual(await serial.map(everything(serial), range(20)), expected);
  await inDebug(async () => assert.deepEqual(await forked.map(everything(forked), range(20)), expected));
});

test("MapReduce runs jobs in order in the master with np 0 and on the serial backend", async () => {
  for (const pool of [new MapReduce({ np: 0 }), new MapReduce({ backend: "serial", np: 3 })]) {
    const order: number[] = [];
    const results = await pool.map((i: number) => (order.push(i), realPid()), range(10), {
      schedule: "static",
      chunkSize: 3,
    });
    assert.deepEqual(order, indices(10));
    assert.ok(results.every((pid) => pid === realPid()));
  }
});

test("MapReduce honours timeout, signal, reduce, progress and settle where jobs run in the master", async () => {
  using pool = new MapReduce({ np: 0 });
  const busy = () => {
    const end = performance.now() + 5;
    while (performance.now() < end);
  };
  assert.equal((await failure(pool.map(busy, range(1000), { timeout: 40 }), Error)).name, "JobTimeoutError");
  assert.deepEqual(await pool.map((x: number) => x, range(3), { reduce: (x, i) => x + i }), [0, 2, 4]);
  const controller = new AbortController();
  const map = pool.map((i: number) => i === 3 && controller.abort("now"), range(10), {
    signal: controller.signal,
  });
  await assert.rejects(map, (error) => error === "now");
});

test("MapReduce with np 0 carries results as they are: they never leave the process", async () => {
  using pool = new MapReduce({ np: 0 });
  const f = () => 1;
  const x = empty(3);
  const results = await pool.map((i: number) => i ? x : f, range(2)).catch((error: unknown) => error);
  if (results instanceof CodecError) assert.equal(results.path, "result");
  else assert.deepEqual(results, [f, x]);
});
