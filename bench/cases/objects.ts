/**
 * Jobs that each return a small object. Arguments: the number of jobs, the number of later calls.
 *
 * @module
 */
import assert from "node:assert/strict";
import { MapReduce, range } from "../../mod.ts";
import { argument, median, repeat, report } from "./_bench.ts";

const n = argument(0, 100_000);
const calls = argument(1, 10);

interface Item {
  i: number;
  s: string;
  v: [number, number];
}

function item(i: number): Item {
  return { i, s: "item " + i, v: [i, i + 0.5] };
}

const start = performance.now();
using pool = new MapReduce({ np: 2 });
const first = await pool.map(item, range(n));
const coldMs = performance.now() - start;
check(first);

const warm = await repeat(calls, async () => {
  const before = performance.now();
  const results = await pool.map(item, range(n));
  const elapsed = performance.now() - before;
  check(results);
  return elapsed;
});
report({ n, coldMs, warmMs: median(warm), warmMinMs: Math.min(...warm), perSecond: n / median(warm) * 1000 });

function check(results: readonly Item[]): void {
  assert.equal(results.length, n);
  for (let i = 0; i < n; i++) {
    const { i: k, s, v } = results[i] as Item;
    if (k !== i || s !== "item " + i || v.length !== 2 || v[0] !== i || v[1] !== i + 0.5) {
      assert.fail(`result ${i} is ${JSON.stringify(results[i])}`);
    }
  }
}
