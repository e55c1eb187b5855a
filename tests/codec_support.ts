/**
 * What the tests of the codec share: an encoder and a decoder, and equality that misses nothing.
 *
 * @module
 */
import assert from "node:assert/strict";
import { CodecError } from "../src/errors.ts";
import { prepareArrays } from "../src/transport/codec_arrays.ts";
import { Decoder } from "../src/transport/decoder.ts";
import { Encoder } from "../src/transport/encoder.ts";
import type { BufferSharing, SharedReference } from "../src/transport/sharing.ts";

prepareArrays();

/** Shared memory of one process: numbers instead of mappings. */
export class FakeSharing implements BufferSharing {
  readonly buffers: ArrayBuffer[] = [];
  adopts = false;
  identify(buffer: ArrayBufferLike): SharedReference | undefined {
    const serial = this.buffers.indexOf(buffer as ArrayBuffer);
    return serial < 0
      ? undefined
      : { serial, offset: serial * 2 ** 33, byteLength: buffer.byteLength, descriptor: -1 };
  }
  adopt(view: Uint8Array): SharedReference | undefined {
    if (!this.adopts) return undefined;
    const byteLength = view.length;
    return {
      serial: this.buffers.push(view.slice().buffer) - 1,
      offset: 4096,
      byteLength,
      descriptor: 70_000,
    };
  }
  resolve({ serial, offset, byteLength, descriptor }: SharedReference): ArrayBuffer | undefined {
    const buffer = this.buffers[serial];
    const isIntact = descriptor === -1
      ? offset === serial * 2 ** 33
      : offset === 4096 && descriptor === 70_000;
    return isIntact && buffer?.byteLength === byteLength ? buffer : undefined;
  }
}

export const sharing: FakeSharing = new FakeSharing();
export const encoder: Encoder = new Encoder(sharing);
export const decoder: Decoder = new Decoder(sharing);
export const target: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
export const targetView: DataView = new DataView(target.buffer);

/** Encoded by one, decoded by the other; the room is small, so that much of it goes to private memory. */
export function roundTrip(value: unknown, start = 3, limit: number = target.length): unknown {
  const end = encoder.encode(value, target, targetView, start, limit);
  assert.equal(encoder.end, end);
  return decoder.decode(encoder.bytes, encoder.view, encoder.start, end);
}

export function encoded(value: unknown): Uint8Array {
  encoder.encode(value, target, targetView, 0, target.length);
  return encoder.bytes.slice(encoder.start, encoder.end);
}

export function decoded(bytes: Uint8Array): unknown {
  return decoder.decode(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
}

/** Whether two graphs are equal in every way that matters: types, -0, key order, holes, and who is who. */
export function assertSame(
  actual: unknown,
  expected: unknown,
  path = "value",
  seen: Map<object, object> = new Map(),
): void {
  if (typeof expected !== "object" || expected === null) {
    assert.ok(Object.is(actual, expected), `${path}: ${String(actual)} is not ${String(expected)}`);
    return;
  }
  assert.ok(typeof actual === "object" && actual !== null, `${path} is no object`);
  const twin = seen.get(expected);
  if (twin !== undefined) {
    assert.ok(twin === actual, `${path}: another object than before`);
    return;
  }
  seen.set(expected, actual);
  assert.equal(Object.getPrototypeOf(actual), Object.getPrototypeOf(expected), `${path}: prototype`);
  if ([Date, Number, String, Boolean, BigInt].some((boxed) => expected instanceof boxed)) {
    assertSame(actual.valueOf(), expected.valueOf(), `${path}.valueOf()`, seen);
  }
  if (expected instanceof Map) {
    assertSame([...actual as Map<unknown, unknown>].flat(), [...expected].flat(), `${path} entries`, seen);
    return;
  }
  if (expected instanceof Set) {
    assertSame([...actual as Set<unknown>], [...expected], `${path} values`, seen);
    return;
  }
  if (expected instanceof ArrayBuffer) {
    assert.deepEqual(new Uint8Array(actual as ArrayBuffer), new Uint8Array(expected), path);
    return;
  }
  const keys = Object.keys(expected);
  assert.deepEqual(Object.keys(actual), keys, `${path}: keys`);
  if (Array.isArray(expected)) assert.equal((actual as unknown[]).length, expected.length, `${path}.length`);
  for (const key of keys) {
    assertSame(
      (actual as Record<string, unknown>)[key],
      (expected as Record<string, unknown>)[key],
      `${path}.${key}`,
      seen,
    );
  }
}

export function assertCarried(...values: unknown[]): void {
  for (const value of values) assertSame(roundTrip(value), value);
}

export function assertRefused(value: unknown, path: string, problem: RegExp): CodecError {
  try {
    roundTrip(value);
  } catch (error) {
    assert.ok(error instanceof CodecError, String(error));
    assert.equal(error.path, path);
    assert.ok(error.message.startsWith(`${path} `), error.message);
    assert.match(error.message, problem);
    return error;
  }
  throw new assert.AssertionError({ message: `${path} was carried` });
}
