/** Many pools in one process: made, used for a map of 2 jobs, disposed; every 7th is forgotten instead.
 *
 * @module
 */
import assert from "node:assert/strict";
import { empty, MapReduce, range } from "../../../mod.ts";
import { longRun } from "./_long.ts";

const total = empty([], "i4");

await longRun({ unit: "pool" }, async (index) => {
  const pool = new MapReduce({ np: 2 });
  total[0] = 0;
  const results = await pool.map((i) => {
    pool.critical(() => total[0]! += i + 1);
    return i + index;
  }, range(2));
  assert.deepEqual([...results, total[0]], [index, index + 1, 3]);
  if (index % 7 !== 6) pool[Symbol.dispose]();
});
