import assert from "node:assert/strict";
import fc from "fast-check";
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { EINTR, ENOSPC } from "../ffi/constants.ts";
import {
  copy,
  type DType,
  empty,
  load,
  type LoadedArray,
  type LoadedTable,
  MapReduce,
  type NdArray,
  release,
  save,
  type SaveSource,
  SystemCallError,
  table,
  type TypedArray,
} from "../mod.ts";
import { isTypedArray } from "../src/memory/dtype.ts";
import { run, runtimeCommand, test } from "./harness.ts";
import { DTYPES, failed, fixture, hex, inFolder, namesIn, withCall } from "./npy_support.ts";
import { numpy } from "./numpy.ts";
import { failure, leavesNothing, pause } from "./support.ts";

/** An array with random bits. */
function random(dtype: (typeof DTYPES)[number], shape: readonly number[]): LoadedArray {
  const data = empty(shape.reduce((a, b) => a * b, 1), dtype);
  crypto.getRandomValues(new Uint8Array(data.buffer).subarray(0, 2 ** 16));
  if (dtype === "b1") data.forEach((byte, i) => data[i] = Number(byte) & 1);
  return (shape.length < 2 ? data : reshaped(data, shape)) as LoadedArray;
}

function reshaped(data: TypedArray, shape: readonly number[]): NdArray {
  const view = empty([...shape], "u1") as NdArray;
  view.data = data;
  return view;
}

test("save() writes byte for byte what numpy.save writes", async () => {
  await inFolder((folder) => {
    const shapes = [[0], [1], [5], [0, 3], [2, 3], [2, 3, 4], [1, 4, 1]];
    const cases: { file: string; dtype: string; shape: readonly number[] }[] = [];
    for (const dtype of DTYPES) {
      for (const shape of shapes) {
        const a = random(dtype, shape);
        for (const isTurned of [false, true]) {
          const view = isTurned && !isTypedArray(a) ? a.transpose(...shape.keys().toArray().reverse()) : a;
          const file = `${folder}${cases.length}.npy`;
          save(file, view, dtype === "b1" ? { dtype } : {});
          cases.push({ file, dtype, shape });
        }
      }
    }
    writeFileSync(`${folder}cases.json`, JSON.stringify(cases));
    const script = `
import json, io
for case in json.load(open(args[0])):
    a = np.load(case["file"])
    assert a.dtype == np.dtype(case["dtype"]), case
    assert sorted(a.shape) == sorted(case["shape"]), case
    out = io.BytesIO()
    np.save(out, a)
    ours = open(case["file"], "rb").read()
    if hasattr(np.lib, "_format_impl"): assert out.getvalue() == ours, (case, out.getvalue()[:128], ours[:128])
    else: assert out.getvalue()[128:] == ours[128:], case
print("same")
`;
    assert.equal(numpy(script, [`${folder}cases.json`]).trim(), "same");
  });
});

test("save() and load() give back every bit of every view", async () => {
  await inFolder((folder) => {
    const path = `${folder}a.npy`;
    const views = fc.record({
      dtype: fc.constantFrom(...DTYPES.filter((dtype) => dtype !== "b1")),
      shape: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 2, maxLength: 4 }),
      steps: fc.array(fc.constantFrom(1, 2, -1, -2), { minLength: 4, maxLength: 4 }),
      from: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 4, maxLength: 4 }),
      turn: fc.nat(23),
    });
    fc.assert(
      fc.property(views, ({ dtype, shape, steps, from, turn }) => {
        const rank = shape.length;
        const axes = permutation(rank, turn);
        const starts = shape.map((length, axis) => Math.min(length, from[axis]!));
        const whole = random(dtype, shape) as NdArray;
        const view = whole.lo(...starts).step(...steps.slice(0, rank)).transpose(...axes);
        save(path, view);
        const back = load<NdArray>(path);
        assert.deepEqual(back.shape, view.shape);
        assert.equal(bits(back), bits(view));
      }),
      { numRuns: 300 },
    );
  });
});

/** The bits of the elements in C order, one by one. */
function bits(view: NdArray): string {
  const size = view.data.BYTES_PER_ELEMENT;
  const bytes = Buffer.from(view.data.buffer as ArrayBuffer, view.data.byteOffset, view.data.byteLength);
  const parts: string[] = [];
  const visit = (axis: number, at: number): void => {
    if (axis === view.shape.length) parts.push(bytes.toString("hex", at * size, (at + 1) * size));
    else for (let i = 0; i < view.shape[axis]!; i++) visit(axis + 1, at + i * view.stride[axis]!);
  };
  visit(0, view.offset);
  return parts.join(" ");
}

function permutation(rank: number, turn: number): number[] {
  const left = Array.from({ length: rank }, (_, axis) => axis);
  return [...left].map(() => left.splice(turn % left.length, 1)[0]!);
}

test("save() keeps Fortran order, makes C order of other views, in pieces where they are long", async () => {
  await inFolder((folder) => {
    const m = copy(
      Array.from({ length: 700 }, (_, i) => Float64Array.from({ length: 900 }, (_, j) => i * 900 + j)),
    );
    save(`${folder}c.npy`, m);
    save(`${folder}f.npy`, m.transpose(1, 0));
    save(`${folder}g.npy`, m.step(1, 2).transpose(1, 0));
    save(`${folder}h.npy`, m.step(-1, 1));
    const flat = m.pick(3).step(-2); // one dimension, not contiguous
    save(`${folder}i.npy`, flat);
    const script = `
m = np.arange(630000.).reshape(700, 900)
for name, b in dict(c=m, f=m.T, g=m[:, ::2].T, h=m[::-1], i=m[3, ::-2]).items():
    a = np.load(args[0] + name + ".npy")
    assert np.array_equal(a, b), name
    print(a.flags.c_contiguous, a.flags.f_contiguous, end=" ")
`;
    assert.equal(
      numpy(script, [folder]).trim(),
      "True False False True True False True False True True",
    );
  });
});

test("save() takes nested arrays, single values and arrays that are not in shared memory", async () => {
  await inFolder((folder) => {
    const cases: [SaveSource, string][] = [
      [[[1, 2.5], [3, -4]], "float64 (2, 2) [[1.0, 2.5], [3.0, -4.0]]"],
      [[true, false], "bool (2,) [True, False]"],
      [5n, "int64 () 5"],
      [new Uint8ClampedArray([1, 255]), "uint8 (2,) [1, 255]"],
      [new Int16Array(new SharedArrayBuffer(4)), "int16 (2,) [0, 0]"],
      [new Float32Array([9, 1, 2, 9]).subarray(1, 3), "float32 (2,) [1.0, 2.0]"],
    ];
    const paths = cases.map(([a], i) => {
      save(`${folder}${i}.npy`, a);
      return `${folder}${i}.npy`;
    });
    save(`${folder}b.npy`, Uint8Array.of(0, 1, 7), { dtype: "bool" });
    const script = `
for path in args:
    a = np.load(path)
    print(a.dtype, a.shape, a.tolist())
`;
    assert.deepEqual(numpy(script, [...paths, `${folder}b.npy`]).trim().split("\n"), [
      ...cases.map(([, expected]) => expected),
      "bool (3,) [False, True, True]",
    ]);
    assert.deepEqual(load(paths.at(-1)!), Float32Array.of(1, 2));
  });
});

test("save() writes tables as structured arrays", async () => {
  await inFolder((folder) => {
    const path = `${folder}t.npy`;
    const n = 200_001; // several pieces
    const t = table(n, { x: "f8", id: "i4", flag: "b1", "größe €": "u2" });
    t.x.forEach((_, i) => t.x[i] = i / 4);
    t.id.forEach((_, i) => t.id[i] = -i);
    t.flag.forEach((_, i) => t.flag[i] = i % 2);
    t["größe €"].fill(7);
    const pos = empty([n, 2, 2], "f4");
    pos.data.forEach((_, i) => pos.data[i] = i % 1000);
    save(path, { ...t, pos: pos.transpose(0, 2, 1) }, { dtype: { flag: "b1" } });
    const script = `
a = np.load(args[0])
i = np.arange(len(a))
assert np.array_equal(a["x"], i / 4) and np.array_equal(a["id"], -i) and np.array_equal(a["flag"], i % 2 == 1)
assert np.array_equal(a["pos"], (np.arange(4 * len(a)) % 1000).reshape(-1, 2, 2).transpose(0, 2, 1))
print(a.dtype.descr, a["größe €"].min(), a.shape)
`;
    assert.equal(
      numpy(script, [path]).trim(),
      "[('x', '<f8'), ('id', '<i4'), ('flag', '|b1'), ('größe €', '<u2'), ('pos', '<f4', (2, 2))] 7 (200001,)",
    );
    const back = load<LoadedTable>(path);
    assert.deepEqual(Object.keys(back), ["x", "id", "flag", "größe €", "pos"]);
    for (const name of ["x", "id", "flag", "größe €"] as const) assert.deepEqual(back[name], t[name]);
    assert.equal((back["pos"] as NdArray).get(5, 0, 1), pos.get(5, 1, 0));
    save(path, table(0, { x: "f8" }));
    assert.deepEqual(load(path), { x: new Float64Array(0) });
    save(path, load<LoadedTable>(fixture("table_v3.npy")), { dtype: { flag: "b1" } });
    const compare = "a, b = map(np.load, args); print(all((a[n] == b[n]).all() for n in b.dtype.names))";
    assert.equal(numpy(compare, [path, fixture("table_v3.npy")]).trim(), "True");
  });
});

test("save() says what is wrong with its arguments, before it touches the file", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}a.npy`;
    const wrong = async (a: unknown, options?: unknown) => {
      const { name, message } = await failure(() => save(path, a as SaveSource, options as undefined), Error);
      assert.deepEqual(namesIn(folder), []);
      return `${name}: ${message}`;
    };
    assert.match(await wrong("text"), /^TypeError: save\(\) wants a typed array.*got a string/);
    assert.match(await wrong(new Map()), /^TypeError: .*got an object \(Map\)/);
    assert.match(await wrong([[1, 2], [3]]), /^TypeError: .*rows of equal length/);
    assert.match(await wrong({}), /^RangeError: .*at least one column/);
    assert.match(await wrong({ x: empty(2), y: empty(3) }), /^RangeError: .*"x" has 2, "y" 3/);
    assert.match(await wrong({ x: 5 }), /^TypeError: save\(\) column "x" must be .*got a number/);
    assert.match(await wrong(empty(2), { dtype: "f4" }), /^TypeError: .*as they are, "f8".*not as "f4"/);
    assert.match(await wrong(empty(2), { dtype: ">f8" as DType }), /^TypeError: .*native byte order/);
    assert.match(await wrong({ x: empty(2) }, { dtype: { y: "b1" } }), /"y", which is no column/);
    assert.match(await wrong({ x: empty(2) }, { dtype: "b1" }), /by column/);
    assert.match(await wrong(empty(2), 5), /object of options/);
    const gone = empty(5);
    release(gone);
    assert.match(await wrong(gone), /^TypeError: .*released/);
    await failure(() => save("", empty(1)), TypeError);
  });
});

test("save() replaces a file at once: the old one stays until the new one is whole, and when it fails", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}a.npy`;
    save(path, [1, 2, 3]);
    const before = readFileSync(path);
    const old = load<Float64Array>(path, { mmap: "c" });
    const refused = async (body: () => void) => {
      const { code, message } = await failure(body, SystemCallError);
      assert.ok(message.includes(JSON.stringify(path)), message);
      assert.deepEqual(namesIn(folder), ["a.npy"]);
      assert.ok(readFileSync(path).equals(before));
      return code;
    };
    const big = empty(100_000).fill(5);
    for (const name of ["open", "fchmod", "write", "close", "rename"] as const) {
      let calls = 0;
      // the first ones look what is there
      const nth = name === "open" || name === "close" ? 2 : 1;
      const full = (native: (...values: unknown[]) => number, ...values: unknown[]): number => {
        if (++calls !== nth) return native(...values);
        if (name === "close") native(...values);
        return failed(ENOSPC);
      };
      const code = await refused(() => withCall(name, full, () => save(path, big)));
      assert.equal(code, "ENOSPC");
    }
    save(path, big);
    assert.deepEqual([...old], [1, 2, 3]); // the old file lives on
    release(old);
    assert.deepEqual(load(path), big);
  });
});

test("save() goes on after short writes and interruptions", async () => {
  await inFolder((folder) => {
    const path = `${folder}a.npy`;
    const a = empty(5000).map((_, i) => i);
    let calls = 0;
    const stutter = (native: (...values: unknown[]) => number, ...values: unknown[]): number => {
      const [fd, bytes] = values as [number, Uint8Array];
      return ++calls % 3 === 0 ? failed(EINTR) : native(fd, bytes, Math.min(bytes.length, 1001));
    };
    withCall("write", stutter, () => save(path, a));
    assert.ok(calls > 50);
    assert.deepEqual(load(path), a);
    calls = 0;
    const read = (native: (...values: unknown[]) => number, ...values: unknown[]): number => {
      const [fd, bytes, , position] = values as [number, Uint8Array, number, number];
      return ++calls % 3 === 0 ? failed(EINTR) : native(fd, bytes, Math.min(bytes.length, 1001), position);
    };
    assert.deepEqual(withCall("pread", read, () => load(path)), a);
    assert.ok(calls > 50);
  });
});

test("save() on a full device or beyond the limit of a file's size fails, and nothing is left behind", async () => {
  const { code } = await failure(() => save("/dev/full", empty(10)), SystemCallError);
  assert.equal(code, "ENOSPC");
  save("/dev/null", empty(10));
  await inFolder(async (folder) => {
    const path = `${folder}program.ts`;
    writeFileSync(
      path,
      `
import { empty, save } from "@sharedmem/sharedmem";
import { toFile } from "../../../src/files/to_file.ts";
import { readdirSync } from "node:fs";
for (const write of [save, toFile]) {
  try { write(${
        JSON.stringify(`${folder}a.npy`)
      }, empty(2 ** 20)); } catch (error) { console.log(error.code); }
}
console.log(readdirSync(${JSON.stringify(folder)}).join());
`,
    );
    const command = runtimeCommand([path]).map((part) => `'${part}'`).join(" ");
    const { stdout, stderr } = await run(["bash", "-c", `ulimit -f 1024; exec ${command}`]);
    assert.equal(stdout, "EFBIG\nEFBIG\nprogram.ts\n", stderr);
  });
});

test("save() keeps permissions and follows symbolic links", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}a.npy`;
    const umask = process.umask();
    save(path, [1]);
    assert.equal(statSync(path).mode & 0o777, 0o666 & ~umask);
    chmodSync(path, 0o640);
    mkdirSync(`${folder}sub`);
    symlinkSync("../a.npy", `${folder}sub/link.npy`);
    save(`${folder}sub/link.npy`, [1, 2]);
    assert.equal(readlinkSync(`${folder}sub/link.npy`), "../a.npy");
    assert.ok(!lstatSync(path).isSymbolicLink() && statSync(path).mode % 0o1000 === 0o640);
    assert.deepEqual(load(path), Float64Array.of(1, 2));
    assert.deepEqual(namesIn(`${folder}sub`), ["link.npy"]);
    // one that leads nowhere makes the file that it names
    symlinkSync("new.npy", `${folder}sub/first.npy`);
    symlinkSync("first.npy", `${folder}sub/second.npy`);
    save(`${folder}sub/second.npy`, [7]);
    assert.ok(lstatSync(`${folder}sub/first.npy`).isSymbolicLink());
    assert.ok(lstatSync(`${folder}sub/new.npy`).isFile());
    assert.deepEqual(load(`${folder}sub/second.npy`), Float64Array.of(7));
    const refused = async (target: string) => (await failure(() => save(target, [1]), SystemCallError)).code;
    assert.equal(await refused(folder), "EISDIR");
    assert.equal(await refused(`${folder}none/a.npy`), "ENOENT");
    assert.equal(await refused(`${path}/a.npy`), "ENOTDIR");
    assert.equal(await refused(`${folder}${"n".repeat(300)}`), "ENAMETOOLONG");
    // a name of 255 bytes leaves no room for a longer temporary one
    save(`${folder}${"n".repeat(255)}`, [1]);
    const here = process.cwd();
    process.chdir(folder);
    try {
      save("relative.npy", [3]);
    } finally {
      process.chdir(here);
    }
    assert.ok(existsSync(`${folder}relative.npy`));
  });
});

test("save() by many workers at once: every reader sees a whole file", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}a.npy`;
    save(path, empty(20_000).fill(0));
    using pool = new MapReduce({ np: 4 });
    const spread = await pool.map((i) => {
      const a = empty(20_000 + i).fill(i);
      let most = 0;
      for (let round = 0; round < 20; round++) {
        save(path, a);
        const b = load<Float64Array>(path);
        most = Math.max(most, Math.abs(b.length - 20_000 - b[0]!), Math.abs(b[0]! - b.at(-1)!));
      }
      return most;
    }, [1, 2, 3, 4]);
    assert.deepEqual(spread, [0, 0, 0, 0]);
    assert.deepEqual(namesIn(folder), ["a.npy"]);
  });
});

test("save() by a process that is killed leaves the old file or the new one, whole", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}a.npy`;
    const script = `
      import { empty, save } from "@sharedmem/sharedmem";
      const arrays = [1, 2].map((value) => empty(300_000).fill(value));
      console.log("ready");
      for (let i = 0;; i++) save(${JSON.stringify(path)}, arrays[i % 2]);
    `;
    writeFileSync(`${folder}saver.ts`, script);
    const [command, ...args] = runtimeCommand([`${folder}saver.ts`]);
    for (let round = 0; round < 3; round++) {
      const child = spawn(command!, args);
      const ended = new Promise((resolve) => child.on("close", resolve));
      await new Promise((resolve) => child.stdout.once("data", resolve));
      await pause(20 + 7 * round);
      child.kill("SIGKILL");
      await ended;
      const a = load<Float64Array>(path);
      assert.ok(a.length === 300_000 && a.every((value) => value === a[0]));
      const others = namesIn(folder).filter((name) => name !== "a.npy" && name !== "saver.ts");
      assert.ok(others.every((name) => /^\.sharedmem-[0-9a-f]{16}\.tmp$/.test(name)), others.join());
    }
  });
});

test("save() leaves no descriptor, whether it works or not", async () => {
  await inFolder(async (folder) => {
    const a = empty(1000).fill(1);
    await leavesNothing(async () => {
      for (let i = 0; i < 20; i++) {
        save(`${folder}a.npy`, a);
        await failure(() => save("/dev/full", a), SystemCallError);
        await failure(() => save(`${folder}none/a`, a), SystemCallError);
        await failure(
          () => withCall("write", () => failed(ENOSPC), () => save(`${folder}a.npy`, a)),
          SystemCallError,
        );
      }
    });
    assert.equal(hex(load<Float64Array>(`${folder}a.npy`)), hex(a));
  });
});
