import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { copy, empty, MapReduce, release, SystemCallError, table } from "../mod.ts";
import { loadtxt, savetxt, type SavetxtOptions } from "../src/files/mod.ts";
import { saveTuning } from "../src/files/savetxt.ts";
import type { ShortDType, TypedArray } from "../src/memory/dtype.ts";
import type { NdArray } from "../src/memory/nd_array.ts";
import { parseFormat } from "../src/text/printf.ts";
import { shortestOf } from "../src/text/shortest.ts";
import { test } from "./harness.ts";
import { numpy } from "./numpy.ts";

const FOLDER = fileURLToPath(new URL(`tmp/savetxt_${process.pid}/`, import.meta.url));
const PATH = `${FOLDER}a.txt`;
const usual = { ...saveTuning };

type Source = Parameters<typeof savetxt>[1];

/** In a folder of its own, which is empty but for `a.txt` afterwards. */
function inFolder<R>(use: () => R): R {
  mkdirSync(FOLDER, { recursive: true });
  try {
    const result = use();
    assert.deepEqual(
      readdirSync(FOLDER).filter((name) => name !== "a.txt"),
      [],
      "nothing else is left behind",
    );
    return result;
  } finally {
    rmSync(FOLDER, { recursive: true });
  }
}

function textOf(a: Source, options: SavetxtOptions = {}): string {
  return inFolder(() => {
    savetxt(PATH, a, options);
    return readFileSync(PATH, "utf8");
  });
}

/** Few numbers in parallel, `chunkNumbers` at a time. */
function inChunks<R>(chunkNumbers: number, use: () => R): R {
  Object.assign(saveTuning, { minNumbers: 1, chunkNumbers });
  try {
    return use();
  } finally {
    Object.assign(saveTuning, usual);
  }
}

const doubles = [
  0,
  -0,
  1,
  -1,
  0.1,
  0.5,
  1.5,
  2.5,
  3.5,
  -0.5,
  -2.5,
  0.125,
  0.375,
  0.0625,
  1e21,
  1.5e21,
  2 ** 80,
  1e-7,
  1e-5,
  1e-4,
  12345.678,
  123456,
  1234565,
  1234575,
  999999.5,
  9.5,
  99.5,
  0.95,
  9.995,
  1e15,
  123456789012345680000,
  1e22,
  1e100,
  5e-324,
  2 ** -1022,
  1.7976931348623157e308,
  Math.PI,
  -Math.E,
  2 / 3,
  0.3,
  4503599627370497.5,
  4503599627370496.5,
  8.5,
  1048576.5,
  2097153.5,
  6.25,
  6.75,
  0.000012345,
  0.00001234500000000000001,
  100,
  1000000,
  10000000,
  NaN,
  Infinity,
  -Infinity,
];
const formats = [
  "%.18e",
  "%e",
  "%.0e",
  "%.1e",
  "%.3E",
  "%.17g",
  "%g",
  "%.1g",
  "%.0g",
  "%.2g",
  "%.12G",
  "%f",
  "%.0f",
  "%.1f",
  "%.2f",
  "%.3f",
  "%.10f",
  "%.60f",
  "%.99f",
  "%.60e",
  "%F",
  "%10.3f",
  "%-10.3f|",
  "%+.2e",
  "% .2f",
  "%010.2f",
  "%+010.2f",
  "%-+8.1f|",
  "(%.3f)",
  "%%%.1f%%",
  "%5g",
  "%.15g",
  "%.16e",
];

test("savetxt() writes the digits that C and NumPy write", () => {
  const script = `
import json
values, formats = json.load(sys.stdin) if False else json.loads(sys.argv[1])
values = [float(v) for v in values]
print(json.dumps([[f % v for v in values] for f in formats]))`;
  const shown = doubles.map((x) => Object.is(x, -0) ? "-0" : String(x));
  const wanted = JSON.parse(numpy(script, [JSON.stringify([shown, formats])])) as string[][];
  formats.forEach((fmt, k) => {
    const format = parseFormat(fmt, shortestOf("f8"), "test()");
    assert.deepEqual(doubles.map(format), wanted[k], fmt);
  });
  const integers = ["%d", "%i", "%5d", "%-5d|", "%05d", "%+d", "% d", "%.3d", "%u"];
  const finite = doubles.filter((x) => Number.isFinite(x));
  const cut = JSON.parse(numpy(script, [JSON.stringify([finite.map(String), integers])])) as string[][];
  integers.forEach((fmt, k) => assert.deepEqual(finite.map(parseFormat(fmt, String, "test()")), cut[k], fmt));
});

test("savetxt() writes the same bytes as NumPy", () => {
  const script = `
a = np.arange(12.).reshape(4, 3) / 7
np.savetxt(sys.argv[1] + "1", a)
np.savetxt(sys.argv[1] + "2", a, fmt="%8.3f", delimiter=",", header="x,y,z\\nsecond", footer="end")
np.savetxt(sys.argv[1] + "3", a[:, 1], fmt="%g", newline="\\r\\n", header="h", comments="// ")
np.savetxt(sys.argv[1] + "4", a.T[::-1], fmt=["%d", "%.2e", "%g", "%f"], delimiter="\\t")
np.savetxt(sys.argv[1] + "5", np.array([[1, -2], [3, 2**62]]), fmt="%d")
np.savetxt(sys.argv[1] + "6", np.zeros((0, 3)))
np.savetxt(sys.argv[1] + "7", np.zeros((2, 0)))`;
  const a = copy(Array.from({ length: 4 }, (_, i) => [0, 1, 2].map((j) => (3 * i + j) / 7))) as NdArray<
    Float64Array,
    2
  >;
  const flipped = a.transpose(1, 0).step(-1, 1);
  const calls: readonly [Source, SavetxtOptions][] = [
    [a, { fmt: "%.18e" }],
    [a, { fmt: "%8.3f", delimiter: ",", header: "x,y,z\nsecond", footer: "end" }],
    [a.pick(null, 1), { fmt: "%g", newline: "\r\n", header: "h", comments: "// " }],
    [flipped, { fmt: ["%d", "%.2e", "%g", "%f"], delimiter: "\t" }],
    [[[1n, -2n], [3n, 2n ** 62n]], { fmt: "%d" }],
    [empty([0, 3]), {}],
    [empty([2, 0]), {}],
  ];
  mkdirSync(FOLDER, { recursive: true });
  numpy(script, [PATH]);
  const wanted = calls.map((_, k) => readFileSync(`${PATH}${k + 1}`, "utf8"));
  rmSync(FOLDER, { recursive: true });
  calls.forEach(([array, options], k) => assert.equal(textOf(array, options), wanted[k], `call ${k + 1}`));
});

test("savetxt() and loadtxt() give every bit of any double back, whatever np", () => {
  const rows = fc.integer({ min: 1, max: 4 }).chain((columns) =>
    fc.array(fc.array(fc.double(), { minLength: columns, maxLength: columns }), {
      minLength: 1,
      maxLength: 30,
    })
  );
  fc.assert(
    fc.property(rows, fc.constantFrom("shortest", "%.16e", "%.17g", "%s"), (rows, fmt) => {
      const got = inFolder(() => {
        savetxt(PATH, rows, { fmt, delimiter: ";" });
        return loadtxt(PATH, { delimiter: ";", ndmin: 2 });
      });
      assert.deepEqual(got.shape, [rows.length, rows[0]!.length]);
      assert.deepEqual([...got.data], rows.flat());
    }),
    { numRuns: 150 },
  );
});

/** Numbers of each type, its limits among them. */
const arrays: { readonly [K in ShortDType]?: TypedArray } = {
  i1: Int8Array.of(-128, 127, 0),
  u1: Uint8Array.of(0, 255),
  i2: Int16Array.of(-32768, 32767),
  u2: Uint16Array.of(65535),
  i4: Int32Array.of(-(2 ** 31), 2 ** 31 - 1),
  u4: Uint32Array.of(2 ** 32 - 1),
  i8: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 9007199254740993n, 0n),
  u8: BigUint64Array.of(2n ** 64n - 1n, 1n),
  f4: Float32Array.from({ length: 3000 }, (_, k) => Math.tan(k) * 10 ** (k % 70 - 40)),
  f2: new Float16Array(Uint16Array.from({ length: 0x7c00 / 8 }, (_, k) => 8 * k + k % 8).buffer),
};

test("savetxt() and loadtxt() give every element type back", () => {
  for (const [dtype, array] of Object.entries(arrays)) {
    const got = inFolder(() => {
      savetxt(PATH, array);
      return loadtxt(PATH, { dtype: dtype as ShortDType, ndmin: 1 });
    });
    assert.deepEqual([...got as Float64Array], [...array as Float64Array], dtype);
  }
});

test("savetxt() writes single and half precision as short as NumPy", () => {
  for (const [dtype, name] of [["f4", "float32"], ["f2", "float16"]] as const) {
    const values = Array.from(arrays[dtype] as Float32Array).filter((x) => x !== 0);
    const script = `
import json
values = np.array(json.loads(sys.argv[1])).astype(np.${name})
print(json.dumps([np.format_float_scientific(v, unique=True, trim="-") for v in values]))`;
    const wanted = JSON.parse(numpy(script, [JSON.stringify(values)])) as string[];
    values.forEach((x, k) => {
      const digits = (text: string): string =>
        text.replace(/e.*/, "").replace(/[-.]/g, "").replace(/^0+|0+$/g, "");
      const text = shortestOf(dtype)(x);
      assert.equal(digits(text).length, digits(wanted[k]!).length, `${text} ${wanted[k]}`);
    });
  }
});

test("savetxt() gives the same for np 0 to 3", () => {
  const a = copy(Array.from({ length: 100 }, (_, i) => [i / 7, -i, 1e300 * i]));
  const options = { header: "é", footer: "f", delimiter: " → " };
  const wanted = textOf(a, options);
  assert.equal(wanted.split("\n").length, 103);
  for (const chunk of [1, 7, 300, 1000]) {
    for (const np of [0, 1, 2, 3]) {
      inChunks(
        chunk,
        () => assert.equal(textOf(a, { ...options, np }), wanted, `np ${np}, ${chunk} at a time`),
      );
    }
  }
});

test("savetxt() writes many numbers in parallel by itself", () => {
  const x = Float64Array.from({ length: 2 * usual.minNumbers + 1 }, (_, k) => Math.sqrt(k));
  const got = inFolder(() => {
    savetxt(PATH, x);
    return loadtxt(PATH, { ndmin: 1 }) as Float64Array;
  });
  assert.equal(got.length, x.length);
  assert(got.every((value, k) => value === x[k]));
});

test("savetxt() writes a table of columns", () => {
  const t = table(3, { id: "i4", x: "f4" });
  t.id.set([1, 2, 3]);
  t.x.set([0.1, NaN, 1e-10]);
  assert.equal(textOf(t, { delimiter: ",", header: "id,x", comments: "" }), "id,x\n1,0.1\n2,nan\n3,1e-10\n");
  assert.equal(
    textOf({ a: Float32Array.of(1, 2), b: Int8Array.of(3, 4) }, { fmt: ["%.1f", "%03d"] }),
    "1.0 003\n2.0 004\n",
  );
});

test("savetxt() replaces a file at once and keeps its permissions", () => {
  inFolder(() => {
    writeFileSync(PATH, "x".repeat(1000), { mode: 0o640 });
    savetxt(PATH, [1, 2]);
    assert.equal(readFileSync(PATH, "utf8"), "1\n2\n");
    assert.equal(statSync(PATH).mode & 0o777, 0o640);
  });
  mkdirSync(FOLDER, { recursive: true });
  symlinkSync(PATH, `${FOLDER}link`);
  writeFileSync(PATH, "");
  savetxt(`${FOLDER}link`, [3]);
  assert.equal(readFileSync(PATH, "utf8"), "3\n");
  rmSync(FOLDER, { recursive: true });
});

test("savetxt() leaves the old file and nothing else when it fails", () => {
  const isFailure = (code: string) => (error: unknown): boolean =>
    error instanceof SystemCallError && error.code === code && error.message.includes("savetxt(");
  const many = new Float64Array(1000).fill(1 / 3);
  for (const np of [1, 2]) {
    inFolder(() => {
      writeFileSync(PATH, "old");
      inChunks(10, () => {
        assert.throws(() => savetxt(PATH, [...many.fill(1), NaN], { fmt: "%d", np }), RangeError);
      });
      assert.equal(readFileSync(PATH, "utf8"), "old");
    });
  }
  assert.throws(() => savetxt("/dev/full", many), isFailure("ENOSPC"));
  assert.throws(() => savetxt(`${FOLDER}none/a.txt`, many), isFailure("ENOENT"));
  assert.throws(() => savetxt("/", many), isFailure("EISDIR"));
});

test("savetxt() writes to a pipe", async () => {
  mkdirSync(FOLDER, { recursive: true });
  const fifo = `${FOLDER}fifo`;
  const reader = spawn("sh", ["-c", `mkfifo "$0" && echo ready && cat "$0"`, fifo], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  reader.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
  const ended = new Promise((resolve) => reader.on("close", resolve));
  await new Promise((resolve) => reader.stdout.once("data", resolve));
  inChunks(2, () => savetxt(fifo, [1.5, 2, 3], { header: "h", footer: "f" }));
  await ended;
  rmSync(FOLDER, { recursive: true });
  assert.equal(output, "ready\n# h\n1.5\n2\n3\n# f\n");
});

test("savetxt() works in a job", async () => {
  mkdirSync(FOLDER, { recursive: true });
  using pool = new MapReduce({ np: 2 });
  await pool.map((i) => savetxt(`${FOLDER}${i}.txt`, [i, i / 3]), [0, 1, 2]);
  const texts = [0, 1, 2].map((i) => readFileSync(`${FOLDER}${i}.txt`, "utf8"));
  rmSync(FOLDER, { recursive: true });
  assert.deepEqual(texts, ["0\n0\n", "1\n0.3333333333333333\n", "2\n0.6666666666666666\n"]);
});

test("savetxt() refuses arguments that make no sense", () => {
  const refuses = (
    a: unknown,
    options: unknown,
    kind: typeof TypeError | typeof RangeError,
    wanted: RegExp,
  ): void =>
    inFolder(() => {
      assert.throws(() => savetxt(PATH, a as Source, options as SavetxtOptions), (error: Error) =>
        error instanceof kind && wanted.test(error.message), String(wanted));
      assert.deepEqual(readdirSync(FOLDER), []);
    });
  assert.throws(() => savetxt("", [1]), /savetxt\(\) wants a path/);
  refuses("x", {}, TypeError, /savetxt\(\) wants .* got a string/);
  refuses(5, {}, RangeError, /one or two dimensions, got 0/);
  refuses(empty([2, 2, 2]), {}, RangeError, /one or two dimensions, got 3/);
  refuses([[1, 2], [3]], {}, TypeError, /savetxt\(\) wants rows of equal length/);
  refuses({ a: [1], b: [1, 2] }, {}, RangeError, /columns of one length/);
  refuses({ a: [[1, 2]] }, {}, RangeError, /column "a" must have one dimension, got 2/);
  refuses([1], { fmt: "%" }, TypeError, /"shortest" or one number's format .* got a string \("%"\)/);
  refuses([1], { fmt: "%x" }, TypeError, /fmt/);
  refuses([1], { fmt: "%d %d" }, TypeError, /fmt/);
  refuses([1], { fmt: "%.101f" }, RangeError, /100 digits/);
  refuses([1], { fmt: 5 }, TypeError, /string or an array of strings as fmt, got a number/);
  refuses([[1, 2]], { fmt: ["%d"] }, RangeError, /one fmt for each of 2 columns, got 1/);
  refuses([NaN], { fmt: "%d" }, RangeError, /cannot write NaN as an integer/);
  refuses([1], { delimiter: 1 }, TypeError, /a string as delimiter, got a number/);
  refuses([1], { header: 1 }, TypeError, /a string as header/);
  refuses([1], { np: -1 }, RangeError, /np/);
  refuses([1], { sep: "," }, TypeError, /no option "sep"/);
  const gone = empty(3);
  release(gone);
  refuses(gone, {}, TypeError, /released/);
});
