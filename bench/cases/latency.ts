/**
 * From the event in a worker to the rejection in the master: a job that throws, a job that is killed, while another
 * job runs. Argument: events of each kind.
 *
 * @module
 */
import assert from "node:assert/strict";
import process from "node:process";
import { empty, MapReduce, WorkerError, WorkerExitError } from "../../mod.ts";
import { argument, median, quantile, repeat, report } from "./_bench.ts";

const events = argument(0, 200);
const event = empty(1);

/** Both clocks are one: a forked process inherits the origin of `performance.now()`. */
async function latency(job: () => void, check: (error: unknown) => void): Promise<number> {
  using pool = new MapReduce({ np: 2 });
  event[0] = 0;
  try {
    await pool.map(
      (i) => {
        if (i === 1) { while (true); }
        const until = performance.now() + 1;
        while (performance.now() < until);
        event[0] = performance.now();
        job();
      },
      [0, 1],
      { timeout: 10_000 },
    );
  } catch (error) {
    const ms = performance.now() - (event[0] as number);
    check(error);
    assert.ok(ms > 0 && ms < 10_000, `${ms} ms: the clocks differ`);
    return ms;
  }
  return assert.fail("the map fulfilled");
}

const errors = await repeat(events, () =>
  latency(() => {
    throw new RangeError("as it should");
  }, (error) => {
    assert.ok(
      error instanceof WorkerError && error.index === 0 && error.cause instanceof RangeError,
      String(error),
    );
  }));
const deaths = await repeat(events, () =>
  latency(() => {
    process.kill(process.pid, "SIGKILL");
  }, (error) => {
    assert.ok(
      error instanceof WorkerExitError && error.index === 0 && error.signal === "SIGKILL",
      String(error),
    );
  }));
report({
  events,
  errorMs: median(errors),
  errorP99Ms: quantile(errors, 0.99),
  errorMaxMs: Math.max(...errors),
  deathMs: median(deaths),
  deathP99Ms: quantile(deaths, 0.99),
  deathMaxMs: Math.max(...deaths),
});
