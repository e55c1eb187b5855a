/**
 * A text cut into pieces of equal length: a piece has the lines that begin in it.
 *
 * @module
 */
import { FormatError } from "../errors.ts";
import type { Text } from "./parse_rows.ts";
import type { TextRoom } from "./plain_kernel.ts";
import { PADDING_BYTES } from "./scan_number.ts";
import type { TextSource } from "./text_source.ts";

/** For tests: pieces as short as one byte. */
export const textTuning: { pieceBytes: number } = { pieceBytes: 2 ** 18 };

/** Read beyond the end of a piece at once: lines are mostly shorter. */
const TAIL_BYTES = 4096;

const PAGE_BYTES = 4096;

/** Reads pieces into one buffer, which grows with the longest line. */
export class PieceReader {
  readonly #source: TextSource;
  readonly #start: number;
  readonly #pieceBytes: number;
  readonly #what: string;
  readonly #room: TextRoom | undefined;
  #bytes = new Uint8Array(0);
  /** The buffer; other memory after a long line. */
  text: Text = { bytes: this.#bytes, words: new DataView(this.#bytes.buffer) };
  /** Lines of the last piece that was read, in `text`. */
  from = 0;
  to = 0;
  /** Where in the source the first byte of `text` would be; what is before `from` is anything. */
  offset = 0;

  /** The text from `start`, a beginning of a line, to the end; read into `room` unless lines are too long for it. */
  constructor(source: TextSource, start: number, what: string, room?: TextRoom) {
    this.#source = source;
    this.#start = start;
    this.#pieceBytes = textTuning.pieceBytes;
    this.#what = what;
    this.#room = room;
    this.#reserve(PAGE_BYTES + this.#pieceBytes + TAIL_BYTES);
  }

  /** How many pieces there are. */
  get count(): number {
    return Math.ceil(Math.max(0, this.#source.byteLength - this.#start) / this.#pieceBytes);
  }

  /**
   * Reads a piece: its lines are then from `from` to `to` in `text`, each with a line feed.
   *
   * @throws {FormatError} when the file has become shorter
   */
  read(index: number): void {
    const source = this.#source;
    const begin = this.#start + index * this.#pieceBytes;
    const end = Math.min(begin + this.#pieceBytes, source.byteLength);
    // the byte before tells whether a line begins with the first one
    const first = index === 0 ? begin : begin - 1;
    // half a page apart: some processors copy five times slower where addresses are alike, up to 32 bytes
    const place = (first + PAGE_BYTES / 2) % PAGE_BYTES;
    this.offset = first - place;
    let length = this.#fill(place, end + TAIL_BYTES - this.offset);
    this.from = index === 0 ? place : 1 + this.#bytes.subarray(0, length).indexOf(10, place);
    const last = end - this.offset - 1;
    if (index > 0 && (this.from === 0 || this.from > last)) {
      this.from = this.to = place;
      return;
    }
    for (let searched = last;;) {
      const feed = this.#bytes.subarray(0, length).indexOf(10, searched);
      this.to = feed + 1;
      if (feed >= 0) break;
      searched = length;
      if (this.offset + length < source.byteLength) {
        length = this.#fill(length, 2 * length);
      } else {
        // the last line may have none
        this.#reserve(length + 1);
        this.#bytes[length] = 10;
        this.to = length + 1;
        break;
      }
    }
    this.#bytes.fill(0, this.to, this.to + PADDING_BYTES);
  }

  /** Reads on behind the first `done` bytes, up to `wanted` in all. */
  #fill(done: number, wanted: number): number {
    const total = Math.min(wanted, this.#source.byteLength - this.offset);
    this.#reserve(total + 1);
    const length = done + this.#source.read(this.#bytes.subarray(done, total), this.offset + done);
    if (length === total) return length;
    throw new FormatError(
      `${this.#what}: the file has become shorter while it was read: ` +
        `wanted ${this.#source.byteLength} bytes, got ${this.offset + length}`,
    );
  }

  #reserve(byteLength: number): void {
    if (this.#bytes.length >= byteLength + PADDING_BYTES) return;
    const wanted = byteLength + PADDING_BYTES;
    const room = this.#room !== undefined && wanted <= this.#room.bytes.length ? this.#room : undefined;
    const larger = room?.bytes ?? new Uint8Array(wanted);
    larger.set(this.#bytes);
    this.#bytes = larger;
    const words = new DataView(larger.buffer, larger.byteOffset, larger.length);
    this.text = { bytes: larger, words, parsePlain: room?.parse };
  }
}
