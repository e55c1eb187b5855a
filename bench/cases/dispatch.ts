/**
 * Trivial jobs with number results, two workers, all in: fork, run, results as an array in the master.
 * Arguments: the number of jobs, the number of later calls.
 *
 * @module
 */
import assert from "node:assert/strict";
import { MapReduce, range } from "../../mod.ts";
import { argument, median, repeat, report } from "./_bench.ts";

const n = argument(0, 1_000_000);
const calls = argument(1, 10);

const start = performance.now();
using pool = new MapReduce({ np: 2 });
const first = await pool.map((i) => i * 2 + 1, range(n));
const coldMs = performance.now() - start;
check(first);

const warm = await repeat(calls, async () => {
  const before = performance.now();
  const results = await pool.map((i) => i * 2 + 1, range(n));
  const elapsed = performance.now() - before;
  check(results);
  return elapsed;
});
report({ n, coldMs, warmMs: median(warm), warmMinMs: Math.min(...warm), perSecond: n / median(warm) * 1000 });

function check(results: readonly number[]): void {
  assert.equal(results.length, n);
  for (let i = 0; i < n; i++) if (results[i] !== 2 * i + 1) assert.fail(`result ${i} is ${results[i]}`);
}
