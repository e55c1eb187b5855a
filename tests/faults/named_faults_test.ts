/** Rows 39–42 and 47–50: named arrays whose making or attaching fails, damaged headers, truncation, use after release. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { backend, c, sleepMs } from "../../ffi/libc.ts";
import {
  attach,
  attachRaw,
  clear,
  create,
  empty,
  FormatError,
  isShared,
  list,
  MapReduce,
  type NdArray,
  range,
  release,
  SystemCallError,
  unlink,
  WorkerExitError,
  zeros,
} from "../../mod.ts";
import { makeHeader } from "../../src/npy/header.ts";
import { fileOf, withPrefix } from "../named_support.ts";
import { failure, indices } from "../support.ts";
import { fault } from "./rig.ts";

type Native = (...values: unknown[]) => number;

const EINTR = 4;
const ENOMEM = 12;
const table = c as unknown as Record<string, Native>;
const errnoCell = new Int32Array(backend.viewAt(c.__errno_location(), 4));

/** Runs `action` with some functions of the C library replaced. */
function replaced(
  replacements: Readonly<Record<string, (original: Native) => Native>>,
  action: () => void,
): void {
  const names = Object.keys(replacements);
  const originals = names.map((name) => table[name]!);
  names.forEach((name, at) => table[name] = replacements[name]!(originals[at]!));
  try {
    action();
  } finally {
    names.forEach((name, at) => table[name] = originals[at]!);
  }
}

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

fault({
  row: 39,
  name: "memory is reserved in pieces as often as signals interrupt it",
  rounds: 100,
  soak: 1000,
}, ({ random }) =>
  withPrefix((prefix) => {
    const share = 0.9 * random();
    let interrupted = 0;
    replaced({
      posix_fallocate: (original) => (...values) => {
        if (random() < share) return ++interrupted, EINTR;
        return original(...values);
      },
    }, () => {
      const x = create(prefix, 50_000);
      const { size, blocks } = statSync(fileOf(prefix));
      assert.ok(512 * blocks >= size && size === 404_096, `interrupted ${interrupted} times`);
      release(x.fill(1));
      unlink(prefix);
    });
  }));

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

/** `call`'s value, or the code of the system's refusal. */
function attempt<T>(call: () => T): T | string {
  try {
    return call();
  } catch (error) {
    if (error instanceof SystemCallError) return error.code;
    throw error;
  }
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

fault({
  row: 42,
  name: "an attach that fails leaves the owner's array, and no descriptor",
  rounds: 100,
  soak: 1000,
}, ({ random, index }) =>
  withPrefix((prefix) => {
    const x = create(prefix, [10, 10], "i4");
    x.data.fill(5);
    const before = descriptors();
    const call = ["mmap", "statx", "read", "pread", "flock", "open"][Math.floor(6 * random())]!;
    let left = Math.floor(2 * random());
    let hasFailed = false;
    const failing = (original: Native): Native => (...values) => {
      if (left-- !== 0) return original(...values);
      hasFailed = true;
      errnoCell[0] = ENOMEM;
      return -1;
    };
    replaced({ [call]: failing }, () => {
      try {
        release(index % 2 === 0 ? attach(prefix) : attach(prefix, { readonly: true }));
      } catch (error) {
        assert.ok(hasFailed && error instanceof SystemCallError, String(error));
      }
    });
    assert.equal(descriptors(), before);
    assert.ok(x.data.every((value) => value === 5));
    assert.equal(list().find(({ name }) => name === prefix)?.isHeld, true);
    release(x);
  }));

fault({
  row: 42,
  name: "a create that fails leaves no file, mapping or descriptor, whichever call fails",
  rounds: 60,
  soak: 600,
}, ({ random, index }) =>
  withPrefix((prefix) => {
    const names = [
      "open",
      "fchmod",
      "ftruncate",
      "mmap",
      "write",
      "flock",
      "linkat",
      "statx",
      "unlink",
    ];
    const call = names[index % names.length]!;
    let left = Math.floor(3 * random());
    const before = descriptors();
    release(create(prefix, 10));
    const failing = (original: Native): Native => (...values) => {
      if (left-- !== 0) return original(...values);
      errnoCell[0] = ENOMEM;
      return -1;
    };
    replaced({ [call]: failing }, () => {
      try {
        release(create(prefix, 3 * 2 ** 17));
      } catch (error) {
        assert.ok(error instanceof SystemCallError, String(error));
      }
    });
    assert.equal(descriptors(), before);
    const files = readdirSync("/dev/shm").filter((file) => file.includes(prefix));
    assert.ok(files.length === 0 || files[0] === `sharedmem-${prefix}.npy`, files.join());
    assert.ok(!readdirSync("/dev/shm").some((file) => file.startsWith(".sharedmem-named-")));
    clear({ prefix });
  }));

const BAD_NAMES: readonly unknown[] = [
  "",
  "/",
  "a/b",
  "/a",
  ".",
  "..",
  ".hidden",
  "a\0b",
  "\0",
  "x".repeat(201),
  "x".repeat(300),
  "é",
  "名",
  "a b",
  "a\n",
  "a;b",
  "*",
  undefined,
  null,
  5,
  {},
  ["a"],
  Symbol("a"),
  new String("a"),
];

fault({ row: 47, name: "what cannot be a name is a TypeError before any system call", rounds: 5 }, () => {
  const calls: string[] = [];
  const watched = Object.keys(c).filter((name) =>
    name !== "__errno_location" && typeof table[name] === "function"
  );
  const watch = Object.fromEntries(watched.map((name) => [
    name,
    (original: Native): Native => (...values) => (calls.push(name), original(...values)),
  ]));
  replaced(watch, () => {
    for (const bad of BAD_NAMES) {
      const name = bad as string;
      for (const call of [() => create(name, 1), () => attach(name), () => unlink(name)]) {
        assert.throws(call, (error) => error instanceof TypeError && /name/.test(error.message));
      }
    }
    for (
      const bad of ["", "/", "a/b", "//a", ".", "..", "a\0b", "x".repeat(300), "é".repeat(128), undefined, 5]
    ) {
      assert.throws(() => attachRaw(bad as string, 1), (error) => error instanceof TypeError);
    }
  });
  assert.deepEqual(calls, []);
});

const HEADER = makeHeader({ descr: "<f8", fortran: false, shape: [40, 5] }, 4096);
const DATA_BYTES = 40 * 5 * 8;
const INTERESTING = [0, 1, 9, 10, 0x20, 0x27, 0x28, 0x2c, 0x30, 0x39, 0x7d, 0x7f, 0x80, 0xff];

fault({
  row: 48,
  name: "a damaged header is a FormatError or describes what the file holds, never more",
  rounds: 100,
  soak: 10_000,
}, ({ random }) =>
  withPrefix((prefix) => {
    const path = fileOf(prefix);
    const pick = (count: number): number => Math.floor(count * random());
    for (let mutation = 0; mutation < 100; mutation++) {
      const file = new Uint8Array(HEADER.length + DATA_BYTES);
      file.set(HEADER);
      // most of the header is blanks
      for (let i = 0; i <= pick(3); i++) {
        const value = random() < 0.5 ? INTERESTING[pick(INTERESTING.length)]! : pick(256);
        file[pick(random() < 0.9 ? 80 : HEADER.length)] = value;
      }
      const length = random() < 0.2 ? pick(file.length + 1) : file.length;
      writeFileSync(path, file.subarray(0, length), { mode: 0o600 });
      let x: Float64Array | NdArray<Float64Array>;
      try {
        x = attach<Float64Array | NdArray<Float64Array>>(prefix);
      } catch (error) {
        // a length that the engine cannot make
        assert.ok(error instanceof FormatError || error instanceof RangeError, String(error));
        continue;
      }
      const data = "data" in x ? x.data : x;
      assert.ok(data.byteOffset === 0 && data.byteLength <= length, `${data.byteLength} of ${length}`);
      if (data.length > 0) assert.equal(data.at(-1), data.at(-1));
      release(x);
    }
  }));

fault({
  row: 49,
  name: "a worker that uses what another program has cut off dies of SIGBUS and is told as WorkerExitError",
  rounds: 10,
  soak: 100,
}, () =>
  withPrefix(async (prefix) => {
    const x = create(prefix, 100_000);
    truncateSync(fileOf(prefix), 8192);
    using pool = new MapReduce({ np: 2 });
    const error = await failure(pool.map((i) => x[i * 50_000 + 40_000] = 1, range(2)), WorkerExitError);
    assert.equal(error.signal, "SIGBUS");
    assert.throws(() => attach(prefix), { name: "FormatError", message: /cut off/ });
    release(x);
  }));

fault({
  row: 50,
  name:
    "after release() every view of a named array has length 0, and what is done with it throws or has no effect",
  rounds: 50,
}, ({ index }) =>
  withPrefix(async (prefix) => {
    const made = create(prefix, [4, 5], "f4");
    const open = [
      () => made,
      () => attach<typeof made>(prefix),
      () => attach<typeof made>(prefix, { readonly: true }),
    ];
    const x = open[index % 3]!();
    const views = [
      x.data,
      x.data.subarray(3),
      new Uint8Array(x.data.buffer),
      new Uint8Array(x.data.buffer, 4, 8),
    ];
    release(x);
    release(x);
    for (const view of views) {
      view[0] = 1;
      assert.deepEqual([view.length, view[0], isShared(view)], [0, undefined, false]);
    }
    assert.equal(x.get(1, 2), undefined);
    assert.throws(() => new DataView(x.data.buffer).getInt8(0), TypeError);
    using pool = new MapReduce({ np: 1 });
    assert.deepEqual(await pool.map(() => x.data.length, range(1)), [0]);
    for (const other of list().filter(({ name }) => name === prefix)) {
      assert.equal(other.isHeld, index % 3 !== 0);
    }
    release(made);
  }));

fault({
  row: 42,
  name: "a header that promises more than the file has costs no memory and no mapping",
  rounds: 20,
}, () =>
  withPrefix((prefix) => {
    const before = readFileSync("/proc/self/maps", "utf8").match(/sharedmem-/g)?.length ?? 0;
    for (const shape of [[2 ** 40], [2 ** 20, 2 ** 20], [2 ** 52]]) {
      writeFileSync(fileOf(prefix), makeHeader({ descr: "<f8", fortran: false, shape }, 4096), {
        mode: 0o600,
      });
      assert.throws(() => attach(prefix), FormatError);
    }
    assert.equal(readFileSync("/proc/self/maps", "utf8").match(/sharedmem-/g)?.length ?? 0, before);
  }));

fault({
  row: 42,
  name: "without a descriptor left create, attach, list and clear say so; what there is stays usable",
  rounds: 20,
}, ({ index }) =>
  withPrefix((prefix) => {
    const x = create(prefix, 10).fill(1);
    release(create(`${prefix}.stale`, 10));
    const EMFILE = 24;
    const failing = (): Native => () => {
      errnoCell[0] = EMFILE;
      return -1;
    };
    const calls = [
      () => create(`${prefix}.b`, 1),
      () => attach(prefix),
      () => list(),
      () => clear({ prefix }),
    ];
    replaced({ open: failing }, () => assert.throws(calls[index % calls.length]!, { code: "EMFILE" }));
    assert.deepEqual([x[9], clear({ prefix })], [1, [`${prefix}.stale`]]);
    release(x);
  }));
