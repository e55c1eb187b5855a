/** Many maps in one process: of 2 jobs and of 100 jobs; every 10th fails, every 50th loses a worker.
 *
 * @module
 */
import assert from "node:assert/strict";
import process from "node:process";
import { MapReduce, range, WorkerError, WorkerExitError } from "../../../mod.ts";
import { longRun } from "./_long.ts";

const one = new MapReduce({ np: 1 });
const two = new MapReduce({ np: 2 });

await longRun({ unit: "map" }, async (index) => {
  const isKilled = index % 50 === 49;
  const fails = !isKilled && index % 10 === 9;
  const [pool, jobs] = index % 4 === 3 ? [two, 100] : [one, 2];
  const last = jobs - 1;
  const results = pool.map((i) => {
    if (i === last && isKilled) process.kill(process.pid, "SIGKILL");
    if (i === last && fails) throw new RangeError(`map ${index}`);
    return i + index;
  }, range(jobs));
  if (isKilled) {
    await assert.rejects(results, (error) => {
      assert.ok(error instanceof WorkerExitError, String(error));
      assert.deepEqual([error.signal, error.index], ["SIGKILL", last]);
      return true;
    });
  } else if (fails) {
    await assert.rejects(results, (error) => {
      assert.ok(error instanceof WorkerError && error.cause instanceof RangeError, String(error));
      assert.equal(error.cause.message, `map ${index}`);
      return true;
    });
  } else {
    assert.deepEqual(await results, Array.from({ length: jobs }, (_, i) => i + index));
  }
});
