/** Row 63: what is seen of other workers, and in which order. */
import assert from "node:assert/strict";
import { empty, MapReduce, range } from "../../mod.ts";
import { indices, sleepSync, soon } from "../support.ts";
import { fault } from "./rig.ts";

/** A map that takes longer hangs. */
const HANG_MS = 9000;
const ORDERED_JOBS = 5000;
for (const schedule of ["dynamic", "static", "guided"] as const) {
  fault({
    row: 63,
    name: `5,000 jobs pass ordered in input order, ${schedule}`,
    rounds: 4,
    soak: 200,
  }, async ({ index }) => {
    // the most first: what is kept for later maps is allocated before the rig takes stock
    using pool = new MapReduce({ np: 4 - index % 3 });
    const next = empty(1, "i4");
    const output = empty(ORDERED_JOBS, "i4");
    const job = (i: number): void => pool.ordered(() => void (output[next[0]!++] = i));
    const chunkSize = [1, 3, 64, undefined][index % 4];
    const options = chunkSize === undefined ? { schedule } : { schedule, chunkSize };
    await soon(pool.map(job, range(ORDERED_JOBS), options), "the map", HANG_MS);
    assert.deepEqual(Array.from(output), indices(ORDERED_JOBS));
  });
}

const ITERATIONS = 1000;

/** Waits for the other worker; gives the processor away when that does not run. */
function waitFor(flags: Int32Array, at: number, least: number): void {
  for (let spins = 1; Atomics.load(flags, at) < least; spins++) {
    if (spins % 5000 !== 0) continue;
    if (spins > 1e8) throw new Error(`waited too long for flag ${at} to become ${least}`);
    sleepSync(0.05);
  }
}

/** The workers meet; both go on at about the same time. */
function meet(flags: Int32Array, rank: number, turn: number): void {
  Atomics.store(flags, 16 * rank, turn);
  waitFor(flags, 16 * (1 - rank), turn);
}

fault({
  row: 63,
  name: "store buffering: of two workers that each store and then load, one sees the other's store",
  rounds: 5,
  soak: 1000,
}, async () => {
  using pool = new MapReduce({ np: 2 });
  const flags = empty(32, "i4");
  const stores = [empty(ITERATIONS, "i4"), empty(ITERATIONS, "i4")] as const;
  const loads = [empty(ITERATIONS, "i4"), empty(ITERATIONS, "i4")] as const;
  const map = pool.map(
    (rank) => {
      const own = stores[rank]!, other = stores[1 - rank]!, seen = loads[rank]!;
      for (let i = 0; i < ITERATIONS; i++) {
        meet(flags, rank, i + 1);
        // who is seen last is ahead by some 100 ns: every lead is tried, for either
        for (let k = rank === 0 ? i % 50 : i % 53; k > 0; k--) Atomics.load(flags, 16 * rank);
        Atomics.store(own, i, 1);
        seen[i] = Atomics.load(other, i);
      }
    },
    range(2),
    { chunkSize: 1, schedule: "static" },
  );
  await soon(map, "the map", HANG_MS);
  const forbidden = indices(ITERATIONS).filter((i) => loads[0][i] === 0 && loads[1][i] === 0);
  assert.deepEqual(forbidden, []);
});

fault({
  row: 63,
  name: "message passing: who sees the flag that an Atomics.store raised sees what was written before",
  rounds: 5,
  soak: 1000,
}, async () => {
  using pool = new MapReduce({ np: 2 });
  const flags = empty(32, "i4");
  const message = empty(64, "f8");
  const map = pool.map(
    (rank) => {
      let stale = 0;
      for (let i = 1; i <= ITERATIONS; i++) {
        if (rank === 0) {
          message.fill(i);
          Atomics.store(flags, 0, i);
          waitFor(flags, 16, i);
        } else {
          waitFor(flags, 0, i);
          for (const word of message) if (word !== i) stale++;
          Atomics.store(flags, 16, i);
        }
      }
      return stale;
    },
    range(2),
    { chunkSize: 1, schedule: "static" },
  );
  assert.deepEqual(await soon(map, "the map", HANG_MS), [0, 0]);
});

fault({
  row: 63,
  name: "what a holder of critical writes plainly, the next holder sees",
  rounds: 5,
  soak: 1000,
}, async () => {
  using pool = new MapReduce({ np: 4 });
  const words = empty(256, "f8");
  const step = (): boolean => {
    const first = words[0]!;
    const isWhole = words.every((word) => word === first);
    words.fill(first + 1);
    return isWhole;
  };
  const map = pool.map(() => indices(250).every(() => pool.critical(step)), range(4), { chunkSize: 1 });
  assert.deepEqual(await soon(map, "the map", HANG_MS), [true, true, true, true]);
  assert.ok(words.every((word) => word === 1000), `${words[0]} of 1,000 entries`);
});
