import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import ndarray from "ndarray";
import { backend } from "../ffi/libc.ts";
import { LargeView } from "../src/memory/large_view.ts";
import * as arrays from "../src/memory/mod.ts";
import { sweep } from "../src/memory/registry.ts";
import { releaseWarm } from "../src/memory/warm_memory.ts";
import { runScript, test } from "./harness.ts";

const { copy, empty, emptyLike, fromIter, full, fullLike, isShared, release, table, zeros } = arrays;
type Matrix = arrays.NdArray<Float64Array, 2>;

const GIB = 2 ** 30;
/** Whether one array may be longer than 4 GiB here. */
const isUnlimited = backend.maxViewBytes > 4 * GIB;

/** Shared mappings and descriptors of this process, without those of arrays that are garbage. */
function held(): { readonly mappings: number; readonly descriptors: number } {
  backend.collectGarbage();
  sweep();
  releaseWarm();
  const maps = readFileSync("/proc/self/maps", "utf8").split("\n");
  return {
    mappings: maps.filter((line) => /^\S+ ..[-x]s /.test(line)).length,
    descriptors: readdirSync("/proc/self/fd").length,
  };
}

/** The elements of a view in C order, one by one. */
function elements(view: arrays.NdArray): (number | bigint)[] {
  const list: (number | bigint)[] = [];
  const walk = (index: number[]): void => {
    if (index.length === view.shape.length) list.push(view.get(...index));
    else for (let i = 0; i < view.shape[index.length]!; i++) walk([...index, i]);
  };
  walk([]);
  return list;
}

// shapes

test("empty() gives a typed array for one dimension, a scalar for none", () => {
  for (
    const [shape, length] of [[0, 0], [1, 1], [7, 7], [[7], 7], [[0], 0], [[], 1], [-0, 0], [
      4097,
      4097,
    ]] as const
  ) {
    const array = empty(shape as number, "i4");
    assert(array instanceof Int32Array);
    assert.equal(array.length, length);
    assert.equal(array.byteOffset, 0);
    assert.equal(array.buffer.byteLength, 4 * length);
    assert(isShared(array), String(shape));
  }
});

test("empty() gives an ndarray view in C order for more dimensions", () => {
  const view = empty([2, 3, 4], "f4");
  assert(view.data instanceof Float32Array);
  assert.deepEqual([view.shape, view.stride, view.offset, view.dtype], [[2, 3, 4], [12, 4, 1], 0, "float32"]);
  assert.deepEqual([view.size, view.dimension, view.data.length], [24, 3, 24]);
  view.set(1, 2, 3, 0.5);
  assert.equal(view.data[23], 0.5);
  assert.equal(view.get(1, 2, 3), 0.5);
  assert.equal(view.transpose(2, 1, 0).get(3, 2, 1), 0.5);
  assert.deepEqual([view.pick(1, null, 3).shape, view.pick(1, null, 3).get(2)], [[3], 0.5]);
  assert.deepEqual(view.lo(1, 1).hi(1, 2).shape, [1, 2, 4]);
  assert.equal(view.step(-1, 1, 1).get(0, 2, 3), 0.5);
});

test("arrays without elements work in every shape", () => {
  for (const shape of [0, [0], [0, 3], [3, 0], [2, 0, 5]]) {
    for (const dtype of ["u1", "f8", "i8"] as const) {
      const array = zeros(shape, dtype);
      const data = "data" in array ? array.data : array;
      assert.equal(data.length, 0);
      assert(isShared(array));
      if ("data" in array) assert.deepEqual(array.shape, shape);
      assert.deepEqual(copy(array), array);
      release(array);
      assert(!isShared(array));
    }
  }
  assert.equal(empty([0, Number.MAX_SAFE_INTEGER, 9]).data.length, 0);
});

test("new arrays are zero or filled", () => {
  assert.deepEqual([...zeros(3, "i8")], [0n, 0n, 0n]);
  assert.deepEqual([...zeros([2, 2], "u2").data], [0, 0, 0, 0]);
  assert.deepEqual([...full([2, 2], 1.5).data], [1.5, 1.5, 1.5, 1.5]);
  assert.deepEqual([...full(2, 7, "i8"), ...full([], -1, "i1")], [7n, 7n, -1]);
  assert.deepEqual([...full(2, true, "b1"), ...full(1, -0)], [1, 1, -0]);
});

test("writes to neighbours do not touch each other", () => {
  const all = Array.from({ length: 50 }, (_, i) => full(i + 1, i));
  all.forEach((array, i) => assert(array.every((value) => value === i)));
});

const anyLength = fc.oneof(
  fc.nat(5),
  fc.double(),
  fc.integer(),
  fc.constantFrom(-0, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, Infinity, NaN, "4", null, undefined, 3n, true, [
    2,
  ]),
);

function isLengthOf(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

test("shapes are checked before anything is allocated", () => {
  const before = held();
  fc.assert(
    fc.property(
      fc.oneof(anyLength, fc.array(anyLength, { maxLength: 5 })),
      fc.constantFrom("u1", "f8"),
      (shape, dtype) => {
        const lengths: readonly unknown[] = Array.isArray(shape) ? shape : [shape];
        const isKind = lengths.every((length) => typeof length === "number");
        const isLength = lengths.every(isLengthOf);
        const bytes = lengths.includes(0) || lengths.includes(-0) ? 0n : isLength
          ? lengths.reduce(
            (product: bigint, length) => product * BigInt(length as number),
            dtype === "u1" ? 1n : 8n,
          )
          : 0n;
        const make = () => empty(shape as number, dtype as "f8");
        // which of several faults is found first is not specified
        if (!isKind) {
          return assert.throws(
            make,
            lengths.every((l) => typeof l !== "number" || isLengthOf(l)) ? TypeError : /^\w+Error: empty/,
          );
        }
        if (!isLength || bytes >= 2n ** 53n) return assert.throws(make, RangeError);
        // allocation is for other tests
        if (bytes > 2n ** 16n) return;
        const array = make() as Float64Array | arrays.NdArray;
        assert.equal(BigInt(("data" in array ? array.data : array).byteLength), bytes);
        release(array);
      },
    ),
    { numRuns: 20_000 },
  );
  assert.deepEqual(held(), before);
});

test("a wrong shape is named", () => {
  for (
    const [shape, message] of [
      [-1, /^empty\(\) shape must be an integer from 0 to 2\^53 - 1, got -1$/],
      [[2, 1.5], /^empty\(\) shape\[1\] must be an integer .* got 1\.5$/],
      [[2, "3"], /^empty\(\) shape\[1\] must be a number, got a string \("3"\)$/],
      ["3", /^empty\(\) wants a shape that is a number or an array of numbers, got a string/],
      [[2 ** 31, 2 ** 31], /more than can be counted/],
    ] as const
  ) assert.throws(() => empty(shape as number), { message });
});

// the views' interface

const dimension = fc.integer({ min: 1, max: 5 });
const maybe = fc.option(fc.integer({ min: -1, max: 2 }));

test("views behave as ndarray's, those for large arrays too", () => {
  fc.assert(
    fc.property(
      fc.array(dimension, { minLength: 1, maxLength: 4 }),
      fc.array(
        fc.tuple(fc.constantFrom("lo", "hi", "step", "transpose", "pick"), fc.array(maybe, { maxLength: 4 })),
        { maxLength: 5 },
      ),
      (shape, calls) => {
        const data = Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i);
        let theirs = ndarray(data, shape) as unknown as arrays.NdArray<Float64Array>;
        let ours: arrays.NdArray<Float64Array> = new LargeView(data, shape);
        for (const [name, values] of calls) {
          const argument = name === "transpose"
            ? theirs.shape.map((_, axis) => axis).reverse()
            // a step of nothing is no step; more than there is would reach beyond the data
            : values.map((value, axis) =>
              value === 0 && name === "step" || value! >= theirs.shape[axis]! ? null : value
            );
          theirs = theirs[name](...argument as number[]);
          ours = ours[name](...argument as number[]);
          if (theirs.shape.length === 0) break;
        }
        for (const key of ["shape", "stride", "offset", "size", "dimension", "dtype"] as const) {
          assert.deepEqual(ours[key], theirs[key], key);
        }
        assert.deepEqual(elements(ours), elements(theirs));
        const strides = ours.order.map((axis) => Math.abs(ours.stride[axis]!));
        assert.deepEqual(strides, [...strides].sort((a, b) => a - b));
        if (ours.size > 0 && ours.shape.length > 0) {
          const last = ours.shape.map((length) => length - 1);
          assert.equal(ours.index(...last), theirs.index(...last));
          assert.equal(ours.set(...last as [number], -1), -1);
          assert.equal(theirs.get(...last), -1);
        }
        assert.deepEqual([...copied(ours)], elements(theirs));
      },
    ),
    { numRuns: 2000 },
  );
});

function copied(view: arrays.NdArray): Iterable<number | bigint> {
  const result: arrays.NdArray | arrays.TypedArray = copy(view);
  assert.equal("data" in result, view.shape.length > 1);
  return "data" in result ? result.data : result;
}

test("views reach beyond 2^31 elements", () => {
  const row = 2 ** 30 + 8;
  const view = empty([2, row], "u1");
  assert.equal(view.data.length, 2 ** 31 + 16);
  view.set(1, row - 1, 7);
  assert.equal(view.data[2 ** 31 + 15], 7);
  assert.equal(view.pick(1).get(row - 1), 7);
  assert.equal(view.lo(1, row - 2).get(0, 1), 7);
  assert.equal(view.step(-1, -1).get(0, 0), 7);
  assert.deepEqual([...copy(view.lo(0, row - 2)).data], [0, 0, 0, 7]);
  assert(isShared(view) && isShared(view.pick(1)));
  release(view);
  assert.equal(view.data.length, 0);
});

// sizes

for (const length of [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32]) {
  test(`empty(${length}, "u1") reaches to its last element`, () => {
    const array = empty(length, "u1");
    assert.equal(array.length, length);
    array[length - 1] = 9;
    array[0] = 1;
    assert.deepEqual([array.at(-1), array.subarray(length - 1)[0], array[0]], [9, 9, 1]);
    release(array);
  });
}

test("above 4 GiB an array works or is a RangeError that names the limit, before anything is mapped", () => {
  const before = held();
  for (
    const [length, dtype] of [[2 ** 32 + 1, "u1"], [2 ** 29 + 1, "f8"], [9 * GIB, "u1"], [
      9 * GIB / 8,
      "i8",
    ]] as const
  ) {
    if (isUnlimited) {
      const array = empty(length, dtype) as Uint8Array;
      assert.equal(array.length, length);
      array.fill(array[0]!, length - 3);
      array[length - 1] = dtype === "i8" ? 5n as unknown as number : 5;
      assert.equal(Number(array.subarray(length - 1)[0]), 5);
      release(array);
    } else {
      assert.throws(() => empty(length, dtype), (error: Error) => {
        assert(error instanceof RangeError);
        assert.match(
          error.message,
          /^empty\(\d+, "..?"\) wants one array of \d+ bytes; .* limit is 4294967296 bytes \(4 GiB\)/,
        );
        return true;
      });
      assert.throws(() => zeros([length, 1], dtype), RangeError);
      assert.throws(() => table(length, { x: "f8" }), RangeError);
    }
  }
  assert.deepEqual(held(), before);
});

// emptyLike, fullLike, copy

test("emptyLike() and fullLike() take shape and element type from their model", () => {
  const models: [Parameters<typeof emptyLike>[0], unknown, readonly number[]][] = [
    [new Int16Array(4), Int16Array, [4]],
    [new Uint8ClampedArray(4), Uint8Array, [4]],
    [new BigUint64Array(0), BigUint64Array, [0]],
    [empty([2, 3], "f4"), Float32Array, [2, 3]],
    [empty([2, 3], "f4").transpose(1, 0), Float32Array, [3, 2]],
    [empty([2, 3], "f4").pick(0), Float32Array, [3]],
    [[1, 2, 3], Float64Array, [3]],
    [[[1, 2], [3, 4], [5, 6]], Float64Array, [3, 2]],
    [[[1n], [2n]], BigInt64Array, [2, 1]],
    [[true, false], Uint8Array, [2]],
    [[], Float64Array, [0]],
    [[[], []], Float64Array, [2, 0]],
    [[new Float32Array(2), [1, 2]], Float64Array, [2, 2]],
    [5, Float64Array, [1]],
    [5n, BigInt64Array, [1]],
    [false, Uint8Array, [1]],
  ];
  for (const [model, constructor, shape] of models) {
    for (const made of [emptyLike(model), fullLike(model, 1)] as (arrays.NdArray | Float64Array)[]) {
      const data = "data" in made ? made.data : made;
      assert.equal(data.constructor, constructor);
      assert.deepEqual("data" in made ? made.shape : [made.length], shape);
      assert(isShared(made));
    }
    assert(([...fullLikeData(model)] as number[]).every((value) => value === 3));
  }
});

function fullLikeData(model: Parameters<typeof emptyLike>[0]): Int32Array {
  const made = fullLike(model, 3, "i4") as arrays.NdArray<Int32Array> | Int32Array;
  const data = "data" in made ? made.data : made;
  assert(data instanceof Int32Array);
  return data;
}

test("copy() keeps elements and makes its own memory", () => {
  const source = Float32Array.of(1.5, -0, NaN, Infinity);
  const shared = copy(source);
  source[0] = 0;
  assert.deepEqual([...shared], [1.5, -0, NaN, Infinity]);
  assert(shared instanceof Float32Array && isShared(shared) && !isShared(source));
  const again = copy(shared.subarray(1));
  again[0] = 8;
  assert.deepEqual([shared[1], again.length], [-0, 3]);
  assert.deepEqual([...copy([1n, -1n])], [1n, -1n]);
  assert.deepEqual([...copy([[true], [false]]).data], [1, 0]);
  assert.deepEqual([...copy(2.5), ...copy([[[7]]]).data], [2.5, 7]);
  assert.deepEqual([...copy([Int8Array.of(1, 2), Int8Array.of(3, 4)]).data], [1, 2, 3, 4]);
  // data that is no typed array
  assert.deepEqual([...copy(ndarray([1, 2, 3, 4], [2, 2]).transpose(1, 0) as never as Matrix).data], [
    1,
    3,
    2,
    4,
  ]);
});

test("copy() of every element type is bit for bit", () => {
  for (const dtype of ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"] as const) {
    const source = empty([3, 5], dtype);
    const bytes = new Uint8Array(source.data.buffer);
    crypto.getRandomValues(bytes);
    const wanted = Uint8Array.from(bytes);
    assert.deepEqual(new Uint8Array(copy(source).data.buffer), wanted, dtype);
    assert.deepEqual(new Uint8Array(copy(source.data).buffer), wanted, dtype);
  }
});

test("ragged and mixed arrays are refused with the place", () => {
  const bad: [unknown, RegExp][] = [
    [[[1, 2], [3]], /rows of equal length: element \[1\] must be an array of 2, got an array of 1/],
    [[[1], 2], /element \[1\] must be an array of 1, got a number \(2\)/],
    [[1, [2]], /element \[1\] must be a number as the first one, got an array of 1/],
    [[[[1], [2]], [[3], [4, 5]]], /element \[1\]\[1\] must be an array of 1, got an array of 2/],
    [[1, 2n], /element \[1\] must be a number as the first one, got a bigint/],
    [[1n, 2], /element \[1\] must be a bigint as the first one/],
    [[1, "2"], /element \[1\] must be a number as the first one, got a string/],
    [[undefined], /element \[0\] must be a number/],
    [["x"], /element \[0\] must be a number/],
    [[1, , 3], /element \[1\] must be a number as the first one, got undefined/],
    [[2n ** 63n], /element \[0\]: 9223372036854775808 does not fit dtype "i8"/],
    ["abc", /wants a typed array, an n-d view, an array or a number, got a string/],
    [{}, /got an object/],
    [null, /got null/],
    [new DataView(new ArrayBuffer(8)), /got an object \(DataView\)/],
    [new Map(), /got an object \(Map\)/],
  ];
  for (const [source, message] of bad) {
    assert.throws(() => copy(source as number[]), { message: new RegExp(`^copy\\(\\).*${message.source}`) });
  }
  assert.throws(() => emptyLike([[1], []]), { name: "TypeError", message: /^emptyLike\(\)/ });
  assert.throws(() => fullLike({} as number[], 1), { name: "TypeError", message: /^fullLike\(\)/ });
});

test("a view beyond its data is a RangeError", () => {
  const data = new Float64Array(4);
  for (
    const [shape, stride, offset] of [[[5], [1], 0], [[2, 2], [2, 1], 1], [[2], [-1], 0], [
      [2],
      [1],
      3,
    ]] as const
  ) {
    const view = ndarray(data, [...shape], [...stride], offset) as unknown as arrays.NdArray;
    assert.throws(() => copy(view), { name: "RangeError", message: /within its data of 4 elements/ });
  }
});

// fromIter

test("fromIter() takes all, or count, of any iterable", () => {
  function* naturals(): Generator<number> {
    try {
      for (let i = 0;; i++) yield i;
    } finally {
      closed++;
    }
  }
  let closed = 0;
  assert.deepEqual([...fromIter(naturals(), "u2", 5)], [0, 1, 2, 3, 4]);
  assert.equal(closed, 1);
  assert.deepEqual([...fromIter(new Set([1, 2]))], [1, 2]);
  assert.deepEqual([...fromIter([1n, 2], "i8")], [1n, 2n]);
  assert.deepEqual([...fromIter([true, 0, 3], "b1")], [1, 0, 1]);
  assert.deepEqual([...fromIter([], "f4"), ...fromIter([1, 2], "f8", 0)], []);
  for (const n of [1, 1023, 1024, 1025, 3071, 3072, 100_000]) {
    const array = fromIter(Array.from({ length: n }, (_, i) => i), "i4");
    assert.equal(array.length, n);
    assert(isShared(array) && array.every((value, i) => value === i), String(n));
  }
});

test("fromIter() takes nothing when count is 0", () => {
  const untouchable = {
    [Symbol.iterator](): Iterator<number> {
      throw new Error("touched");
    },
  };
  assert.equal(fromIter(untouchable, "f8", 0).length, 0);
});

test("fromIter() says what is wrong", () => {
  assert.throws(() => fromIter([1, 2], "f8", 3), {
    name: "RangeError",
    message: "fromIter() wants 3 items, the iterable is too short: it ended after 2",
  });
  assert.throws(() => fromIter([1, 300], "u1"), {
    name: "RangeError",
    message: /^fromIter\(\) item 1: 300 does not fit/,
  });
  const late = Array.from({ length: 5000 }, (_, i) => i === 4321 ? "x" : i);
  assert.throws(() => fromIter(late as number[], "f8"), {
    name: "TypeError",
    message: /^fromIter\(\) item 4321: /,
  });
  for (const bad of [5, null, undefined, {}]) {
    assert.throws(() => fromIter(bad as unknown as number[]), {
      name: "TypeError",
      message: /wants an iterable, got/,
    });
  }
  for (const count of [-1, 1.5, NaN, "3", null]) {
    assert.throws(() => fromIter([1], "f8", count as number), {
      name: "RangeError",
      message: /wants a count/,
    });
  }
  const failing = (function* () {
    yield 1;
    throw new RangeError("of the iterable");
  })();
  assert.throws(() => fromIter(failing, "f8", 5), { message: "of the iterable" });
});

// the entry point

test("the entry point exports what api.md names", () => {
  const names = [
    "copy",
    "empty",
    "emptyLike",
    "fromIter",
    "full",
    "fullLike",
    "isShared",
    "release",
    "table",
    "zeros",
  ];
  assert.deepEqual(Object.keys(arrays).sort(), names);
});

test("the entry point needs --allow-ffi alone and does not re-execute the process", async () => {
  const script = `
    import { empty, full, release, table } from "@sharedmem/sharedmem/arrays";
    import { backend, readFile } from ${JSON.stringify(new URL("../ffi/libc.ts", import.meta.url).href)};
    for (let i = 0; i < 2000; i++) empty([1024, 1024])[0] = i;
    release(empty(3e6));
    console.log(full([2, 2], 3).get(1, 1), table(2, { a: "u1" }).a.length);
    const atStart = readFile("/proc/self/environ");
    console.log(Object.keys(backend.engineFlags).some((name) => atStart.includes(name + "=")));
  `;
  const { stdout, stderr, status } = await runScript(script, { permissions: ["--allow-ffi"] });
  assert.deepEqual([stdout, stderr, status], ["3 2\nfalse\n", "", 0]);
});
