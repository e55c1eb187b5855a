import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { isShared, MapReduce, release } from "../mod.ts";
import { loadtxt } from "../src/files/mod.ts";
import type { NdArray } from "../src/memory/nd_array.ts";
import { guessLines } from "../src/text/count_rows.ts";
import { parseLines, plainRowsOf } from "../src/text/parse_lines.ts";
import { parsePlain } from "../src/text/parse_plain.ts";
import { parseRows, type Progress, type Text } from "../src/text/parse_rows.ts";
import { Placer } from "../src/text/placer.ts";
import { FLOAT, type RowPlan, separatorsOf } from "../src/text/row_plan.ts";
import { PADDING_BYTES } from "../src/text/scan_number.ts";
import { textRoom } from "../src/text/plain_kernel.ts";
import { MemoryText } from "../src/text/text_source.ts";
import { test } from "./harness.ts";
import { words } from "./sort_support.ts";

const FOLDER = fileURLToPath(new URL(`tmp/text_parse_${process.pid}/`, import.meta.url));
const ENCODER = new TextEncoder();

function withFile<R>(text: string, use: (path: string) => R): R {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}a.txt`, text);
  try {
    return use(`${FOLDER}a.txt`);
  } finally {
    rmSync(FOLDER, { recursive: true });
  }
}

/** Rows of so many doubles, separated by a byte; by white space for -1. */
function planOf(columns: number, delimiter: number, marks: readonly string[] = ["#"]): RowPlan {
  return {
    ...separatorsOf(delimiter, marks.map((mark) => ENCODER.encode(mark))),
    fields: columns,
    isRagged: false,
    slots: Int32Array.from({ length: columns }, (_, k) => k),
    kinds: new Uint8Array(columns).fill(FLOAT),
    dtypes: Array.from({ length: columns }, () => "f8" as const),
    least: new Float64Array(columns).fill(-Infinity),
    most: new Float64Array(columns).fill(Infinity),
    width: columns,
  };
}

function textOf(text: string): Text {
  const bytes = new Uint8Array(text.length + PADDING_BYTES);
  bytes.set(ENCODER.encode(text));
  return { bytes, words: new DataView(bytes.buffer) };
}

/** Where WebAssembly parses plain lines. */
function textInRoom(text: string): Text {
  const { bytes, parse } = textRoom(false)!;
  bytes.set(ENCODER.encode(text));
  bytes.fill(0, text.length, text.length + PADDING_BYTES);
  return { bytes, words: new DataView(bytes.buffer, bytes.byteOffset), parsePlain: parse };
}

const numbers = fc.oneof(
  fc.double().map(String),
  fc.double({ min: -1, max: 1, noNaN: true }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x.toExponential(18)),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((x) => x.toFixed(2)),
  fc.integer().map(String),
  fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.bigInt({ min: 0n, max: 10n ** 20n })).map(([a, b]) =>
    `${a}.${b}`
  ),
  fc.constantFrom(
    "+1",
    ".5",
    "5.",
    "1e5",
    "-0",
    "1E-3",
    "-.0",
    "x",
    "",
    "1e",
    "nan",
    "0.000",
    "1 2",
    "00012",
    "9".repeat(17),
  ),
);
const line = (by: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.tuple(numbers, numbers).map((pair) => pair.join(by)) },
    fc.array(numbers, { maxLength: 4 }).map((fields) => fields.join(by)),
    fc.constantFrom("", " ", "# comment", "1,2 # comment", "1 2#", " 1,\t2 ", "  1   2"),
  );
const texts = fc.tuple(fc.constantFrom(",", " ", "\t", ";"), fc.constantFrom("\n", "\r\n")).chain((
  [by, end],
) =>
  fc.array(fc.tuple(line(by), fc.boolean()), { minLength: 1, maxLength: 30 }).map((lines) => ({
    by,
    text: lines.map(([text, isOther]) => text + (isOther ? "\n" : end)).join(""),
  }))
);

test("parseLines() gives what parseRows() gives, numbers, place and outcome", () => {
  let rows = 0;
  fc.assert(
    fc.property(texts, fc.boolean(), fc.integer({ min: 1, max: 40 }), ({ by, text }, isDelimited, limit) => {
      const plan = planOf(2, isDelimited ? by.charCodeAt(0) : -1);
      const ways = [[undefined, textOf], [plainRowsOf(plan), textOf], [
        plainRowsOf(plan),
        textInRoom,
      ]] as const;
      const results = ways.map(([plain, textOf]) => {
        const target = new Float64Array(text.length + 2);
        const words = new Int32Array(target.buffer);
        const progress: Progress = { position: -1, outcome: -1 };
        const done = parseLines(plan, plain, textOf(text), 0, text.length, target, words, limit, progress);
        rows += done;
        return { done, progress, numbers: Array.from(target.subarray(0, 2 * done), String) };
      });
      assert.deepEqual(results[1], results[0]);
      assert.deepEqual(results[2], results[0]);
    }),
    { numRuns: 3000 },
  );
  assert(rows > 3000, `most texts begin with rows, got ${rows}`);
});

test("parsePlain() reads plain rows itself, and stops at the others", () => {
  const plain = ["1,2", "-1.5,0.12345678901234567", "12.34,1e-7", "123456789012345,1.000000000000000000e+00"];
  const others = ["+1,2", "1,2,3", "1", "", "#", "1,nan", "1, 2 ", "1,12345678901234567890", "1,2\r3"];
  const makes = (text: string): readonly [number, number] => {
    const progress: Progress = { position: -1, outcome: 0 };
    plainRowsOf(planOf(2, 44));
    const target = new Float64Array(100);
    const rows = parsePlain(textOf(text), 0, text.length, target, 0, 50, 2, 44, 44, 32, progress);
    const { position } = progress;
    const inRoom = textInRoom(text).parsePlain!(0, text.length, target, 0, 50, 2, 44, 44, 32, progress);
    assert.deepEqual([inRoom, progress.position], [rows, position]);
    return [rows, position];
  };
  const all = plain.map((row) => `${row}\n`).join("");
  assert.deepEqual(makes(all), [4, all.length]);
  assert.deepEqual(makes(all.replaceAll("\n", "\r\n")), [4, all.length + 4]);
  for (const other of others) {
    assert.deepEqual(makes(`${all}${other}\n3,4\n`), [4, all.length], JSON.stringify(other));
  }
});

test("the parser in WebAssembly ends where rows are longer than it has room for", async () => {
  const columns = 2 ** 20;
  const { bytes, parse } = textRoom(true)!;
  bytes.set(ENCODER.encode("1,2\n"));
  using pool = new MapReduce({ np: 1 });
  // in a job, for what does not end
  const job = (): number[] => {
    const progress: Progress = { position: -1, outcome: 0 };
    const rows = parse(0, 4, new Float64Array(8), 0, 1, columns, 44, 44, -1, progress);
    return [rows, progress.position];
  };
  assert.deepEqual(await pool.map(job, [0], { jobTimeout: 10_000 }), [[0, 0]]);
});

test("the parser in WebAssembly rounds as the engine's Number() does", () => {
  const draw = words(20_261_121);
  const digits = (count: number): string => Array.from({ length: count }, () => draw() % 10).join("");
  const made = [
    // halfway between two doubles, and beside it; subnormal, largest, too large, exact powers
    "9007199254740993",
    "9007199254740992.5",
    "9007199254740995.00000000001",
    "0.500000000000000166533453693773481063544750213623046875",
    "1.00000000000000011102",
    "1.00000000000000011103",
    "4.9e-324",
    "2.2250738585072011e-308",
    "2.2250738585072014e-308",
    "1.7976931348623157e308",
    "1.7976931348623159e308",
    "1e309",
    "1e23",
    "8.5e22",
    "9999999999999999999",
    "18446744073709551615",
    "18446744073709551616",
    "0.00000000000000000000000012345678901234567",
    "123456789012345678e-19",
  ];
  for (let round = 0; round < 60_000; round++) {
    const whole = digits(draw() % 8 === 0 ? draw() % 20 : draw() % 4) || "0";
    const fraction = digits(draw() % 21);
    const power = draw() % 3 > 0 ? "" : `e${draw() % 640 - 320}`;
    made.push(`${draw() % 2 > 0 ? "-" : ""}${whole}.${fraction}${power}`);
    // both neighbours of a halfway case
    const bits = new BigUint64Array([BigInt(draw()) << 32n | BigInt(draw())]);
    const x = new Float64Array(bits.buffer)[0]!;
    if (Number.isFinite(x)) made.push(String(x), x.toPrecision(18), x.toPrecision(17), x.toPrecision(16));
  }
  const target = new Float64Array(1000);
  const progress: Progress = { position: 0, outcome: 0 };
  let parsed = 0;
  for (let from = 0; from < made.length; from += 1000) {
    const texts = made.slice(from, from + 1000);
    const text = texts.map((number) => `${number}\n`).join("");
    const { parsePlain } = textInRoom(text);
    for (let position = 0, row = 0; position < text.length;) {
      const rows = parsePlain!(position, text.length, target, 0, 1000, 1, 44, 44, -1, progress);
      for (let k = 0; k < rows; k++) {
        const number = texts[row + k]!;
        if (!Object.is(target[k], Number(number))) assert.equal(target[k], Number(number), number);
      }
      parsed += rows;
      row += rows + 1;
      position = progress.position + (row <= texts.length ? texts[row - 1]!.length + 1 : 0);
    }
  }
  assert(parsed > 0.7 * made.length, `most are plain, got ${parsed} of ${made.length}`);
});

test("plainRowsOf() knows no plain rows where a minus may begin a comment, or types differ", () => {
  assert(plainRowsOf(planOf(2, 44)) !== undefined);
  assert.equal(plainRowsOf(planOf(2, 44, ["-5"])), undefined);
  assert.equal(plainRowsOf({ ...planOf(2, 44), isRagged: true }), undefined);
  assert.equal(plainRowsOf({ ...planOf(2, 44), kinds: Uint8Array.of(FLOAT, FLOAT + 1) }), undefined);
  assert.equal(plainRowsOf({ ...planOf(2, 44), slots: Int32Array.of(0, -1) }), undefined);
  const progress: Progress = { position: 0, outcome: 0 };
  const target = new Float64Array(4);
  const text = "1,2\n-5,3\n4,5\n";
  const words = new Int32Array(target.buffer);
  assert.equal(
    parseRows(planOf(2, 44, ["-5"]), textOf(text), 0, text.length, target, words, 0, 9, progress),
    2,
  );
});

test("Placer gives each result the place behind all before it, whoever made them", () => {
  const lengths = new Int32Array(5);
  const placed: string[] = [];
  const make = (room: number): Placer<string> =>
    new Placer(lengths, (result, start, length) => {
      placed.push(`${result} ${start}`);
      return start + length <= room;
    });
  const [one, two] = [make(100), make(13)];
  assert(one.add(1, 5, "b"));
  assert(one.add(3, 0, "d"));
  assert(one.isWaiting && placed.length === 0);
  assert(two.add(0, 2, "a"));
  assert(!two.isWaiting);
  assert(one.settle());
  assert(one.isWaiting);
  assert(two.add(2, 4, "c"));
  assert(one.settle());
  assert(!one.isWaiting);
  assert(!two.add(4, 3, "e"), "there is no room");
  assert.deepEqual(placed, ["a 0", "b 2", "c 7", "d 11", "e 11"]);
});

test("guessLines() is never too low for a short text, and near for a long one", () => {
  const guess = (text: string): number => guessLines(new MemoryText(ENCODER.encode(text)), 0);
  assert.deepEqual(["1\n2\n3", "1\n2\n3\n", "1", "\n\n"].map(guess), [3, 4, 1, 3]);
  const lines = Array.from({ length: 300_000 }, (_, i) => `${i} ${Math.sin(i)}`);
  const got = guess(lines.join("\n"));
  assert(got >= lines.length && got < 1.04 * lines.length, `${got}`);
});

test("loadtxt() reads a text that has many more rows than a look here and there tells", () => {
  // long lines at 64 places, where the samples are, short ones between them
  const long = (length: number): string => `1.${"0".repeat(length - 3)}\n`;
  const text = `${long(10_000).repeat(2)}${"2\n".repeat(30_000)}`.repeat(63) + long(2 ** 14);
  const rows = 63 * 30_002 + 1;
  assert(guessLines(new MemoryText(ENCODER.encode(text)), 0) < rows / 100);
  for (const np of [1, 2]) {
    const x = withFile(text, (path) => loadtxt(path, { np })) as Float64Array;
    assert.equal(x.length, rows);
    assert.equal(x.reduce((sum, value) => sum + value, 0), 2 * rows - 127);
    assert(isShared(x));
  }
});

test("loadtxt() gives an array over a buffer of its own length, however many lines are no rows", () => {
  const rows = Array.from({ length: 100_000 }, (_, i) => i % 3 === 0 ? `# ${i}\n\n${i} ${-i}` : `${i} ${-i}`);
  for (const dtype of ["f8", "i4", "i8", "f4"] as const) {
    const a = withFile(rows.join("\n"), (path) => loadtxt(path, { dtype, ndmin: 2 })) as NdArray;
    assert.deepEqual(a.shape, [100_000, 2]);
    assert.equal(a.data.buffer.byteLength, a.data.byteLength);
    assert(a.data.every((value, k) => Number(value) === (k % 2 === 0 ? k / 2 : -(k - 1) / 2)));
    assert(isShared(a));
    release(a);
    assert.equal(a.data.length, 0);
  }
});
