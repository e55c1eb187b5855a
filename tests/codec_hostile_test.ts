import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import ndarray from "ndarray";
import { CodecError } from "../src/errors.ts";
import { decoded, decoder, encoded, sharing } from "./codec_support.ts";
import { test } from "./harness.ts";

/** One message with every tag in it. */
function allTags(): Uint8Array {
  const shared = new Uint8Array(64);
  sharing.buffers[0] = shared.buffer;
  const cycle: unknown[] = [];
  cycle.push(cycle);
  let deep: unknown = new Map([[1, new Set([2])]]);
  for (let i = 0; i < 205; i++) deep = [deep];
  // deno-lint-ignore no-sparse-arrays
  const all = [
    undefined,
    null,
    true,
    false,
    5,
    500,
    1e6,
    0.1,
    1n,
    2n ** 70n,
    "s",
    "s".repeat(70),
    "語".repeat(9),
    "\ud800x",
    cycle,
    [1, , 2],
  ];
  return encoded([
    ...all,
    [0.1, 0.2, 0.3, 0.4],
    [{ a: 1, b: { c: 2 } }, { a: 3, b: 4 }],
    Object.assign(Object.create(null), { a: 1 }),
    Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, i])),
    new Map([["a", new Set(["b"])]]),
    [new Date(5), /x/g, Object("boxed"), new URL("http://a/"), new URLSearchParams("a=1")],
    [
      new ArrayBuffer(3),
      Float64Array.of(1),
      new Uint8Array(9).subarray(1, 3),
      new DataView(new ArrayBuffer(4)),
      Buffer.from("b"),
    ],
    [shared.subarray(4, 8), shared.buffer],
    ndarray(Int32Array.of(1, 2, 3, 4), [2, 2]),
    new AggregateError([new RangeError("r")], "m", { cause: new DOMException("d", "AbortError") }),
    deep,
  ]);
}

/** Decodes damaged bytes: a value or a CodecError, nothing else. */
function assertContained(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (
    const run of [
      () => decoder.decode(bytes, view, 0, bytes.length),
      () => decoder.decodeError(bytes, view, 0, bytes.length),
    ]
  ) {
    try {
      run();
    } catch (error) {
      assert.ok(error instanceof CodecError, String((error as Error).stack));
      continue;
    }
    return false;
  }
  return true;
}

test("decode() refuses every truncation", () => {
  const bytes = allTags();
  assert.ok(decoded(bytes));
  const room = bytes.slice();
  const view = new DataView(room.buffer);
  for (let end = 0; end < bytes.length; end++) {
    assert.ok(assertContained(bytes.slice(0, end)), `${end} bytes were decoded`);
    // In shared memory other bytes follow.
    assert.throws(() => decoder.decode(room, view, 0, end), CodecError);
  }
  assert.throws(() => decoded(Uint8Array.of(...bytes, 0)), CodecError);
  assert.throws(() => decoder.decode(room, view, 2, bytes.length + 1), CodecError);
});

test("decode() survives mutated and random bytes", () => {
  const bytes = allTags();
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      (changes) => {
        const damaged = bytes.slice();
        for (const [at, byte] of changes) damaged[at] = byte;
        assertContained(damaged);
      },
    ),
    { numRuns: 10_000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (random) => void assertContained(random.slice())), {
    numRuns: 10_000,
  });
  sharing.buffers.length = 0;
});

test("decode() does not allocate or recurse for lengths that are not there", () => {
  const claims = [254, 255, 255, 255, 127, 0, 0];
  const before = process.memoryUsage().rss;
  for (let first = 0; first < 64; first++) {
    assertContained(Uint8Array.of(first, ...claims));
    assertContained(Uint8Array.of(first, 1, ...claims));
  }
  // An array, numbers, an object, a Map, a Set, a shape, memory: 25 million of it.
  for (const first of [13, 15, 18, 20, 21, 23]) {
    assert.throws(
      () => decoded(Uint8Array.of(first, 254, 64, 120, 125, 1, 0, 0, 0)),
      /found 25000000 items in 3 bytes/,
    );
  }
  // [[[[… and a view of a view of …, a million deep.
  assert.ok(assertContained(new Uint8Array(2e6).map((_, i) => i % 2 ? 1 : 13)));
  assert.ok(assertContained(new Uint8Array(4e6).map((_, i) => [26, 1, 0, 0][i % 4]!)));
  const empty = decoded(Uint8Array.of(14, 254, 255, 255, 255, 1, 0)) as unknown[];
  assert.equal(empty.length, 0x1ffffff);
  assert.ok(process.memoryUsage().rss - before < 100e6);
});
