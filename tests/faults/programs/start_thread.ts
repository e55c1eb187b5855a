/** Row 1: forks in a Worker thread and tells how that went. */
import { parentPort } from "node:worker_threads";
import { MapReduce, range, UnsupportedError } from "../../../mod.ts";

using pool = new MapReduce({ np: 2 });
const outcome = await pool.map((i) => i * i, range(4)).catch((error: unknown) => {
  if (error instanceof UnsupportedError) return `${error.message} ${error.needs}`;
  throw error;
});
parentPort!.postMessage(outcome);
