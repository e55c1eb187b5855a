/**
 * What becomes of jobs that fail: one throws, one is killed.
 *
 * deno run -A examples/failures.ts, or bun examples/failures.ts
 */
import { MapReduce, range, WorkerError, WorkerExitError, zeros } from "@sharedmem/sharedmem";
import process from "node:process";

function root(x: number): number {
  if (x === 7) throw new RangeError("no root of seven today");
  return Math.sqrt(x);
}

/** As the kernel does when memory runs out. */
function killed(x: number): number {
  if (x === 7) process.kill(process.pid, "SIGKILL");
  return Math.sqrt(x);
}

/** The first error stops the map; it says which job, and `cause` is what the job threw, of the same class. */
export async function aJobThrows(pool: MapReduce): Promise<WorkerError> {
  try {
    await pool.map(root, range(10));
  } catch (error) {
    if (error instanceof WorkerError && error.cause instanceof RangeError) return error;
    throw error;
  }
  throw new Error("no error came");
}

/** A death is noticed at once, and the pool stays usable. */
export async function aWorkerIsKilled(pool: MapReduce): Promise<WorkerExitError> {
  try {
    await pool.map(killed, range(10));
  } catch (error) {
    if (error instanceof WorkerExitError) return error;
    throw error;
  }
  throw new Error("no error came");
}

/** With `settle` everything runs: nine values and one reason. */
export function settle(pool: MapReduce): Promise<PromiseSettledResult<number>[]> {
  return pool.map(root, range(10), { onError: "settle" });
}

/** With `retries` a job whose worker died runs again: here the second attempt lives. */
export function retry(pool: MapReduce): Promise<number[]> {
  const attempts = zeros([], "i4"); // shared: the attempt that dies has counted too
  return pool.map((x) => x === 7 && attempts[0]!++ > 0 ? Math.sqrt(x) : killed(x), range(10), { retries: 1 });
}

if (import.meta.main) {
  using pool = new MapReduce({ np: 2 });
  console.log(await aJobThrows(pool));
  console.log(await aWorkerIsKilled(pool));
  console.log((await settle(pool)).map(({ status }) => status));
  console.log(await retry(pool));
}
