/**
 * A sum of square roots in registers: what two cores give when nothing is shared. Arguments: jobs, roots a job.
 *
 * @module
 */
import assert from "node:assert/strict";
import { MapReduce, range } from "../../mod.ts";
import { argument, median, report } from "./_bench.ts";

const jobs = argument(0, 64);
const roots = argument(1, 4_000_000);
const repeats = argument(2, 3);

function sumOfRoots(from: number, to: number): number {
  let sum = 0;
  for (let k = from; k < to; k++) sum += Math.sqrt(k);
  return sum;
}

async function run(np: number): Promise<{ ms: number; sum: number }> {
  using pool = new MapReduce({ np });
  const start = performance.now();
  const parts = await pool.map((job) => sumOfRoots(job * roots, (job + 1) * roots), range(jobs));
  const ms = performance.now() - start;
  return { ms, sum: parts.reduce((a, b) => a + b, 0) };
}

const times: Record<number, number[]> = { 0: [], 1: [], 2: [] };
const { sum: expected } = await run(0);
for (let k = 0; k < repeats; k++) {
  for (const np of [0, 1, 2]) {
    const { ms, sum } = await run(np);
    assert.equal(sum, expected);
    times[np]?.push(ms);
  }
}
const [np0Ms, np1Ms, np2Ms] = [0, 1, 2].map((np) => median(times[np] ?? [])) as [number, number, number];
report({ np0Ms, np1Ms, np2Ms, speedup: np0Ms / np2Ms });
