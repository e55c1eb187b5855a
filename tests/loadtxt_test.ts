import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { FormatError, isShared, MapReduce, SystemCallError } from "../mod.ts";
import { loadtxt, type LoadtxtOptions } from "../src/files/mod.ts";
import type { DType, TypedArray } from "../src/memory/dtype.ts";
import type { NdArray } from "../src/memory/nd_array.ts";
import { textTuning } from "../src/text/pieces.ts";
import { parseTuning } from "../src/text/parse_text.ts";
import { scanDouble } from "../src/text/scan_number.ts";
import { ENOMEM } from "../ffi/constants.ts";
import { releaseWarm } from "../src/memory/warm_memory.ts";
import { runScript, test } from "./harness.ts";
import { failed, inFolder, withCall } from "./npy_support.ts";
import { numpy } from "./numpy.ts";

const FOLDER = fileURLToPath(new URL(`tmp/loadtxt_${process.pid}/`, import.meta.url));
const { minParsedBytes, minCountedBytes, minKernelBytes } = parseTuning;
const { pieceBytes } = textTuning;
let files = 0;
let uses = 0;

type Options = LoadtxtOptions & { readonly dtype?: DType };

/** A file that is gone when `use` returns. */
function withFile<R>(text: string | Uint8Array, use: (path: string) => R): R {
  mkdirSync(FOLDER, { recursive: true });
  const path = `${FOLDER}${files++}.txt`;
  writeFileSync(path, text);
  try {
    return use(path);
  } finally {
    rmSync(FOLDER, { recursive: true });
  }
}

/** Short texts in parallel, in pieces that cut lines anywhere; every other time with WebAssembly. */
function inPieces<R>(bytes: number, use: () => R): R {
  const least = uses++ % 2 === 0 ? 0 : Infinity;
  Object.assign(parseTuning, { minParsedBytes: 1, minCountedBytes: 1, minKernelBytes: least });
  textTuning.pieceBytes = bytes;
  try {
    return use();
  } finally {
    Object.assign(parseTuning, { minParsedBytes, minCountedBytes, minKernelBytes });
    textTuning.pieceBytes = pieceBytes;
  }
}

function parse(text: string | Uint8Array, options: Options = {}): TypedArray | NdArray {
  return withFile(text, (path) => loadtxt(path, options));
}

interface Answer {
  readonly shape: number[];
  readonly hex: string;
}

function answerOf(array: TypedArray | NdArray): Answer {
  const data = ArrayBuffer.isView(array) ? array : array.data;
  const shape = ArrayBuffer.isView(array) ? [array.length] : array.shape;
  return { shape, hex: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex") };
}

const names: Readonly<Record<string, string>> = {
  skipRows: "skiprows",
  maxRows: "max_rows",
  columns: "usecols",
};

interface Case {
  readonly text: string;
  readonly options?: Options;
}

/** What `numpy.loadtxt` makes of each; `undefined` where it refuses. */
function numpyAnswers(cases: readonly Case[]): (Answer | undefined)[] {
  mkdirSync(FOLDER, { recursive: true });
  const input = cases.map(({ text, options = {} }) => ({
    text,
    options: Object.fromEntries(Object.entries(options).map(([name, value]) => [names[name] ?? name, value])),
  }));
  writeFileSync(`${FOLDER}cases.json`, JSON.stringify(input));
  const script = `
import json, warnings
warnings.simplefilter("ignore")
answers = []
for k, case in enumerate(json.load(open(sys.argv[1]))):
    path = sys.argv[1] + str(k)
    with open(path, "w", encoding="utf-8", newline="") as file: file.write(case["text"])
    try:
        a = np.loadtxt(path, **case["options"])
        answers.append({"shape": a.shape if a.ndim else [1], "hex": a.tobytes().hex()})
    except Exception as error:
        answers.append(None)
print(json.dumps(answers))`;
  const answers = JSON.parse(numpy(script, [`${FOLDER}cases.json`])) as (Answer | null)[];
  rmSync(FOLDER, { recursive: true });
  return answers.map((answer) => answer ?? undefined);
}

const table = Array.from({ length: 60 }, (_, i) => [i - 30, (i * 7919) % 1000 / 8, 1e10 / (i + 1)]);

/** What NumPy and we must agree on, values and refusals. */
const cases: readonly Case[] = [
  ...[
    "1 2\n3 4\n",
    "1 2\n3 4",
    "\n\n 1\t2 \n\n#x\n  # y\n3 4 # z\n",
    "5",
    "5 6",
    "5\n6",
    "",
    "\n\n",
    "# only\n",
    "1 2\n3 4 5\n",
    "1 2 3\n4 5\n",
    "abc 1\n",
    "1 2\n3 abc\n",
    "1 2\r\n3 4\r\n",
    "1 2\r3 4\r",
    "1 2\r\n3 4\r5 6\n7 8",
    "#a\r1 2\r\r3 4",
    "1\v2\f3\x1c4\n",
    "nan inf -inf Infinity NaN INF +nan iNf infinity -INFINITY\n",
    "nan(1)",
    "infinit",
    "0x10",
    "1_000",
    "1d5",
    "+1 +.5 5. .5e1 1e+5 -0 1E5 0e0 000.000 -0.0e5 00012\n",
    ".",
    "1e",
    "1e+",
    "-",
    "+-1",
    "--1",
    "1.2.3",
    "1 -2-3",
    "1e5.0",
    '"1" 2',
    "1e400 -1e400 1e-400 1e-323 4.9e-324 2.4e-324 1.7976931348623157e308 1.7976931348623159e308\n",
    "9007199254740993 9007199254740992.5 9007199254740993.0000000000000000001 123456789012345678901234567890\n",
    "0.1 0.30000000000000004 2.2250738585072011e-308 2.2250738585072014e-308 5e-324 6.02214076e23\n",
    "1.00000000000000011102230246251565404236316680908203125 1.00000000000000011102230246251565404236316680908203126\n",
    "1e00000000000000000001 1e-00000000000000000000001 0.000000000000000000000000000000000000001\n",
    "1e99999999999999999999 1e-99999999999999999999 0e99999999999999999999\n",
    "12345678.12345678 1234567.1234567 123456789.123456789 1234567890123456.7\n",
    "1\u00e9 2",
    "1 2\n3\0 4",
  ].map((text) => ({ text })),
  ...[
    "1,2\n3,4\n",
    "1, 2 #x\n 3 ,4 \n",
    "1,2\n\n3,4",
    "1,2\n   \n3,4",
    "1,2\n #x\n3,4",
    "1,2\n#x\n3,4",
    "1,,2",
    ",1",
    "1,2,\n",
    "1 2,3",
    "1,2\n13",
    "1,2\r\n3,4\r\n",
    "-1.5e3,nan\n+inf,.5",
    ",\n",
  ].map((text) => ({ text, options: { delimiter: "," } })),
  { text: "1\t2\t\n", options: { delimiter: "\t" } },
  { text: "1\t 2\n3\t4", options: { delimiter: "\t" } },
  { text: "1 2\n3 4", options: { delimiter: " " } },
  { text: "1  2", options: { delimiter: " " } },
  { text: " 1 2", options: { delimiter: " " } },
  { text: "1;2;3\n", options: { comments: ";" } },
  { text: "1 2 // 3\n//\n4 5//\n", options: { comments: "//" } },
  { text: "1 / 2\n", options: { comments: "//" } },
  { text: "1 2 -- x\n-3 -4--y\n", options: { comments: "--" } },
  { text: "1 2 % x\n! y\n3 4", options: { comments: ["%", "!"] } },
  { text: "1 2\n#3 4", options: { comments: null } },
  { text: "x y\n1 2\n\n#c\n3 4\n5 6\n", options: { skipRows: 1, maxRows: 2 } },
  { text: "1 2\n\n#c\n3 4\n5 6\n", options: { skipRows: 3 } },
  { text: "1 2\n3 4\n", options: { skipRows: 5 } },
  { text: "1 2\n3 4\nbad line\n", options: { maxRows: 2 } },
  { text: "1 2\n", options: { maxRows: 0 } },
  { text: "1 2 3\n4 5 6", options: { columns: 1 } },
  { text: "1 2 3\n4 5 6", options: { columns: [2, 0] } },
  { text: "1 2 3\n4 5 6", options: { columns: [-1, -3] } },
  { text: "1 2 3\n4 5 6", options: { columns: [1, 1, 0] } },
  { text: "1 x 3\n4 y 6 7", options: { columns: [0, 2] } },
  { text: "1 2 3\n4 5", options: { columns: [2] } },
  { text: "1 2", options: { columns: [2] } },
  { text: "a,1,\n,2,x,y\n", options: { delimiter: ",", columns: [1] } },
  { text: "5", options: { ndmin: 1 } },
  { text: "5", options: { ndmin: 2 } },
  { text: "5 6", options: { ndmin: 2 } },
  { text: "5\n6", options: { ndmin: 2 } },
  { text: "", options: { ndmin: 2 } },
  ...(["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f2"] as const).flatMap((dtype) =>
    [
      "1 2\n3 4",
      "-1",
      "-0",
      "+7",
      "1.0",
      "1e2",
      "127 -128",
      "128",
      "-129",
      "255",
      "256",
      "32767 -32768",
      "65535",
      "65536",
      "2147483647 -2147483648",
      "2147483648",
      "4294967295",
      "4294967296",
      "9007199254740993 -9007199254740993 1234567890123456 12345678901",
      "9223372036854775807 -9223372036854775808 -9223372036854775807 -4294967296 -4294967297",
      "9223372036854775808",
      "-9223372036854775809",
      "18446744073709551615 10000000000000000000 9999999999999999999",
      "18446744073709551616",
      "00000000000000000000000000000000000012",
      "nan",
      "",
    ].map((text) => ({ text, options: { dtype } }))
  ),
  { text: "0 1 2 -1", options: { dtype: "bool" } },
  { text: "True", options: { dtype: "bool" } },
  {
    text: "0.1 65519 65520 1e-8 2049 0.00006103515625 3.4028235677973366e38 16777217 1e39",
    options: { dtype: "f4" },
  },
  { text: "0.1 65519 65520 1e-8 2049 0.00006103515625 5.9604644775390625e-8", options: { dtype: "f2" } },
  { text: "1 2 3\n4 5 6", options: { dtype: "i8", columns: [2, 2, 0] } },
  { text: "-1 2 3\n4 -5 6", options: { dtype: "i8", columns: [0, 1] } },
  { text: table.map((row) => row.join(" ")).join("\n") },
  { text: table.map((row) => row.join(" , ")).join(" \r\n"), options: { delimiter: "," } },
];

test("loadtxt() agrees with NumPy, whatever np and the pieces", () => {
  const answers = numpyAnswers(cases);
  assert(answers.filter((answer) => answer !== undefined).length > 150, "NumPy understands most of them");
  assert(answers.filter((answer) => answer === undefined).length > 100, "and refuses some");
  const differences: string[] = [];
  cases.forEach(({ text, options = {} }, k) => {
    const wanted = answers[k];
    const see = (np: number): void => {
      const where = `${JSON.stringify(text)} ${JSON.stringify(options)} np ${np}`;
      let got: Answer | undefined;
      try {
        got = answerOf(parse(text, { ...options, np }));
      } catch (error) {
        assert(error instanceof FormatError || error instanceof RangeError, `${where}: ${error}`);
      }
      if (!isDeepStrictEqual(got, wanted)) {
        differences.push(`${where}: ${got?.shape} ${got?.hex} != ${wanted?.shape} ${wanted?.hex}`);
      }
    };
    see(1);
    inPieces(2, () => see(0));
    // in parallel only some: each takes two forks
    inPieces(7, () => see(k % 6 === 0 ? 2 : 1));
  });
  assert.deepEqual(differences, []);
});

test("loadtxt() gives the same for np 0 to 3", () => {
  const texts = ["", "1 2\n3 4", ...[",", " "].map((by) => table.map((row) => row.join(by)).join("\n"))];
  for (const text of texts) {
    const options: Options = text.includes(",") ? { delimiter: "," } : {};
    const wanted = answerOf(parse(text, options));
    for (const np of [0, 1, 2, 3]) {
      for (const bytes of [1, 5, 64, 1000]) {
        if (bytes === 1 && np > 2) continue;
        inPieces(bytes, () => assert.deepEqual(answerOf(parse(text, { ...options, np })), wanted));
      }
    }
  }
});

test("loadtxt() reads named columns of many types into one table in shared memory", () => {
  const text = "0.1,-5,18446744073709551615,1,0.1\n-0,127,7,0,1e-3\n";
  const dtype = { x: "f8", id: "i1", big: "u8", ok: "b1", y: "float32" } as const;
  for (const np of [1, 2]) {
    const t = inPieces(10, () => withFile(text, (path) => loadtxt(path, { dtype, delimiter: ",", np })));
    assert.deepEqual(Object.keys(t), Object.keys(dtype));
    assert.deepEqual(t.x, Float64Array.of(0.1, -0));
    assert.deepEqual(t.id, Int8Array.of(-5, 127));
    assert.deepEqual(t.big, BigUint64Array.of(18446744073709551615n, 7n));
    assert.deepEqual(t.ok, Uint8Array.of(1, 0));
    assert.deepEqual(t.y, Float32Array.of(0.1, 1e-3));
    assert(isShared(t.x) && t.x.buffer !== t.id.buffer);
  }
  const some = withFile(
    text,
    (path) => loadtxt(path, { dtype: { ok: "b1", x: "f8" }, columns: [3, 0], delimiter: "," }),
  );
  assert.deepEqual([...some.ok, ...some.x], [1, 0, 0.1, -0]);
  const none = withFile("# x\n", (path) => loadtxt(path, { dtype: { x: "f8" } }));
  assert.equal(none.x.length, 0);
});

test("loadtxt() rounds every decimal to the nearest double", () => {
  const bits = new BigUint64Array(1);
  const double = new Float64Array(bits.buffer);
  const texts: string[] = [];
  let state = 88172645463325252n;
  const next = (): bigint => {
    state ^= state << 13n & 0xffffffffffffffffn;
    state ^= state >> 7n;
    state ^= state << 17n & 0xffffffffffffffffn;
    return state &= 0xffffffffffffffffn;
  };
  for (let k = 0; k < 60_000; k++) {
    bits[0] = next();
    if (!Number.isFinite(double[0]!)) continue;
    texts.push(String(double[0]), double[0]!.toExponential(16), double[0]!.toExponential(18));
    const x = Number(next() >> 11n) / 2 ** 53;
    texts.push(String(x), String(x * 1e6), x.toFixed(4), (x * 1e15).toFixed(3), (x * 1e5).toFixed(12));
    texts.push(
      `${next() % 10n ** BigInt(k % 20)}.${next()}`,
      `${next()}${next()}e${Number(next() % 700n) - 350}`,
    );
  }
  // halfway between two doubles, and a little beside
  for (let k = 0; k < 2000; k++) {
    const low = (next() >> 12n) + 2n ** 52n;
    const half = (2n * low + 1n) * 2n ** BigInt(k % 60);
    for (const near of [half - 1n, half, half + 1n]) texts.push(`${near}.0`, `${near}e-3`, `${near}e20`);
    texts.push((Number(low) / 2 ** (k % 50)).toFixed(30) + "5");
  }
  const got = parse(texts.join("\n"), { ndmin: 1 }) as Float64Array;
  assert.equal(got.length, texts.length);
  const wrong = texts.findIndex((text, k) => !Object.is(got[k], Number(text)));
  assert.equal(wrong, -1, `${texts[wrong]} gave ${got[wrong]}`);
});

test("scanDouble() leaves only rare numbers to slower means", () => {
  let slow = 0;
  const count = 20_000;
  for (let k = 1; k <= count; k++) {
    const text = String(Math.sin(k) * 10 ** (k % 20 - 10));
    const bytes = new TextEncoder().encode(text + " ".repeat(40));
    const target = new Float64Array(1);
    if (scanDouble(bytes, new DataView(bytes.buffer), 0, target, 0) < 0) slow++;
    else assert.equal(target[0], Number(text));
  }
  assert(slow < count / 1000, `${slow} of ${count}`);
});

test("loadtxt() reads back what String() makes of any double", () => {
  const tables = fc.integer({ min: 1, max: 5 }).chain((columns) =>
    fc.array(fc.array(fc.double(), { minLength: columns, maxLength: columns }), {
      minLength: 1,
      maxLength: 20,
    })
  );
  fc.assert(
    fc.property(tables, fc.integer({ min: 1, max: 40 }), fc.boolean(), (rows, bytes, isDelimited) => {
      const options = { ndmin: 2, np: 1, ...(isDelimited ? { delimiter: "," } : {}) } as const;
      const show = (x: number): string => Object.is(x, -0) ? "-0" : String(x);
      const text = rows.map((row) => row.map(show).join(isDelimited ? "," : "  ")).join("\n");
      const got = inPieces(bytes, () => withFile(text, (path) => loadtxt(path, options)));
      assert.deepEqual(got.shape, [rows.length, rows[0]!.length]);
      assert.deepEqual([...got.data], rows.flat());
    }),
    { numRuns: 150 },
  );
});

test("loadtxt() names the first line in the file that is no row", () => {
  const lines = Array.from({ length: 500 }, (_, i) => `${i} ${2 * i}`);
  const see = (changes: Record<number, string>, wanted: RegExp, options: Options = {}): void => {
    const text = lines.map((line, i) => changes[i] ?? line).join("\n");
    for (const np of [1, 2, 3]) {
      inPieces(
        100,
        () =>
          assert.throws(
            () => parse(text, { ...options, np }),
            (error: Error) => error instanceof FormatError && wanted.test(error.message),
            `${wanted} np ${np}`,
          ),
      );
    }
  };
  see({ 300: "1 2 3", 400: "x y" }, /^loadtxt\(".*\.txt"\): line 301 has 3 columns, wanted 2 as in line 1$/);
  see({ 300: "1 oops", 301: "1" }, /line 301, column 2: wanted a number of dtype "f8", got "oops"$/);
  see({ 0: "# x", 1: "", 499: "1" }, /line 500 has 1 columns, wanted 2 as in line 3$/);
  see({ 499: "1 -5" }, /line 500, column 2: wanted a number of dtype "u2", got "-5"$/, { dtype: "u2" });
  see({ 499: "1 70000" }, /line 500, column 2: .* "u2", got "70000"$/, { dtype: "u2" });
  see({ 40: "1" }, /line 41 has 1 columns, wanted at least 2, for the columns asked for$/, { columns: [1] });
  see({ 7: `1 ${"9".repeat(50)}x` }, /line 8, column 2: .* got "9{40}…"$/);
  see({ 9: "1 2\r3" }, /line 11 has 1 columns/);
  see({ 9: "a b" }, /line 10, column 1:/, { skipRows: 3 });
});

test("loadtxt() reads a file with a byte order mark, one that is long in one line, and one without a line feed", () => {
  assert.deepEqual([...parse("\ufeff1 2\n3 4", { columns: 0 }) as Float64Array], [1, 3]);
  const wide = Array.from({ length: 5000 }, (_, i) => i);
  for (const bytes of [10, 5000]) {
    const got = inPieces(bytes, () => parse(`${wide.join(" ")}\n${wide.join("\t")}`, { np: 2 })) as NdArray;
    assert.deepEqual(got.shape, [2, 5000]);
    assert.deepEqual([...got.data], [...wide, ...wide]);
  }
});

test("loadtxt() reads more than a piece, in parallel by itself", () => {
  const rows = 900_000;
  const text = Array.from({ length: rows }, (_, i) => `${i},${i / 8},${-i}`).join("\n");
  assert(text.length > 2 * minParsedBytes);
  const { id, x } = withFile(
    text,
    (path) => loadtxt(path, { dtype: { id: "i4", x: "f8" }, columns: [0, 1], delimiter: "," }),
  );
  assert.equal(id.length, rows);
  assert(id.every((value, i) => value === i) && x.every((value, i) => value === i / 8));
});

test("loadtxt() works in a job", async () => {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}job.txt`, table.map((row) => row.join(" ")).join("\n"));
  using pool = new MapReduce({ np: 2 });
  const results = await pool.map(() => loadtxt(`${FOLDER}job.txt`, { ndmin: 2 }), [0, 1]);
  rmSync(FOLDER, { recursive: true });
  for (const { data } of results) assert.deepEqual([...data], table.flat());
});

test("loadtxt() reads pipes and files of /proc", async () => {
  assert(!ArrayBuffer.isView(loadtxt("/proc/self/statm", { ndmin: 2, dtype: "i8" })));
  mkdirSync(FOLDER, { recursive: true });
  const fifo = `${FOLDER}fifo`;
  const writer = spawn("sh", ["-c", `mkfifo "$0" && echo ready && seq 1 100000 > "$0"`, fifo], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => writer.on("close", resolve));
  await new Promise((resolve) => writer.stdout.once("data", resolve));
  const a = loadtxt(fifo, { dtype: "i4", ndmin: 1 });
  await ended;
  rmSync(FOLDER, { recursive: true });
  assert(ArrayBuffer.isView(a) && a.length === 100_000 && a[99_999] === 100_000);
});

test("loadtxt() refuses what it cannot read", () => {
  const refuses = (path: string, code: string): void =>
    assert.throws(() => loadtxt(path), (error) => error instanceof SystemCallError && error.code === code);
  refuses(`${FOLDER}none.txt`, "ENOENT");
  refuses("/", "EISDIR");
  assert.throws(() => loadtxt(`${FOLDER}none.txt`), /loadtxt\(".*none.txt"\)/);
});

test("loadtxt() refuses arguments that make no sense", () => {
  const refuses = (options: unknown, kind: typeof TypeError | typeof RangeError, message: RegExp): void =>
    assert.throws(
      () => parse("1 2", options as Options),
      (error: Error) => error instanceof kind && message.test(error.message),
      String(message),
    );
  assert.throws(
    () => loadtxt(5 as never),
    /loadtxt\(\) wants a path as a string or a file: URL, got a number \(5\)/,
  );
  refuses({ delimiter: "ab" }, TypeError, /one ASCII character .* got "ab"/);
  refuses({ delimiter: "\n" }, TypeError, /one ASCII character/);
  refuses({ delimiter: "e" }, TypeError, /one ASCII character/);
  refuses({ delimiter: "é" }, TypeError, /one ASCII character/);
  refuses({ delimiter: 5 }, TypeError, /a string as delimiter, got a number \(5\)/);
  refuses({ delimiter: "#" }, TypeError, /begin otherwise than the delimiter/);
  refuses({ comments: "" }, TypeError, /comments/);
  refuses({ comments: "1" }, TypeError, /comments/);
  refuses({ comments: 1 }, TypeError, /comments/);
  refuses({ comments: ["#", 1] }, TypeError, /strings as comments/);
  refuses({ skipRows: -1 }, RangeError, /skipRows to be an integer from 0 on, got -1/);
  refuses({ skipRows: "1" }, TypeError, /a number as skipRows, got a string/);
  refuses({ maxRows: 1.5 }, RangeError, /maxRows/);
  refuses({ columns: "a" }, TypeError, /columns, got a string/);
  refuses({ columns: [0.5] }, RangeError, /columns\[0\] must be an integer, got 0.5/);
  refuses({ columns: ["x"] }, TypeError, /columns\[0\] must be a number/);
  refuses({ columns: [5] }, RangeError, /columns that are there, got 5: line 1 has 2 columns/);
  refuses({ columns: [-3] }, RangeError, /columns that are there, got -3/);
  refuses({ dtype: "f9" }, TypeError, /does not know that dtype/);
  refuses({ dtype: { x: "f9" } }, TypeError, /column "x"/);
  refuses({ dtype: {} }, RangeError, /at least one column/);
  refuses({ dtype: { x: "f8" }, columns: [0, 1] }, RangeError, /dtype has 1 columns, but columns has 2/);
  refuses({ dtype: { x: "f8", y: "i4" }, columns: [0, 0] }, RangeError, /one dtype for a column/);
  refuses({ ndmin: 3 }, RangeError, /0, 1 or 2 as ndmin/);
  refuses({ np: -1 }, RangeError, /np/);
  refuses({ np: "2" }, TypeError, /np/);
  refuses({ skiprows: 1 }, TypeError, /no option "skiprows" \(did you mean "skipRows"\?\)/);
  refuses(null, TypeError, /object of options/);
  assert.throws(
    () => withFile("1 2 3", (path) => loadtxt(path, { dtype: { x: "f8" } })),
    (error: Error) =>
      error instanceof FormatError &&
      /dtype has 1 columns, but line 1 has 3: choose some by columns/.test(error.message),
  );
});

test("loadtxt() leaves no descriptor open", () => {
  const open = (): number => readdirSync("/proc/self/fd").length;
  parse("1 2");
  const before = open();
  for (let k = 0; k < 20; k++) {
    parse("1 2\n3 4");
    assert.throws(() => parse("1 2\n3"), FormatError);
    assert.throws(() => loadtxt("/"), SystemCallError);
  }
  assert.equal(open(), before);
});

test("loadtxt() names the file when there is no memory for its numbers", async () => {
  await inFolder((folder) => {
    const path = `${folder}a.txt`;
    writeFileSync(path, "1 2\n3 4\n");
    const calls = [
      () => loadtxt(path),
      () => loadtxt(path, { dtype: { a: "f8", b: "i4" } }),
      () => loadtxt(path, { maxRows: 1 }),
    ];
    for (const load of calls) {
      releaseWarm();
      const call = () => withCall<unknown>("mmap", () => failed(ENOMEM), load);
      assert.throws(call, (error: Error) => {
        assert.ok(error instanceof SystemCallError && error.code === "ENOMEM", String(error));
        assert.ok(error.message.includes(`loadtxt("${path}")`), error.message);
        return true;
      });
    }
  });
});

/** Parses in a fresh process; prints how many crews broke. */
const FIRST_FORK = `
import { rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { empty } from "../../mod.ts";
import { loadtxt } from "../../src/files/mod.ts";
import { CrewBlock } from "../../src/algorithms/crew_block.ts";
import { hookMethods } from "../sort_support.ts";
const broken = empty(1, "i4").fill(0);
hookMethods([CrewBlock], ["fail"], () => Atomics.add(broken, 0, 1));
const path = process.argv[2];
for (const number of [() => String(Math.random()), () => Math.random().toFixed(2), () => "-12e" + (Math.random() * 99 | 0)]) {
  let block = "";
  while (block.length < 2 ** 20) block += [number(), number(), number()].join(",") + "\\n";
  writeFileSync(path, block.repeat(20));
  loadtxt(path, { delimiter: ",", np: 2 });
}
rmSync(path);
console.log(broken[0]);
`;

test("children parse with no loop that was not compiled before the first fork", async () => {
  mkdirSync(FOLDER, { recursive: true });
  try {
    const { stdout, stderr } = await runScript(FIRST_FORK, {
      args: [`${FOLDER}first.txt`],
      timeoutMs: 50_000,
    });
    assert.deepEqual([stdout.trim(), stderr], ["0", ""]);
  } finally {
    rmSync(FOLDER, { recursive: true, force: true });
  }
});
