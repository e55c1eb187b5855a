import assert from "node:assert/strict";
import fc from "fast-check";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { copy, empty, FormatError, isShared, MapReduce, release, SystemCallError, table } from "../mod.ts";
import { fromFile } from "../src/files/from_file.ts";
import { toFile } from "../src/files/to_file.ts";
import { constructorOf } from "../src/memory/dtype.ts";
import { test } from "./harness.ts";
import { DTYPES, failed, hex, inFolder, namesIn, withCall } from "./npy_support.ts";
import { numpy } from "./numpy.ts";
import { failure, leavesNothing } from "./support.ts";

test("fromFile() gives what numpy.fromfile gives, toFile() writes what numpy.tofile writes", async () => {
  await inFolder((folder) => {
    const bits = crypto.getRandomValues(new Uint8Array(4096));
    writeFileSync(`${folder}bits`, bits);
    const script = `
import json
print(json.dumps([np.fromfile(args[0], d, count=int(c), offset=int(o)).tobytes().hex()
    for d in args[1].split() for c in (-1, 0, 1, 100) for o in (0, 8, 4096)  if int(c) * 8 + o <= 4096]))
`;
    const expected = JSON.parse(numpy(script, [`${folder}bits`, DTYPES.join(" ")])) as string[];
    for (const dtype of DTYPES) {
      for (const count of [-1, 0, 1, 100]) {
        for (const offset of [0, 8, 4096]) {
          if (count * 8 + offset > 4096) continue;
          const wanted = expected.shift();
          for (const mmap of [true, false]) {
            const a = fromFile(`${folder}bits`, dtype, { count, offset, mmap });
            assert.ok(a instanceof constructorOf(dtype));
            assert.equal(hex(a), wanted);
          }
        }
      }
      const a = fromFile(`${folder}bits`, dtype);
      toFile(`${folder}back`, a);
      assert.ok(readFileSync(`${folder}back`).equals(bits));
    }
    assert.equal(expected.length, 0);
    assert.ok(fromFile(`${folder}bits`) instanceof Float64Array);
    assert.equal(hex(fromFile(pathToFileURL(`${folder}bits`), "u1")), hex(bits));
  });
});

test("fromFile() maps a file privately: a copy of its own, which workers inherit", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}a.bin`;
    toFile(path, empty(100_000).map((_, i) => i));
    const before = readFileSync(path);
    const x = fromFile(path);
    assert.ok(!isShared(x));
    x[0] = 99;
    using pool = new MapReduce({ np: 2 });
    const seen = await pool.map((i) => {
      x[i] = -x[i]!;
      return x[i]! + x[0]!;
    }, [5, 50_000]);
    assert.deepEqual(seen, [94, 99 - 50_000]);
    assert.deepEqual([x[5], x[50_000]], [5, 50_000]);
    assert.ok(readFileSync(path).equals(before));
    // what a job reads arrives, either way
    const [mapped, read] =
      (await pool.map(() => [fromFile(path), fromFile(path, "f8", { mmap: false })], [0]))[0]!;
    assert.deepEqual([mapped!.length, mapped![77], read![77], isShared(read)], [100_000, 77, 77, true]);
    // toFile() replaces the file: who has it mapped keeps what it was
    toFile(path, empty(3));
    assert.equal(x[99_999], 99_999);
    release(x);
    assert.equal(x.length, 0);
    release(x);
  });
});

test("fromFile() without a mapping gives shared memory, which workers fill and the master sees", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}a.bin`;
    toFile(path, empty(1000).fill(2));
    const options = [{ mmap: false }, { mmap: false, np: 2 }, { offset: 4, count: 999 }, {
      mmap: false,
      np: 0,
    }];
    for (const option of options) {
      const x = fromFile(path, "f8", option);
      assert.ok(isShared(x));
      using pool = new MapReduce({ np: 2 });
      await pool.map((i) => void (x[i] = i), [3, 500]);
      assert.deepEqual([x[3], x[500]], [3, 500]);
    }
    const x = fromFile(path, "i4");
    const y = fromFile(path, "i4", { offset: 2, count: 10 });
    assert.deepEqual([isShared(x), isShared(y)], [false, true]);
  });
});

test("fromFile() reads by several processes what one reads", async () => {
  await inFolder((folder) => {
    const path = `${folder}a.bin`;
    const bytes = crypto.getRandomValues(new Uint8Array(65536));
    const whole = empty(2 ** 27 + 2 ** 16, "u1");
    for (let at = 0; at < whole.length; at += 4099 * 16) {
      whole.set(bytes.subarray(0, Math.min(65536, whole.length - at)), at);
    }
    toFile(path, whole);
    for (const np of [0, 1, 2, 3]) {
      let own = 0; // what this process reads
      const counting = (native: (...values: unknown[]) => number, ...values: unknown[]): number => {
        const count = native(...values);
        own += count;
        return count;
      };
      const options = { mmap: false, np, offset: 1, count: 2 ** 26 + 2 ** 14 };
      const x = withCall("pread", counting, () => fromFile(path, "u2", options));
      assert.ok(
        np < 2 ? own === x.byteLength : own <= x.byteLength / 2 + 1,
        `${own} bytes of ${x.byteLength}`,
      );
      const end = 1 + 2 * x.length;
      assert.equal(
        Buffer.compare(new Uint8Array(x.buffer, x.byteOffset, x.byteLength), whole.subarray(1, end)),
        0,
      );
      release(x);
    }
    release(whole);
  });
});

test("fromFile() says what does not fit", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}a.bin`;
    writeFileSync(path, new Uint8Array(20));
    const refusal = async (...values: unknown[]) => {
      const call = () => fromFile(path, ...values as ["f8"]);
      const { message } = await failure(call, FormatError);
      assert.ok(message.startsWith(`fromFile(${JSON.stringify(path)}, "`), message);
      return message.slice(message.indexOf("): ") + 3);
    };
    const cases: [unknown[], string][] = [
      [[], "wanted whole elements of 8 bytes, the file has 20 bytes there, no multiple"],
      [
        ["u2", { offset: 1 }],
        "wanted whole elements of 2 bytes from byte 1 on, the file has 19 bytes there, no multiple",
      ],
      [["f8", { count: 3 }], "wanted 3 elements (24 bytes), the file has 20 bytes there"],
      [
        ["f8", { count: 1, offset: 13 }],
        "wanted 1 elements (8 bytes) from byte 13 on, the file has 7 bytes there",
      ],
      [["u1", { offset: 21 }], "wanted to begin at byte 21, the file has 20 bytes"],
      [
        ["f8", { count: 2 ** 52 }],
        `wanted ${2 ** 52} elements (${2 ** 55} bytes), the file has 20 bytes there`,
      ],
    ];
    for (const [values, expected] of cases) assert.equal(await refusal(...values), expected);
    assert.equal(fromFile(path, "f8", { count: 2 }).length, 2);
    assert.equal(fromFile(path, "f8", { offset: 4 }).length, 2);
    assert.equal(fromFile(path, "f8", { offset: 20 }).length, 0);
    writeFileSync(path, "");
    assert.equal(fromFile(path).length, 0);
    assert.equal(fromFile(path, "f8", { count: 0 }).length, 0);
    await failure(() => fromFile(path, "f8", { count: 1 }), FormatError);
  });
});

test("fromFile() says what is wrong with its arguments", async () => {
  const wrong = async (...values: unknown[]) => {
    const { name, message } = await failure(() => fromFile(...values as ["a"]), Error);
    return `${name}: ${message}`;
  };
  assert.match(
    await wrong(5),
    /^TypeError: fromFile\(\) wants a path as a string or a file: URL, got a number/,
  );
  assert.match(await wrong("a", "x8"), /^TypeError: fromFile\(\) does not know that dtype/);
  assert.match(await wrong("a", ">f8"), /^TypeError: .*native byte order/);
  assert.match(await wrong("a", "f8", 5), /^TypeError: .*object of options/);
  assert.match(
    await wrong("a", "f8", { cuont: 5 }),
    /^TypeError: fromFile\(\) knows no option "cuont" \(did you mean "count"\?\)/,
  );
  assert.match(
    await wrong("a", "f8", { count: -2 }),
    /^RangeError: .*count as an integer from -1 to 2\^53 - 1, got -2/,
  );
  assert.match(await wrong("a", "f8", { count: "3" }), /^TypeError: .*count as a number, got a string/);
  assert.match(await wrong("a", "f8", { offset: 1.5 }), /^RangeError: .*offset as an integer from 0/);
  assert.match(await wrong("a", "f8", { np: -1 }), /^RangeError: .*np/);
  assert.match(await wrong("a", "f8", { mmap: "r" }), /^TypeError: .*mmap that is true or false/);
  assert.match(
    await wrong("/nowhere/a"),
    /^SystemCallError: open failed: ENOENT \(errno 2\): fromFile\("\/nowhere\/a", "f8"\)$/,
  );
  assert.match(await wrong("/tmp"), /EISDIR.*is a directory/);
});

test("fromFile() reads devices, pipes and files whose length the system does not know", async () => {
  assert.deepEqual(fromFile("/dev/zero", "i4", { count: 3 }), Int32Array.of(0, 0, 0));
  assert.match(
    (await failure(() => fromFile("/dev/zero"), RangeError)).message,
    /wants a count, since a character device/,
  );
  assert.equal(fromFile("/dev/null", "f8", { count: 0 }).length, 0);
  assert.match(
    (await failure(() => fromFile("/dev/null", "f8", { count: 1 }), FormatError)).message,
    /ended early: wanted 8 bytes .*got 0/,
  );
  const status = Buffer.from(fromFile("/proc/self/status", "u1")).toString();
  assert.match(status, /^Name:/);
  assert.equal(
    Buffer.from(fromFile("/proc/self/status", "u1", { offset: 5, count: 3 })).toString(),
    status.slice(5, 8),
  );
  await inFolder(async (folder) => {
    const path = `${folder}pipe`;
    numpy("import os; os.mkfifo(args[0])", [path]);
    toFile(`${folder}a`, empty(50_000).map((_, i) => i));
    const fed = async (bytes: number, read: () => void | Promise<void>) => {
      const feed = spawn("sh", ["-c", `head -c ${bytes} '${folder}a' > '${path}'`]);
      await read();
      await new Promise((resolve) => feed.on("close", resolve));
    };
    await fed(400_000, () => assert.equal(fromFile(path)[49_999], 49_999));
    await fed(
      400_000,
      () =>
        assert.deepEqual([...fromFile(path, "f8", { offset: 80_000, count: 3 })], [10_000, 10_001, 10_002]),
    );
    await fed(
      12,
      async () =>
        assert.match((await failure(() => fromFile(path), FormatError)).message, /got 12 bytes, no multiple/),
    );
    await fed(12, async () => void await failure(() => fromFile(path, "f8", { offset: 13 }), FormatError));
    await fed(80, async () => {
      const { message } = await failure(() => fromFile(path, "f8", { offset: 8, count: 10 }), FormatError);
      assert.match(message, /ended early: wanted 80 bytes from byte 8 on, got 72/);
    });
    writeFileSync(`${folder}a`, "");
    for (const count of [-1, 1]) {
      await failure(() => fromFile(`${folder}a`, "u1", { offset: 3, count }), FormatError);
    }
    // toFile() writes to a pipe, too
    const reader = spawn("sh", ["-c", `wc -c < '${path}'`]);
    let said = "";
    reader.stdout.on("data", (text) => said += text);
    toFile(path, empty(1000));
    await new Promise((resolve) => reader.on("close", resolve));
    assert.equal(said.trim(), "8000");
    assert.deepEqual(namesIn(folder), ["a", "pipe"]);
  });
});

test("fromFile() of a file that gets shorter while it is read is an error", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}a`;
    writeFileSync(path, new Uint8Array(80_000));
    const shrinking = (native: (...values: unknown[]) => number, ...values: unknown[]): number => {
      truncateSync(path, 1000);
      return native(...values);
    };
    const call = () => withCall("pread", shrinking, () => fromFile(path, "f8", { mmap: false }));
    assert.match(
      (await failure(call, FormatError)).message,
      /ended early: wanted 80000 bytes from byte 0 on, got 1000$/,
    );
    // pages beyond the end are found before they are touched: then it is read, which tells
    writeFileSync(path, new Uint8Array(80_000));
    const mapped = () => withCall("mmap", shrinking, () => fromFile(path));
    assert.match(
      (await failure(mapped, FormatError)).message,
      /ended early: wanted 80000 bytes from byte 0 on, got 1000$/,
    );
  });
});

test("fromFile() reads where it cannot map", async () => {
  await inFolder((folder) => {
    const path = `${folder}a`;
    toFile(path, empty(1000).fill(3));
    const isFile = (values: unknown[]) => Number(values[4]) >= 0;
    const refusing = (native: (...values: unknown[]) => number, ...values: unknown[]): number =>
      isFile(values) ? failed(19) : native(...values);
    const x = withCall("mmap", refusing, () => fromFile(path));
    assert.deepEqual([x.length, x[999], isShared(x)], [1000, 3, true]);
  });
});

test("toFile() writes views in C order, tables row by row, nested arrays", async () => {
  await inFolder((folder) => {
    const path = `${folder}a`;
    const m = copy([[1, 2, 3], [4, 5, 6]]);
    const written = (a: Parameters<typeof toFile>[1]) => {
      toFile(path, a);
      return [...fromFile(path)];
    };
    assert.deepEqual(written(m), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(written(m.transpose(1, 0)), [1, 4, 2, 5, 3, 6]);
    assert.deepEqual(written(m.step(-1, 2)), [4, 6, 1, 3]);
    assert.deepEqual(written([[7], [8]]), [7, 8]);
    assert.deepEqual(written(m.hi(0, 3)), []);
    const t = table(3, { x: "f8", y: "f8" });
    t.x.set([1, 2, 3]);
    t.y.set([4, 5, 6]);
    assert.deepEqual(written(t), [1, 4, 2, 5, 3, 6]);
    symlinkSync(path, `${folder}link`);
    toFile(`${folder}link`, [1, 2]);
    assert.deepEqual([...fromFile(path)], [1, 2]);
  });
});

test("toFile() and fromFile() give back every bit", async () => {
  await inFolder((folder) => {
    const path = `${folder}a`;
    const arrays = fc.oneof(
      fc.float64Array(),
      fc.float32Array(),
      fc.uint8Array(),
      fc.bigInt64Array(),
      fc.int16Array(),
    );
    fc.assert(
      fc.property(arrays, fc.nat(5), fc.boolean(), (a, skip, mmap) => {
        toFile(path, a);
        const dtype = {
          Float64Array: "f8",
          Float32Array: "f4",
          Uint8Array: "u1",
          BigInt64Array: "i8",
          Int16Array: "i2",
        } as const;
        const offset = Math.min(skip, a.length) * a.BYTES_PER_ELEMENT;
        const back = fromFile(path, dtype[a[Symbol.toStringTag] as "Float64Array"], { offset, mmap });
        assert.equal(hex(back), hex(a.subarray(Math.min(skip, a.length))));
      }),
      { numRuns: 200 },
    );
  });
});

test("fromFile() and toFile() leave no descriptor, no mapping, whether they work or not", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}a`;
    mkdirSync(`${folder}sub`);
    toFile(path, empty(100_000));
    await leavesNothing(async () => {
      for (let i = 0; i < 10; i++) {
        fromFile(path);
        fromFile(path, "f8", { mmap: false });
        fromFile("/proc/self/status", "u1");
        await failure(() => fromFile(path, "f8", { offset: 3 }), FormatError);
        await failure(() => fromFile(`${folder}sub`), SystemCallError);
        await failure(() => toFile("/dev/full", empty(3)), SystemCallError);
      }
    });
  });
});
