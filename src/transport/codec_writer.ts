/**
 * Bytes out: into the caller's memory, then, where that ends, into private memory that grows.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Refusal } from "./codec_refusal.ts";
import * as tag from "./tags.ts";

/** Private memory that is kept from message to message. */
const KEPT_BYTES = 1 << 20;
const STEP_BYTES = 256 * (1 << 20);
const UTF8_BYTES_PER_UNIT = 3;

const utf8 = new TextEncoder();
const nothing = new Uint8Array(0);
const nothingView = new DataView(nothing.buffer);

/**
 * Where an encoder writes. A position is an offset in `bytes`; whoever writes takes the position and returns the
 * next, because it may change when the bytes move to private memory.
 */
export abstract class ByteWriter {
  /** The memory that holds the message; the caller's, or private when `spilled`. */
  bytes: Uint8Array = nothing;
  /** The same memory. */
  view: DataView = nothingView;
  /** Where the message starts in `bytes`. */
  start = 0;
  /** Where it ends. */
  end = 0;
  /** Whether it did not fit the caller's memory. */
  spilled = false;
  #limit = 0;
  #spare: Uint8Array = nothing;

  /** Starts a message in the caller's memory. */
  protected open(bytes: Uint8Array, view: DataView, start: number, limit: number): void {
    this.bytes = bytes;
    this.view = view;
    this.start = start;
    this.end = start;
    this.spilled = false;
    this.#limit = limit;
  }

  /** Makes room for `count` bytes at `pos`; returns where they go. */
  ensure(pos: number, count: number): number {
    return pos + count <= this.#limit ? pos : this.#spill(pos, count);
  }

  #spill(pos: number, count: number): number {
    const used = pos - this.start;
    const needed = used + count;
    let memory = this.#spare;
    if (memory.length < needed || memory === this.bytes) {
      memory = allocate(needed + Math.min(Math.max(needed, 4096), STEP_BYTES));
    }
    memory.set(this.bytes.subarray(this.start, pos));
    this.#spare = memory.length <= KEPT_BYTES ? memory : nothing;
    this.bytes = memory;
    this.view = new DataView(memory.buffer);
    this.start = 0;
    this.spilled = true;
    this.#limit = memory.length;
    return used;
  }

  /** One byte. */
  byte(value: number, pos: number): number {
    const at = this.ensure(pos, 1);
    this.bytes[at] = value;
    return at + 1;
  }

  /** A tag and a length, count or id. */
  tagged(tagByte: number, value: number, pos: number): number {
    const at = this.ensure(pos, 10);
    this.bytes[at] = tagByte;
    if (value < 254) {
      this.bytes[at + 1] = value;
      return at + 2;
    }
    return this.uint(value, at + 1);
  }

  /** A length, count or id: a non-negative safe integer. */
  uint(value: number, pos: number): number {
    const at = this.ensure(pos, 9);
    if (value < 254) {
      this.bytes[at] = value;
      return at + 1;
    }
    if (value <= 0xffffffff) {
      this.bytes[at] = 254;
      this.view.setUint32(at + 1, value, true);
      return at + 5;
    }
    this.bytes[at] = 255;
    this.view.setFloat64(at + 1, value, true);
    return at + 9;
  }

  /** Bytes as they are. */
  raw(source: Uint8Array, pos: number): number {
    const count = source.length;
    const at = this.ensure(pos, count);
    if (count <= 32) {
      for (let i = 0; i < count; i++) this.bytes[at + i] = source[i]!;
    } else {
      this.bytes.set(source, at);
    }
    return at + count;
  }

  /** A number, with its tag. */
  number(value: number, pos: number): number {
    const at = this.ensure(pos, 9);
    if ((value | 0) !== value || Object.is(value, -0)) {
      this.bytes[at] = tag.DOUBLE;
      this.view.setFloat64(at + 1, value, true);
      return at + 9;
    }
    if (value >= tag.SMALL_INT_MIN && value <= tag.SMALL_INT_MAX) {
      this.bytes[at] = tag.SMALL_INT + value;
      return at + 1;
    }
    if (value >= -0x8000 && value < 0x8000) {
      this.bytes[at] = tag.INT16;
      this.view.setInt16(at + 1, value, true);
      return at + 3;
    }
    this.bytes[at] = tag.INT32;
    this.view.setInt32(at + 1, value, true);
    return at + 5;
  }

  /** A bigint, with its tag. */
  bigint(value: bigint, pos: number): number {
    const at = this.ensure(pos, 9);
    if (BigInt.asIntN(64, value) === value) {
      this.bytes[at] = tag.BIGINT64;
      this.view.setBigInt64(at + 1, value, true);
      return at + 9;
    }
    this.bytes[at] = tag.BIGINT;
    this.bytes[at + 1] = value < 0n ? 1 : 0;
    return this.string((value < 0n ? -value : value).toString(16), at + 2);
  }

  /** A string, with its tag. */
  string(value: string, pos: number): number {
    const length = value.length;
    if (length >= tag.SHORT_STRING_LIMIT) return this.#text(value, pos);
    const at = this.ensure(pos, length + 1);
    const bytes = this.bytes;
    bytes[at] = tag.SHORT_STRING + length;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0xff) return this.#text(value, at);
      bytes[at + 1 + i] = unit;
    }
    return at + 1 + length;
  }

  /** The engine's own UTF-8 encoder tells by what it wrote whether all was ASCII: no scan in JavaScript. */
  #text(value: string, pos: number): number {
    const length = value.length;
    // Three bytes a unit is the worst case; for long strings measuring costs less than touching that memory.
    const most = length < 1 << 16 ? length * UTF8_BYTES_PER_UNIT : Buffer.byteLength(value, "utf8");
    const at = this.ensure(pos, most + 5);
    const from = at + 5;
    const { written } = utf8.encodeInto(value, this.bytes.subarray(from, from + most));
    if (written !== length && !value.isWellFormed()) return this.#utf16(value, at);
    this.bytes[at] = written === length ? tag.LATIN1 : tag.UTF8;
    this.view.setUint32(at + 1, written, true);
    return from + written;
  }

  #utf16(value: string, pos: number): number {
    const length = value.length;
    const at = this.ensure(pos, 5 + length * 2);
    this.bytes[at] = tag.UTF16;
    this.view.setUint32(at + 1, length * 2, true);
    for (let i = 0; i < length; i++) this.view.setUint16(at + 5 + i * 2, value.charCodeAt(i), true);
    return at + 5 + length * 2;
  }
}

function allocate(byteLength: number): Uint8Array {
  try {
    return new Uint8Array(byteLength);
  } catch (thrown) {
    throw new Refusal(`makes the message ${byteLength} bytes long, which cannot be allocated`, thrown);
  }
}
