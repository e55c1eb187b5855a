/** Limits of time while the clock of the day jumps by an hour, forth and back, at each look; prints what they took. */
import assert from "node:assert/strict";
import { JobTimeoutError, MapReduce, range } from "../../../mod.ts";
import { failure, sleepSync, spinForever } from "../../support.ts";

const HOUR_MS = 3.6e6;
const { now } = Date;
let looks = 0;
Date.now = () => now() + (looks++ % 2 === 0 ? HOUR_MS : -HOUR_MS);

using pool = new MapReduce({ np: 2 });
for (const options of [{ timeout: 100 }, { jobTimeout: 100 }]) {
  for (const isSync of [false, true]) {
    const started = performance.now();
    const call = isSync
      ? () => pool.mapSync(spinForever, range(2), options)
      : pool.map(spinForever, range(2), options);
    const { elapsedMs } = await failure(call, JobTimeoutError);
    const tookMs = performance.now() - started;
    const what = `${JSON.stringify(options)}: ${elapsedMs} of ${tookMs} ms`;
    assert.ok(elapsedMs >= 99 && elapsedMs <= tookMs + 1 && tookMs < 2100, what);
  }
}
// a limit that is far away stays far away
const slept = await pool.map((i) => (sleepSync(50), i), range(2), { timeout: 60_000, jobTimeout: 60_000 });
assert.deepEqual(slept, [0, 1]);
console.log("done");
