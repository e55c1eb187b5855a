/** Rows 61 and 62: what processes and threads share: the error number, the lock. */
import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import process from "node:process";
import { O_RDONLY, O_WRONLY } from "../../ffi/constants.ts";
import { c, cString, errno } from "../../ffi/libc.ts";
import { background, empty, MapReduce, range, WorkerExitError } from "../../mod.ts";
import { childrenOf, eventually, indices, killOther, pause, realPid, sleepSync, soon } from "../support.ts";
import { BusyMaster } from "./busy_master.ts";
import { fault } from "./rig.ts";

/** A map that takes longer hangs. */
const HANG_MS = 9000;
/** How long a worker may wait for a lock that seven others want: far beyond the time slice of a wait. */
const STALL_MS = 2000;

const missing = cString("/nowhere/at/all");
const directory = cString("/proc");
const notDirectory = cString("/proc/self/status/x");
const bytes = new Uint8Array(64);
const SIGWINCH = 28;
/** Calls that fail, with the error number that their man pages name (errno(3) of Linux gives the numbers). */
const FAILING: readonly [number, string, () => number][] = [
  [9, "EBADF close", () => c.close(-1)],
  [2, "ENOENT open", () => c.open(missing, O_RDONLY, 0)],
  [21, "EISDIR open", () => c.open(directory, O_WRONLY, 0)],
  [20, "ENOTDIR open", () => c.open(notDirectory, O_RDONLY, 0)],
  [22, "EINVAL readlink", () => c.readlink(directory, bytes, bytes.length)],
  [3, "ESRCH kill", () => c.kill(0x7fff_fffe, 0)],
  [9, "EBADF read", () => c.read(-1, bytes, bytes.length)],
  [22, "EINVAL pipe2", () => c.pipe2(new Int32Array(2), -1)],
];

/** Makes `count` failing calls, and garbage; the error numbers that were wrong. */
function failOften(count: number): string[] {
  const wrong: string[] = [];
  let garbage: unknown[] = [];
  for (let i = 0; i < count; i++) {
    const [number, name, call] = FAILING[i % FAILING.length]!;
    const result = call();
    const got = errno();
    if (result !== -1 || got !== number) wrong.push(`${name}: ${result}, errno ${got}`);
    garbage.push(new Float64Array(50), { text: `text ${i}` });
    if (garbage.length > 100) garbage = [];
  }
  return wrong;
}

fault({
  row: 61,
  name: "errno is right after 20,000 failing calls under collection, timers, signals and busy threads",
  rounds: 20,
  soak: 1000,
}, async () => {
  await using master = await BusyMaster.start({ compiles: true, threads: 1 });
  let signals = 0;
  const listener = () => signals++;
  process.on("SIGWINCH", listener);
  const target = process.pid;
  const sender = background(() => {
    for (;;) {
      c.kill(target, SIGWINCH); // the master's id may be what `process.pid` still says here
      sleepSync(0.1);
    }
  });
  sender.catch(() => {});
  using pool = new MapReduce({ np: 2 });
  const inChildren = pool.map(() => failOften(250), range(2), { chunkSize: 1 });
  const wrong: string[] = [];
  for (let i = 0; i < 10; i++) {
    // the runtime's own threads fail meanwhile
    const failures = indices(10).map(() => stat("/nowhere").catch(() => "failed"));
    wrong.push(...failOften(50));
    await Promise.all(failures);
  }
  assert.deepEqual([...wrong, ...(await soon(inChildren, "the map", HANG_MS)).flat()], []);
  await eventually(() => signals > 0, "a signal");
  await master.goesOn();
  sender.kill();
  await sender.catch(() => {});
  process.off("SIGWINCH", listener);
});

const TORTURERS = 8;
const ROUND_ENTRIES = 100_000;

fault({
  row: 62,
  name: "8 workers on 2 processors enter critical 100,000 times a round: none is lost, none stalls",
  rounds: 4,
  soak: 1000,
  roundMs: 30_000,
}, async () => {
  using pool = new MapReduce({ np: TORTURERS });
  const counter = empty(1, "f8");
  const increment = (): void => {
    const before = counter[0]!;
    for (let k = 0; k < 50; k++) bytes[k] = k;
    counter[0] = before + 1;
  };
  const each = ROUND_ENTRIES / TORTURERS;
  const map = pool.map(
    () => {
      let longestMs = 0;
      let last = performance.now();
      for (let i = 0; i < each; i++) {
        // every other body is empty, which is when locks change hands fastest
        if (i % 2 === 0) pool.critical(() => {});
        else pool.critical(increment);
        const now = performance.now();
        longestMs = Math.max(longestMs, now - last);
        last = now;
      }
      return longestMs;
    },
    range(TORTURERS),
    { chunkSize: 1 },
  );
  const longestMs = Math.max(...await soon(map, "the map", 25_000));
  assert.equal(counter[0], ROUND_ENTRIES / 2);
  assert.ok(longestMs < STALL_MS, `a worker waited ${longestMs} ms`);
});

const KILLS = 10;
const KILLED_JOBS = 32;

fault({
  row: 62,
  name: "8 workers that are killed at any moment leave critical usable, and what they left undone is told",
  rounds: 3,
  soak: 300,
}, async ({ random }) => {
  using pool = new MapReduce({ np: TORTURERS });
  const pids = empty(TORTURERS, "i4");
  const completed = empty(TORTURERS, "f8");
  // a before and after b, told deaths, breaches: all but `stop` are changed in critical only
  const shared = { a: empty(1, "f8"), b: empty(1, "f8"), told: empty(1, "i4"), breaches: empty(1, "i4") };
  const stop = empty(1, "i4");
  const { a, b, told, breaches } = shared;
  const change = (): void => {
    const { abandoned } = pool.critical;
    if (a[0] !== b[0] && abandoned === told[0]) breaches[0]!++;
    b[0] = a[0]!;
    told[0] = abandoned;
    a[0]!++;
    for (let k = 0; k < 500; k++) bytes[k % 64] = k;
    b[0]!++;
  };
  const map = pool.map(
    (_, { rank }) => {
      pids[rank] = realPid();
      for (let i = 0; i < 100 || (Atomics.load(stop, 0) === 0 && i < 1e6); i++) {
        pool.critical(change);
        completed[rank]!++;
      }
    },
    range(KILLED_JOBS),
    { chunkSize: 1, onError: "settle" },
  );
  let kills = 0;
  const deadline = performance.now() + HANG_MS;
  while (kills < KILLS && performance.now() < deadline) {
    await pause(8 * random());
    // a child that only this thread can reap keeps its id until the loop turns
    const living = childrenOf().filter(({ pid, state }) => state !== "Z" && pids.includes(pid));
    if (living.length === 0) continue;
    killOther(living[Math.floor(living.length * random())]!.pid);
    kills++;
  }
  assert.equal(kills, KILLS);
  Atomics.store(stop, 0, 1);
  const settled = await soon(map, "the map", HANG_MS);
  const deaths = settled.filter((result) => result.status === "rejected");
  for (const { reason } of deaths) {
    assert.ok(reason instanceof WorkerExitError && reason.signal === "SIGKILL", reason);
  }
  const { abandoned } = pool.critical;
  assert.ok(deaths.length <= KILLS && abandoned <= KILLS, `${deaths.length} deaths, ${abandoned} inside`);
  assert.equal(breaches[0], 0, "a holder found the work of a dead one half done, and was not told");
  assert.ok(a[0] === b[0] || abandoned > told[0]!, `${a[0]} and ${b[0]} after ${abandoned} deaths`);
  const sum = completed.reduce((x, y) => x + y);
  assert.ok(sum <= a[0]! && a[0]! <= sum + KILLS, `${a[0]} entries, ${sum} completed`);
});
