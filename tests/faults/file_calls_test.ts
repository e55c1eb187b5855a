/** Rows 35 and 42: every system call of named arrays, files of arrays and tables of text fails, in every way that it may. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { EOPNOTSUPP, O_TMPFILE } from "../../ffi/constants.ts";
import {
  attach,
  attachRaw,
  clear,
  copy,
  create,
  fromFile,
  list,
  load,
  type Loadable,
  loadtxt,
  MapReduce,
  type NdArray,
  range,
  release,
  save,
  savetxt,
  SystemCallError,
  table,
  toFile,
  unlink,
} from "../../mod.ts";
import { crewTuning } from "../../src/algorithms/crew.ts";
import { saveTuning } from "../../src/files/savetxt.ts";
import { failWith, type Native, replaced } from "../named_calls.ts";
import { fileOf, SHM, withPrefix } from "../named_support.ts";
import { inFolder, namesIn } from "../npy_support.ts";
import { collectGarbage, indices, noChildren, soon } from "../support.ts";
import { type Caller, failing, isDocumented, type Site, sitesOf } from "./failing_calls.ts";
import { fault, isSoak } from "./rig.ts";

/** The first two warm up, what the others leave behind is measured. */
const ROUNDS = 4;
/** Where processes are forked, so many calls of each function fail in the gate; all of them in a soak. */
const SAMPLE = 2;
/** Long enough for huge pages. */
const LONG = 5 * 2 ** 17;
const ROWS = 1000;

/** Where an entry works: names and files of its own. */
interface Place {
  /** Begins the names of arrays. */
  readonly prefix: string;
  /** A folder, which ends in "/". */
  readonly folder: string;
}

/** What a user calls. */
interface Entry {
  /** What is there before; never fails. */
  prepare?(place: Place): void;
  /** Calls, and checks its own result. */
  run(place: Place): Promise<void> | void;
  /** What an error names; unless said, errors need only be documented ones. */
  named?(place: Place): string;
  /** Whether it never throws. */
  readonly neverThrows?: boolean;
  /** Whether children take part. */
  readonly hasWorkers?: boolean;
  /** Files that hold what they held before when there was an error. */
  keeps?(place: Place): readonly string[];
}

const ENTRIES: Readonly<Record<string, Entry>> = {
  "create()": {
    run: ({ prefix }) => {
      const x = create(`${prefix}.new`, [10, 3], "i4");
      assert.deepEqual([x.shape, x.get(9, 2)], [[10, 3], 0]);
      release(x);
      const y = create(`${prefix}.long`, LONG);
      assert.deepEqual([y.length, y[LONG - 1]], [LONG, 0]);
      assert.ok(512 * statSync(fileOf(`${prefix}.long`)).blocks >= 8 * LONG, "memory is missing");
      release(y);
    },
    named: ({ prefix }) => prefix,
  },
  "create() where every file has a name": {
    run: ({ prefix }) => {
      const withoutTmpfile = (original: Native): Native => (...values) =>
        ((values[1] as number) & O_TMPFILE) === O_TMPFILE ? failWith(EOPNOTSUPP) : original(...values);
      replaced({ open: withoutTmpfile }, () => {
        const x = create(`${prefix}.new`, 10);
        assert.equal(x[9], 0);
        release(x);
      });
    },
    named: ({ prefix }) => prefix,
  },
  "create() in the place of a stale one": {
    prepare: ({ prefix }) => {
      release(create(`${prefix}.stale`, 3).fill(1));
    },
    run: ({ prefix }) => {
      const x = create(`${prefix}.stale`, 5);
      assert.deepEqual([...x], [0, 0, 0, 0, 0]);
      release(x);
    },
    named: ({ prefix }) => `${prefix}.stale`,
  },
  "attach()": {
    prepare: ({ prefix }) => {
      const x = create(`${prefix}.there`, [3, 2]);
      x.data.fill(4);
      release(x);
    },
    run: ({ prefix }) => {
      for (const readonly of [false, true]) {
        const x = attach<NdArray>(`${prefix}.there`, { readonly });
        assert.deepEqual([x.shape, x.get(2, 1)], [[3, 2], 4]);
        release(x);
      }
    },
    named: ({ prefix }) => fileOf(`${prefix}.there`),
  },
  "attachRaw()": {
    prepare: ({ prefix }) => {
      release(create(`${prefix}.ours`, 4).fill(6));
      writeFileSync(`${SHM}/${prefix}.raw`, new Uint8Array(800).fill(5), { mode: 0o600 });
    },
    run: ({ prefix }) => {
      const x = attachRaw(`${prefix}.raw`, 100, "i8");
      assert.equal(x[99], 0x0505050505050505n);
      release(x);
      const ours = attachRaw(`sharedmem-${prefix}.ours.npy`, 4, "f8", 4096);
      const value = ours[3];
      release(ours);
      assert.equal(value, 6);
    },
    named: ({ prefix }) => prefix,
  },
  "release()": {
    prepare: ({ prefix, folder }) => {
      save(`${folder}a.npy`, [1, 2]);
      const x = create(`${prefix}.there`, 3);
      const mapped = (["c", "r+"] as const).map((mmap) => load<Float64Array>(`${folder}a.npy`, { mmap }));
      arrays = [x, attach(`${prefix}.there`), attach(`${prefix}.there`, { readonly: true }), ...mapped];
    },
    run: () => {
      for (const x of arrays) release(x);
      assert.ok(arrays.every((x) => (x as Float64Array).length === 0));
    },
    named: ({ prefix }) => prefix,
    neverThrows: true,
  },
  "unlink()": {
    prepare: ({ prefix }) => {
      release(create(`${prefix}.there`, 3));
    },
    run: ({ prefix }) => {
      unlink(`${prefix}.there`);
      assert.ok(!readdirSync(SHM).includes(`sharedmem-${prefix}.there.npy`));
    },
    named: ({ prefix }) => fileOf(`${prefix}.there`),
  },
  "clear()": {
    prepare: ({ prefix }) => {
      for (const name of ["a", "b"]) release(create(`${prefix}.${name}`, 3));
    },
    run: ({ prefix }) => {
      const removed = clear({ prefix });
      // what cannot be looked at is not this user's, as far as anyone can tell
      const left = readdirSync(SHM).filter((file) => file.includes(prefix)).length;
      assert.equal(removed.length + left, 2);
      assert.ok(left < 2, "nothing was removed");
    },
    named: () => "clear()",
  },
  "list()": {
    prepare: ({ prefix }) => {
      for (const name of ["a", "b"]) release(create(`${prefix}.${name}`, [3, 2], "u1"));
    },
    run: ({ prefix }) => {
      const found = list().filter(({ name }) => name.startsWith(prefix));
      assert.ok(found.length >= 1, "nothing was found");
      for (const { name, ...rest } of found) {
        assert.ok([`${prefix}.a`, `${prefix}.b`].includes(name));
        const wanted = { dtype: "u1", shape: [3, 2], bytes: 6, isHeld: false, isPersistent: false };
        assert.deepEqual(rest, wanted);
      }
    },
    named: () => "list()",
  },
  "load() and mapped files": {
    prepare: ({ folder }) => save(`${folder}a.npy`, [[1, 2], [3, 4]]),
    run: ({ folder }) => {
      for (const mmap of [false, "c", "r+"] as const) {
        const a = load<NdArray>(`${folder}a.npy`, { mmap });
        assert.deepEqual([a.shape, a.get(1, 1)], [[2, 2], 4]);
        release(a);
      }
    },
    named: ({ folder }) => folder,
    keeps: ({ folder }) => [`${folder}a.npy`],
  },
  "load() of a table": {
    prepare: ({ folder }) => {
      const t = table(3, { x: "f8", id: "u1" });
      t.x.set([3, 4, 5]);
      save(`${folder}t.npy`, t as Loadable as typeof t);
      release(t.x);
    },
    run: ({ folder }) => {
      const { x } = load<{ x: Float64Array }>(`${folder}t.npy`);
      assert.equal(x[2], 5);
      release(x);
    },
    named: ({ folder }) => folder,
  },
  "save()": {
    prepare: ({ folder }) => {
      save(`${folder}old.npy`, [1, 2]);
      rmSync(`${folder}new.npy`, { force: true });
    },
    run: ({ folder }) => {
      save(`${folder}new.npy`, [7, 8]);
      save(`${folder}old.npy`, MATRIX.pick(null, 1));
      assert.equal(statSync(`${folder}old.npy`).size, 128 + 16);
    },
    named: ({ folder }) => folder,
    keeps: ({ folder }) => [`${folder}old.npy`],
  },
  "toFile()": {
    prepare: ({ folder }) => toFile(`${folder}b`, Int32Array.of(1)),
    run: ({ folder }) => toFile(`${folder}b`, Int32Array.of(7, 8)),
    named: ({ folder }) => `${folder}b`,
    keeps: ({ folder }) => [`${folder}b`],
  },
  "fromFile()": {
    prepare: ({ folder }) => toFile(`${folder}b`, Int32Array.of(7, 8)),
    run: ({ folder }) => {
      for (const mmap of [true, false]) {
        const x = fromFile(`${folder}b`, "i4", { mmap });
        assert.deepEqual([...x], [7, 8]);
        release(x);
      }
    },
    named: ({ folder }) => `${folder}b`,
  },
  "fromFile() by two processes": {
    prepare: ({ folder }) => toFile(`${folder}b`, Int32Array.from(indices(ROWS))),
    run: ({ folder }) =>
      together(() => {
        const x = fromFile(`${folder}b`, "i4", { mmap: false, np: 2 });
        assert.deepEqual([...x], indices(ROWS));
        release(x);
      }),
    named: ({ folder }) => `${folder}b`,
    hasWorkers: true,
  },
  "loadtxt()": {
    prepare: ({ folder }) => writeFileSync(`${folder}t.txt`, TEXT),
    run: ({ folder }) => checkTable(loadtxt(`${folder}t.txt`, { np: 1, ndmin: 2 })),
    named: ({ folder }) => `${folder}t.txt`,
  },
  "loadtxt() of columns by two processes": {
    prepare: ({ folder }) => writeFileSync(`${folder}t.txt`, TEXT),
    run: ({ folder }) =>
      together(() => {
        const { a, b } = loadtxt(`${folder}t.txt`, { np: 2, dtype: { a: "i4", b: "f8" } });
        assert.deepEqual([a.length, a[ROWS - 1], b[3]], [ROWS, ROWS - 1, 0.75]);
        release(a);
      }),
    named: ({ folder }) => `${folder}t.txt`,
    hasWorkers: true,
  },
  "savetxt()": {
    prepare: ({ folder }) => writeFileSync(`${folder}s.txt`, "1\n"),
    run: ({ folder }) => {
      savetxt(`${folder}s.txt`, [[1, 0.5], [2, 0.25]], { header: "x", np: 1 });
      assert.equal(readFileSync(`${folder}s.txt`, "utf8"), "# x\n1 0.5\n2 0.25\n");
    },
    named: ({ folder }) => `${folder}s.txt`,
    keeps: ({ folder }) => [`${folder}s.txt`],
  },
  "savetxt() by two processes": {
    prepare: ({ folder }) => writeFileSync(`${folder}s.txt`, "1\n"),
    run: ({ folder }) =>
      together(() => {
        savetxt(`${folder}s.txt`, indices(ROWS), { np: 2 });
        assert.equal(readFileSync(`${folder}s.txt`, "utf8"), indices(ROWS).map((i) => `${i}\n`).join(""));
      }),
    named: ({ folder }) => `${folder}s.txt`,
    keeps: ({ folder }) => [`${folder}s.txt`],
    hasWorkers: true,
  },
  "jobs that create, attach and return named arrays": {
    prepare: ({ prefix }) => {
      release(create(`${prefix}.there`, 3).fill(7));
    },
    run: async ({ prefix }) => {
      using pool = new MapReduce({ np: 1 });
      const arrays = await pool.map((i) => {
        const there = attach<Float64Array>(`${prefix}.there`);
        return create(`${prefix}.${i}`, 3).fill(there[2]! + i);
      }, range(2));
      assert.deepEqual(arrays.map((x) => [...x]), [[7, 7, 7], [8, 8, 8]]);
      arrays.forEach((x) => release(x));
    },
    hasWorkers: true,
  },
};

/** What `release()` gives back. */
let arrays: readonly object[] = [];
const MATRIX = copy([[1, 2, 3], [4, 5, 6]]);
const TEXT = indices(ROWS).map((i) => `${i} ${i / 4}\n`).join("");

function checkTable(a: NdArray): void {
  assert.deepEqual([a.shape, a.get(ROWS - 1, 0), a.get(3, 1)], [[ROWS, 2], ROWS - 1, 0.75]);
  release(a);
}

/** Several processes also for little work. */
function together(action: () => void): void {
  const { chunkNumbers } = saveTuning;
  crewTuning.minItemsPerMember = 1;
  saveTuning.chunkNumbers = 100;
  try {
    action();
  } finally {
    crewTuning.minItemsPerMember = undefined;
    saveTuning.chunkNumbers = chunkNumbers;
  }
}

/** What there must not be more of afterwards: descriptors, mappings of files, temporary files. */
function held({ prefix, folder }: Place): readonly number[] {
  const maps = readFileSync("/proc/self/maps", "utf8").split("\n");
  return [
    readdirSync("/proc/self/fd").length,
    maps.filter((line) => line.includes(prefix) || line.includes(folder)).length,
    namesIn(folder).filter((file) => file.endsWith(".tmp")).length,
    readdirSync(SHM).filter((file) => file.startsWith(".sharedmem-")).length,
  ];
}

/** A clean place, as the entry wants it. */
function prepare(entry: Entry, { prefix, folder }: Place): void {
  for (const file of readdirSync(SHM)) if (file.includes(prefix)) rmSync(`${SHM}/${file}`);
  for (const file of namesIn(folder)) rmSync(folder + file);
  entry.prepare?.({ prefix, folder });
}

function contentsOf(files: readonly string[]): string[] {
  return files.map((file) => readFileSync(file, "latin1"));
}

/** An entry under one failure: a right result, or an error that names what failed; nothing is left. Whether it was met. */
async function survive(where: Caller, site: Site, entry: Entry, place: Place): Promise<boolean> {
  const what = `${site.name} call ${site.k} in ${where}, errno ${site.errno}`;
  prepare(entry, place);
  const kept = entry.keeps?.(place) ?? [];
  const contents = contentsOf(kept);
  const before = held(place);
  const outcome: { error: unknown }[] = [];
  const wasMade = await failing(where, site, async () => {
    try {
      await soon(Promise.resolve().then(() => entry.run(place)), what, 5000);
    } catch (error) {
      outcome.push({ error });
    }
  });
  await noChildren();
  // what cannot be removed stays, and `clear()` finds it
  if (site.name === "unlink") clear({ prefix: place.prefix });
  const isClean = (): boolean => held(place).every((count, at) => count <= before[at]!);
  // what arrived from a worker and nobody took goes when the engine sees it; here nothing waits for that
  if (entry.named === undefined && !isClean()) await collectGarbage();
  assert.ok(isClean(), `${what}: descriptors, mappings, files: ${before} before, ${held(place)} after`);
  for (const { error } of outcome) {
    assert.ok(isDocumented(error) && !entry.neverThrows, `${what}: ${(error as Error)?.stack}`);
    if (!(error instanceof SystemCallError) || entry.named === undefined) continue;
    assert.deepEqual([error.syscall, error.errno], [site.name, site.errno], `${what}: ${error.message}`);
    // random bytes, and memory for results, are not of that file
    const isOfFile = site.name !== "getrandom" && site.name !== "mmap";
    assert.ok(!isOfFile || error.message.includes(entry.named(place)), error.message);
    assert.deepEqual(contentsOf(kept), contents, `${what}: changed`);
  }
  // and the next one
  prepare(entry, place);
  await entry.run(place);
  return wasMade;
}

for (const [name, entry] of Object.entries(ENTRIES)) {
  const callers: Caller[] = entry.hasWorkers ? ["the master", "a worker"] : ["the master"];
  for (const where of callers) {
    let sites: Site[] = [];
    let made = 0;
    fault({
      row: 35,
      name: `${name}: any system call of ${where} may fail, in any way`,
      rounds: ROUNDS,
      blocks: true,
      roundMs: 60_000,
    }, ({ index }) =>
      withPrefix((prefix) =>
        inFolder(async (folder) => {
          const place: Place = { prefix, folder };
          if (index === 0) {
            prepare(entry, place);
            await entry.run(place);
            prepare(entry, place);
            sites = await sitesOf(where, async () => await entry.run(place), {
              limit: entry.hasWorkers && !isSoak ? SAMPLE : Infinity,
              everyWay: true,
            });
          }
          const mine = sites.filter((_, at) => at % ROUNDS === index);
          for (const site of mine) if (await survive(where, site, entry, place)) made++;
          // a few depend on the time, or on what an earlier round has left warm
          if (index === ROUNDS - 1) {
            assert.ok(made >= 0.7 * sites.length && made > 0, `only ${made} of ${sites.length} failed`);
          }
          prepare({ ...entry, prepare: () => {} }, place);
        })
      ));
  }
}
