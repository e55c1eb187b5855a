/** Row 30: a Worker thread that forks two workers, tells their process ids, and waits for its end. */
import { parentPort } from "node:worker_threads";
import { empty, MapReduce, range } from "../../../mod.ts";
import { eventually, realPid, spinForever } from "../../support.ts";

const pids = empty(2, "i4");
new MapReduce({ np: 2 }).map(
  (i) => {
    pids[i] = realPid();
    spinForever();
  },
  range(2),
  { chunkSize: 1 },
).catch(() => {});
await eventually(() => pids.every((pid) => pid > 0), "the workers");
parentPort!.postMessage([...pids]);
