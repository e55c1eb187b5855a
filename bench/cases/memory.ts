/**
 * What stays after many maps: resident private memory, descriptors, mappings, zombies. Arguments: maps, maps before.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { empty, MapReduce, range, release } from "../../mod.ts";
import { argument, report } from "./_bench.ts";

const maps = argument(0, 1000);
/** Until an engine has sized its heap. */
const warmUp = argument(1, 1000);
let large = 2 ** 26;

interface Kept {
  privateMiB: number;
  descriptors: number;
  mappings: number;
  children: number;
}

function kept(): Kept {
  const status = readFileSync("/proc/self/status", "utf8");
  const pid = process.pid;
  return {
    privateMiB: Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]) / 1024,
    descriptors: readdirSync("/proc/self/fd").length,
    mappings: readFileSync("/proc/self/maps", "utf8").split("\n").length,
    children:
      readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter((x) => x !== "").length,
  };
}

/** Two maps for each of `count`. */
async function someMaps(count: number): Promise<void> {
  const shared = new MapReduce({ np: 2 });
  for (let k = 0; k < count; k++) {
    const own = k % 2 === 0 ? undefined : new MapReduce({ np: 2 });
    const pool = own ?? shared;
    const x = empty(10_000);
    const numbers = await pool.map((i) => {
      x[i] = i;
      return i;
    }, range(200));
    assert.equal(numbers.length, 200);
    assert.equal(x[199], 199);
    const objects = await pool.map(
      (i) => ({ i, made: empty(100).fill(i), own: new Float64Array(100) }),
      range(4),
    );
    assert.equal(objects[3]?.made[99], 3);
    own?.[Symbol.dispose]();
  }
  shared[Symbol.dispose]();
}

/**
 * The module looks for arrays that nobody uses when memory has doubled: a large one makes it look now.
 * Finalizers, where the engine runs them, get their turns too.
 */
async function settle(): Promise<void> {
  for (let k = 0; k < 5; k++) {
    // Larger than the last one, which is kept warm for the next of its size.
    release(empty(large += 2 ** 20));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

await someMaps(warmUp / 2);
await settle();
const before = kept();
await someMaps(maps / 2);
const untidied = kept();
await settle();
const after = kept();
report({
  maps,
  privateBeforeMiB: before.privateMiB,
  privateGrowthMiB: after.privateMiB - before.privateMiB,
  privateUncollectedMiB: untidied.privateMiB - before.privateMiB,
  descriptorGrowth: after.descriptors - before.descriptors,
  descriptorsUncollected: untidied.descriptors - before.descriptors,
  mappingGrowth: after.mappings - before.mappings,
  mappingsUncollected: untidied.mappings - before.mappings,
  childrenLeft: after.children,
});
