import assert from "node:assert/strict";
import { linkSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { EAGAIN, O_CLOEXEC, O_RDWR } from "../ffi/constants.ts";
import { c, cString, listDirectory } from "../ffi/libc.ts";
import {
  attach,
  attachRaw,
  clear,
  create,
  FormatError,
  list,
  type NdArray,
  release,
  unlink,
} from "../mod.ts";
import { lastSerial, mapDescriptor } from "../src/memory/segment.ts";
import { test } from "./harness.ts";
import { failWith, type Native, replaced } from "./named_calls.ts";
import { fileOf, isHeld, refusalOf, releaseAll, SHM, withPrefix } from "./named_support.ts";

const HEADER_BYTES = 4096;
const ENOLCK = 37;

test("list() and clear() know only well-formed names of this package, and prefixes", () =>
  withPrefix((prefix) => {
    for (const [at, suffix] of ["b", "a", "c.x"].entries()) release(create(`${prefix}.${suffix}`, at + 1));
    writeFileSync(`${SHM}/sharedmem-${prefix}.txt`, "");
    writeFileSync(`${SHM}/${prefix}.npy`, "");
    const mine = () => list().map(({ name }) => name).filter((name) => name.startsWith(prefix));
    assert.deepEqual(mine(), ["a", "b", "c.x"].map((suffix) => `${prefix}.${suffix}`));
    assert.deepEqual(clear({ prefix: `${prefix}.c` }), [`${prefix}.c.x`]);
    assert.deepEqual(mine(), ["a", "b"].map((suffix) => `${prefix}.${suffix}`));
    assert.deepEqual(clear({ prefix }), [`${prefix}.a`, `${prefix}.b`]);
    assert.equal(readdirSync(SHM).filter((file) => file.includes(prefix)).length, 2);
  }));

test("clear() removes a damaged file that nobody holds, create() replaces it, list() leaves it out", () =>
  withPrefix((prefix) => {
    const damage = () => writeFileSync(fileOf(prefix), "not a header", { mode: 0o600 });
    damage();
    assert(!list().some(({ name }) => name === prefix));
    assert.throws(() => attach(prefix), FormatError);
    assert.deepEqual(clear({ prefix }), [prefix]);
    damage();
    releaseAll(create(prefix, 3));
    assert.equal(attach<Float64Array>(prefix).length, 3);
  }));

test("a .npy that others wrote is attached where it can be used in place", () =>
  withPrefix((prefix) => {
    const write = (header: string, data: Uint8Array, extra = 0) => {
      rmSync(fileOf(prefix), { force: true });
      const length = 128 - 10 + extra;
      const bytes = Buffer.alloc(10 + length + data.length);
      bytes.write("\x93NUMPY\x01\x00", "latin1");
      bytes.writeUInt16LE(length, 8);
      bytes.write(header.padEnd(length - 1) + "\n", 10, "latin1");
      bytes.set(data, 10 + length);
      writeFileSync(fileOf(prefix), bytes, { mode: 0o600 });
    };
    const six = new Uint8Array(new Int32Array([1, 2, 3, 4, 5, 6]).buffer);
    write("{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3), }", six);
    const fortran = attach<NdArray<Int32Array>>(prefix);
    assert.deepEqual([fortran.shape, fortran.stride], [[2, 3], [1, 2]]);
    assert.deepEqual([fortran.get(1, 0), fortran.get(0, 1), fortran.get(1, 2)], [2, 3, 6]);
    releaseAll(fortran);
    write("{'descr': '>i4', 'fortran_order': False, 'shape': (6,), }", six);
    assert.throws(() => attach(prefix), { name: "FormatError", message: /big-endian/ });
    write("{'descr': '<i4', 'fortran_order': False, 'shape': (7,), }", six);
    assert.throws(() => attach(prefix), {
      name: "FormatError",
      message: /promises 28 bytes from 128 on, it has 152/,
    });
    write("{'descr': '<i4', 'fortran_order': False, 'shape': (6,), }", six, 2);
    assert.throws(() => attach(prefix), { name: "FormatError", message: /begins at 130/ });
    write("{'descr': [('x', '<i4')], 'fortran_order': False, 'shape': (6,), }", six);
    assert.throws(() => attach(prefix), { name: "FormatError", message: /several types/ });
    write("{'descr': '|O', 'fortran_order': False, 'shape': (6,), }", six);
    assert.throws(() => attach(prefix), { name: "FormatError", message: /Python objects/ });
    assert.throws(() => attach(prefix), { message: new RegExp(fileOf(prefix)) });
  }));

test("attachRaw() shows any shared memory object from an offset on", () =>
  withPrefix((prefix) => {
    const bytes = new Uint8Array(100).map((_, i) => i);
    writeFileSync(`${SHM}/${prefix}`, bytes);
    const x = attachRaw(prefix, 100, "u1");
    assert.deepEqual([...x], [...bytes]);
    const y = attachRaw(`/${prefix}`, [3, 2], "i4", 76);
    assert.deepEqual([...y.data], [...new Int32Array(bytes.slice(76).buffer)]);
    y.set(2, 1, -1);
    assert.equal(x[99], 255);
    assert.equal(readFileSync(`${SHM}/${prefix}`)[99], 255);
    assert.deepEqual([...attachRaw(prefix, 0, "f8", 96)], []);
    assert.throws(() => attachRaw(prefix, 101, "u1"), {
      name: "RangeError",
      message: /101 bytes from 0 on.* has 100/,
    });
    assert.throws(() => attachRaw(prefix, 1, "f8", 96), RangeError);
    assert.throws(() => attachRaw(prefix, 1, "f8", 4), {
      name: "RangeError",
      message: /multiple .* 8 bytes/,
    });
    assert.throws(() => attachRaw(prefix, 1, "f8", -8), RangeError);
    assert.throws(() => attachRaw(prefix, 1, "f8", "0" as unknown as number), TypeError);
    assert.equal(refusalOf(() => attachRaw(`${prefix}.none`, 1)), "ENOENT");
    writeFileSync(`${SHM}/${prefix}.empty`, "");
    assert.equal(attachRaw(`${prefix}.empty`, 0).length, 0);
    releaseAll(x, y);
    assert(readdirSync(SHM).includes(prefix));
  }));

test("attachRaw() of a named array holds it", () =>
  withPrefix((prefix) => {
    release(create(prefix, 5).fill(1));
    const x = attachRaw(`sharedmem-${prefix}.npy`, 5, "f8", HEADER_BYTES);
    assert.deepEqual([x[4], isHeld(prefix)], [1, true]);
    release(x);
    assert.equal(isHeld(prefix), false);
  }));

test("wrong arguments are told before anything is made", () =>
  withPrefix((prefix) => {
    const before = readdirSync(SHM);
    const wrong = (call: () => unknown, type: typeof TypeError, message: RegExp) =>
      assert.throws(call, (error) => error instanceof type && message.test(error.message));
    const some = (value: unknown) => value as never;
    wrong(() => create(prefix, -1), RangeError, /create\(\) shape/);
    wrong(() => create(prefix, some("3")), TypeError, /wants a shape/);
    wrong(() => create(prefix, 3, some("f9")), TypeError, /create\(\) .*f9/);
    wrong(() => create(prefix, 3, "f8", some({ persistent: true })), TypeError, /did you mean "persist"/);
    wrong(() => create(prefix, 3, "f8", { persist: some(1) }), TypeError, /persist to be true or false/);
    wrong(() => create(prefix, 3, "f8", some(true)), TypeError, /object of options/);
    wrong(() => create(prefix, 2 ** 52), RangeError, /bytes/);
    wrong(() => attach(prefix, some({ readOnly: true })), TypeError, /did you mean "readonly"/);
    wrong(() => clear({ prefix: some(/x/) }), TypeError, /prefix/);
    wrong(() => clear(some("x")), TypeError, /options/);
    wrong(() => attachRaw(prefix, some(undefined)), TypeError, /shape/);
    assert.deepEqual(readdirSync(SHM), before);
  }));

test("where the file system has no files without a name, a name that nobody asks for serves", () =>
  withPrefix((prefix) => {
    const EOPNOTSUPP = 95;
    const O_TMPFILE = 0o20000000;
    const withoutFlag = (open: Native): Native => (path, flags, mode) =>
      (Number(flags) & O_TMPFILE) === 0 ? open(path, flags, mode) : failWith(EOPNOTSUPP);
    replaced({ open: withoutFlag }, () => {
      const x = create(prefix, 5);
      assert.equal(refusalOf(() => create(prefix, 5)), "EEXIST");
      assert.equal(attach<Float64Array>(prefix).length, 5);
      assert(!readdirSync(SHM).some((file) => file.startsWith(".sharedmem-named-")));
      release(x);
    });
  }));

test("clear() removes what a killed program left of such a name, unless somebody holds it", () =>
  withPrefix((prefix) => {
    const temporary = `${SHM}/.sharedmem-named-${prefix}`;
    release(create(prefix, 5));
    linkSync(fileOf(prefix), temporary);
    const x = attach<Float64Array>(prefix);
    clear({ prefix });
    assert.equal(statSync(temporary).nlink, 2);
    release(x);
    assert.deepEqual(clear({ prefix: "nothing of this name" }), []);
    assert.throws(() => statSync(temporary), { code: "ENOENT" });
    assert.deepEqual(clear({ prefix }), [prefix]);
  }));

test("where a link to a descriptor is not allowed, its name in /proc serves", () =>
  withPrefix((prefix) => {
    const ENOENT = 2;
    const AT_EMPTY_PATH = 0x1000;
    const withoutRight = (linkat: Native): Native => (from, path, to, name, flags) =>
      flags === AT_EMPTY_PATH ? failWith(ENOENT) : linkat(from, path, to, name, flags);
    replaced({ linkat: withoutRight }, () => {
      const x = create(prefix, 5);
      assert.equal(
        refusalOf(() => create(prefix, 5)),
        "EEXIST",
      );
      assert.equal(statSync(fileOf(prefix)).nlink, 1);
      release(x);
    });
  }));

test("a second name of the file changes nothing", () =>
  withPrefix((prefix) => {
    const x = create(prefix, 5);
    linkSync(fileOf(prefix), `${SHM}/sharedmem-${prefix}.2.npy`);
    attach<Float64Array>(`${prefix}.2`)[0] = 1;
    assert.equal(x[0], 1);
    unlink(`${prefix}.2`);
    assert.equal(isHeld(prefix), true);
    release(x);
  }));

test("a named array that arrives by descriptor is held, or refused; its lock may have to wait", () =>
  withPrefix((prefix) => {
    const x = create(prefix, 3).fill(7);
    const arrive = () => {
      const fd = c.open(cString(fileOf(prefix)), O_RDWR | O_CLOEXEC, 0);
      return new Float64Array(mapDescriptor(lastSerial() + 1000, fd, HEADER_BYTES, 24));
    };
    const before = listDirectory("/proc/self/fd").length;
    replaced({ flock: () => () => failWith(ENOLCK) }, () => {
      assert.throws(arrive, { name: "SystemCallError", syscall: "flock", errno: ENOLCK });
    });
    assert.equal(listDirectory("/proc/self/fd").length, before);
    let calls = 0;
    replaced({
      flock: (original: Native): Native => (...values) =>
        ++calls < 4 ? failWith(EAGAIN) : original(...values),
    }, () => {
      const y = arrive();
      release(x);
      assert.deepEqual([calls, y[2]], [4, 7]);
    });
    assert.equal(isHeld(prefix), true);
  }));
