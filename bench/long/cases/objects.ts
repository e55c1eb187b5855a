/** Maps of 10⁶ jobs that return a small object each.
 *
 * @module
 */
import assert from "node:assert/strict";
import { MapReduce, range } from "../../../mod.ts";
import { longRun, scaled } from "./_long.ts";

const JOBS = scaled(1_000_000);
const pool = new MapReduce({ np: 2 });

await longRun({ unit: `map of ${JOBS} objects`, inRounds: true }, async (round) => {
  const results = await pool.map((i) => ({ i, name: `job ${i}`, pair: [i, round] }), range(JOBS));
  assert.equal(results.length, JOBS);
  results.forEach(({ i, name, pair: [first, second] }, at) => {
    if (i !== at || name !== `job ${at}` || first !== at || second !== round) {
      assert.fail(`result ${at} is ${JSON.stringify(results[at])}`);
    }
  });
});
