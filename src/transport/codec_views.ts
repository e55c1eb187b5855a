/**
 * Typed arrays, `DataView`s, `Buffer`s and the memory behind them. Shared memory goes by identity; of private
 * memory, a view of a whole buffer carries the buffer (so that views of one buffer still share it afterwards), a
 * view of a part only the bytes that it shows.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { isArrayBuffer, isSharedArrayBuffer } from "./codec_kinds.ts";
import { Refusal } from "./codec_refusal.ts";
import type { SharedReference } from "./sharing.ts";
import * as tag from "./tags.ts";

/** From here on a private view is offered to {@linkcode BufferSharing.adopt}. */
const ADOPT_BYTES = 1 << 20;

type ViewClass = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => ArrayBufferView;

interface ViewType {
  readonly name: string;
  readonly itemBytes: number;
  readonly make: ViewClass;
}

/** The position is the view's type in a message. */
const viewTypes: readonly ViewType[] = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float16Array,
  Float32Array,
  Float64Array,
].map((make) => ({ name: make.name, itemBytes: make.BYTES_PER_ELEMENT, make: make as ViewClass }));
const DATA_VIEW = viewTypes.length;
const NODE_BUFFER = DATA_VIEW + 1;
const UINT8 = 1;

const typeByName = new Map(viewTypes.map(({ name }, type) => [name, type]));

/** `%TypedArray%.prototype[Symbol.toStringTag]`: the name of the class by internal slot; undefined for a DataView. */
const classNameOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)!.get as (this: unknown) => string | undefined;

/** Writes a view that the encoder has registered. */
export function writeView(encoder: Encoder, view: ArrayBufferView, pos: number): number {
  const type = typeOf(view);
  const buffer = view.buffer;
  // A DataView whose memory is gone throws where a typed array has length 0.
  const isGone = type === DATA_VIEW && isDetachedView(view as DataView);
  const byteLength = isGone ? 0 : view.byteLength;
  const byteOffset = isGone ? 0 : view.byteOffset;
  if (byteLength === 0) return encoder.uint(0, encoder.byte(type, encoder.byte(tag.VIEW, pos)));
  const isWhole = byteLength === buffer.byteLength;
  const length = byteLength / itemBytesOf(type);
  const shared = encoder.sharing.identify(buffer);
  if (shared !== undefined || encoder.isKnown(buffer)) {
    const at = writeViewOf(encoder, type, byteOffset, length, pos);
    const number = encoder.register(buffer);
    return number >= 0 ? encoder.tagged(tag.REFERENCE, number, at) : writeReference(encoder, shared!, at);
  }
  if (!isArrayBuffer(buffer)) throw sharedArrayBufferRefusal();
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const adopted = byteLength >= ADOPT_BYTES ? encoder.sharing.adopt(bytes) : undefined;
  if (adopted !== undefined) {
    // Later views of the same buffer find the adopted one, if it is all there.
    encoder.register(isWhole ? buffer : bytes);
    return writeReference(encoder, adopted, writeViewOf(encoder, type, 0, length, pos));
  }
  if (isWhole) encoder.register(buffer);
  const at = encoder.byte(type, encoder.byte(isWhole ? tag.WHOLE_VIEW : tag.VIEW, pos));
  return encoder.raw(bytes, encoder.uint(byteLength, at));
}

function writeViewOf(
  encoder: Encoder,
  type: number,
  byteOffset: number,
  length: number,
  pos: number,
): number {
  return encoder.uint(length, encoder.uint(byteOffset, encoder.byte(type, encoder.byte(tag.VIEW_OF, pos))));
}

/** Writes a buffer that the encoder has registered; -1 for an impostor. */
export function writeBuffer(encoder: Encoder, value: object, pos: number): number {
  const buffer = value as ArrayBufferLike;
  const shared = encoder.sharing.identify(buffer);
  if (shared !== undefined) return writeReference(encoder, shared, pos);
  if (isArrayBuffer(buffer)) {
    const at = encoder.tagged(tag.BUFFER, buffer.byteLength, pos);
    // A detached buffer has no view.
    return buffer.byteLength === 0 ? at : encoder.raw(new Uint8Array(buffer), at);
  }
  if (isSharedArrayBuffer(buffer)) throw sharedArrayBufferRefusal();
  return -1;
}

function writeReference(encoder: Encoder, reference: SharedReference, pos: number): number {
  let at = encoder.tagged(tag.SHARED_BUFFER, reference.serial, pos);
  at = encoder.uint(reference.byteLength, encoder.uint(reference.offset, at));
  return encoder.uint(reference.descriptor + 1, at);
}

/** Reads what follows `VIEW`. */
export function readView(decoder: Decoder): ArrayBufferView {
  const slot = decoder.reserve();
  const type = decoder.byte();
  const byteLength = decoder.count(1);
  const buffer = decoder.copy(byteLength);
  return decoder.fill(slot, makeView(type, buffer, 0, byteLength / itemBytesOf(type)));
}

/** Reads what follows `WHOLE_VIEW`. */
export function readWholeView(decoder: Decoder): ArrayBufferView {
  const slot = decoder.reserve();
  const bufferSlot = decoder.reserve();
  const type = decoder.byte();
  const byteLength = decoder.count(1);
  const buffer = decoder.fill(bufferSlot, decoder.copy(byteLength));
  return decoder.fill(slot, makeView(type, buffer, 0, byteLength / itemBytesOf(type)));
}

/** Reads what follows `VIEW_OF`. */
export function readViewOf(decoder: Decoder): ArrayBufferView {
  const slot = decoder.reserve();
  const type = decoder.byte();
  const byteOffset = decoder.uint();
  const length = decoder.uint();
  const buffer = decoder.read();
  // Anything else would be taken for a list of elements; bounds are checked by the constructor.
  if (!(buffer instanceof ArrayBuffer || buffer instanceof SharedArrayBuffer)) {
    decoder.fail("a view of no buffer");
  }
  return decoder.fill(slot, makeView(type, buffer, byteOffset, length));
}

/** Reads what follows `BUFFER`. */
export function readBuffer(decoder: Decoder): ArrayBuffer {
  const slot = decoder.reserve();
  return decoder.fill(slot, decoder.copy(decoder.count(1)));
}

/** Reads what follows `SHARED_BUFFER`. */
export function readSharedBuffer(decoder: Decoder): ArrayBufferLike {
  const slot = decoder.reserve();
  const serial = decoder.uint();
  const offset = decoder.uint();
  const byteLength = decoder.uint();
  const buffer = decoder.sharing.resolve({ serial, offset, byteLength, descriptor: decoder.uint() - 1 });
  if (buffer === undefined) decoder.fail(`shared segment ${serial}, which is gone`);
  return decoder.fill(slot, buffer);
}

function typeOf(view: ArrayBufferView): number {
  const name = classNameOf.call(view);
  if (name === undefined) return DATA_VIEW;
  const type = typeByName.get(name);
  if (type === undefined) throw new Refusal(`is a ${name}, an unknown type of array`);
  return type === UINT8 && Buffer.isBuffer(view) ? NODE_BUFFER : type;
}

function itemBytesOf(type: number): number {
  return type < DATA_VIEW ? viewTypes[type]!.itemBytes : 1;
}

function makeView(
  type: number,
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
): ArrayBufferView {
  if (type < DATA_VIEW) return new viewTypes[type]!.make(buffer, byteOffset, length);
  if (type === NODE_BUFFER) return Buffer.from(buffer as ArrayBuffer, byteOffset, length);
  if (type === DATA_VIEW) return new DataView(buffer, byteOffset, length);
  throw new RangeError(`view type ${type} is unknown`);
}

function isDetachedView(view: DataView): boolean {
  try {
    return view.byteLength < 0;
  } catch {
    return true;
  }
}

function sharedArrayBufferRefusal(): Refusal {
  return new Refusal("is a SharedArrayBuffer or a view of one: make shared arrays with empty()");
}
