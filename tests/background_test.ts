import assert from "node:assert/strict";
import process from "node:process";
import {
  AsyncJobError,
  background,
  CodecError,
  empty,
  getDebug,
  setDebug,
  WorkerError,
  WorkerExitError,
} from "../mod.ts";
import { test } from "./harness.ts";
import {
  eventually,
  failure,
  indices,
  isRunning,
  leavesNothing,
  noChildren,
  realPid,
  soon,
  spinForever,
  spinUntilAtLeast,
} from "./support.ts";

test("background() runs its function in one child and is a promise of its value", async () => {
  const task = background(() => ({
    pid: realPid(),
    text: "x".repeat(1e6),
    list: [1, [2n]],
    map: new Map([[1, "a"]]),
  }));
  assert.ok(task instanceof Promise);
  const { pid, text, list, map } = await soon(task);
  assert.notEqual(pid, realPid());
  assert.deepEqual([text.length, list, map], [1e6, [1, [2n]], new Map([[1, "a"]])]);
  assert.equal((await task).pid, pid, "awaited again");
  assert.equal(await background(() => undefined), undefined);
  await noChildren();
});

test("background() starts now: it sees every variable as it is at the call", async () => {
  let value = "then";
  const task = background(() => value);
  value = "now";
  assert.equal(await task, "then");
});

test("background() runs beside the master, which it shares arrays with", async () => {
  const flags = empty(2, "i4");
  const task = background(() => {
    Atomics.store(flags, 0, 1);
    spinUntilAtLeast(flags, 1, 1);
    return "done";
  });
  await eventually(() => flags[0] === 1, "the child");
  Atomics.store(flags, 1, 1);
  assert.equal(await soon(task), "done");
});

test("background() returns an array made in the child", async () => {
  const made = await soon(background(() => empty(1e6).fill(3)));
  assert.equal(made.length, 1e6);
  assert.ok(made.every((x) => x === 3));
});

test("background() rejects with WorkerError when its function throws", async () => {
  const error = await soon(failure(
    background(() => {
      throw Object.assign(new RangeError("inside"), { code: 4 });
    }),
    WorkerError,
  ));
  assert.ok(error.cause instanceof RangeError);
  assert.deepEqual([error.cause.message, (error.cause as RangeError & { code: number }).code], ["inside", 4]);
});

test("background() rejects with WorkerExitError when the child dies, 36 times", async () => {
  for (let round = 0; round < 12; round++) {
    const killed = await soon(
      failure(background(() => (process.kill(process.pid, "SIGKILL"), spinForever())), WorkerExitError),
    );
    assert.equal(killed.signal, "SIGKILL");
    const exited = await soon(failure(background(() => process.exit(round)), WorkerExitError));
    assert.equal(exited.exitCode, round);
    const pid = empty(1, "i4");
    const outside = failure(
      background(() => (Atomics.store(pid, 0, realPid()), spinForever())),
      WorkerExitError,
    );
    await eventually(() => pid[0] !== 0, "the child");
    process.kill(pid[0]!, "SIGTERM");
    assert.deepEqual([(await soon(outside)).signal], ["SIGTERM"]);
  }
  await noChildren();
});

test("background() rejects when the value cannot be carried or is a promise", async () => {
  const error = await soon(failure(background(() => ({ a: { f: () => 1 } })), CodecError));
  assert.equal(error.path, "result.a.f");
  await soon(failure(background(() => Promise.resolve(1)), AsyncJobError));
});

test("background().kill() ends the child at once, and is harmless afterwards", async () => {
  for (let round = 0; round < 20; round++) {
    const pid = empty(1, "i4");
    const task = background(() => (Atomics.store(pid, 0, realPid()), spinForever()));
    if (round % 2) await eventually(() => pid[0] !== 0, "the child");
    task.kill();
    const error = await soon(failure(task, WorkerExitError));
    assert.equal(error.signal, "SIGKILL");
    task.kill();
    if (pid[0] !== 0) assert.ok(!isRunning(pid[0]!));
  }
  const done = background(() => 5);
  assert.equal(await done, 5);
  done.kill();
  assert.equal(await done, 5);
  await noChildren();
});

test("background() runs several at the same time", async () => {
  const met = empty(1, "i4");
  const tasks = indices(4).map((i) =>
    background(() => {
      Atomics.add(met, 0, 1);
      spinUntilAtLeast(met, 0, 4);
      return i;
    })
  );
  assert.deepEqual(await soon(Promise.all(tasks), "the tasks", 5000), [0, 1, 2, 3]);
});

test("background() draws random numbers of its own", async () => {
  const values = await Promise.all(
    indices(6).map(() => background(() => [Math.random(), crypto.randomUUID()].join())),
  );
  assert.equal(new Set(values).size, 6);
});

test("background() runs in the master in debug mode, unwrapped", async () => {
  const thrown = new Error("as it is");
  setDebug(true);
  try {
    assert.equal(getDebug(), true);
    assert.equal(await background(realPid), realPid());
    const error = await failure(
      background(() => {
        throw thrown;
      }),
      Error,
    );
    assert.equal(error, thrown);
  } finally {
    setDebug(false);
  }
});

test("background() refuses what is no function", () => {
  assert.throws(() => background(5 as unknown as () => number), TypeError);
});

test("background() leaves nothing behind", async () => {
  await leavesNothing(async () => {
    for (let i = 0; i < 8; i++) {
      await background(() => "x".repeat(1000));
      await background(() => process.exit(1)).catch(() => {});
      const task = background(spinForever);
      task.kill();
      await task.catch(() => {});
    }
  });
});
