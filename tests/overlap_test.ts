/** Results that are written into the memory that they are computed from: as if they were not. */
import assert from "node:assert/strict";
import {
  argsort,
  attach,
  copy,
  create,
  digitize,
  dot,
  empty,
  fromIter,
  mapArray,
  max,
  type NdArray,
  range,
  release,
  searchsorted,
  sorted,
  sum,
  take,
  type TypedArray,
} from "../mod.ts";
import { crewTuning } from "../src/algorithms/crew.ts";
import { viewOver } from "../src/memory/nd_array.ts";
import { test } from "./harness.ts";
import { withPrefix } from "./named_support.ts";

const LENGTH = 600;
const EDGES = [2, 30, 31, 100];
const VALUES = fromIter(range(LENGTH), "f8").map((i) => (i * 37) % 101);
const INDICES = Uint32Array.from({ length: LENGTH }, (_, i) => (i * 7) % LENGTH);
const WEIGHTS = Float64Array.of(1, 2);

type Out = { readonly out?: TypedArray; readonly np: number };
type Call = (x: Float64Array, options: Out) => unknown;

/** What is computed of doubles; the element type and length of what it gives. */
const CALLS: Readonly<Record<string, readonly [type: "f8" | "u4", length: number, call: Call]>> = {
  argsort: ["u4", LENGTH, (x, options) => argsort(x, options)],
  "searchsorted of values": ["u4", LENGTH, (x, options) => searchsorted(EDGES, x, options)],
  "searchsorted in a": ["u4", LENGTH, (x, options) => searchsorted(x, VALUES, options)],
  "searchsorted with a sorter": [
    "u4",
    LENGTH,
    (x, options) => searchsorted(VALUES, VALUES, { ...options, sorter: x.map((_, i) => LENGTH - 1 - i) }),
  ],
  digitize: ["u4", LENGTH, (x, options) => digitize(x, EDGES, options)],
  take: ["f8", LENGTH, (x, options) => take(x, INDICES, options)],
  "take by indices": ["f8", LENGTH, (x, options) => take(VALUES, x, options)],
  dot: ["f8", LENGTH / 2, (x, options) => dot(viewOver(x, [LENGTH / 2, 2]), WEIGHTS, options)],
  "sum along rows": [
    "f8",
    LENGTH / 2,
    (x, options) => sum(viewOver(x, [LENGTH / 2, 2]), { axis: 1, ...options }),
  ],
  "max along columns": ["f8", 2, (x, options) => max(viewOver(x, [LENGTH / 2, 2]), { axis: 0, ...options })],
  mapArray: ["f8", LENGTH, (x, { out, np }) => {
    const addOne = (chunk: TypedArray) =>
      void (chunk as Float64Array).forEach((value, i) => chunk[i] = value + 1);
    return mapArray(out === undefined ? copy(x) : x, addOne, {
      np,
      chunkSize: 50,
      ...(out === undefined ? {} : { out }),
    });
  }],
};

/** The same `byteLength` bytes under two buffers, or one. */
const memories: Readonly<Record<string, (byteLength: number, prefix: string) => readonly Uint8Array[]>> = {
  private: (byteLength) => new Array(2).fill(new Uint8Array(byteLength)),
  shared: (byteLength) => new Array(2).fill(empty(byteLength, "u1")),
  "mapped twice": (byteLength, prefix) => [create(prefix, byteLength, "u1"), attach<Uint8Array>(prefix)],
};

for (const [memory, makeMemory] of Object.entries(memories)) {
  test(`out may overlap what is read, in ${memory} memory`, () =>
    withPrefix((prefix) => {
      const [one, other] = makeMemory(8 * (LENGTH + 20), prefix) as [Uint8Array, Uint8Array];
      for (const np of [1, 2]) {
        crewTuning.minItemsPerMember = np === 1 ? undefined : 1;
        try {
          for (const [name, [type, length, call]] of Object.entries(CALLS)) {
            const values = name === "searchsorted in a" ? sorted(VALUES) : VALUES;
            const wanted = [...call(values, { np }) as Float64Array];
            for (const from of [0, 8, 80]) {
              const x = new Float64Array(one.buffer as ArrayBuffer, one.byteOffset + 40, LENGTH);
              const make = type === "f8" ? Float64Array : Uint32Array;
              const out = new make(other.buffer as ArrayBuffer, other.byteOffset + from, length);
              x.set(values);
              const result = call(x, { out, np });
              assert.equal(result, out);
              assert.deepEqual([...out], wanted, `${name}, np ${np}, out at ${from}`);
            }
          }
        } finally {
          crewTuning.minItemsPerMember = undefined;
        }
      }
      if (memory === "mapped twice") [one, other].forEach((array) => release(array));
    }));
}

test("mapArray() to an out that is the array itself works in place", () => {
  const x = copy([[1, 2], [3, 4]]);
  const views: NdArray[] = [x, viewOver(x.data, [2, 2])];
  for (const out of views) {
    mapArray(x, (chunk) => void chunk.forEach((value, i) => chunk[i] = 2 * (value as number)), {
      out: out as typeof x,
      chunkSize: 1,
    });
  }
  assert.deepEqual([...x.data], [4, 8, 12, 16]);
});
