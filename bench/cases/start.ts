/**
 * The smallest round: a new pool, a map of two jobs, dispose. Argument: milliseconds to measure for.
 *
 * @module
 */
import assert from "node:assert/strict";
import { measure } from "mitata";
import { MapReduce } from "../../mod.ts";
import { argument, report } from "./_bench.ts";

const forMs = argument(0, 800);

async function round(): Promise<void> {
  const pool = new MapReduce({ np: 2 });
  const results = await pool.map((i) => i + 1, [1, 2]);
  pool[Symbol.dispose]();
  assert.deepEqual(results, [2, 3]);
}

const start = performance.now();
await round();
const coldMs = performance.now() - start;
const stats = await measure(round, { min_cpu_time: forMs * 1e6, min_samples: 10, batch_threshold: 0 });
report({
  coldMs,
  warmMs: stats.p50 / 1e6,
  warmMinMs: stats.min / 1e6,
  p99Ms: stats.p99 / 1e6,
  rounds: stats.ticks,
});
