import assert from "node:assert/strict";
import fc from "fast-check";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { backend } from "../ffi/libc.ts";
import {
  copy,
  empty,
  FormatError,
  isShared,
  load,
  type LoadedArray,
  type LoadedTable,
  MapReduce,
  type NdArray,
  release,
  save,
  SystemCallError,
  type TypedArray,
} from "../mod.ts";
import { isTypedArray } from "../src/memory/dtype.ts";
import { makeHeader } from "../src/npy/header.ts";
import { runScript, runtimeCommand, test } from "./harness.ts";
import { DTYPES, fixture, hex, inFolder } from "./npy_support.ts";
import { numpy } from "./numpy.ts";
import { failure, leavesNothing } from "./support.ts";

/** What NumPy says of a file that it wrote. */
interface Answer {
  readonly file: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  /** The memory, little endian. */
  readonly hex: string;
}

/** Files of every dtype, order, byte order, shape and version, with random bits. */
const WRITE_ALL = `
import json, itertools, warnings
from numpy.lib import format as f
warnings.simplefilter("ignore")
rng = np.random.default_rng(5)
answers = []
shapes = [(), (0,), (1,), (5,), (0, 3), (3, 0, 2), (2, 3), (2, 3, 4), (1, 4, 1), (2, 1, 2, 1, 3)]
for dtype, order, shape in itertools.product(args[1].split(), "CF", shapes):
    for mark, version in [("<", (1, 0)), (">", (1, 0)), ("<", (2, 0)), (">", (3, 0))]:
        n = int(np.prod(shape))
        size = int(dtype[1])
        bits = rng.integers(0, 2 if dtype == "b1" else 256, n * size, dtype="u1").tobytes()
        little = np.frombuffer(bits, "<" + dtype).reshape(shape, order=order)
        # by its bytes: a conversion would quieten NaNs
        a = np.ndarray(shape, mark + dtype, little.tobytes(order), order=order)
        if mark == ">": a = a.byteswap()
        name = "%s%d.npy" % (args[0], len(answers))
        with open(name, "wb") as out: f.write_array(out, a, version)
        stride = [s // size for s in (a if a.flags.c_contiguous or a.flags.f_contiguous else a).strides]
        answers.append(dict(file=name, dtype=dtype, shape=shape, stride=stride, hex=little.tobytes(order).hex()))
print(json.dumps(answers))
`;

/** What an array's elements are, nested as NumPy's tolist gives them; for numbers. */
function nested(a: LoadedArray): unknown {
  if (isTypedArray(a)) return [...a];
  return Array.from({ length: a.shape[0]! }, (_, i) => {
    const row = a.pick(i);
    return row.shape.length === 0 ? row.get() : nested(row as LoadedArray);
  });
}

test("load() reads what NumPy wrote: every dtype, shape, order, byte order and version", async () => {
  await inFolder((folder) => {
    const answers = JSON.parse(numpy(WRITE_ALL, [folder, DTYPES.join(" ")])) as Answer[];
    assert.equal(answers.length, DTYPES.length * 80);
    for (const { file, dtype, shape, stride, hex: expected } of answers) {
      const a = load<LoadedArray>(file);
      const data: TypedArray = isTypedArray(a) ? a : a.data;
      assert.equal(data.BYTES_PER_ELEMENT, Number(dtype[1]));
      const kind = { i: /^(Big)?Int/, u: /^(Big)?Uint/, f: /^Float/, b: /^Uint8Array/ }[dtype[0]!]!;
      assert.match(data[Symbol.toStringTag], kind);
      assert.equal(hex(a as NdArray), expected, file);
      assert.ok(isShared(a));
      if (shape.length < 2) {
        assert.ok(isTypedArray(a) && a.length === (shape[0] ?? 1));
        continue;
      }
      assert.ok(!isTypedArray(a));
      assert.deepEqual([a.shape, a.offset], [shape, 0]);
      if (!shape.includes(0)) assert.deepEqual(strideOf(a), a.shape.map((n, i) => n === 1 ? 0 : stride[i]));
    }
  });
});

/** The strides that matter. */
function strideOf({ shape, stride }: NdArray): number[] {
  return shape.map((length, axis) => length === 1 ? 0 : stride[axis]!);
}

test("load() reads the files of old", () => {
  assert.deepEqual(nested(load(fixture("matrix_v1.npy"))), [[0, 0.25, 0.5], [0.75, 1, 1.25]]);
  const cube = load<NdArray<Int32Array, 3>>(fixture("fortran_big_endian_v2.npy"));
  for (let i = 0; i < 24; i++) assert.equal(cube.get(Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4), i);
  assert.deepEqual(cube.stride, [1, 2, 6]);
  assert.deepEqual(load(fixture("scalar.npy")), BigInt64Array.of(-7n));
  assert.deepEqual(nested(load(fixture("python2.npy"))), [[1, -2], [3, -4]]);
});

test("load() gives a structured array as columns, each its own array", async () => {
  const table = load<LoadedTable>(fixture("table_v3.npy"));
  assert.deepEqual(Object.keys(table), ["größe €", "id", "flag", "pos"]);
  assert.deepEqual(table["größe €"], Float32Array.of(0.5, -1, Infinity));
  assert.deepEqual(table["id"], Uint16Array.of(1, 2, 65535));
  assert.deepEqual(table["flag"], Uint8Array.of(1, 0, 1));
  assert.deepEqual(nested(table["pos"]!), [[1, 2], [3, 4], [5, 6]]);
  assert.ok(Object.values(table).every(isShared));
  await inFolder((folder) => {
    numpy(
      `
t = np.dtype([("__proto__", "<i4"), ("b", ">f8", (2, 2)), ("c", "u1"), ("none", "<f8", (0,))])
a = np.zeros((2, 3), t, order="F")
a["__proto__"] = np.arange(6).reshape(2, 3)
a["b"] = np.arange(24).reshape(2, 3, 2, 2)
np.save(args[0] + "f.npy", a)
np.save(args[0] + "long.npy", np.rec.fromarrays([np.arange(300001.), np.arange(300001, dtype="u1")], names="x,y"))
np.save(args[0] + "one.npy", a[0, 1])
np.save(args[0] + "none.npy", a[:0])
np.save(args[0] + "bare.npy", np.zeros(3, np.dtype([])))`,
      [folder],
    );
    const f = load<LoadedTable>(`${folder}f.npy`);
    assert.deepEqual(Object.keys(f), ["__proto__", "b", "c", "none"]);
    const own = Object.getOwnPropertyDescriptor(f, "__proto__")!.value as NdArray;
    assert.deepEqual(nested(own as LoadedArray), [[0, 1, 2], [3, 4, 5]]);
    assert.deepEqual(own.stride, [1, 2]);
    const b = f["b"] as NdArray;
    assert.deepEqual([b.shape, b.get(1, 0, 0, 1), b.get(0, 2, 1, 0)], [[2, 3, 2, 2], 13, 10]);
    assert.deepEqual((f["none"] as NdArray).shape, [2, 3, 0]);
    const { x, y } = load<{ x: Float64Array; y: Uint8Array }>(`${folder}long.npy`);
    assert.ok(
      x.length === 300001 && x.every((value, i) => value === i) && y.every((value, i) => value === i % 256),
    );
    assert.deepEqual((load<LoadedTable>(`${folder}one.npy`)["b"] as NdArray).shape, [2, 2]);
    assert.deepEqual((load<LoadedTable>(`${folder}none.npy`)["c"] as NdArray).shape, [0, 3]);
    assert.deepEqual(load(`${folder}bare.npy`), {});
  });
});

test("load() with mmap sees the file without a copy: private, or writing through", async () => {
  await inFolder((folder) => {
    const path = `${folder}a.npy`;
    save(path, copy([[1, 2, 3], [4, 5, 6]]).transpose(1, 0));
    for (const mmap of [true, "c", "r"] as const) {
      const a = load<NdArray<Float64Array, 2>>(path, { mmap });
      assert.deepEqual([a.shape, a.stride, nested(a as LoadedArray)], [[3, 2], [1, 3], [[1, 4], [2, 5], [
        3,
        6,
      ]]]);
      assert.ok(!isShared(a));
      a.set(0, 0, 99);
      assert.equal(load<NdArray>(path).get(0, 0), 1);
      release(a);
      assert.equal(a.data.length, 0);
    }
    const through = load<NdArray<Float64Array, 2>>(path, { mmap: "r+" });
    assert.ok(isShared(through));
    through.set(2, 1, -6);
    assert.equal(numpy("print(np.load(args[0])[2, 1])", [path]).trim(), "-6.0");
    const early = load<NdArray>(path, { mmap: "c" });
    numpy("np.load(args[0], mmap_mode='r+')[0, 0] = 77", [path]);
    assert.deepEqual([through.get(0, 0), early.get(0, 0)], [77, 77]);
    release(through);
    release(early);
  });
});

test("load() with mmap serves empty arrays and says why others cannot be mapped", async () => {
  await inFolder(async (folder) => {
    numpy(`np.save(args[0] + "e.npy", np.zeros((0, 3))); np.save(args[0] + "b.npy", np.zeros(3, ">f4"))`, [
      folder,
    ]);
    for (const mmap of ["r", "c", "r+"] as const) {
      assert.deepEqual(load<NdArray>(`${folder}e.npy`, { mmap }).shape, [0, 3]);
    }
    const refusal = async (name: string, mmap: true | "r+" = true) =>
      (await failure(() => load(name, { mmap }), FormatError)).message;
    assert.match(
      await refusal(`${folder}b.npy`),
      /b\.npy"\): cannot be mapped, since its numbers are big endian: use/,
    );
    assert.match(await refusal(fixture("table_v3.npy"), "r+"), /its columns are interleaved/);
    const header = Buffer.from(makeHeader({ descr: "<f8", fortran: false, shape: [1] }, 1));
    assert.notEqual(header.length % 8, 0);
    writeFileSync(`${folder}odd.npy`, Buffer.concat([header, Buffer.alloc(8)]));
    assert.match(
      await refusal(`${folder}odd.npy`),
      new RegExp(`begin at byte ${header.length}, no multiple of 8`),
    );
    assert.deepEqual(load(`${folder}odd.npy`), Float64Array.of(0));
    await failure(() => load(`${folder}e.npy`, { mmap: "w" as "r" }), TypeError);
  });
});

test("load() with mmap in a map: workers write through, private views are each one's own", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}a.npy`;
    save(path, empty(1000).fill(1));
    using pool = new MapReduce({ np: 2 });
    const through = load<Float64Array>(path, { mmap: "r+" });
    const own = load<Float64Array>(path, { mmap: true });
    const seen = await pool.map((i) => {
      through[i] = i;
      own[i] = -1;
      return own[i + 500]! + own[i]!;
    }, [10, 20, 30]);
    assert.deepEqual(seen, [0, 0, 0]);
    assert.deepEqual([through[10], own[10], own[40]], [10, 10, 1]);
    const bytes = readFileSync(path);
    assert.equal(bytes.readDoubleLE(bytes.length - 8000 + 8 * 30), 30);

    // what a job has mapped arrives: the shared view as one, the private one as a copy
    const [made] = await pool.map(() => {
      const [a, b] = [load<Float64Array>(path, { mmap: "r+" }), load<Float64Array>(path, { mmap: "c" })];
      b[0] = 123;
      return { a, b, c: load<Float64Array>(path), own };
    }, [0]);
    const { a, b, c, own: back } = made!;
    assert.deepEqual([a.length, a[20], b[0], b[20], c[30], back[10]], [1000, 20, 123, 20, 30, 10]);
    assert.ok(isShared(a) && isShared(c));
    a[999] = 5;
    assert.equal(through[999], 5);
  });
});

test("load() with mmap of a file that is made shorter: the worker that touches it dies, nobody else", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}a.npy`;
    save(path, empty(100_000).fill(1));
    const { status, stdout, stderr } = await runScript(`
      import { load, MapReduce } from "@sharedmem/sharedmem";
      import { truncateSync } from "node:fs";
      const a = load(${JSON.stringify(path)}, { mmap: true });
      truncateSync(${JSON.stringify(path)}, 100);
      using pool = new MapReduce({ np: 2 });
      const settled = await pool.map((i) => i < 3 ? i : a[99_999], [1, 2, 3], { onError: "settle" });
      console.log(settled.map(({ value, reason }) => reason?.signal ?? value).join());
    `);
    assert.deepEqual([status, stdout], [0, "1,2,SIGBUS\n"], stderr);
  });
});

test("load() refuses a file that is cut off anywhere, with both lengths", async () => {
  await inFolder(async (folder) => {
    for (const name of ["matrix_v1.npy", "table_v3.npy", "python2.npy"]) {
      const whole = readFileSync(fixture(name));
      const path = `${folder}${name}`;
      for (let length = whole.length - 1; length >= 0; length--) {
        writeFileSync(path, whole.subarray(0, length));
        for (const mmap of [false, true]) {
          const { message } = await failure(() => load(path, { mmap }), FormatError);
          assert.ok(message.includes(path), message);
        }
      }
      writeFileSync(path, Buffer.concat([whole, Buffer.alloc(100)]));
      assert.deepEqual(load(path), load(fixture(name)));
    }
    writeFileSync(`${folder}cut.npy`, readFileSync(fixture("matrix_v1.npy")).subarray(0, 150));
    const { message } = await failure(() => load(`${folder}cut.npy`), FormatError);
    assert.match(message, /cut\.npy"\): the file is cut off: wanted 48 bytes of data, found 22$/);
  });
});

test("load() takes no memory by what a header claims", async () => {
  await inFolder(async (folder) => {
    const header = makeHeader({ descr: "<f8", fortran: false, shape: [2 ** 17, 2 ** 16] });
    writeFileSync(`${folder}huge.npy`, header);
    for (const mmap of [false, true, "r+"] as const) {
      const { message } = await failure(() => load(`${folder}huge.npy`, { mmap }), FormatError);
      assert.match(message, /wanted 68719476736 bytes of data, found 0/);
    }
  });
});

test("load() with mmap reaches beyond 4 GiB, or says that the engine cannot", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}sparse.npy`;
    const elements = 2 ** 29 + 100; // 4 GiB and some, of which the disk holds the header
    const header = makeHeader({ descr: "<f8", fortran: false, shape: [elements] });
    writeFileSync(path, header);
    truncateSync(path, header.length + 8 * elements);
    const open = () => load<Float64Array>(path, { mmap: "r+" });
    if (backend.maxViewBytes < 8 * elements) {
      assert.match(
        (await failure(open, RangeError)).message,
        /sparse\.npy"\) wants one array of 4294968096 bytes/,
      );
      return;
    }
    const a = open();
    a[elements - 1] = 3;
    assert.deepEqual([a.length, a[0], load<Float64Array>(path, { mmap: "c" }).at(-1)], [elements, 0, 3]);
    release(a);
  });
});

test("load() gives an array or an error for any change of any byte", async () => {
  await inFolder((folder) => {
    const originals = ["matrix_v1.npy", "fortran_big_endian_v2.npy", "table_v3.npy"].map((name) =>
      readFileSync(fixture(name))
    );
    const path = `${folder}fuzz.npy`;
    const change = fc.tuple(
      fc.nat(250),
      fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...Buffer.from("0123456789,()'<>"))),
    );
    const mode = fc.constantFrom(false, true, "r+" as const);
    fc.assert(
      fc.property(
        fc.constantFrom(...originals),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        mode,
        (original, changes, mmap) => {
          const bytes = new Uint8Array(original);
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          writeFileSync(path, bytes);
          try {
            const a = load(path, { mmap });
            if (isTypedArray(a) || isTypedArray(a["data"])) release(a);
          } catch (error) {
            assert.ok(error instanceof FormatError, String(error));
          }
        },
      ),
      { numRuns: 800 },
    );
  });
});

test("load() says what is wrong with its arguments and its file", async () => {
  await inFolder(async (folder) => {
    const wrong = async (call: () => unknown) => (await failure(call, TypeError)).message;
    assert.equal(
      await wrong(() => load(5 as unknown as string)),
      "load() wants a path as a string or a file: URL, got a number (5)",
    );
    assert.match(await wrong(() => load("")), /got an empty string/);
    assert.match(await wrong(() => load("a\0b")), /without NUL/);
    assert.match(await wrong(() => load(new URL("http://x/a.npy"))), /file: URL, got an object \(URL\)/);
    assert.match(await wrong(() => load("a", "r+" as unknown as object)), /object of options/);
    assert.match(
      await wrong(() => load("a", { mmap: "w+" as "r" })),
      /true, false, "r", "c" or "r\+", got a string/,
    );
    const refused = async (path: string) => {
      const { code, message } = await failure(() => load(path), SystemCallError);
      assert.ok(message.includes(JSON.stringify(path)));
      return code;
    };
    mkdirSync(`${folder}folder.npy`);
    assert.equal(await refused(`${folder}none.npy`), "ENOENT");
    assert.equal(await refused(`${folder}folder.npy`), "EISDIR");
    symlinkSync(`${folder}loop`, `${folder}loop`);
    assert.equal(await refused(`${folder}loop`), "ELOOP");
    symlinkSync(fixture("scalar.npy"), `${folder}link.npy`);
    assert.deepEqual(load(`${folder}link.npy`), BigInt64Array.of(-7n));
    assert.deepEqual(load(pathToFileURL(fixture("scalar.npy"))), BigInt64Array.of(-7n));
    writeFileSync(`${folder}zip.npy`, "PK\x03\x04");
    assert.match((await failure(() => load(`${folder}zip.npy`), FormatError)).message, /wanted a \.npy file/);
  });
});

test("load() reads a pipe, and says when it ends early", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}pipe`;
    numpy("import os; os.mkfifo(args[0])", [path]);
    const big = `${folder}big.npy`;
    save(big, empty(100_000).map((_, i) => i));
    const feed = (bytes: number) => spawn("sh", ["-c", `head -c ${bytes} '${big}' > '${path}'`]);
    const { size } = statSync(big);
    const whole = feed(size);
    assert.equal(load<Float64Array>(path)[99_999], 99_999);
    await new Promise((resolve) => whole.on("close", resolve));
    for (const length of [5, 100, 1000]) {
      const cut = feed(length);
      await failure(() => load(path), FormatError);
      await new Promise((resolve) => cut.on("close", resolve));
    }
  });
});

test("load() leaves no descriptor, no mapping, whether it works or not", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}a.npy`;
    save(path, empty(100_000).fill(1));
    const cut = `${folder}cut.npy`;
    writeFileSync(cut, readFileSync(path));
    truncateSync(cut, 1000);
    await leavesNothing(async () => {
      for (let i = 0; i < 20; i++) {
        release(load(path));
        load(path, { mmap: true });
        load(path, { mmap: "r+" });
        await failure(() => load(cut), FormatError);
        await failure(() => load(cut, { mmap: "r+" }), FormatError);
        await failure(() => load(folder), SystemCallError);
      }
    });
  });
});

if (runtimeCommand([]).includes("-A")) {
  test("load(), save(), fromFile() and toFile() need no more than --allow-ffi", async () => {
    await inFolder(async (folder) => {
      const { status, stdout, stderr } = await runScript(
        `
        import { empty, load, save, table } from "@sharedmem/sharedmem";
        import { fromFile, toFile } from "@sharedmem/sharedmem/files";
        const path = ${JSON.stringify(folder)};
        save(path + "a.npy", empty(5).fill(3));
        save(path + "t.npy", table(2, { x: "f8" }));
        toFile(path + "b", load(path + "a.npy"));
        const sizes = [fromFile(path + "b"), fromFile(path + "b", "f8", { mmap: false }), load(path + "t.npy").x,
          load(path + "a.npy", { mmap: "r+" }), load(path + "a.npy", { mmap: true })].map((a) => a.length);
        console.log(sizes.join());
        `,
        { permissions: ["--allow-ffi"] },
      );
      assert.deepEqual([status, stderr, stdout], [0, "", "5,5,2,5,5\n"]);
    });
  });
}
