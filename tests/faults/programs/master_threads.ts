/**
 * A master with Worker threads that fork: `master_threads.ts <rounds>`. Each thread is terminated while its workers
 * work: they die, and the map that the main thread runs meanwhile does not notice.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { empty, MapReduce, range } from "../../../mod.ts";
import { eventually, indices, isRunning, sleepSync, spinUntil } from "../../support.ts";

const rounds = Number(process.argv[2]);
using pool = new MapReduce({ np: 2 });
for (let round = 0; round < rounds; round++) {
  const flag = empty(1, "i4");
  const map = pool.map(
    (i) => {
      if (i >= 2) return i;
      spinUntil(() => {
        sleepSync(1);
        return Atomics.load(flag, 0) === 1;
      });
      return i;
    },
    range(100),
    { chunkSize: 1 },
  );
  const thread = new Worker(new URL("./master_thread.ts", import.meta.url));
  const pids = await new Promise<number[]>((resolve, reject) => {
    thread.once("message", resolve).once("error", reject);
  });
  assert.ok(pids.length === 2 && pids.every(isRunning), `workers ${pids}`);
  await thread.terminate();
  await eventually(() => !pids.some(isRunning), "the thread's workers to die", 2000);
  flag[0] = 1;
  assert.deepEqual(await map, indices(100));
}
console.log("done");
