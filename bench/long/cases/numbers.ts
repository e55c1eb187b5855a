/** Maps of 10⁷ jobs that return a number each.
 *
 * @module
 */
import assert from "node:assert/strict";
import { MapReduce, range } from "../../../mod.ts";
import { longRun, scaled } from "./_long.ts";

const JOBS = scaled(10_000_000);
const pool = new MapReduce({ np: 2 });

await longRun({ unit: `map of ${JOBS} jobs`, inRounds: true }, async (round) => {
  const results = await pool.map((i) => 2 * i + round, range(JOBS));
  assert.equal(results.length, JOBS);
  for (let i = 0; i < JOBS; i++) {
    if (results[i] !== 2 * i + round) {
      assert.fail(`result ${i} is ${results[i]}`);
    }
  }
});
