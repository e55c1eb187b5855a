/**
 * A master whose workers work until they are ended: `master_map.ts <kind> [handled]`. A worker prints "ready" when all
 * are at work. With "handled" the master has handlers for the signals that would end it.
 */
import process from "node:process";
import { background, empty, MapReduce, range, WorkerExitError } from "../../../mod.ts";
import { eventually, pause, realPid, sleepSync } from "../../support.ts";

const LIFE_MS = 30_000;
const atWork = empty(1, "i4");
const pool = new MapReduce({ np: 8 });
const eight = range(8);
const options = { chunkSize: 1 };

function work(workers: number): void {
  if (Atomics.add(atWork, 0, 1) === workers - 1) console.log("ready");
  const end = performance.now() + LIFE_MS;
  while (performance.now() < end) sleepSync(1);
}

function nested(): void {
  new MapReduce({ np: 3 }).mapSync(() => work(6), range(3), options);
}

const kinds: Record<string, () => unknown> = {
  mapSync: () => pool.mapSync(() => work(8), eight, options),
  map: () => pool.map(() => work(8), eight, options),
  progress: () => pool.map(() => work(8), eight, { ...options, progress: true }),
  nested: () => new MapReduce({ np: 2 }).map(nested, range(2), options),
  background: () => Promise.all(Array.from(eight, () => background(() => work(8)))),
  /** One map after another: workers are forked, send results, wait for each other and end all the time. */
  maps: async () => {
    for (let i = 0;; i++) {
      await pool.map((k) => pool.critical(() => [k, "x".repeat(10_000)]), range(64));
      if (i === 0) console.log("ready");
    }
  },
};

const [kind = "map", handled] = process.argv.slice(2);
let calls = 0;
if (handled !== undefined) {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) {
    process.on(signal, () => {
      console.log(`${signal} in ${realPid()}`);
      calls++;
    });
  }
}
try {
  await kinds[kind]!();
} catch (error) {
  if (!(error instanceof WorkerExitError)) throw error;
  console.log(`a worker ended by ${error.signal}`);
}
await eventually(() => calls > 0, "the handler");
await pause(10); // a second call would come now
process.exit(7);
