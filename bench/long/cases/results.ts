/** Results of 1 GiB: one typed array, then 64 strings of 16 MiB. Nothing is released by hand.
 *
 * @module
 */
import assert from "node:assert/strict";
import { MapReduce, range } from "../../../mod.ts";
import { longRun, scaled } from "./_long.ts";

const DOUBLES = scaled(2 ** 27);
const STRINGS = 64;
const CHARACTERS = scaled(2 ** 24);
const pool = new MapReduce({ np: 2 });

await longRun({ unit: "1 GiB array, then 1 GiB of strings", inRounds: true }, async (round) => {
  await oneArray(round);
  await manyStrings(round);
});

/** Made as any other array: it is copied into shared memory by the worker. */
async function oneArray(round: number): Promise<void> {
  const [array] = await pool.map(() => {
    const made = new Float64Array(DOUBLES);
    for (let i = 0; i < DOUBLES; i++) made[i] = i + round;
    return made;
  }, range(1));
  assert.ok(array instanceof Float64Array);
  assert.equal(array.length, DOUBLES);
  for (let i = 0; i < DOUBLES; i++) {
    if (array[i] !== i + round) assert.fail(`element ${i} is ${array[i]}`);
  }
}

async function manyStrings(round: number): Promise<void> {
  const strings = await pool.map((i) => text(i + round), range(STRINGS));
  assert.equal(strings.length, STRINGS);
  strings.forEach((string, i) => {
    if (string !== text(i + round)) {
      assert.fail(`string ${i} is not what job ${i} returned`);
    }
  });
}

/** Differs from its neighbours in length too, by a character each. */
function text(seed: number): string {
  return `string ${seed}: `.repeat(Math.ceil(CHARACTERS / 10)).slice(0, CHARACTERS - seed);
}
