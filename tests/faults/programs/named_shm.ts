/** Named arrays where /dev/shm is as the test has made it; prints what an attempt too many came to and what is left. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import process from "node:process";
import { c } from "../../../ffi/libc.ts";
import { create, empty, MapReduce, release, SystemCallError, unlink } from "../../../mod.ts";

/** Doubles in each array of the filling. */
const PIECE = 2 ** 16;
/** More than these file systems hold. */
const LARGE = 2 ** 27;

const [kind, rounds] = [process.argv[2], Number(process.argv[3] ?? 1)];

/** The system's refusal of an array, which must leave nothing. */
function refusal(name: string, length: number): SystemCallError {
  try {
    create(name, length);
  } catch (error) {
    assert.ok(error instanceof SystemCallError, String(error));
    return error;
  }
  throw new Error("nothing was thrown");
}

/** Creates arrays until there is no room, and uses all of their memory. */
function fill(): number {
  const made: Float64Array[] = [];
  try {
    for (;;) made.push(create(`piece.${made.length}`, PIECE));
  } catch (error) {
    assert.ok(error instanceof SystemCallError && error.code === "ENOSPC", String(error));
  }
  made.forEach((x, at) => x.fill(at + 1));
  made.forEach((x, at) => assert.ok(x.every((value) => value === at + 1)));
  made.forEach((x, at) => {
    release(x);
    unlink(`piece.${at}`);
  });
  return made.length;
}

/** `statvfs` knows nothing: there seems to be room until it is taken, as where others take it in between. */
function unseen(action: () => void): void {
  const table = c as unknown as { statvfs: unknown };
  const original = table.statvfs;
  table.statvfs = () => -1;
  try {
    action();
  } finally {
    table.statvfs = original;
  }
}

function namesLeft(): string {
  try {
    return readdirSync("/dev/shm").join();
  } catch {
    return "";
  }
}

if (kind === "writable") {
  using pool = new MapReduce({ np: 2 });
  for (let round = 0; round < rounds; round++) {
    const told = refusal("large", LARGE);
    assert.match(
      told.message,
      new RegExp(`wants ${8 * LARGE + 4096} bytes in /dev/shm, which has \\d+ left of \\d+`),
    );
    unseen(() => assert.equal(refusal("large", LARGE).code, "ENOSPC"));
    if (round === 0) console.log(told.message);
    const count = fill();
    assert.ok(count >= 4, `only ${count}`);
    assert.equal(namesLeft(), "");
    // what the others leave is not enough for all
    if (round % 10 === 0) {
      const parts = await pool.map(() => refusal("large", LARGE).code, [1, 2]);
      assert.deepEqual(parts, ["ENOSPC", "ENOSPC"]);
    }
  }
} else {
  for (let round = 0; round < rounds; round++) {
    const told = refusal("small", 10);
    if (round === 0) console.log(told.message);
    const x = empty(1000).fill(1);
    assert.equal(x[999], 1);
    release(x);
  }
}
console.log(`left: ${namesLeft()}`);
