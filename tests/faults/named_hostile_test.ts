/** Rows 47–50: bad names, damaged headers, truncation, use after release. */
import assert from "node:assert/strict";
import { truncateSync, writeFileSync } from "node:fs";
import { c } from "../../ffi/libc.ts";
import {
  attach,
  attachRaw,
  create,
  FormatError,
  isShared,
  list,
  MapReduce,
  type NdArray,
  range,
  release,
  unlink,
  WorkerExitError,
} from "../../mod.ts";
import { makeHeader } from "../../src/npy/header.ts";
import { type Native, replaced, table } from "../named_calls.ts";
import { fileOf, withPrefix } from "../named_support.ts";
import { failure } from "../support.ts";
import { fault } from "./rig.ts";

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
