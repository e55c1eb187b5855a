/**
 * Bytes in. Lengths are checked against the bytes that are left before anything is allocated; reads of a few
 * bytes may go past the end of a damaged message (never of the memory), which the next check finds.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { CodecError } from "../errors.ts";
import * as tag from "./tags.ts";

/** Decoded strings up to this length are kept, as names and categories come again and again. */
const KEPT_LENGTH = 20;
const KEPT_STRINGS = 1024;

/** Methods of `Buffer` that its types leave out; three times as fast as `toString` for short strings. */
interface TextBuffer {
  latin1Slice(from: number, to: number): string;
  utf8Slice(from: number, to: number): string;
  ucs2Slice(from: number, to: number): string;
}

const nothing = new Uint8Array(0);

/** Reads one message at a time. */
export abstract class ByteReader {
  #bytes: Uint8Array = nothing;
  #view: DataView = new DataView(nothing.buffer);
  #text = Buffer.from(nothing.buffer) as unknown as TextBuffer;
  #pos = 0;
  #end = 0;
  readonly #strings: string[] = new Array(KEPT_STRINGS).fill("");

  /** Starts at `start`. */
  protected open(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      this.fail(`a message at ${start}…${end} of ${bytes.length} bytes`);
    }
    if (bytes !== this.#bytes) {
      this.#text = Buffer.from(
        bytes.buffer as ArrayBuffer,
        bytes.byteOffset,
        bytes.length,
      ) as unknown as TextBuffer;
    }
    this.#bytes = bytes;
    this.#view = view;
    this.#pos = start;
    this.#end = end;
  }

  /** Checks that nothing is left. */
  protected close(): void {
    if (this.#pos !== this.#end) {
      this.fail(`a message of another length (${this.#end - this.#pos} bytes are left)`);
    }
  }

  /** Gives up on a damaged message. */
  fail(found: string): never {
    throw new CodecError("result", `cannot be decoded: found ${found}`);
  }

  /** One byte. */
  byte(): number {
    const pos = this.#pos;
    if (pos >= this.#end) this.fail("the end of the message");
    this.#pos = pos + 1;
    return this.#bytes[pos]!;
  }

  /** A length, count or id. */
  uint(): number {
    const first = this.byte();
    if (first < 254) return first;
    const pos = this.#pos;
    if (first === 254) {
      this.#pos = pos + 4;
      return this.#view.getUint32(pos, true);
    }
    this.#pos = pos + 8;
    const value = this.#view.getFloat64(pos, true);
    if (!Number.isSafeInteger(value) || value < 0) this.fail(`a length of ${value}`);
    return value;
  }

  /** The count of things that take at least `itemBytes` each. */
  count(itemBytes: number): number {
    const count = this.uint();
    if (count * itemBytes > this.#end - this.#pos) {
      this.fail(`${count} items in ${this.#end - this.#pos} bytes`);
    }
    return count;
  }

  /** An i16. */
  protected int16(): number {
    const pos = this.#pos;
    this.#pos = pos + 2;
    return this.#view.getInt16(pos, true);
  }

  /** An i32. */
  protected int32(): number {
    const pos = this.#pos;
    this.#pos = pos + 4;
    return this.#view.getInt32(pos, true);
  }

  /** A u32. */
  protected uint32(): number {
    const pos = this.#pos;
    this.#pos = pos + 4;
    return this.#view.getUint32(pos, true);
  }

  /** An f64. */
  protected double(): number {
    const pos = this.#pos;
    this.#pos = pos + 8;
    return this.#view.getFloat64(pos, true);
  }

  /** An i64. */
  protected bigint64(): bigint {
    const pos = this.#pos;
    this.#pos = pos + 8;
    return this.#view.getBigInt64(pos, true);
  }

  /** An array of `count` f64s, which was checked. */
  protected doubles(count: number): number[] {
    const view = this.#view;
    const pos = this.#pos;
    const values = new Array<number>(count);
    for (let i = 0; i < count; i++) values[i] = view.getFloat64(pos + i * 8, true);
    this.#pos = pos + count * 8;
    return values;
  }

  /** Skips `count` bytes; calls `use` with the memory and where they are. */
  protected skip(count: number): number {
    const pos = this.#pos;
    if (count > this.#end - pos) this.fail(`${count} bytes, of which ${this.#end - pos} are there`);
    this.#pos = pos + count;
    return pos;
  }

  /** The memory of the message. */
  protected get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** A copy of the next bytes. */
  copy(count: number): ArrayBuffer {
    const pos = this.skip(count);
    // Not `buffer.slice`: the memory may be a SharedArrayBuffer. Not `bytes.slice`: the bytes may be a Buffer.
    return Uint8Array.prototype.slice.call(this.#bytes, pos, pos + count).buffer as ArrayBuffer;
  }

  /** A string of Latin-1 characters. */
  protected latin1(length: number): string {
    const pos = this.skip(length);
    return length <= KEPT_LENGTH ? this.#keptString(pos, length) : this.#text.latin1Slice(pos, pos + length);
  }

  /** A string in UTF-8. */
  protected utf8(): string {
    const length = this.uint32();
    const pos = this.skip(length);
    return this.#text.utf8Slice(pos, pos + length);
  }

  /** A string in UTF-16, lone surrogates and all. */
  protected utf16(): string {
    const length = this.uint32();
    const pos = this.skip(length);
    return this.#text.ucs2Slice(pos, pos + length);
  }

  /** A string that must come next. */
  text(): string {
    const first = this.byte();
    if (first >= tag.SHORT_STRING && first < tag.SHORT_STRING + tag.SHORT_STRING_LIMIT) {
      return this.latin1(first - tag.SHORT_STRING);
    }
    switch (first) {
      case tag.LATIN1:
        return this.latin1(this.uint32());
      case tag.UTF8:
        return this.utf8();
      case tag.UTF16:
        return this.utf16();
      default:
        return this.fail(`type ${first}, wanted a string`);
    }
  }

  /** Comparing a kept string with the bytes costs less than making it again. */
  #keptString(pos: number, length: number): string {
    const bytes = this.#bytes;
    let hash = length;
    for (let i = 0; i < length; i++) hash = Math.imul(hash, 31) + bytes[pos + i]! | 0;
    const slot = (hash ^ (hash >>> 15)) & (KEPT_STRINGS - 1);
    const kept = this.#strings[slot]!;
    if (kept.length === length) {
      let i = 0;
      while (i < length && kept.charCodeAt(i) === bytes[pos + i]) i++;
      if (i === length) return kept;
    }
    return this.#strings[slot] = this.#text.latin1Slice(pos, pos + length);
  }
}
