/** Rows 40 and 41: named arrays that several processes make and attach at the same time. */
import assert from "node:assert/strict";
import { sleepMs } from "../../ffi/libc.ts";
import {
  attach,
  create,
  empty,
  MapReduce,
  range,
  release,
  SystemCallError,
  unlink,
  zeros,
} from "../../mod.ts";
import { type Native, replaced } from "../named_calls.ts";
import { attempt, withPrefix } from "../named_support.ts";
import { indices } from "../support.ts";
import { fault } from "./rig.ts";

fault({
  row: 40,
  name: "nobody sees an array before it is whole, however slowly it is made",
  rounds: 20,
  soak: 200,
}, () =>
  withPrefix(async (prefix) => {
    const done = zeros([], "i4");
    using pool = new MapReduce({ np: 5 });
    const slowly = (original: Native): Native => (...values) => {
      sleepMs(0.2);
      return original(...values);
    };
    const results = await pool.map(
      (rank) => {
        if (rank === 0) {
          const steps = [
            "open",
            "fchmod",
            "ftruncate",
            "mmap",
            "posix_fallocate",
            "write",
            "flock",
            "linkat",
          ];
          replaced(Object.fromEntries(steps.map((name) => [name, slowly])), () => {
            for (let round = 0; round < 5; round++) {
              release(create(prefix, 5000).fill(0));
              unlink(prefix);
            }
          });
          Atomics.store(done, 0, 1);
          return [];
        }
        const bad: string[] = [];
        while (Atomics.load(done, 0) === 0) {
          try {
            const x = attach<Float64Array>(prefix);
            if (x.length !== 5000) bad.push(`${x.length} elements`);
            release(x);
          } catch (error) {
            if (!(error instanceof SystemCallError && error.code === "ENOENT")) bad.push(String(error));
          }
        }
        return bad;
      },
      range(5),
      { chunkSize: 1 },
    );
    assert.deepEqual(results.flat(), []);
  }));

/** Lets `size` workers of a map wait for each other without burning a processor. */
function meeting(size: number): () => void {
  const words = zeros(2, "i4");
  return () => {
    const round = Atomics.load(words, 1);
    if (Atomics.add(words, 0, 1) === size - 1) {
      Atomics.store(words, 0, 0);
      Atomics.add(words, 1, 1);
    } else while (Atomics.load(words, 1) === round) sleepMs(0.05);
  };
}

fault({
  row: 41,
  name:
    "of eight that create one name, stale or free, exactly one wins; the others get EEXIST and destroy nothing",
  rounds: 2,
  soak: 100,
  roundMs: 60_000,
}, () =>
  withPrefix(async (prefix) => {
    const SIZE = 8;
    const ROUNDS = 100;
    const meet = meeting(SIZE);
    const wins = empty([ROUNDS, SIZE], "i4");
    using pool = new MapReduce({ np: SIZE });
    const bad = await pool.map(
      (rank) => {
        const bad: string[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          // every other time there is none at all
          if (rank === 0 && round % 2 === 0) release(create(prefix, 5));
          meet();
          const x = attempt(() => create(prefix, 1000, "i4"));
          if (typeof x !== "string") x.fill(rank + 1);
          else if (x !== "EEXIST") bad.push(x);
          wins.set(round, rank, typeof x === "string" ? 0 : rank + 1);
          meet();
          const winner = Math.max(...wins.data.subarray(round * SIZE, (round + 1) * SIZE));
          const same = attempt(() => attach<Int32Array>(prefix));
          if (typeof same === "string" || !same.every((value) => value === winner)) {
            bad.push(`${round}: ${same}`);
          }
          if (typeof same !== "string") release(same);
          meet();
          if (typeof x !== "string") release(x);
          if (rank === 0 && round % 2 === 1) unlink(prefix);
          meet();
        }
        return bad;
      },
      range(SIZE),
      { chunkSize: 1 },
    );
    assert.deepEqual(bad.flat(), []);
    for (let round = 0; round < ROUNDS; round++) {
      assert.equal(indices(SIZE).filter((rank) => wins.get(round, rank) > 0).length, 1, `round ${round}`);
    }
  }));
