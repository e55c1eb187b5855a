/** Row 58: whatever a job returns arrives as it was, and whatever bytes arrive give a value or a CodecError. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import process from "node:process";
import { CodecError, empty, MapReduce, range } from "../../mod.ts";
import { decoded, decoder, encoded, roundTrip, sharing } from "../codec_support.ts";
import { test } from "../harness.ts";
import { soon } from "../support.ts";
import { type Random, randomValue } from "./random_values.ts";
import { fault, generator } from "./rig.ts";
import { assertSameGraph } from "./same_graph.ts";

const MIB = 2 ** 20;
/** What the decoding of 1 KiB may take at most. */
const MAX_BYTES = 64 * MIB;
const MAX_MS = 2000;
const MESSAGE_BYTES = 1024;
const PREFIXES = 400;

const sharedArrays = [empty(16), empty(100)] as Float64Array<ArrayBuffer>[];
const sharedBuffers = new Set(sharedArrays.map(({ buffer }) => buffer));

/** Runs with memory that the codec takes for shared. */
function withSharing(body: () => void): void {
  sharing.buffers.push(...sharedBuffers);
  try {
    body();
  } finally {
    sharing.buffers.length = 0;
  }
}

/** A value and its message, of at most 1 KiB. */
function shortMessage(random: Random): { value: unknown; bytes: Uint8Array } {
  for (;;) {
    const value = randomValue(random, sharedArrays);
    const bytes = encoded(value);
    if (bytes.length > 8 && bytes.length <= MESSAGE_BYTES) return { value, bytes };
  }
}

/** Decodes bytes that may be anything, as a result and as an error; whether they were a result. */
function isContained(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const started = performance.now();
  const isValue = contained(() => decoder.decode(bytes, view, 0, bytes.length));
  contained(() => decoder.decodeError(bytes, view, 0, bytes.length));
  const elapsedMs = performance.now() - started;
  assert.ok(elapsedMs < MAX_MS, `${elapsedMs} ms for ${bytes.length} bytes`);
  return isValue;
}

function contained(decode: () => unknown): boolean {
  let value: unknown;
  try {
    value = decode();
  } catch (error) {
    if (error instanceof CodecError) return false;
    throw new Error(`not a CodecError: ${String(error)}`, { cause: error });
  }
  const bytes = ownedBytes(value);
  assert.ok(bytes < MAX_BYTES, `${bytes} bytes of memory`);
  return true;
}

/** Bytes of the private buffers in a value, in which everything can be looked at and is something that travels. */
function ownedBytes(root: unknown): number {
  const seen = new Set<unknown>(sharedBuffers);
  const todo = [root];
  let bytes = 0;
  for (let value = todo.pop(); value !== undefined || todo.length > 0; value = todo.pop()) {
    assert.ok(typeof value !== "symbol" && typeof value !== "function", `a ${typeof value} in the value`);
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof ArrayBuffer) bytes += value.byteLength;
    else if (ArrayBuffer.isView(value)) todo.push(value.buffer);
    else if (value instanceof Map) todo.push(...value.keys(), ...value.values());
    else if (value instanceof Set) todo.push(...value);
    else todo.push(...Object.values(value));
  }
  return bytes;
}

/** The beginning of something that says to be long, of any order of magnitude. */
function claim(random: Random): Uint8Array {
  const tag = Math.floor(random() * 40);
  const bytes = Uint8Array.of(tag, 254, 0, 0, 0, 0);
  new DataView(bytes.buffer).setUint32(2, 2 ** (32 * random()), true);
  // a second byte that says what, as views and built-in objects have it
  return random() < 0.7 ? bytes : Uint8Array.of(tag, random() * 14, ...bytes.subarray(1));
}

/** Damages a message: bits, bytes, lengths, pieces lost, doubled or taken from another message. */
function damage(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const below = (limit: number) => Math.floor(random() * limit);
  let out = [...bytes];
  for (let times = 1 + below(4); times > 0 && out.length > 0; times--) {
    const at = below(out.length);
    const length = 1 + below(8);
    switch (below(8)) {
      case 0:
        out[at]! ^= 1 << below(8);
        break;
      case 1:
        out[at] = below(256);
        break;
      case 2:
        out[at] = below(40); // a tag
        break;
      case 3:
        out.splice(at, below(3), ...claim(random));
        break;
      case 4:
        out.splice(at, 0, ...Array.from({ length }, () => below(256)));
        break;
      case 5:
        out.splice(at, length);
        break;
      case 6:
        out.splice(at, 0, ...out.slice(below(out.length)).slice(0, 4 * length));
        break;
      default: {
        const from = below(other.length);
        out = [
          ...out.slice(0, at),
          ...other.slice(from, from + 8 * length),
          ...out.slice(at + below(length)),
        ];
      }
    }
  }
  return Uint8Array.from(out);
}

/** Runs `body`; the process's peak of memory must not rise by what no such messages are worth. */
function withinMemory(body: () => void): void {
  const peakBytes = () => process.resourceUsage().maxRSS * 1024;
  const before = peakBytes();
  body();
  const grown = peakBytes() - before;
  assert.ok(grown < MAX_BYTES, `${Math.round(grown / MIB)} MiB more at the peak`);
}

test("the comparer tells values apart that look alike", () => {
  const object = {};
  const buffer = new ArrayBuffer(8);
  const [first, second] = [new Uint8Array(buffer, 0, 4), new Uint8Array(buffer, 4)];
  const cycle: unknown[] = [];
  cycle.push(cycle);
  const alike: readonly [unknown, unknown][] = [
    [0, -0],
    [1, 1n],
    ["", null],
    [[undefined], new Array(1)],
    [[0.1], Float64Array.of(0.1)],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }],
    [{}, Object.create(null)],
    [{ ["__proto__"]: null }, { __proto__: null }],
    [[object, object], [{}, {}]],
    [cycle, [cycle]],
    [[first, second], [new Uint8Array(4), new Int8Array(4)]],
    [Float64Array.of(0), Float64Array.of(-0)],
    [new Uint8Array(2), Buffer.alloc(2)],
    [new Map([[1, 2], [3, 4]]), new Map([[3, 4], [1, 2]])],
    [new Date(NaN), new Date(0)],
    [/a/g, /a/y],
    [new Error("a"), new TypeError("a")],
    [Object.assign(new Error("a"), { stack: "s" }), Object.assign(new Error("b"), { stack: "s" })],
    [new URL("http://a/"), new URL("http://a/#")],
  ];
  for (const [one, other] of alike) {
    assertSameGraph(roundTrip(one), one);
    assert.throws(() => assertSameGraph(roundTrip(one), other), assert.AssertionError);
    assert.throws(() => assertSameGraph(roundTrip(other), one), assert.AssertionError);
  }
});

fault({
  row: 58,
  name: "a thousand arbitrary values are decoded as they were encoded",
  rounds: 20,
  soak: 1000,
}, ({ random }) =>
  withSharing(() => {
    for (let i = 0; i < 1000; i++) {
      const value = randomValue(random, sharedArrays);
      assertSameGraph(roundTrip(value), value, sharedBuffers);
    }
  }));

fault({
  row: 58,
  name: "five hundred arbitrary results of jobs arrive in the master as the jobs made them",
  rounds: 6,
  soak: 200,
}, async ({ random }) => {
  const seed = random();
  const make = (i: number) => randomValue(generator(`${seed} ${i}`), sharedArrays);
  using pool = new MapReduce({ np: 2 });
  const results = await soon(pool.map(make, range(500)), "the map", 10_000);
  results.forEach((result, i) => assertSameGraph(result, make(i), sharedBuffers));
});

fault({
  row: 58,
  name: "no beginning of a message is taken for a message",
  rounds: 30,
  soak: 1000,
}, ({ random }) =>
  withSharing(() => {
    for (let i = 0; i < 10; i++) {
      const value = randomValue(random, sharedArrays);
      const bytes = encoded(value);
      const room = bytes.slice();
      const view = new DataView(room.buffer);
      const step = Math.max(1, bytes.length / PREFIXES);
      for (let end = 0; end < bytes.length; end += step) {
        const length = Math.floor(end);
        assert.ok(!isContained(bytes.slice(0, length)), `${length} of ${bytes.length} bytes were decoded`);
        // in a ring other bytes follow
        assert.ok(
          !contained(() => decoder.decode(room, view, 0, length)),
          `${length} of ${bytes.length} bytes`,
        );
      }
      assertSameGraph(decoded(bytes), value, sharedBuffers);
    }
  }));

fault({
  row: 58,
  name: "a thousand damaged messages give values or CodecErrors, and the decoder is none the worse",
  rounds: 30,
  soak: 1000,
}, ({ random }) =>
  withSharing(() =>
    withinMemory(() => {
      let other = shortMessage(random).bytes;
      for (let i = 0; i < 100; i++) {
        const { value, bytes } = shortMessage(random);
        for (let k = 0; k < 10; k++) isContained(damage(bytes, other, random));
        assertSameGraph(decoded(bytes), value, sharedBuffers);
        other = bytes;
      }
    })
  ));

fault({
  row: 58,
  name: "a thousand runs of random bytes give values or CodecErrors",
  rounds: 30,
  soak: 1000,
}, ({ random }) =>
  withinMemory(() => {
    for (let i = 0; i < 1000; i++) {
      const length = Math.floor(random() ** 3 * MESSAGE_BYTES);
      // half of them rather tags than anything
      const limit = i % 2 === 0 ? 256 : 40;
      const bytes = Uint8Array.from({ length }, () => Math.floor(random() * limit));
      isContained(i % 4 < 2 ? bytes : Uint8Array.of(...claim(random), ...bytes));
    }
  }));
