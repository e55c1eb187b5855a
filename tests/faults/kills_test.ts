/** Workers that are killed: at any time, at each moment of their life, from each side, several at once. */
import assert from "node:assert/strict";
import process from "node:process";
import { empty, MapReduce, range, WorkerExitError, zeros } from "../../mod.ts";
import { childrenOf, failure, indices, killOther, pause, realPid, spinUntil } from "../support.ts";
import { Assassin, atPhase, PHASES, type Side } from "./injector.ts";
import { fault, type Round } from "./rig.ts";

const SIDES: readonly Side[] = ["the job", "the master"];
/** From outside Deno's own handler swallows the first SIGSEGV, as in any Deno program. */
const SIGNALS: Readonly<Record<Side, readonly NodeJS.Signals[]>> = {
  "the job": ["SIGKILL", "SIGTERM", "SIGSEGV"],
  "the master": ["SIGKILL", "SIGTERM", "SIGABRT"],
};

/** Kills a random worker of this process after up to `limitMs`, if one is still there. */
async function killSome({ random }: Round, limitMs: number): Promise<number> {
  await pause(limitMs * random());
  const victims = childrenOf().filter(({ state }) => state !== "Z");
  const victim = victims[Math.floor(random() * victims.length)];
  if (victim !== undefined) killOther(victim.pid);
  return victim?.pid ?? 0;
}

fault({
  row: 6,
  name: "a worker killed at a random time fails the map with its signal, or was done",
  soak: 2000,
}, async (round) => {
  using pool = new MapReduce({ np: 2 });
  const map = pool.map((i) => i * i, range(20_000));
  const outcome = map.then(
    (values) => ({ values, error: undefined }),
    (error) => ({ values: undefined, error }),
  );
  const pid = await killSome(round, 15);
  const { values, error } = await outcome;
  if (error === undefined) assert.deepEqual(values, indices(20_000).map((i) => i * i));
  else {
    assert.ok(error instanceof WorkerExitError, String(error));
    assert.deepEqual([error.signal, error.exitCode, error.pid], ["SIGKILL", null, pid]);
    assert.ok(error.index >= 0 && error.index < 20_000);
  }
});

fault({
  row: 6,
  name: "with settle, a worker killed at a random time costs at most the job that it was in",
  soak: 2000,
}, async (round) => {
  using pool = new MapReduce({ np: 2 });
  const map = pool.map((i) => ({ i, s: `${i}` }), range(3000), { onError: "settle" });
  await killSome(round, 15);
  const settled = await map;
  const lost = settled.flatMap(({ status }, i) => status === "rejected" ? [i] : []);
  assert.ok(lost.length <= 1, `jobs ${lost} were lost`);
  settled.forEach((outcome, i) => {
    if (outcome.status === "fulfilled") assert.deepEqual(outcome.value, { i, s: `${i}` });
    else assert.equal((outcome.reason as WorkerExitError).signal, "SIGKILL");
  });
});

fault(
  { row: 6, name: "with retries, a worker killed at a random time costs nothing", soak: 2000 },
  async (round) => {
    using pool = new MapReduce({ np: 2 });
    const map = pool.map((i) => i + 0.5, range(10_000), { retries: 3 });
    await killSome(round, 15);
    assert.deepEqual(await map, indices(10_000).map((i) => i + 0.5));
  },
);

for (const phase of PHASES) {
  for (const side of SIDES) {
    for (const signal of SIGNALS[side]) {
      fault(
        {
          row: 6,
          name: `a worker ended by ${signal} ${phase}, by ${side}, fails the map and names the job`,
          rounds: 2,
          soak: 60,
        },
        async () => {
          using pool = new MapReduce({ np: 2 });
          using assassin = new Assassin();
          assassin.watch(signal);
          const index = phase === "first job" ? 0 : phase === "last job" ? 19 : 7;
          const map = pool.map(
            (_: number, job) => atPhase(phase, pool, job, index, () => assassin.strike(side, signal)),
            range(20),
            { chunkSize: 1 },
          );
          const error = await failure(map, WorkerExitError);
          assert.deepEqual([error.index, error.signal, error.exitCode], [index, signal, null]);
        },
      );
    }
  }
}

fault({
  row: 7,
  name: "a worker killed inside critical frees it, and the next holder can tell and repair",
  soak: 1000,
}, async ({ random }) => {
  using pool = new MapReduce({ np: 2 });
  const pair = zeros(2, "i4");
  const repaired = zeros(1, "i4");
  const victim = Math.floor(200 * random());
  const settled = await pool.map(
    (i: number) =>
      pool.critical(() => {
        if (pair[0] !== pair[1]) {
          // only a death may leave it so
          assert.equal(pool.critical.abandoned, 1);
          pair[1] = pair[0]!;
          Atomics.add(repaired, 0, 1);
        }
        pair[0]!++;
        if (i === victim) process.kill(process.pid, "SIGKILL");
        pair[1]!++;
      }),
    range(200),
    { onError: "settle", chunkSize: 1 },
  );
  assert.deepEqual(settled.flatMap(({ status }, i) => status === "rejected" ? [i] : []), [victim]);
  assert.equal(pool.critical.abandoned, 1);
  assert.equal(pair[0], 200);
  assert.ok(repaired[0] === 1 || pair[1] === 199, `${pair} ${repaired}`);
});

fault(
  { row: 8, name: "a worker killed in ordered lets the later turns come in order", soak: 500 },
  async ({ random }) => {
    using pool = new MapReduce({ np: 2 });
    const log = zeros(200, "i4");
    const at = zeros(1, "i4");
    const victim = Math.floor(200 * random());
    const settled = await pool.map(
      (i: number) =>
        pool.ordered(() => {
          if (i === victim) process.kill(process.pid, "SIGKILL");
          log[at[0]!++] = i;
        }),
      range(200),
      { onError: "settle" },
    );
    assert.deepEqual(settled.flatMap(({ status }, i) => status === "rejected" ? [i] : []), [victim]);
    assert.deepEqual(Array.from(log.subarray(0, at[0])), indices(200).filter((i) => i !== victim));
  },
);

fault(
  {
    row: 7,
    name: "a master that waits for critical gets it when its worker died inside",
    rounds: 20,
    soak: 200,
    blocks: true,
  },
  async () => {
    using pool = new MapReduce({ np: 1 });
    const inside = zeros(1, "i4");
    const map = pool.map(
      () =>
        pool.critical(() => {
          Atomics.store(inside, 0, 1);
          process.exit(1);
        }),
      [0],
      { onError: "settle" },
    );
    spinUntil(() => Atomics.load(inside, 0) === 1);
    assert.equal(pool.critical(() => 7), 7);
    assert.equal(pool.critical.abandoned, 1);
    assert.equal((await map)[0]!.status, "rejected");
    assert.equal(pool.critical.abandoned, 1);
  },
);

const BIG = 1 << 21;
fault({
  row: 10,
  name: "of a large result that a killed worker was writing, nothing is taken",
  rounds: 30,
  soak: 500,
}, async (round) => {
  using pool = new MapReduce({ np: 2 });
  const map = pool.map(
    (i) =>
      i % 2 === 0
        ? new Uint8Array(BIG).fill(i + 1)
        : { text: "x".repeat(BIG / 8) + i, values: Array(5000).fill(i) },
    range(6),
    { onError: "settle", chunkSize: 1 },
  );
  await killSome(round, 40);
  const settled = await map;
  assert.equal(settled.length, 6);
  settled.forEach((outcome, i) => {
    if (outcome.status === "rejected") assert.equal((outcome.reason as WorkerExitError).signal, "SIGKILL");
    else if (outcome.value instanceof Uint8Array) {
      assert.equal(outcome.value.length, BIG);
      assert.ok(outcome.value.every((byte) => byte === i + 1));
    } else assert.deepEqual(outcome.value, { text: "x".repeat(BIG / 8) + i, values: Array(5000).fill(i) });
  });
});

fault({ row: 11, name: "all workers killed at once give one error" }, async () => {
  using pool = new MapReduce({ np: 3 });
  const inside = zeros(1, "i4");
  const map = pool.map(
    () => {
      Atomics.add(inside, 0, 1);
      spinUntil(() => false);
    },
    range(3),
    { chunkSize: 1 },
  );
  const outcome = failure(map, WorkerExitError);
  while (Atomics.load(inside, 0) < 3) await pause(1);
  for (const { pid } of childrenOf()) killOther(pid);
  assert.equal((await outcome).signal, "SIGKILL");
});

for (const np of [1, 2, 5, 13]) {
  fault({
    row: 12,
    name: `${np} workers that kill each other at random end in order`,
    rounds: 25,
    soak: 100,
    roundMs: 30_000,
  }, async ({ random, index }) => {
    using pool = new MapReduce({ np });
    const pids = empty(np, "i4").fill(0);
    const offset = Math.floor(np * random());
    const settled = await pool.map(
      (i: number, job) => {
        Atomics.store(pids, job.rank, realPid());
        const target = Atomics.load(pids, (job.rank + 1 + offset) % np);
        if (i % 4 === index % 4 && target !== 0 && target !== realPid()) {
          try {
            killOther(target);
          } catch {
            // it is gone already
          }
        }
        return i;
      },
      range(4 * np),
      { onError: "settle", chunkSize: 1 },
    );
    settled.forEach((outcome, i) => {
      if (outcome.status === "fulfilled") assert.equal(outcome.value, i);
      else assert.equal((outcome.reason as WorkerExitError).signal, "SIGKILL");
    });
  });
}

fault({
  row: 13,
  name: "workers killed while the pool is disposed or a stream broken off leave nothing",
  rounds: 100,
  soak: 300,
}, async (round) => {
  const pool = new MapReduce({ np: 2 });
  const map = pool.map((i) => i, range(100_000)).catch((error: Error) => error.name);
  const stream = (async () => {
    for await (const value of pool.imap((i) => i, range(100_000))) if (value > 500) break;
  })().catch((error: Error) => error.name);
  const killing = killSome(round, 10);
  await pause(8 * round.random());
  pool[Symbol.dispose]();
  for (const outcome of await Promise.all([map, stream])) {
    const names = [undefined, "PoolClosedError", "WorkerExitError"];
    assert.ok(Array.isArray(outcome) || names.includes(outcome as string | undefined), String(outcome));
  }
  await killing;
});

fault({
  row: 64,
  name: "a worker stopped for a while holds up nobody and is not taken for dead",
  rounds: 10,
  soak: 100,
}, async () => {
  using pool = new MapReduce({ np: 2 });
  const stopped = zeros(1, "i4");
  const map = pool.map(
    (i: number) => {
      if (i === 0) {
        Atomics.store(stopped, 0, realPid());
        process.kill(process.pid, "SIGSTOP");
      }
      return i;
    },
    range(50),
    { chunkSize: 1 },
  );
  while (Atomics.load(stopped, 0) === 0) await pause(1);
  await pause(200);
  killOther(stopped[0]!, "SIGCONT");
  assert.deepEqual(await map, indices(50));
});

fault({
  row: 64,
  name: "a worker stopped for longer than jobTimeout is killed and its job named",
  rounds: 10,
  soak: 100,
}, async () => {
  using pool = new MapReduce({ np: 2 });
  const map = pool.map(
    (i: number) => {
      if (i === 3) process.kill(process.pid, "SIGSTOP");
      return i;
    },
    range(50),
    { chunkSize: 1, jobTimeout: 100, onError: "settle" },
  );
  const settled = await map;
  assert.deepEqual(
    settled.flatMap((o, i) => o.status === "rejected" ? [[i, (o.reason as Error).name]] : []),
    [[3, "JobTimeoutError"]],
  );
});
