/**
 * What argsort takes besides its input: shared memory, which it keeps for the next call, and private memory of this process,
 * which a child may take as well. Arguments: elements, their size (8: doubles, 4: floats), processes.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { argsort, empty, release } from "../../mod.ts";
import { argument, report } from "./_bench.ts";

const elements = argument(0, 1e7);
const dtype = argument(1, 8) === 8 ? "f8" : "f4";
const np = argument(2, 2);
/** So that what engines take for code does not count. */
const WARM_UP = 2.5e6;

function bytesOf(path: string, name: string): number {
  return 1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(path, "utf8"))![1]);
}

for (const n of [WARM_UP, elements]) {
  const a = empty(n, dtype) as Float64Array;
  for (let i = 0; i < n; i++) a[i] = Math.random();
  const shared = bytesOf("/proc/meminfo", "Shmem");
  const own = bytesOf("/proc/self/status", "RssAnon");
  const order = argsort(a, { np });
  const taken = bytesOf("/proc/meminfo", "Shmem") - shared - order.byteLength +
    np * (bytesOf("/proc/self/status", "RssAnon") - own);
  release(order);
  release(a);
  if (n === elements) report({ extraBytes: taken, extraShare: taken / a.BYTES_PER_ELEMENT / n });
}
