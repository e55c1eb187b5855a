/** Named arrays and Python: the same memory from both sides, in both directions. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import {
  attach,
  attachRaw,
  clear,
  create,
  list,
  type NdArray,
  release,
  type ShortDType,
  unlink,
} from "../mod.ts";
import { test } from "./harness.ts";
import { fileOf, RUNTIMES, SHM, withPeer, withPrefix, withProgramPeer } from "./named_support.ts";
import { numpy, pythonWithNumpy } from "./numpy.ts";

const DTYPES: readonly ShortDType[] = [
  ...["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "b1"] as const,
];
/** Attaches what another program owns: before 3.13 Python removes it at its end unless told otherwise. */
const ATTACH = `
from multiprocessing import resource_tracker, shared_memory
def attach(name):
    if sys.version_info >= (3, 13):
        return shared_memory.SharedMemory(name, track=False)
    shm = shared_memory.SharedMemory(name)
    resource_tracker.unregister(shm._name, "shared_memory")
    return shm
`;

/** A Python program that prints `ready` when it has run `setUp` and runs `finish` when its input ends. */
function python(setUp: string, finish: string, args: readonly string[]): string[] {
  const source = `import sys
import numpy as np
${setUp}
print("ready", flush=True)
sys.stdin.read()
${finish}
`;
  return [pythonWithNumpy(), "-c", source, ...args];
}

test("numpy.load(mmap_mode='r+') has the very memory, in every dtype and shape", () =>
  withPrefix((prefix) => {
    const arrays = DTYPES.map((dtype, at) => {
      const shape = [[6], [2, 3], [1, 3, 2]][at % 3]!;
      const x = create(`${prefix}.${dtype}`, shape, dtype) as NdArray<Float64Array> | Float64Array;
      const data = "data" in x ? x.data : x;
      const isBig = dtype === "i8" || dtype === "u8";
      data.forEach((_, i) => data[i] = (isBig ? BigInt(i % 2) : i % 2) as number);
      return { dtype, shape, x, data };
    });
    const output = numpy(
      `
for dtype in sys.argv[2:]:
    a = np.load(f"/dev/shm/sharedmem-{sys.argv[1]}.{dtype}.npy", mmap_mode="r+")
    assert isinstance(a, np.memmap) and a.flags.c_contiguous
    assert a.ravel().tolist() == [i % 2 for i in range(a.size)], a
    a[...] = np.arange(a.size).reshape(a.shape) % 2 == 0
    print(dtype, a.dtype.str, list(a.shape))
`,
      [prefix, ...DTYPES],
    );
    const lines = output.trim().split("\n");
    for (const [at, { dtype, shape, x, data }] of arrays.entries()) {
      const mark = dtype.endsWith("1") ? "|" : "<";
      assert.equal(lines[at], `${dtype} ${mark}${dtype} [${shape.join(", ")}]`);
      assert.deepEqual([...data].map(Number), data.length === 6 ? [1, 0, 1, 0, 1, 0] : []);
      release(x);
    }
  }));

test("numpy.load() reads a single value and arrays without elements", () =>
  withPrefix((prefix) => {
    const value = create(`${prefix}.value`, [], "i4").fill(-5);
    const none = create(`${prefix}.none`, [3, 0], "f4");
    const output = numpy(
      `
for name in ["value", "none"]:
    a = np.load(f"/dev/shm/sharedmem-{sys.argv[1]}.{name}.npy")
    print(a.dtype.str, a.shape, a.tolist())
`,
      [prefix],
    );
    assert.equal(output, "<i4 () -5\n<f4 (3, 0) [[], [], []]\n");
    release(value);
    release(none);
  }));

test("while Python has it mapped both see each other's writes at once, and killing either harms nobody", () =>
  withPrefix((prefix) => {
    const command = python(
      `a = np.load(sys.argv[1], mmap_mode="r+")\na[1, 2] = 12`,
      `a[0, 0] = a.sum()\nassert a[9, 9] == 99`,
      [fileOf(prefix)],
    );
    const x = create(prefix, [10, 10], "i8");
    return withPeer(command, async (first) => {
      assert.equal(x.get(1, 2), 12n);
      await withPeer(command, async (second) => {
        await second.kill();
      });
      assert(existsSync(fileOf(prefix)));
      x.set(9, 9, 99n);
      await first.end();
      assert.equal(x.get(0, 0), 111n);
      release(x);
    });
  }));

test("what Python has mapped stays as it is when the name is taken over here", () =>
  withPrefix((prefix) => {
    release(create(prefix, 4).fill(1));
    const command = python(
      `a = np.load(sys.argv[1], mmap_mode="r+")`,
      `assert a.tolist() == [1, 1, 1, 1]\nnp.save(sys.argv[1] + ".seen", a)`,
      [fileOf(prefix)],
    );
    return withPeer(command, async (peer) => {
      // Python takes no part in the locks
      assert.equal(list().find(({ name }) => name === prefix)?.isHeld, false);
      const x = create(prefix, 4).fill(2);
      await peer.end();
      assert(existsSync(`${fileOf(prefix)}.seen.npy`));
      assert.deepEqual([...x], [2, 2, 2, 2]);
      release(x);
    });
  }));

test("Python that takes the lock counts as a user until it ends, however it does", () =>
  withPrefix((prefix) => {
    const x = create(prefix, 4).fill(1);
    const isHeld = () => list().find(({ name }) => name === prefix)?.isHeld;
    const command = python(
      `import fcntl\nfile = open(sys.argv[1])\nfcntl.flock(file, fcntl.LOCK_SH)\na = np.load(sys.argv[1], mmap_mode="r+")`,
      "",
      [fileOf(prefix)],
    );
    return withPeer(command, async (peer) => {
      release(x);
      assert.equal(isHeld(), true);
      assert.deepEqual(clear({ prefix, all: true }), []);
      assert.throws(() => create(prefix, 4), { code: "EEXIST" });
      await peer.kill();
      assert.equal(isHeld(), false);
      assert.deepEqual(clear({ prefix }), [prefix]);
    });
  }));

test("attach() takes what Python made: open_memmap, C and Fortran order; clear() counts it as stale", () =>
  withPrefix((prefix) => {
    numpy(
      `
for name, fortran in [("c", False), ("f", True)]:
    path = f"/dev/shm/sharedmem-{sys.argv[1]}.{name}.npy"
    a = np.lib.format.open_memmap(path, mode="w+", dtype="<f4", shape=(3, 4), fortran_order=fortran)
    a[...] = np.arange(12).reshape(3, 4)
    a.flush()
`,
      [prefix],
    );
    for (const order of ["c", "f"]) {
      const x = attach<NdArray<Float32Array>>(`${prefix}.${order}`);
      assert.deepEqual(x.shape, [3, 4]);
      for (let i = 0; i < 3; i++) for (let j = 0; j < 4; j++) assert.equal(x.get(i, j), 4 * i + j);
      x.set(2, 1, -1);
      assert.equal(
        numpy(`print(np.load(sys.argv[1])[2, 1])`, [fileOf(`${prefix}.${order}`)]).trim(),
        "-1.0",
      );
      assert.deepEqual(clear({ prefix: `${prefix}.${order}` }), []);
      release(x);
    }
    assert.deepEqual(clear({ prefix }), [`${prefix}.c`, `${prefix}.f`]);
  }));

test("attach() refuses what Python made of objects, of strings, of big-endian numbers", () =>
  withPrefix((prefix) => {
    numpy(
      `
for name, a in [("object", np.array([{}, 1])), ("text", np.array(["a"])), ("big", np.arange(3, dtype=">i4")),
                ("table", np.zeros(3, dtype=[("x", "<f8"), ("y", "<i4")]))]:
    np.save(f"/dev/shm/sharedmem-{sys.argv[1]}.{name}.npy", a, allow_pickle=True)
`,
      [prefix],
    );
    const messages: Readonly<Record<string, RegExp>> = {
      object: /Python objects/,
      text: /strings/,
      big: /big-endian/,
      table: /several types/,
    };
    for (const [name, message] of Object.entries(messages)) {
      assert.throws(() => attach(`${prefix}.${name}`), { name: "FormatError", message });
    }
    assert.equal(clear({ prefix }).length, 4);
  }));

test("attachRaw() shares the memory of a SharedMemory that Python made, and leaves it to Python", () =>
  withPrefix(async (prefix) => {
    const command = python(
      `
from multiprocessing import shared_memory
shm = shared_memory.SharedMemory(name=sys.argv[1], create=True, size=80)
a = np.ndarray((2, 5), dtype="<f8", buffer=shm.buf)
a[...] = np.arange(10).reshape(2, 5)
`,
      `
assert a[1, 4] == -1, a
del a
shm.close()
shm.unlink()
`,
      [prefix],
    );
    let left: Float64Array | undefined;
    await withPeer(command, async (peer) => {
      const x = attachRaw(prefix, [2, 5]);
      const tail = attachRaw(`/${prefix}`, 5, "f8", 40);
      assert.deepEqual([...x.data], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      x.set(1, 4, -1);
      assert.equal(tail[4], -1);
      release(x);
      assert(existsSync(`${SHM}/${prefix}`));
      await peer.end();
      left = tail;
    });
    assert(!existsSync(`${SHM}/${prefix}`));
    assert.equal(left![0], 5);
    release(left);
  }));

for (const [runtime, command] of Object.entries(RUNTIMES)) {
  test(`a SharedMemory of Python's outlives ${runtime} that has it attached and is killed; no one warns`, () =>
    withPrefix((prefix) => {
      const maker = python(
        `from multiprocessing import shared_memory
shm = shared_memory.SharedMemory(name=sys.argv[1], create=True, size=8)`,
        `print("first byte", shm.buf[0])\nshm.close()\nshm.unlink()`,
        [prefix],
      );
      return withPeer(maker, async (peer) => {
        const source = "const x = attachRaw(args[0], 8, 'u1'); x[0] = 42;";
        await withProgramPeer(command, source, [prefix], (other) => other.kill());
        assert.equal(readFileSync(`${SHM}/${prefix}`)[0], 42);
        await peer.end();
        assert.equal(peer.output, "ready\nfirst byte 42\n");
        assert(!existsSync(`${SHM}/${prefix}`));
      });
    }));
}

test("Python's SharedMemory attaches a named array behind its header, and leaves it when told so", () =>
  withPrefix((prefix) => {
    const x = create(prefix, 100, "i4").fill(7);
    const output = numpy(
      `${ATTACH}
shm = attach(f"sharedmem-{sys.argv[1]}.npy")
a = np.ndarray((100,), dtype="<i4", buffer=shm.buf, offset=4096)
print(a.sum(), shm.size)
a[99] = 8
del a
shm.close()
`,
      [prefix],
    );
    assert.equal(output.trim().split(" ")[0], "700");
    assert.equal(x[99], 8);
    assert.equal(readFileSync(fileOf(prefix)).readInt32LE(4096 + 4 * 99), 8);
    release(x);
    unlink(prefix);
  }));
