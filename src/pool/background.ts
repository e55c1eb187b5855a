/**
 * `background`: one function in one child, now.
 *
 * @module
 */
import { describe } from "../describe.ts";
import { isForkedChild } from "../process/identity.ts";
import { Collector } from "./collect.ts";
import { ControlMemory } from "./control.ts";
import { getDebug } from "./debug.ts";
import { checkMapOptions } from "./options.ts";
import { anySeed } from "./random.ts";
import { Run } from "./run.ts";
import { Sections } from "./sections.ts";
import { master, SerialRunner } from "./serial.ts";
import { runWorker, type WorkerTask } from "./worker_loop.ts";

/** The value of a function that runs in a child. */
export interface Background<T> extends Promise<T> {
  /** Ends the child at once; the promise rejects with {@linkcode WorkerExitError}. Without effect afterwards. */
  kill(): void;
}

/**
 * Runs `fn` in one forked child, now; a promise of its value, with `kill()`. Forks at the call, which blocks for some
 * milliseconds. Several may run at a time. In debug mode `fn` runs in the master.
 *
 * **In a worker**: blocks until the value is there.
 *
 * **Differs from** rainwoodman's `sharedmem.background`: a promise in place of `.wait()`, and it ends however the
 * child ends.
 *
 * @throws {WorkerError} (rejects) when `fn` threw; `index` is 0
 * @throws {WorkerExitError} (rejects) when the child died
 * @throws {CodecError} (rejects) when the value cannot be carried
 * @throws {AsyncJobError} (rejects) when `fn` returned a promise
 *
 * @example Count while the master goes on
 * ```ts
 * import { background } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const sum = background(() => {
 *   let sum = 0;
 *   for (let i = 0; i < 1e6; i++) sum += i;
 *   return sum;
 * });
 * assert.equal(await sum, 499999500000);
 * ```
 */
export function background<T>(fn: () => T): Background<T> {
  if (typeof fn !== "function") throw new TypeError(`background: fn must be a function, got ${describe(fn)}`);
  const options = checkMapOptions<unknown, unknown>("background");
  const collector = new Collector<unknown, unknown>(1, options);
  const sections = new Sections(anySeed());
  const value = (): T => collector.results[0] as T;
  if (getDebug()) {
    const task = {
      sections,
      work: () => fn(),
      shared: undefined,
      options,
      isDebug: true,
      isClosed: () => false,
    };
    const here = (): T => {
      new SerialRunner(task).run(
        0,
        0,
        (index, result) => collector.results[index] = result,
        (index, thrown, refused) => collector.putError(index, thrown, refused, master()),
      );
      return value();
    };
    return Object.assign(Promise.try(here), { kill: () => {} });
  }
  // set before the first await, so that `kill` finds it
  let run: Run | undefined;
  const promise = (async () => {
    try {
      run = prepare(() => fn(), sections, collector);
      run.start(!isForkedChild());
      if (isForkedChild()) run.finishSync();
      else await run.finish();
    } finally {
      sections.lock.unshare();
    }
    return value();
  })();
  return Object.assign(promise, { kill: () => run?.kill() });
}

/** A run of one job. */
function prepare(
  work: WorkerTask["work"],
  sections: Sections,
  collector: Collector<unknown, unknown>,
): Run {
  const task: WorkerTask = {
    memory: ControlMemory.borrow(1),
    rules: { schedule: "dynamic", chunkSize: 1, np: 1 },
    sections,
    work,
    itemAt: (index) => index,
    star: false,
    shared: undefined,
    signal: undefined,
    isTimed: false,
    stopsAtError: true,
    isEager: true,
  };
  const run = new Run(
    task,
    (rank, writer) => runWorker(task, rank, writer),
    collector,
    { ...checkMapOptions<unknown, unknown>("background"), stopsAtError: true },
  );
  collector.fail = (error) => run.fail(error);
  run.open(1, true);
  return run;
}
