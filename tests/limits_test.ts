import assert from "node:assert/strict";
import { empty, JobTimeoutError, MapReduce, PoolClosedError, range } from "../mod.ts";
import { test } from "./harness.ts";
import {
  busyMs,
  collect,
  failure,
  indices,
  leavesNothing,
  noChildren,
  scriptOutput,
  soon,
  spinForever,
  spinUntilAtLeast,
} from "./support.ts";

test("timeout ends the whole map, with index -1, and the pool stays usable", async () => {
  using pool = new MapReduce({ np: 2 });
  for (let round = 0; round < 5; round++) {
    const started = performance.now();
    const error = await soon(failure(pool.map(spinForever, range(4), { timeout: 80 }), JobTimeoutError));
    const elapsedMs = performance.now() - started;
    assert.equal(error.index, -1);
    assert.equal(error.name, "JobTimeoutError");
    assert.ok(
      error.elapsedMs >= 80 && error.elapsedMs <= elapsedMs + 1 && elapsedMs >= 79,
      `${error.elapsedMs} of ${elapsedMs}`,
    );
    await noChildren();
    assert.deepEqual(await pool.map((x: number) => x, range(3), { timeout: 10_000 }), indices(3));
  }
});

test("timeout ends a map even when every job is short", async () => {
  using pool = new MapReduce({ np: 2 });
  const map = pool.map(() => busyMs(1), range(1e5), { timeout: 100 });
  assert.equal((await soon(failure(map, JobTimeoutError))).index, -1);
});

test("timeout ends a map whose jobs wait for each other in critical and ordered", async () => {
  using pool = new MapReduce({ np: 2 });
  const entered = empty(1, "i4");
  const map = pool.map(
    (i: number) => {
      if (i === 1) return pool.critical(() => (Atomics.store(entered, 0, 1), pool.ordered(() => i)));
      spinUntilAtLeast(entered, 0, 1);
      return pool.critical(() => pool.ordered(() => i));
    },
    [0, 1],
    { timeout: 200, chunkSize: 1 },
  );
  assert.equal((await soon(failure(map, JobTimeoutError))).index, -1);
  assert.deepEqual(await soon(pool.map((i: number) => pool.critical(() => pool.ordered(() => i)), [7])), [7]);
});

test("jobTimeout kills a job past its time and names it, and the pool stays usable", async () => {
  using pool = new MapReduce({ np: 2 });
  for (let round = 0; round < 5; round++) {
    const map = pool.map((i: number) => i === 3 ? spinForever() : i, range(6), { jobTimeout: 100 });
    const error = await soon(failure(map, JobTimeoutError));
    assert.equal(error.index, 3);
    assert.ok(error.elapsedMs >= 100 && error.elapsedMs < 2000);
    assert.match(error.message, /\b3\b/);
    await noChildren();
    assert.deepEqual(await pool.map((x: number) => x, range(3), { jobTimeout: 10_000 }), indices(3));
  }
});

test("jobTimeout under settle takes the slow jobs only", async () => {
  using pool = new MapReduce({ np: 2 });
  for (const chunkSize of [1, 5]) {
    const settled = await soon(
      pool.map((i: number) => i % 5 === 2 ? spinForever() : i, range(10), {
        jobTimeout: 150,
        onError: "settle",
        chunkSize,
      }),
      "the map",
      5000,
    );
    settled.forEach((s, i) => {
      if (i % 5 !== 2) assert.deepEqual(s, { status: "fulfilled", value: i });
      else assert.ok(s.status === "rejected" && s.reason instanceof JobTimeoutError && s.reason.index === i);
    });
  }
});

test("jobTimeout is for each job, not for a chunk or the map", async () => {
  using pool = new MapReduce({ np: 2 });
  const map = pool.map(
    (i: number) => {
      busyMs(15);
      return i;
    },
    range(60),
    { jobTimeout: 300, chunkSize: 30 },
  );
  assert.deepEqual(await map, indices(60));
});

test("timeout and jobTimeout hold in mapSync() and in imap()", async () => {
  using pool = new MapReduce({ np: 2 });
  assert.throws(() => pool.mapSync(spinForever, [0, 1], { timeout: 80 }), {
    name: "JobTimeoutError",
    index: -1,
  });
  assert.throws(() => pool.mapSync((i: number) => i === 1 && spinForever(), [0, 1], { jobTimeout: 80 }), {
    name: "JobTimeoutError",
    index: 1,
  });
  for (const method of ["imap", "imapUnordered"] as const) {
    const whole = await soon(
      failure(collect(pool[method](spinForever, range(5), { timeout: 80 })), JobTimeoutError),
    );
    assert.equal(whole.index, -1);
    const one = pool[method]((i: number) => i === 2 ? spinForever() : i, range(5), { jobTimeout: 100 });
    assert.equal((await soon(failure(collect(one), JobTimeoutError))).index, 2);
  }
  await noChildren();
});

test("limits that are not reached keep no process alive", async () => {
  const started = performance.now();
  const output = await scriptOutput(`
    import { MapReduce } from "@sharedmem/sharedmem";
    const pool = new MapReduce({ np: 2 });
    const { signal } = new AbortController();
    await pool.map((x) => x, [1, 2, 3], { timeout: 600_000, jobTimeout: 600_000, signal });
    console.log("done");
  `);
  assert.equal(output, "done\n");
  assert.ok(performance.now() - started < 10_000);
});

test("signal rejects with its reason, whatever that is, and kills the workers", async () => {
  using pool = new MapReduce({ np: 2 });
  for (const reason of [new RangeError("mine"), "a string", { an: "object" }, 0, null]) {
    const controller = new AbortController();
    const map = pool.map(spinForever, [0, 1], { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await assert.rejects(soon(map), (error) => Object.is(error, reason));
    await noChildren();
  }
  const controller = new AbortController();
  const map = pool.map(spinForever, [0, 1], { signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  await assert.rejects(
    soon(map),
    (error) => error === controller.signal.reason && (error as Error).name === "AbortError",
  );
  await assert.rejects(soon(pool.map(spinForever, [0, 1], { signal: AbortSignal.timeout(30) })), {
    name: "TimeoutError",
  });
  assert.deepEqual(await pool.map((x: number) => x, range(3)), indices(3));
});

test("signal that was aborted before runs nothing", async () => {
  const reason = new Error("before");
  const signal = AbortSignal.abort(reason);
  for (const np of [0, 2]) {
    using pool = new MapReduce({ np });
    const runs = empty(1, "i4");
    const work = () => Atomics.add(runs, 0, 1);
    const isReason = (error: unknown) => error === reason;
    await assert.rejects(async () => await pool.map(work, [0, 1], { signal }), isReason);
    assert.throws(() => pool.mapSync(work, [0, 1], { signal }), isReason);
    await assert.rejects(collect(pool.imap(work, [0, 1], { signal })), isReason);
    assert.equal(runs[0], 0);
  }
});

test("signal under settle rejects too, since it stops everything", async () => {
  using pool = new MapReduce({ np: 2 });
  const controller = new AbortController();
  const map = pool.map(spinForever, range(4), { signal: controller.signal, onError: "settle" });
  setTimeout(() => controller.abort("stop"), 20);
  await assert.rejects(soon(map), (error) => error === "stop");
});

test("signal has no listener left when the map has ended, and no effect", async () => {
  using pool = new MapReduce({ np: 2 });
  const { signal, ...controller } = countedSignal();
  assert.deepEqual(await pool.map((x: number) => x, range(3), { signal }), indices(3));
  await pool.map(() => assert.fail("x"), range(3), { signal }).catch(() => {});
  await collect(pool.imap((x: number) => x, range(3), { signal }));
  assert.equal(controller.listeners(), 0);
  controller.abort();
  assert.deepEqual(await pool.map((x: number) => x, range(3)), indices(3));
});

function countedSignal(): { signal: AbortSignal; listeners(): number; abort(): void } {
  const controller = new AbortController();
  const { signal } = controller;
  let count = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = function (this: AbortSignal, ...values: unknown[]) {
    count++;
    Reflect.apply(addEventListener, this, values);
  } as typeof addEventListener;
  signal.removeEventListener = function (this: AbortSignal, ...values: unknown[]) {
    count--;
    Reflect.apply(removeEventListener, this, values);
  } as typeof removeEventListener;
  return { signal, listeners: () => Math.max(count, 0), abort: () => controller.abort() };
}

test("MapReduce[Symbol.dispose]() stops what runs, and later calls throw PoolClosedError", async () => {
  const pool = new MapReduce({ np: 2 });
  const maps = [pool.map(spinForever, [0, 1]), pool.map(spinForever, [0, 1], { onError: "settle" })];
  const outcomes = maps.map((map) => failure(map, PoolClosedError));
  setTimeout(() => pool[Symbol.dispose](), 20);
  for (const outcome of outcomes) assert.equal((await soon(outcome)).name, "PoolClosedError");
  await noChildren();
  pool[Symbol.dispose]();
  await failure(() => pool.map((x: number) => x, [1]), PoolClosedError);
  await failure(() => pool.map((x: number) => x, []), PoolClosedError);
  assert.throws(() => pool.mapSync((x: number) => x, [1]), PoolClosedError);
  await failure(() => collect(pool.imap((x: number) => x, [1])), PoolClosedError);
  await failure(() => collect(pool.imapUnordered((x: number) => x, [1])), PoolClosedError);
  using serial = new MapReduce({ np: 0 });
  serial[Symbol.dispose]();
  await failure(() => serial.map((x: number) => x, [1]), PoolClosedError);
});

test("MapReduce[Symbol.dispose]() right after the call stops the map", async () => {
  for (let round = 0; round < 15; round++) {
    const pool = new MapReduce({ np: 2 });
    const map = failure(pool.map(spinForever, [0, 1]), PoolClosedError);
    pool[Symbol.dispose]();
    await soon(map);
  }
  await noChildren();
});

test("a pool that is not disposed keeps no process alive", async () => {
  const output = await scriptOutput(`
    import { MapReduce } from "@sharedmem/sharedmem";
    console.log(await new MapReduce({ np: 2 }).map((x) => x, [1, 2, 3]));
  `);
  assert.equal(output.replaceAll(/\s/g, ""), "[1,2,3]");
});

test("limits leave nothing behind", async () => {
  await leavesNothing(async () => {
    using pool = new MapReduce({ np: 2 });
    for (let i = 0; i < 5; i++) {
      await pool.map(spinForever, [0, 1], { timeout: 10 }).catch(() => {});
      await pool.map(spinForever, [0, 1], { jobTimeout: 10 }).catch(() => {});
      await pool.map(spinForever, [0, 1], { signal: AbortSignal.timeout(10) }).catch(() => {});
    }
    const map = pool.map(spinForever, [0, 1]).catch(() => {});
    pool[Symbol.dispose]();
    await map;
  });
});
