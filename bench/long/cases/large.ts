/** 8 GiB of shared memory, filled and summed by workers, then released.
 *
 * @module
 */
import assert from "node:assert/strict";
import { empty, MapReduce, range, release, table } from "../../../mod.ts";
import { longRun, scaled } from "./_long.ts";

const PAGE = 4096;
/** Bun's arrays end below 4 GiB: two columns of one table there, one array in Deno. */
const PARTS = "Bun" in globalThis ? 2 : 1;
const BYTES = Math.floor(scaled(2 ** 33) / PARTS / PAGE) * PAGE - (PARTS - 1) * PAGE;
const DOUBLES = BYTES / 8;
const CHUNK = 2 ** 23;
const pool = new MapReduce({ np: 2 });

await longRun({ unit: "8 GiB filled, summed, released", inRounds: true }, async (round) => {
  const parts = make();
  for (const part of parts) {
    await pool.map((from) => {
      part.fill(valueOf(from, round), from, from + CHUNK);
    }, range(0, DOUBLES, CHUNK));
  }
  // the master sees it too, page by page: only what it has touched counts as its own
  for (const part of parts) {
    for (let i = 0; i < DOUBLES; i += PAGE / 8) {
      if (part[i] !== valueOf(i - i % CHUNK, round)) assert.fail(`element ${i} is ${part[i]}`);
    }
  }
  for (const part of parts) {
    const sums = await pool.map((from) => {
      const to = Math.min(from + CHUNK, DOUBLES);
      let sum = 0;
      for (let i = from; i < to; i++) sum += part[i]!;
      return sum;
    }, range(0, DOUBLES, CHUNK));
    sums.forEach((sum, at) => {
      const from = at * CHUNK;
      // small integers: their sums are exact
      assert.equal(sum, valueOf(from, round) * (Math.min(from + CHUNK, DOUBLES) - from));
    });
  }
  for (const part of parts) release(part);
  assert.deepEqual(parts.map(({ length }) => length), parts.map(() => 0));
});

/** Another one in each chunk and round. */
function valueOf(from: number, round: number): number {
  return from / CHUNK + 1000 * (round + 1);
}

function make(): Float64Array[] {
  if (PARTS === 1) return [empty(DOUBLES)];
  const { low, high } = table(DOUBLES, { low: "f8", high: "f8" });
  return [low, high];
}
