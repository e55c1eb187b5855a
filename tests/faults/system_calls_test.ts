/** Row 35: every system call of every entry point fails once, in the master and in a worker. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import {
  background,
  copy,
  empty,
  fromIter,
  MapReduce,
  PoolClosedError,
  range,
  release,
  zeros,
} from "../../mod.ts";
import { collect, collectGarbage, eventually, indices, noChildren, soon } from "../support.ts";
import { type Caller, failing, isDocumented, type Site, sitesOf } from "./failing_calls.ts";
import { fault, isSoak } from "./rig.ts";

/** Longer than what a ring takes: it travels as a segment. */
const LONG = 17 * 2 ** 20;
const SQUARES = indices(20).map((i) => i * i);
/** The first two warm up, what the others leave behind is measured. */
const ROUNDS = 6;
/** All calls of a map fail in the gate; of the others so many of each function, all of them in a soak. */
const SAMPLE = 2;

/** What users call; each checks its own result. */
const ENTRIES: Readonly<Record<string, () => Promise<void>>> = {
  "map": async () => {
    using pool = new MapReduce({ np: 2 });
    const work = (i: number) => {
      if (i === 0) assertLoopIsOwn();
      return i * i;
    };
    assert.deepEqual(await pool.map(work, range(20)), SQUARES);
  },
  "mapSync": async () => {
    await undefined;
    using pool = new MapReduce({ np: 2 });
    assert.deepEqual(pool.mapSync((i) => i * i, range(20)), SQUARES);
  },
  "imap over a generator": async () => {
    using pool = new MapReduce({ np: 2 });
    const items = function* () {
      yield* indices(20);
    };
    assert.deepEqual(await collect(pool.imap((i) => i * i, items())), SQUARES);
  },
  "background": async () => {
    assert.equal(await background(() => 6 * 7), 42);
  },
  "critical and ordered": async () => {
    using pool = new MapReduce({ np: 2 });
    const sum = zeros(1);
    const work = (i: number) => pool.ordered(() => pool.critical(() => sum[0]! += i));
    const sums = indices(20).map((i) => i * (i + 1) / 2);
    assert.deepEqual(await pool.map(work, range(20)), sums);
  },
  "a map whose result is 17 MiB long": async () => {
    using pool = new MapReduce({ np: 1 });
    const [text, after] = await pool.map((i) => i === 0 ? "x".repeat(LONG) : i, range(2));
    assert.ok(text === "x".repeat(LONG) && after === 1, "another text");
  },
  "a map that returns new arrays": async () => {
    using pool = new MapReduce({ np: 2 });
    const arrays = await pool.map((i) => zeros(1000).fill(i), range(4));
    arrays.forEach((x, i) => assert.ok(x.length === 1000 && x.every((value) => value === i)));
    releaseAll(arrays);
  },
  "a map inside a job": async () => {
    using pool = new MapReduce({ np: 1 });
    const work = () => new MapReduce({ np: 2 }).mapSync((i) => i * i, range(20));
    assert.deepEqual(await pool.map(work, range(1)), [SQUARES]);
  },
  "dispose while jobs run": async () => {
    const pool = new MapReduce({ np: 2 });
    const map = pool.map(() => {
      for (;;);
    }, range(2));
    const ended = assert.rejects(map, PoolClosedError);
    pool[Symbol.dispose]();
    await ended.catch((error) => {
      throw error.actual ?? error;
    });
  },
  "empty, zeros, copy, fromIter, release": async () => {
    await undefined;
    const makers = [
      () => empty(10),
      () => zeros([1000, 1000]),
      () => copy(indices(20)),
      () => fromIter(indices(9), "i4", 9),
    ];
    const arrays: object[] = [];
    try {
      for (const make of makers) arrays.push(make());
    } finally {
      releaseAll(arrays);
    }
  },
};

/** Releases each, whatever becomes of the others. */
function releaseAll(arrays: readonly object[]): void {
  const failures: unknown[] = [];
  for (const x of arrays) {
    try {
      release(x);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** In a worker: no descriptor of an event loop watches anything, so none is the master's. */
function assertLoopIsOwn(): void {
  for (const fd of readdirSync("/proc/self/fdinfo")) {
    let watched: string;
    try {
      watched = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
    } catch {
      continue; // the list's own
    }
    assert.ok(!/^tfd:/m.test(watched), `descriptor ${fd} is the master's event loop`);
  }
}

/** Those that start none, or kill them before they have done much. */
const WITHOUT_WORKERS = new Set(["empty, zeros, copy, fromIter, release", "dispose while jobs run"]);

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** An entry point under one failure: a right result, or an error that says what failed; no child, no descriptor left. */
async function survive(where: Caller, site: Site, entry: () => Promise<void>): Promise<boolean> {
  const before = descriptors();
  const what = `${site.name} call ${site.k} in ${where}`;
  const attempt = async (): Promise<void> => {
    try {
      await soon(entry(), what, 5000);
    } catch (error) {
      if (!isDocumented(error)) throw new Error(`${what}: ${error}`, { cause: error });
    }
  };
  const wasMade = await failing(where, site, attempt);
  await noChildren();
  // what nobody holds goes when the engine sees it
  if (descriptors() > before) await collectGarbage();
  await eventually(() => descriptors() <= before, `${what}: the descriptors to be closed`, 2000);
  return wasMade;
}

for (const [name, entry] of Object.entries(ENTRIES)) {
  const callers: Caller[] = WITHOUT_WORKERS.has(name) ? ["the master"] : ["the master", "a worker"];
  for (const where of callers) {
    let sites: Site[] = [];
    let made = 0;
    fault({
      row: 35,
      name: `${name}: any system call of ${where} may fail`,
      rounds: ROUNDS,
      blocks: true,
      roundMs: 60_000,
    }, async ({ index }) => {
      if (index === 0) {
        await entry();
        sites = await sitesOf(where, entry, name === "map" || isSoak ? {} : { limit: SAMPLE });
      }
      const mine = sites.filter((_, at) => at % ROUNDS === index);
      for (const site of mine) if (await survive(where, site, entry)) made++;
      // a few depend on the time, or on what an earlier round has left warm
      if (index === ROUNDS - 1) {
        assert.ok(made >= 0.7 * sites.length, `only ${made} of ${sites.length} failed`);
      }
    });
  }
}
