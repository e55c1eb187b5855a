/** Rows 18, 19 and 21: jobs that call themselves without end, never end, or end later. */
import assert from "node:assert/strict";
import process from "node:process";
import { AsyncJobError, empty, JobTimeoutError, MapReduce, range, WorkerError } from "../../mod.ts";
import { failure, indices, pause, realPid, soon, SOON_MS } from "../support.ts";
import { fault } from "./rig.ts";

/** What does not promise to be fast and takes longer hangs. */
const HANG_MS = 9000;

fault({
  row: 18,
  name: "a job that overflows its stack throws a RangeError, and its worker goes on",
  rounds: 100,
}, async ({ index }) => {
  using pool = new MapReduce({ np: 1 });
  const dive = (depth: number): number => 1 + dive(depth + 1);
  const pids = empty(6, "i4");
  const overflow = [
    () => dive(0),
    () => pool.critical(() => dive(0)),
    () => {
      using _ = pool.critical.enter();
      return dive(0);
    },
  ][index % 3]!;
  const map = pool.map(
    (i: number) => {
      pids[i] = realPid();
      return i === 3 ? overflow() : pool.critical(() => i);
    },
    range(6),
    { onError: "settle" },
  );
  const settled = await soon(map, "the map", HANG_MS);
  const { reason } = settled[3] as PromiseRejectedResult;
  assert.ok(reason instanceof WorkerError && reason.index === 3, String(reason));
  assert.ok(reason.cause instanceof RangeError, String(reason.cause));
  assert.match(reason.cause.message, /call stack/);
  const others = settled.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
  assert.deepEqual(others, [0, 1, 2, 4, 5]);
  assert.ok(pids.every((pid) => pid === pids[0]), "the worker was replaced");
});

const ENDLESS: readonly [string, () => unknown][] = [
  ["an endless loop", () => {
    for (;;);
  }],
  ["a regular expression that takes for ever", () => /^(a+)+$/.test("a".repeat(60) + "b")],
];
for (const [what, run] of ENDLESS) {
  for (const option of ["jobTimeout", "timeout"] as const) {
    fault({ row: 19, name: `${what} is ended by ${option}`, rounds: 20, soak: 100 }, async ({ random }) => {
      using pool = new MapReduce({ np: 2 });
      const limitMs = 10 + 30 * random();
      const started = performance.now();
      const map = pool.map(run, [0, 1], { chunkSize: 1, [option]: limitMs });
      const error = await soon(failure(map, JobTimeoutError));
      assert.ok(performance.now() - started < limitMs + SOON_MS);
      assert.ok(error.elapsedMs >= limitMs, error.message);
      assert.ok(option === "timeout" ? error.index === -1 : [0, 1].includes(error.index), error.message);
      assert.deepEqual(await soon(pool.map((i: number) => i, range(4)), "the next map", HANG_MS), indices(4));
    });
  }
}

/** Each counts in its first element that it began, in its second that it went on. */
const ASYNC_JOBS: readonly ((counts: Int32Array) => unknown)[] = [
  async (counts) => {
    counts[0]!++;
    await undefined;
    counts[1]!++;
  },
  (counts) => {
    counts[0]!++;
    return Promise.resolve().then(() => counts[1]!++);
  },
  // nobody in the child may be told of a rejection, and nobody hangs on a promise that never settles
  async (counts) => {
    counts[0]!++;
    await Promise.reject(new Error("unseen"));
  },
  (counts) => {
    counts[0]!++;
    return new Promise(() => setTimeout(() => counts[1]!++, 0));
  },
];

fault({
  row: 21,
  name: "a job that returns a promise is refused at once, and neither it nor its master goes on with it",
  rounds: 100,
}, async ({ index }) => {
  using pool = new MapReduce({ np: 1 });
  const counts = empty(2, "i4");
  let rejections = 0;
  const note = (): void => void rejections++;
  process.on("unhandledRejection", note);
  try {
    const map = pool.map((i: number) => i !== 1 ? i : ASYNC_JOBS[index % 4]!(counts), range(3));
    const error = await soon(failure(map, AsyncJobError));
    assert.equal(error.index, 1);
    assert.match(error.message, /job 1 returned a promise/);
    await pause(1);
    assert.deepEqual([...counts, rejections], [1, 0, 0]);
  } finally {
    process.off("unhandledRejection", note);
  }
});
