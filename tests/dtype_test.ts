import assert from "node:assert/strict";
import { UnsupportedError } from "../ffi/errors.ts";
import { type DType, empty, full, type ShortDType, zeros } from "../src/memory/mod.ts";
import { castTo } from "../src/memory/element.ts";
import { parseDType } from "../src/memory/dtype.ts";
import { runScript, test } from "./harness.ts";

const CLASSES = [
  ["i1", "int8", Int8Array, 1],
  ["u1", "uint8", Uint8Array, 1],
  ["i2", "int16", Int16Array, 2],
  ["u2", "uint16", Uint16Array, 2],
  ["i4", "int32", Int32Array, 4],
  ["u4", "uint32", Uint32Array, 4],
  ["i8", "int64", BigInt64Array, 8],
  ["u8", "uint64", BigUint64Array, 8],
  ["f2", "float16", Float16Array, 2],
  ["f4", "float32", Float32Array, 4],
  ["f8", "float64", Float64Array, 8],
  ["b1", "bool", Uint8Array, 1],
] as const;

const KNOWN = /i1 u1 i2 u2 i4 u4 i8 u8 f2 f4 f8 b1 \(or int8 uint8 .* bool\)/;

test("dtypes give their typed array by every native name", () => {
  for (const [short, long, constructor, bytes] of CLASSES) {
    for (const name of [short, long, `<${short}`, `=${short}`, `|${short}`] as const) {
      const array = empty(3, name);
      assert.equal(array.constructor, constructor, name);
      assert.deepEqual([array.length, array.byteLength], [3, 3 * bytes], name);
      assert.equal(parseDType(name, ""), short);
    }
  }
});

test("the default dtype is f8", () => {
  assert(
    empty(1) instanceof Float64Array && zeros(1) instanceof Float64Array &&
      full(1, 0) instanceof Float64Array,
  );
});

test("an unknown dtype is a TypeError that lists those that there are", () => {
  const bad = [
    "",
    "f",
    "f16",
    "F8",
    "float",
    "<float64",
    "<<f8",
    "c16",
    "S4",
    "O",
    "i8 ",
    "toString",
    "__proto__",
    "M8[s]",
  ];
  for (const name of bad) {
    assert.throws(() => empty(1, name as DType), (error: Error) => {
      assert(error instanceof TypeError);
      assert.match(error.message, KNOWN);
      assert(error.message.includes(JSON.stringify(name)), error.message);
      return true;
    });
  }
  for (const name of [8, null, {}, ["f8"], Float64Array, Symbol("f8")]) {
    assert.throws(() => empty(1, name as unknown as DType), {
      name: "TypeError",
      message: /wants a dtype as a string/,
    });
  }
});

test("a foreign byte order is refused by name", () => {
  for (const name of [">f8", ">i4", ">u2"]) {
    assert.throws(() => empty(1, name as DType), {
      name: "TypeError",
      message: /knows only the native byte order/,
    });
  }
});

test("f2 without Float16Array is an UnsupportedError", async () => {
  const { stdout, stderr } = await runScript(`
    delete globalThis.Float16Array;
    const { empty } = await import("@sharedmem/sharedmem/arrays");
    console.log(empty(1, "f4").length);
    try {
      empty(1, "f2");
    } catch (error) {
      console.log(error.name, error.needs);
    }
  `);
  assert.equal(stdout, `1\n${UnsupportedError.name} an engine that has Float16Array\n`, stderr);
});

// numpy.full((), value, dtype).item() of NumPy 2.4.6; E where it raises OverflowError. For integer types only what C
// defines is listed: NumPy wraps negative fractions into unsigned types, NaN and infinities give whatever the processor does
const E = "OverflowError";
const VALUES = [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32769, 65535, 65536]
  .concat([
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    0.5,
    -0.5,
    2.7,
  ]);
// deno-fmt-ignore
const FROM_NUMPY: readonly [ShortDType, readonly (number | typeof E)[]][] = [
  ["i1", [0, 1, -1, 127, E, -128, E, E, E, E, E, E, E, E, E, E, E, E, E, E, E, 0, 0, 2]],
  ["u1", [0, 1, E, 127, 128, E, E, 255, E, E, E, E, E, E, E, E, E, E, E, E, E, 0, 0, 2]],
  ["i2", [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, E, E, E, E, E, E, E, E, E, E, E, 0, 0, 2]],
  ["u2", [0, 1, E, 127, 128, E, E, 255, 256, 32767, 32768, E, 65535, E, E, E, E, E, E, E, E, 0, 0, 2]],
  ["i4", [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32769, 65535, 65536, 2147483647, E, -2147483648, E, E, E, E, 0, 0, 2]],
  ["u4", [0, 1, E, 127, 128, E, E, 255, 256, 32767, 32768, E, 65535, 65536, 2147483647, 2147483648, E, E, 4294967295, E, E, 0, 0, 2]],
  ["f2", [0, 1, -1, 127, 128, -128, -129, 255, 256, 32768, 32768, -32768, Infinity, Infinity, Infinity, Infinity, -Infinity, -Infinity, Infinity, Infinity, Infinity, 0.5, -0.5, 2.69921875]],
  ["f4", [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32769, 65535, 65536, 2147483648, 2147483648, -2147483648, -2147483648, 4294967296, 4294967296, 9007199254740992, 0.5, -0.5, 2.700000047683716]],
  ["f8", VALUES],
  ["b1", [0, ...VALUES.slice(1).map(() => 1)]],
];

test("values become elements as in NumPy", () => {
  for (const [dtype, expected] of FROM_NUMPY) {
    VALUES.forEach((value, at) => {
      const label = `${value} as ${dtype}`;
      if (expected[at] === E) {
        assert.throws(() => full(1, value, dtype), (error: Error) => {
          assert(error instanceof RangeError, label);
          assert(error.message.includes(`${value} does not fit dtype "${dtype}"`), error.message);
          return true;
        });
      } else assert.equal((full(1, value, dtype) as Float64Array)[0]! + 0, expected[at], label);
    });
  }
});

// the same for 64-bit types
const BIG = [
  0n,
  -1n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  -(2n ** 63n),
  -(2n ** 63n) - 1n,
  2n ** 64n - 1n,
  2n ** 64n,
];
const BIG_FROM_NUMPY = {
  i8: [0n, -1n, 2n ** 53n, 9223372036854775807n, E, -9223372036854775808n, E, E, E],
  u8: [0n, E, 2n ** 53n, 9223372036854775807n, 9223372036854775808n, E, E, 18446744073709551615n, E],
} as const;

test("bigints become elements as in NumPy, safe integers too", () => {
  for (const dtype of ["i8", "u8"] as const) {
    BIG.forEach((value, at) => {
      const expected = BIG_FROM_NUMPY[dtype][at];
      if (expected === E) assert.throws(() => full(1, value, dtype), RangeError);
      else assert.equal(full(1, value, dtype)[0], expected);
    });
    assert.equal(full(1, 2 ** 53 - 1, dtype)[0], 9007199254740991n);
    for (const value of [2 ** 53, 1.5, NaN, Infinity]) {
      assert.throws(() => full(1, value, dtype), {
        name: "RangeError",
        message: new RegExp(`got ${value}$`),
      });
    }
  }
  assert.equal(full(1, -5, "i8")[0], -5n);
});

test("NaN and infinities stay in floats and are refused by integers", () => {
  for (const dtype of ["f2", "f4", "f8"] as const) {
    assert.deepEqual([NaN, Infinity, -Infinity, -0].map((value) => full(1, value, dtype)[0]), [
      NaN,
      Infinity,
      -Infinity,
      -0,
    ]);
  }
  for (const dtype of ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"] as const) {
    for (const value of [NaN, Infinity, -Infinity]) assert.throws(() => full(1, value, dtype), RangeError);
  }
});

test("a value of the wrong kind is a TypeError", () => {
  const wrong: [ShortDType, unknown][] = [
    ["f8", 1n],
    ["i4", 1n],
    ["f8", "1"],
    ["i4", true],
    ["f8", null],
    ["i4", undefined],
    ["i8", "1"],
    ["u8", true],
    ["b1", 1n],
    ["b1", "true"],
    ["f4", {}],
    ["f4", Symbol("x")],
  ];
  for (const [dtype, value] of wrong) {
    assert.throws(() => full(2, value as number, dtype), {
      name: "TypeError",
      message: new RegExp(`dtype "${dtype}" wants`),
    });
  }
  assert.deepEqual([full(1, true, "b1")[0], full(1, false, "b1")[0], full(1, NaN, "b1")[0]], [1, 0, 1]);
});

test("castTo() says where", () => {
  const cast = castTo("u1", () => "the third row");
  assert.throws(() => cast(-1), {
    message: 'the third row: -1 does not fit dtype "u1", whose values are integers from 0 to 255',
  });
});
