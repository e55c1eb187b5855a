/**
 * Row 69 in small: random programs against a sequential model.
 *
 * A program is a few calls on one pool, with everything that can go wrong in them; `model/program.ts` lists it. The
 * model in `model/expect.ts` says what may come out. The gate runs the same 2,000 programs each time, `SOAK=1`
 * others for `SOAK_MINUTES` or until it is killed. A failure names its seed and prints its program and a smaller one that
 * also fails; `SEED=123` runs that program alone, 20 times, since what fails may race. `PROGRAMS=300` runs fewer.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { empty, MapReduce, range } from "../../mod.ts";
import { test } from "../harness.ts";
import { busyMs, failure, spinForever, spinUntilAtLeast } from "../support.ts";
import { generate } from "./model/generate.ts";
import { leftoversOf } from "./model/leftovers.ts";
import { programText } from "./model/program.ts";
import { complaintsOf } from "./model/runner.ts";
import { shrink } from "./model/shrink.ts";
import { fault, isSoak, record } from "./rig.ts";

const NAME = "random programs do what a sequential model allows, and leave nothing behind";
// 2,000 in the gate, most of them where a fork costs less
const PROGRAMS = Number(process.env.PROGRAMS ?? ("Bun" in globalThis ? 1400 : 600));
// the same programs in every gate, in which only what races differs; the soak begins anywhere
const FIRST_SEED = 20261121;
const BATCH = 1000;
const WARM_UPS = 200;
const REPLAYS = 20;
const MINUTE_MS = 60_000;
const NEVER_MS = 2 ** 31 - 1;

const wanted = process.env.SEED;
const soakMs = Number(process.env.SOAK_MINUTES ?? Infinity) * MINUTE_MS;

test(`row 69: ${NAME}`, async () => {
  const started = performance.now();
  const rounds = wanted !== undefined ? await replay(Number(wanted)) : await explore(started);
  record({ row: 69, name: NAME, rounds, ms: Math.round(performance.now() - started) });
}, { timeoutMs: isSoak ? NEVER_MS : 600_000 });

async function replay(seed: number): Promise<number> {
  for (let round = 0; round < REPLAYS; round++) await runProgram(seed);
  return REPLAYS;
}

/** Runs programs with consecutive seeds; how many. */
async function explore(started: number): Promise<number> {
  let seed = isSoak ? Math.trunc(Math.random() * 2 ** 31) : FIRST_SEED;
  let count = 0;
  let told = started;
  const runBatch = async (size: number): Promise<void> => {
    for (let i = 0; i < size && !isOver(started); i++) {
      await runProgram(seed++);
      count++;
      if (!isSoak || performance.now() - told < MINUTE_MS) continue;
      told = performance.now();
      console.log(
        `${count} programs in ${Math.round((told - started) / MINUTE_MS)} minutes, all as they should be`,
      );
    }
  };
  // what is allocated once
  await runBatch(WARM_UPS);
  while (isSoak ? !isOver(started) : count < PROGRAMS) {
    const from = seed;
    const left = await leftoversOf(() => runBatch(isSoak ? BATCH : Math.min(BATCH, PROGRAMS - count)));
    assert.deepEqual(left, [], `the programs of the seeds ${from} to ${seed - 1} left something behind`);
  }
  return count;
}

function isOver(started: number): boolean {
  return isSoak && performance.now() - started > soakMs;
}

async function runProgram(seed: number): Promise<void> {
  const program = generate(seed);
  const complaints = await complaintsOf(program);
  if (complaints.length === 0) return;
  const [smaller, itsComplaints] = await shrink(program, complaints);
  const lines = [`SEED=${seed} replays what failed:`, ...complaints, programText(program)];
  if (smaller !== program) lines.push("", "Smaller, it still fails:", ...itsComplaints, programText(smaller));
  assert.fail(lines.join("\n"));
}

// what the programs have found, each by itself

fault({
  row: 69,
  name: "a job that takes long keeps its item, however many results of imapUnordered come meanwhile",
  rounds: 5,
}, async () => {
  using pool = new MapReduce({ np: 2 });
  function* items(): Generator<number> {
    for (let i = 0; i < 600; i++) yield i;
  }
  const passed = empty(1, "i4");
  const work = (item: number, job: { index: number }): boolean => {
    Atomics.add(passed, 0, 1);
    // the rest of this chunk is read when the other worker has seen far more items than are on the way at a time
    if (job.index === 0) spinUntilAtLeast(passed, 0, 400);
    return item === job.index;
  };
  let count = 0;
  for await (const isOwn of pool.imapUnordered(work, items(), { chunkSize: 7 })) {
    assert.ok(isOwn, "a job got the item of another");
    count++;
  }
  assert.equal(count, 600);
});

fault({
  row: 69,
  name: "reduce is not called again when it has thrown",
  rounds: 5,
}, async () => {
  using pool = new MapReduce({ np: 1 });
  const seen: string[] = [];
  const reduce = (value: string, index: number): void => {
    seen.push(`${value} ${index}`);
    if (index === 2) throw new RangeError("no more");
  };
  await failure(pool.map((i: number) => `v${i}`, range(8), { reduce, chunkSize: 8 }), RangeError);
  assert.deepEqual(seen, ["v0 0", "v1 1", "v2 2"]);
});

fault({
  row: 69,
  name:
    "a worker that died in critical lets mapSync of the same pool in, which keeps its master from reaping it",
  rounds: 5,
  blocks: true,
}, async () => {
  using pool = new MapReduce({ np: 1 });
  const inside = empty(1, "i4");
  const dying = pool.map(
    () =>
      pool.critical(() => {
        Atomics.store(inside, 0, 1);
        process.kill(process.pid, "SIGKILL");
        spinForever();
      }),
    [0],
    { onError: "settle" },
  );
  spinUntilAtLeast(inside, 0, 1);
  busyMs(1);
  assert.deepEqual(pool.mapSync((i: number) => pool.critical(() => i), [5], { timeout: 5000 }), [5]);
  assert.equal((await dying)[0]!.status, "rejected");
  assert.equal(pool.critical.abandoned, 1);
});
