/** Row 55: offsets that fit no element, and those that do. */
import assert from "node:assert/strict";
import ndarray from "ndarray";
import { backend } from "../../ffi/libc.ts";
import {
  copy,
  empty,
  isShared,
  MapReduce,
  type NdArray,
  release,
  table,
  type TypedArray,
} from "../../mod.ts";
import { indices, soon } from "../support.ts";
import { DTYPES, ITEM_BYTES } from "./memory_dtypes.ts";
import { fault } from "./rig.ts";

/** Nothing here promises to be fast; what takes longer hangs. */
const HANG_MS = 9000;

/** A typed array over a buffer from an offset on. */
type ViewClass = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => TypedArray;

fault({
  row: 55,
  name: "a view at an offset that fits its elements is shared as it stands; at any other there is none",
  rounds: 1,
  soak: 20,
}, async () => {
  using pool = new MapReduce({ np: 1 });
  const bytes = empty(256, "u1");
  bytes.set(indices(256).map((i) => i % 100));
  const views: TypedArray[] = [];
  for (const dtype of DTYPES) {
    const make = empty(0, dtype).constructor as ViewClass;
    for (const offset of indices(64)) {
      const view = () => new make(bytes.buffer, offset, 3);
      if (offset % ITEM_BYTES[dtype] === 0) views.push(view());
      else assert.throws(view, RangeError, `${dtype} at ${offset}`);
    }
  }
  assert.equal(views.length, 3 * (64 + 32 + 16 + 8));
  const travelled = await soon(pool.map((view) => view, views), "the map", HANG_MS);
  views.forEach((view, i) => {
    assert.ok(isShared(view));
    const other = travelled[i]!;
    assert.deepEqual([other.constructor, other.byteOffset, other.length], [
      view.constructor,
      view.byteOffset,
      3,
    ]);
    assert.ok(other.buffer === view.buffer, "a reference became a copy");
    const own = copy(view);
    assert.deepEqual(bytesOf(own), bytesOf(view));
    assert.equal(own.byteOffset, 0);
    release(own);
  });
  release(bytes);
});

function bytesOf({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

fault({
  row: 55,
  name: "the offset of an n-d view reaches every element and none beyond its data",
  rounds: 1,
  soak: 20,
}, async () => {
  using pool = new MapReduce({ np: 1 });
  for (const dtype of DTYPES) {
    const data = empty(70, dtype) as Float64Array;
    data.forEach((_, i) => data[i] = (dtype === "i8" || dtype === "u8" ? BigInt(i) : i) as number);
    const views = indices(64).map((offset) =>
      ndarray(data, [3], [2], offset) as unknown as NdArray<Float64Array>
    );
    const travelled = await soon(pool.map((view) => view, views), "the map", HANG_MS);
    views.forEach((view, offset) => {
      const wanted = [0, 2, 4].map((step) => data[offset + step]);
      assert.deepEqual([0, 1, 2].map((i) => travelled[offset]!.get(i)), wanted);
      const own = copy(view) as TypedArray;
      assert.deepEqual([...own], wanted);
      release(own);
    });
    for (const offset of [-1, 66, 70, 2 ** 31 - 1, -(2 ** 31)]) {
      const beyond = ndarray(data, [3], [2], offset) as unknown as NdArray;
      assert.throws(() => copy(beyond), RangeError, `offset ${offset}`);
    }
    release(data);
  }
});

fault({
  row: 55,
  name: "the columns of a table begin where their elements may, whatever comes before them",
  rounds: 64,
}, async ({ index }) => {
  for (const first of DTYPES) {
    for (const dtype of DTYPES) {
      const { b } = table(index, { a: first, b: dtype, c: "u1" });
      if (index > 0) assert.equal(backend.addressOf(b) % 64, 0, `${dtype} after ${index} × ${first}`);
      assert.equal(b.length, index);
      release(b);
    }
  }
  await Promise.resolve();
});
