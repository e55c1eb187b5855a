import assert from "node:assert/strict";
import fc from "fast-check";
import { readFileSync, writeFileSync } from "node:fs";
import { FormatError } from "../mod.ts";
import { headerBytes, makeHeader, type NpyColumn, parseHeader } from "../src/npy/header.ts";
import { parsePython } from "../src/npy/python_literal.ts";
import { test } from "./harness.ts";
import { fixture, hex, inFolder } from "./npy_support.ts";
import { numpy } from "./numpy.ts";
import { failure } from "./support.ts";

/** A file of that header text, in any version. */
function file(text: string, { major = 1, minor = 0, length = -1 } = {}): Uint8Array {
  const body = Buffer.from(text, major === 3 ? "utf8" : "latin1");
  const size = Buffer.alloc(major === 1 ? 2 : 4);
  if (major === 1) size.writeUInt16LE(length < 0 ? body.length : length);
  else size.writeUInt32LE(length < 0 ? body.length : length);
  return Buffer.concat([Buffer.from("\x93NUMPY", "latin1"), Buffer.from([major, minor]), size, body]);
}

/** What parsing that header text fails with. */
async function refusal(text: string, options = {}): Promise<string> {
  const error = await failure(() => parseHeader(file(text, options), 'load("a.npy")'), FormatError);
  assert.ok(error.message.startsWith('load("a.npy"): '), error.message);
  return error.message.slice('load("a.npy"): '.length);
}

/** Where the first difference is easier to see. */
function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

const dict = (descr: string, shape = "(3,)", fortran = "False") =>
  `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;

test("parseHeader() reads what NumPy has written, of every version", () => {
  const parse = (name: string) => parseHeader(readFileSync(fixture(name)), name);
  assert.deepEqual(parse("matrix_v1.npy"), {
    dtype: "f8",
    byteOrder: "little",
    itemBytes: 8,
    version: 1,
    fortran: false,
    shape: [2, 3],
    dataOffset: 128,
    dataBytes: 48,
  });
  const { byteOrder, version, fortran, shape } = parse("fortran_big_endian_v2.npy");
  assert.deepEqual([byteOrder, version, fortran, shape], ["big", 2, true, [2, 3, 4]]);
  const { dtype, itemBytes } = parse("table_v3.npy");
  const little = { byteOrder: "little", shape: [] };
  assert.deepEqual(dtype, [
    { name: "größe €", dtype: "f4", offset: 0, ...little },
    { name: "id", dtype: "u2", offset: 4, byteOrder: "big", shape: [] },
    { name: "flag", dtype: "b1", offset: 6, ...little },
    { name: "pos", dtype: "f8", offset: 8, byteOrder: "little", shape: [2] },
  ]);
  assert.equal(itemBytes, 24);
  assert.deepEqual(parse("scalar.npy").shape, []);
  assert.deepEqual([parse("python2.npy").shape, parse("python2.npy").dataOffset], [[2, 2], 80]);
});

test("parseHeader() takes keys in any order, both quotes, blanks and padding fields", () => {
  const parse = (text: string) => parseHeader(file(text), "x");
  const plain = parse(` {"shape":( 2 , 3, ) ,\n"descr":u"=i4",'fortran_order':True}  \n`);
  assert.deepEqual([plain.dtype, plain.shape, plain.fortran, plain.dataBytes], ["i4", [2, 3], true, 24]);
  const { dtype, itemBytes } = parse(
    dict(`[(('a title', 'x'), '<i2'), ('', '|V2'), ('y', '<f4', 2), ('', '|V4', (3,)), ('', '|u1')]`),
  );
  assert.equal(itemBytes, 2 + 2 + 8 + 12 + 1);
  assert.deepEqual(
    (dtype as readonly NpyColumn[]).map((c) => [c.name, c.offset, c.shape]),
    [["x", 0, []], ["y", 4, [2]], ["f2", 24, []]],
  );
  assert.equal(parse(dict("'<f8'", "(0, 9007199254740991)")).dataBytes, 0);
  assert.equal(parse(dict("'<f8'", "(0L, 3L)")).shape[1], 3);
});

test("parseHeader() refuses data that there are no typed arrays for, and names them", async () => {
  assert.match(
    await refusal(dict("'|O'")),
    /^holds Python objects, which are .*never loaded.*"\|O".*not supported$/,
  );
  const foreign = { "<U5": /strings/, "|S3": /strings of bytes/, "<M8[ns]": /dates/, "<m8[s]": /time spans/ };
  const more = { "<c16": /complex/, "|V8": /bytes without a type/, "<f16": /floats/, "|T16": /strings/ };
  for (const [descr, pattern] of Object.entries({ ...foreign, ...more })) {
    assert.match(await refusal(dict(`'${descr}'`)), pattern);
    assert.match(await refusal(dict(`[('x', '${descr}')]`)), pattern);
  }
  assert.match(await refusal(dict("[('p', [('x', '<f8')])]")), /structures within structures \(field "p"\)/);
  assert.match(await refusal(dict("('<f8', (2,))")), /elements that are arrays/);
});

test("parseHeader() refuses damaged and hostile headers with what is wrong", async () => {
  const cases: [string, RegExp][] = [
    ["", /wanted a value at character 0.* its end/],
    ["[1, 2]", /wanted a dict, got a list/],
    [
      "{'descr': '<f8', 'fortran_order': False}",
      /wanted the keys descr, fortran_order, shape, got "descr, fort/,
    ],
    ["{'descr': '<f8', 'fortran_order': False, 'shape': (), 'x': 1}", /wanted the keys/],
    [
      "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': ()}",
      /each key once.*"descr" comes twice/,
    ],
    ["{1: 2}", /a string as key/],
    ["{'descr': __import__('os').system('true')}", /wanted a value/],
    ["{'descr': lambda: 0}", /wanted a value/],
    ["{'descr': '<f8' 'x'}", /wanted "," or "}"/],
    [dict("'<f8'") + "garbage", /wanted the end/],
    [dict("'<f8'", "(-1,)"), /shape of integers from 0.*got -1/],
    [dict("'<f8'", "(3)"), /shape that is a tuple, got 3/],
    [dict("'<f8'", "[3]"), /shape that is a tuple, got a list/],
    [dict("'<f8'", "(3.5,)"), /wanted a value/],
    [dict("'<f8'", "(True,)"), /got true in it/],
    [dict("'<f8'", "(99999999999999999999,)"), /got 99999999999999999999 in it/],
    [dict("'<f8'", "(9007199254740991,)"), /less than 2\^53 bytes/],
    [dict("'<f8'", "(4294967296, 4294967296, 4294967296)"), /less than 2\^53 bytes/],
    [dict("'<f8'", `(${"1, ".repeat(65)})`), /at most 64 dimensions, got 65/],
    [dict("'<f8'", "(3,)", "1"), /fortran_order that is True or False, got 1/],
    [dict("'<f3'"), /floats of a size/],
    [dict("'<i3'"), /dtype such as "<f8", got "<i3"/],
    [dict("'nonsense'"), /dtype such as/],
    [dict("''"), /dtype such as "<f8", got ""/],
    [dict("7"), /descr that is a string or a list of fields, got 7/],
    [dict("[('x', '<f8'), ('x', '<f8')]"), /fields of different names, got "x" twice/],
    [dict("[('x',)]"), /wanted a field as/],
    [dict("[3]"), /wanted a field as/],
    [dict("[('x', '<f8', (-2,))]"), /shape of integers/],
    [dict("[('x', '<f8', (4294967296, 4294967296))]"), /row of less than 2\^53/],
    [dict("'<f8\\q'"), /an escape/],
    ["{'descr': '<f8", /wanted ' at the end of the string at character 14 of the header, found its end/],
    ["(".repeat(1000), /at most 64 levels/],
    ["{'a':".repeat(1000), /at most 64 levels/],
  ];
  for (const [text, pattern] of cases) {
    const message = await refusal(text);
    assert.match(message, /^(the header is damaged: |holds )/);
    assert.match(message, pattern, text);
  }
});

test("headerBytes() refuses what is no .npy file, unknown versions and endless headers", async () => {
  const refused = async (bytes: Uint8Array) =>
    (await failure(() => headerBytes(bytes, "a.npy"), FormatError)).message;
  assert.match(await refused(new Uint8Array(0)), /^a\.npy: wanted a \.npy file, got an empty one$/);
  assert.match(
    await refused(Buffer.from("PK\x03\x04 an archive")),
    /begins with "\\x93NUMPY", got 50 4b 03 04 20 61/,
  );
  assert.match(await refused(file("", { major: 4 })), /version 1\.0, 2\.0 or 3\.0, got 4\.0/);
  assert.match(await refused(file("", { minor: 1 })), /got 1\.1/);
  assert.match(
    await refused(file("", { major: 2, length: 2 ** 32 - 1 })),
    /at most 4194304 bytes, got one of 4294967295/,
  );
  assert.match(await refused(file("").subarray(0, 9)), /cut off: wanted at least 10 bytes, the file has 9/);
  assert.match(await refusal("{", { length: 500 }), /cut off: wanted 510 bytes, the file has 11/);
  assert.match(await refused(file("", { major: 3 }).subarray(0, 11)), /cut off/);
  const notUtf8 = Buffer.from(file(dict("'<f8'"), { major: 3 }));
  notUtf8[20] = 0xff;
  assert.match((await failure(() => parseHeader(notUtf8, "x"), FormatError)).message, /wanted UTF-8/);
});

test("makeHeader() writes what numpy.save writes, byte for byte", async () => {
  await inFolder((folder) => {
    const shapes = [[], [0], [5], [123456789, 0], [2, 3], [0, 1000000], [1, 2, 3, 4]];
    const names = [
      "x",
      "größe",
      "it's",
      `"both' \\ "`,
      "tab\tnew\nline",
      "\x01\x7f\xa0\xad",
      "€",
      "😀 \u2028",
      "ab",
    ];
    const cases = [
      ...shapes.flatMap((shape) =>
        [false, true].map((fortran) => ({ descr: "<f8", fortran: fortran && shape.length > 1, shape }))
      ),
      { descr: "|b1", fortran: false, shape: [3] },
      ...names.map((name) => ({ descr: [[name, "<f4"], ["z", "|u1"]] as const, fortran: false, shape: [0] })),
      // lengths around every multiple of 64
      ...Array.from({ length: 70 }, (_, n) => ({
        descr: [["n".repeat(n + 1), "<i4", [2, 3]], ["m", "<i8", [4]]] as const,
        fortran: false,
        shape: [0],
      })),
      {
        descr: Array.from({ length: 4000 }, (_, i) => [`c${i}`, "<f8"] as const),
        fortran: false,
        shape: [0],
      },
    ];
    const script = `
import json, io, warnings
from numpy.lib import format as f
warnings.simplefilter("ignore")
def tupled(d): return d if isinstance(d, str) else [(n, t, *(tuple(s) for s in rest)) for n, t, *rest in d]
for case in json.load(open(args[0])):
    out = io.BytesIO()
    d = {"descr": tupled(case["descr"]), "fortran_order": case["fortran"], "shape": tuple(case["shape"])}
    getattr(np.lib, "_format_impl", f)._write_array_header(out, d)
    print(out.getvalue().hex())
`;
    const path = `${folder}cases.json`;
    writeFileSync(path, JSON.stringify(cases));
    const expected = numpy(script, [path]).trim().split("\n");
    assert.equal(expected.length, cases.length);
    cases.forEach((contents, i) => {
      const bytes = makeHeader(contents);
      assert.equal(asText(bytes), asText(Buffer.from(expected[i]!, "hex")), JSON.stringify(contents));
      assert.equal(hex(bytes), expected[i]);
      const header = parseHeader(bytes, "x");
      assert.deepEqual([header.shape, header.fortran], [contents.shape, contents.fortran]);
      if (typeof contents.descr === "string") return;
      const columns = header.dtype as readonly NpyColumn[];
      assert.deepEqual(columns.map(({ name }) => name), contents.descr.map(([name]) => name));
    });
  });
});

test("makeHeader() aligns the data to pages, and NumPy takes it", async () => {
  await inFolder((folder) => {
    const contents = { descr: "<u2", fortran: true, shape: [3, 5] };
    const header = makeHeader(contents, 4096);
    assert.equal(header.length, 4096);
    const { dataOffset, shape, fortran } = parseHeader(header, "x");
    assert.deepEqual([dataOffset, shape, fortran], [4096, [3, 5], true]);
    const data = Uint16Array.from({ length: 15 }, (_, i) => i * i);
    writeFileSync(`${folder}a.npy`, Buffer.concat([header, new Uint8Array(data.buffer)]));
    const script = `a = np.load(args[0], mmap_mode="r"); print(a.T.ravel().tolist(), a.offset, a.shape)`;
    assert.equal(numpy(script, [`${folder}a.npy`]).trim(), `[${[...data].join(", ")}] 4096 (3, 5)`);
  });
});

test("parsePython() reads strings as Python writes them", () => {
  const text = fc.string({ unit: "binary", maxLength: 20 });
  const values = fc.sample(fc.array(text, { maxLength: 5 }), { numRuns: 150, seed: 7 });
  const representations = JSON.parse(
    numpy("import json; print(json.dumps([repr(v) for v in json.loads(args[0])]))", [JSON.stringify(values)]),
  ) as string[];
  values.forEach((strings, i) => {
    assert.deepEqual(parsePython(representations[i]!), { kind: "list", items: strings });
  });
});

test("parseHeader() gives a header or a FormatError for any change of any byte", () => {
  const originals = ["matrix_v1.npy", "fortran_big_endian_v2.npy", "table_v3.npy"].map((name) =>
    readFileSync(fixture(name))
  );
  const change = fc.tuple(fc.nat(250), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(
      fc.constantFrom(...originals),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      (original, changes) => {
        const bytes = new Uint8Array(original);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        try {
          const { dataBytes, shape } = parseHeader(bytes, "x");
          assert.ok(Number.isSafeInteger(dataBytes) && dataBytes >= 0 && shape.every((n) => n >= 0));
        } catch (error) {
          assert.ok(error instanceof FormatError, String(error));
        }
      },
    ),
    { numRuns: 3000 },
  );
});
