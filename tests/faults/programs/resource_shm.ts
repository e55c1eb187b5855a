/** What needs no name works whatever `/dev/shm` is like; prints what is left there. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { empty, MapReduce, range, release, zeros } from "../../../mod.ts";

const LENGTH = 25e6; // 200 MB
const large = empty(LENGTH);
large[0] = 1;
large[LENGTH - 1] = 2;

using pool = new MapReduce({ np: 2 });
const parts = await pool.map((i) => {
  large[LENGTH / 2 + i] = i;
  const made = zeros(LENGTH / 8);
  made.fill(i);
  return { made, long: "x".repeat(17 * 2 ** 20 * (i & 1)) };
}, range(2));
assert.deepEqual([large[0], large[LENGTH / 2 + 1], large[LENGTH - 1]], [1, 1, 2]);
for (const [i, { made, long }] of parts.entries()) {
  assert.deepEqual([made.length, made[0], made.at(-1)], [LENGTH / 8, i, i]);
  assert.equal(long.length, 17 * 2 ** 20 * i);
  release(made);
}
release(large);

let names: string[] = [];
try {
  names = readdirSync("/dev/shm").filter((name) => name !== "filler");
} catch {
  // there is no such directory
}
console.log(`left: ${names}`);
