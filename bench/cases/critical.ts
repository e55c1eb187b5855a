/**
 * Empty critical sections a second, over all workers. Arguments: the number of workers that contend, milliseconds.
 *
 * @module
 */
import assert from "node:assert/strict";
import { empty, MapReduce, range } from "../../mod.ts";
import { argument, report } from "./_bench.ts";

const np = argument(0, 1);
const forMs = argument(1, 500);
const CHECKED = 200_000;
const BATCH = 1000;

const counter = empty(1);
const arrived = empty(1, "i4");
using pool = new MapReduce({ np });
const { critical } = pool;

/** Entries in `forMs`, from the moment all workers are there; the same loop for every competitor. */
function hammer(): { entries: number; ms: number; countedMs: number } {
  // What is counted proves the exclusion, what is empty is timed.
  const countedFrom = performance.now();
  for (let k = 0; k < CHECKED; k++) {
    critical(() => {
      counter[0] = (counter[0] as number) + 1;
    });
  }
  const countedMs = performance.now() - countedFrom;
  warm(forMs / 5);
  Atomics.add(arrived, 0, 1);
  while (Atomics.load(arrived, 0) < np);
  const start = performance.now();
  const entries = warm(forMs);
  return { entries, ms: performance.now() - start, countedMs };
}

function warm(ms: number): number {
  const until = performance.now() + ms;
  let entries = 0;
  while (performance.now() < until) {
    for (let k = 0; k < BATCH; k++) critical(nothing);
    entries += BATCH;
  }
  return entries;
}

function nothing(): void {}

const runs = await pool.map(hammer, range(np), { schedule: "static", chunkSize: 1, timeout: 60_000 });
assert.equal(counter[0], np * CHECKED);
const perSecond = runs.reduce((sum, { entries, ms }) => sum + entries / ms * 1000, 0);
const countedMs = Math.max(...runs.map((run) => run.countedMs));
report({ np, perSecond, countedPerSecond: np * CHECKED / countedMs * 1000 });
