/**
 * Jobs whose whole body is an empty ordered section, two workers, all in. Argument: the number of jobs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { empty, MapReduce, range } from "../../mod.ts";
import { argument, median, repeat, report } from "./_bench.ts";

const n = argument(0, 1_000_000);
const CHECKED = 20_000;

using pool = new MapReduce({ np: 2 });
const { ordered } = pool;

for (const chunkSize of [1, 7, 1000]) {
  const seen = empty(CHECKED, "i4");
  const count = empty(1, "i4");
  await pool.map(
    (i) =>
      ordered(() => {
        const at = count[0] as number;
        seen[at] = i;
        count[0] = at + 1;
      }),
    range(CHECKED),
    { chunkSize },
  );
  assert.equal(count[0], CHECKED);
  for (let i = 0; i < CHECKED; i++) if (seen[i] !== i) assert.fail(`turn ${i} went to job ${seen[i]}`);
}

function nothing(): void {}

async function once(jobs: number, chunkSize?: number): Promise<number> {
  const start = performance.now();
  await pool.map(() => ordered(nothing), range(jobs), chunkSize === undefined ? {} : { chunkSize });
  return performance.now() - start;
}

const ms = median(await repeat(3, () => once(n)));
// Every hand-over goes to the other worker: the worst case.
const alternating = n / 10;
const alternatingMs = median(await repeat(3, () => once(alternating, 1)));
report({ n, perSecond: n / ms * 1000, alternatingPerSecond: alternating / alternatingMs * 1000 });
