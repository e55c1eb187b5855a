import assert from "node:assert/strict";
import { chmodSync, readFileSync, statSync } from "node:fs";
import fc from "fast-check";
import {
  attach,
  attachRaw,
  clear,
  create,
  isShared,
  list,
  type NdArray,
  release,
  type ShortDType,
  type TypedArray,
  unlink,
} from "../mod.ts";
import { test } from "./harness.ts";
import { fileOf, isHeld, refusalOf, releaseAll, withPrefix } from "./named_support.ts";
import { collectGarbage, leavesNothing, pause } from "./support.ts";

const HEADER_BYTES = 4096;
const CLASSES: Readonly<Record<ShortDType, string>> = {
  i1: "Int8Array",
  u1: "Uint8Array",
  i2: "Int16Array",
  u2: "Uint16Array",
  i4: "Int32Array",
  u4: "Uint32Array",
  i8: "BigInt64Array",
  u8: "BigUint64Array",
  f2: "Float16Array",
  f4: "Float32Array",
  f8: "Float64Array",
  b1: "Uint8Array",
};
const DTYPES = Object.keys(CLASSES) as ShortDType[];

test("create() makes a zero-filled shared array of each dtype, attach() gives the same memory", () =>
  withPrefix((prefix) => {
    for (const dtype of DTYPES) {
      const name = `${prefix}.${dtype}`;
      const x = create(name, 1000, dtype) as Float64Array;
      const y = attach<Float64Array>(name);
      assert.equal(x[Symbol.toStringTag], CLASSES[dtype]);
      assert.equal(y[Symbol.toStringTag], CLASSES[dtype]);
      assert.deepEqual([x.length, y.length], [1000, 1000]);
      assert(x.every((value) => Number(value) === 0));
      const one = (typeof x[0] === "bigint" ? 1n : 1) as number;
      x[999] = one;
      assert.equal(y[999], one);
      y[0] = one;
      assert.equal(x[0], one);
      releaseAll(x, y);
    }
  }));

test("create() and attach() take all shapes: one value, none, several dimensions", () =>
  withPrefix((prefix) => {
    const value = create(`${prefix}.0`, [], "i4");
    assert.equal(value.length, 1);
    value[0] = 7;
    assert.deepEqual([...attach<Int32Array>(`${prefix}.0`)], [7]);
    const plain = create(`${prefix}.1`, [5]);
    assert.equal(plain.length, 5);
    const view = create(`${prefix}.3`, [2, 3, 4], "f4");
    view.set(1, 2, 3, 0.5);
    const same = attach<NdArray<Float32Array>>(`${prefix}.3`);
    assert.deepEqual([same.shape, same.stride, same.get(1, 2, 3)], [[2, 3, 4], [12, 4, 1], 0.5]);
    for (const shape of [0, [0], [3, 0], [0, 3, 2]]) {
      const name = `${prefix}.empty`;
      const none = create(name, shape) as TypedArray | NdArray;
      const other = attach(name);
      const lengths = [none, other].map((a) => "shape" in a ? a.shape : [a.length]);
      assert.deepEqual(lengths, [[shape].flat(), [shape].flat()]);
      assert(isShared("shape" in other ? other.data : other));
      release(none);
      release(other);
    }
    releaseAll(value, plain, view, same);
  }));

test("any shape and dtype comes back as it was made", () =>
  withPrefix((prefix) => {
    const shapes = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 5 });
    fc.assert(
      fc.property(shapes, fc.constantFrom(...DTYPES), fc.boolean(), (shape, dtype, persist) => {
        const x = create(prefix, shape, dtype, { persist }) as Float64Array | NdArray<Float64Array>;
        const y = attach<Float64Array | NdArray<Float64Array>>(prefix);
        const [mine, other] = [x, y].map((a) => "data" in a ? a.data : a) as [Float64Array, Float64Array];
        const isBig = dtype === "i8" || dtype === "u8";
        for (let i = 0; i < mine.length; i++) mine[i] = (isBig ? BigInt(i % 100) : i % 100) as number;
        assert.deepEqual(other, mine);
        const [entry] = list().filter(({ name }) => name === prefix);
        const bytes = mine.length * mine.BYTES_PER_ELEMENT;
        assert.deepEqual(entry, { name: prefix, dtype, shape, bytes, isHeld: true, isPersistent: persist });
        release(x);
        release(y);
        unlink(prefix);
      }),
      { numRuns: 100 },
    );
  }));

test("the file is a .npy of the owner's alone, its header a page, its memory all there", () =>
  withPrefix((prefix) => {
    const x = create(prefix, [100, 30], "f8");
    const { mode, size, blocks } = statSync(fileOf(prefix));
    assert.equal(mode & 0o7777, 0o600);
    assert.equal(size, HEADER_BYTES + 24_000);
    assert(512 * blocks >= size);
    const header = readFileSync(fileOf(prefix)).subarray(0, HEADER_BYTES);
    assert.equal(header.toString("latin1", 0, 8), "\x93NUMPY\x01\x00");
    assert.match(
      header.toString("latin1", 10),
      /^\{'descr': '<f8', 'fortran_order': False, 'shape': \(100, 30\), \} +\n$/s,
    );
    x.data[0] = Math.PI;
    assert.equal(readFileSync(fileOf(prefix)).readDoubleLE(HEADER_BYTES), Math.PI);
    releaseAll(x);
  }));

test("create() of a name that is alive is EEXIST and touches nothing; of a stale one takes it over", () =>
  withPrefix((prefix) => {
    const x = create(prefix, 10, "i4").fill(3);
    assert.equal(refusalOf(() => create(prefix, 10, "i4")), "EEXIST");
    assert.equal(refusalOf(() => create(prefix, 2 ** 28, "f8")), "EEXIST");
    assert(x.every((value) => value === 3));
    const y = attach<Int32Array>(prefix);
    release(x);
    assert.equal(refusalOf(() => create(prefix, 10, "i4")), "EEXIST");
    release(y);
    assert.equal(isHeld(prefix), false);
    const z = create(prefix, [2, 2], "u1");
    assert.deepEqual([...z.data], [0, 0, 0, 0]);
    releaseAll(z);
  }));

test("a stale array can still be attached, and is alive again", () =>
  withPrefix((prefix) => {
    release(create(prefix, 5).fill(2));
    const x = attach<Float64Array>(prefix);
    assert.deepEqual([...x], [2, 2, 2, 2, 2]);
    assert.equal(refusalOf(() => create(prefix, 5)), "EEXIST");
    assert.deepEqual(clear({ prefix }), []);
    releaseAll(x);
  }));

test("a persistent array is neither taken over nor cleared, unless all are", () =>
  withPrefix((prefix) => {
    release(create(prefix, 5, "f8", { persist: true }).fill(4));
    const [entry] = list().filter(({ name }) => name === prefix);
    assert.deepEqual([entry?.isPersistent, entry?.isHeld], [true, false]);
    assert.equal(refusalOf(() => create(prefix, 5)), "EEXIST");
    assert.deepEqual(clear({ prefix }), []);
    assert.equal(statSync(fileOf(prefix)).mode & 0o777, 0o600);
    const x = attach<Float64Array>(prefix);
    assert.equal(x[4], 4);
    assert.deepEqual(clear({ prefix, all: true }), []);
    release(x);
    assert.deepEqual(clear({ prefix, all: true }), [prefix]);
    assert.equal(refusalOf(() => attach(prefix)), "ENOENT");
  }));

test("unlink() removes the name alone: who is attached stays so, the next of that name is another one", () =>
  withPrefix((prefix) => {
    const x = create(prefix, 5);
    const y = attach<Float64Array>(prefix);
    unlink(prefix);
    assert.equal(refusalOf(() => attach(prefix)), "ENOENT");
    assert.equal(refusalOf(() => unlink(prefix)), "ENOENT");
    const z = create(prefix, 5);
    x[0] = 1;
    assert.deepEqual([y[0], z[0]], [1, 0]);
    release(create(`${prefix}.p`, 5, "f8", { persist: true }));
    unlink(`${prefix}.p`);
    releaseAll(x, y, z);
  }));

test("attach({ readonly }) keeps writes to itself and sees what others write elsewhere", () =>
  withPrefix((prefix) => {
    const x = create(prefix, [3, 1000], "f8");
    const mine = attach<NdArray<Float64Array>>(prefix, { readonly: true });
    x.set(0, 0, 1);
    assert.equal(mine.get(0, 0), 1);
    mine.set(0, 0, 2);
    assert.deepEqual([x.get(0, 0), mine.get(0, 0)], [1, 2]);
    x.set(2, 999, 3);
    assert.equal(mine.get(2, 999), 3);
    assert.equal(isShared(mine), false);
    release(x);
    assert.equal(isHeld(prefix), true);
    assert.equal(refusalOf(() => create(prefix, 1)), "EEXIST");
    release(mine);
    release(mine);
    assert.deepEqual([mine.data.length, isHeld(prefix)], [0, false]);
  }));

test("a file that only its owner's reading is allowed can be attached readonly", () =>
  withPrefix((prefix) => {
    release(create(prefix, 5).fill(1));
    chmodSync(fileOf(prefix), 0o400);
    const x = attach<Float64Array>(prefix, { readonly: true });
    assert.equal(x[4], 1);
    release(x);
    chmodSync(fileOf(prefix), 0o600);
  }));

test("release() detaches every view and lets go; garbage does, too", () =>
  withPrefix(async (prefix) => {
    const x = create(prefix, 1000);
    const tail = x.subarray(990);
    release(x);
    release(x);
    assert.deepEqual([x.length, tail.length, isShared(x), isHeld(prefix)], [0, 0, false, false]);
    (() => void attach<Float64Array>(prefix).fill(1))();
    const end = performance.now() + 10_000;
    while (isHeld(prefix)) {
      assert(performance.now() < end, "the lock did not go with the last view");
      await collectGarbage();
      await pause(20);
    }
  }));

test("nothing is left of arrays that were released: no descriptor, mapping or name", () =>
  withPrefix((prefix) =>
    leavesNothing(() => {
      for (let i = 0; i < 20; i++) {
        const x = create(`${prefix}.a`, [50, 50]);
        const y = attach(`${prefix}.a`, { readonly: i % 2 === 0 });
        const z = attachRaw(`sharedmem-${prefix}.a.npy`, 10, "u1", 9);
        refusalOf(() => create(`${prefix}.a`, 1));
        refusalOf(() => attach(`${prefix}.b`));
        for (const array of [x, y, z]) release(array);
        assert.deepEqual(clear({ prefix }), [`${prefix}.a`]);
        release(create(`${prefix}.a`, 2 ** 20, "u1"));
        unlink(`${prefix}.a`);
      }
    })
  ));
