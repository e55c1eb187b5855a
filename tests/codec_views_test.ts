import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import ndarray from "ndarray";
import { decoded, encoded, roundTrip, sharing } from "./codec_support.ts";
import { test } from "./harness.ts";

test("encode() carries every typed array, DataView, ArrayBuffer and Buffer", () => {
  for (
    const make of [
      Int8Array,
      Uint8Array,
      Uint8ClampedArray,
      Int16Array,
      Uint16Array,
      Int32Array,
      Uint32Array,
      Float16Array,
      Float32Array,
      Float64Array,
    ]
  ) {
    for (const length of [0, 1, 3, 40, 1000, 5000]) {
      const view = new make(Array.from({ length }, (_, i) => i * 1.25));
      assert.deepEqual(roundTrip(view), view);
      assert.deepEqual(roundTrip(view.subarray(1, 3)), view.slice(1, 3));
    }
  }
  assert.deepEqual(roundTrip(BigInt64Array.of(-1n, 2n ** 62n)), BigInt64Array.of(-1n, 2n ** 62n));
  assert.deepEqual(roundTrip(BigUint64Array.of(1n, 2n ** 64n - 1n)), BigUint64Array.of(1n, 2n ** 64n - 1n));
  assert.deepEqual(roundTrip(Uint8Array.of(1, 2, 3).buffer), Uint8Array.of(1, 2, 3).buffer);
  const data = roundTrip(new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2)) as DataView;
  assert.ok(data instanceof DataView);
  assert.deepEqual([data.byteLength, data.getUint8(0), data.getUint8(1)], [2, 2, 3]);
  const text = roundTrip(Buffer.from("hé")) as Buffer;
  assert.ok(Buffer.isBuffer(text));
  assert.equal(text.toString(), "hé");
});

test("encode() writes only the bytes that a view shows", () => {
  const big = new Float64Array(1 << 20);
  assert.ok(encoded(big.subarray(5, 9)).length < 50);
  assert.ok(encoded(new DataView(big.buffer, 8, 8)).length < 50);
});

test("encode() keeps one buffer behind several views of it", () => {
  const floats = Float64Array.of(1, 2, 3);
  const copy = roundTrip({
    floats,
    bytes: new Uint8Array(floats.buffer),
    buffer: floats.buffer,
    part: floats.subarray(1),
  }) as {
    floats: Float64Array;
    bytes: Uint8Array;
    buffer: ArrayBuffer;
    part: Float64Array;
  };
  assert.ok(copy.bytes.buffer === copy.floats.buffer && copy.buffer === copy.bytes.buffer);
  copy.part[0] = 7;
  assert.deepEqual(copy.floats, Float64Array.of(1, 7, 3));
});

test("encode() gives detached memory length 0", () => {
  const view = new Uint8Array(16);
  const data = new DataView(view.buffer);
  const { buffer } = view;
  buffer.transfer();
  const copy = roundTrip([view, data, buffer]) as [Uint8Array, DataView, ArrayBuffer];
  assert.deepEqual(copy.map((each) => each.byteLength), [0, 0, 0]);
});

test("encode() carries views of shared memory by reference", () => {
  const shared = new Float64Array(1 << 16);
  sharing.buffers.push(shared.buffer);
  const value = {
    shared,
    part: shared.subarray(2, 5),
    bytes: new DataView(shared.buffer, 8),
    buffer: shared.buffer,
  };
  assert.ok(encoded(value).length < 120);
  const copy = roundTrip(value) as typeof value;
  assert.ok([copy.shared, copy.part, copy.bytes].every(({ buffer }) => buffer === shared.buffer));
  assert.ok(copy.buffer === shared.buffer);
  assert.deepEqual([copy.part.byteOffset, copy.part.length, copy.bytes.byteOffset], [16, 3, 8]);
  const bytes = encoded(shared);
  sharing.buffers.length = 0;
  assert.throws(() => decoded(bytes), { name: "CodecError", message: /shared segment 0, which is gone/ });
});

test("encode() hands big private views to adopt() and writes them once", () => {
  sharing.adopts = true;
  const big = Float64Array.from({ length: 1 << 17 }, (_, i) => i);
  const value = { big, again: big, bytes: new Uint8Array(big.buffer, 8, 8), part: big.subarray(1) };
  assert.ok(encoded(value).length < 120);
  const copy = roundTrip(value) as typeof value;
  assert.deepEqual(copy.big, big);
  assert.ok(
    copy.again === copy.big && copy.bytes.buffer === copy.big.buffer && copy.part.buffer === copy.big.buffer,
  );
  const inner = new Float64Array((1 << 17) + 2).fill(1).subarray(1, (1 << 17) + 1);
  assert.deepEqual(roundTrip([inner, inner, {}]), [inner, inner, {}]);
  sharing.adopts = false;
  sharing.buffers.length = 0;
  assert.deepEqual(roundTrip(big), big);
});

test("encode() carries n-d views with shape, strides and offset", () => {
  const view = ndarray(Float64Array.from({ length: 24 }, (_, i) => i), [2, 3, 4]);
  const views = [
    view,
    view.pick(1),
    view.lo(0, 1, 1).hi(2, 2, 2),
    view.transpose(2, 0, 1),
    view.step(-1, 1, -2),
    view.pick(1, 1, 1),
  ];
  for (const each of [...views, ndarray(new Int8Array(0), [0, 3])]) {
    const copy = roundTrip(each) as typeof each;
    assert.deepEqual([copy.shape, copy.stride, copy.dtype], [each.shape, each.stride, each.dtype]);
    assert.equal(Object.getPrototypeOf(copy), Object.getPrototypeOf(each));
    for (let i = 0; i < each.size; i++) {
      const at = each.shape.map((_, d) =>
        Math.floor(i / each.shape.slice(d + 1).reduce((a, b) => a * b, 1)) % each.shape[d]!
      );
      assert.equal(copy.get(...at), each.get(...at));
    }
  }
  const corner = ndarray(new Float64Array(1 << 20), [1024, 1024]).hi(2, 2);
  assert.ok(encoded(corner).length < 20_000);
  const shared = new Float64Array(1 << 16);
  sharing.buffers.push(shared.buffer);
  const copy = roundTrip(ndarray(shared, [256, 256]).pick(3)) as typeof corner;
  assert.ok(copy.data.buffer === shared.buffer && copy.offset === 768);
  sharing.buffers.length = 0;
});

test("decode() gives memory of its own", () => {
  const bytes = encoded([Uint8Array.of(1, 2, 3), "abc".repeat(30)]);
  const copy = decoded(bytes) as [Uint8Array, string];
  bytes.fill(0);
  assert.deepEqual(copy, [Uint8Array.of(1, 2, 3), "abc".repeat(30)]);
});
