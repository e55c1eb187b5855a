/**
 * A worker's end of its result ring.
 *
 * Each result is published by itself, by one store of the write cursor, so that what a worker had finished when it
 * was killed is not lost. The master is rung rarely, when much is unread or somebody asks for it.
 *
 * @module
 */
import { CodecError } from "../errors.ts";
import { futexWait } from "../sync/futex.ts";
import type { Encoder } from "./encoder.ts";
import * as format from "./result_format.ts";

/** Where a ring and its cursors lie. */
export interface RingPlace {
  /** The ring under its types. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Int32Array<ArrayBuffer>;
  readonly doubles: Float64Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  /** The words that hold the cursors. */
  readonly control: Int32Array<ArrayBuffer>;
  /** How far the worker has written and the master has read, in bytes since the start, modulo 2^32. */
  readonly write: number;
  readonly read: number;
  /** Set while the worker sleeps for room. */
  readonly stalled: number;
}

/** Carries what is too long for the ring. */
export interface Spill {
  /** Copies `bytes` into a segment that the master can open; its serial. */
  send(bytes: Uint8Array<ArrayBuffer>): number;
}

/** The empty part of a ring is entered anew from the start when the cursor is beyond this: its pages are warm. */
const REWIND_BYTES = 2 ** 18;
const STALL_SLICE_MS = 100;
/** Room that is made before a value is encoded in place. */
const PLACE_BYTES = 4096;

/** Writes results; single producer. */
export class ResultWriter {
  readonly #place: RingPlace;
  readonly #encoder: Encoder;
  readonly #spill: Spill;
  readonly #ring: () => void;
  readonly #size: number;
  readonly #mask: number;
  readonly #bellBytes: number;
  #written = 0;
  #knownRead = 0;
  #rungAt = 0;

  /** `ring` wakes the master. The cursors start at zero. */
  constructor(place: RingPlace, encoder: Encoder, spill: Spill, ring: () => void) {
    this.#place = place;
    this.#encoder = encoder;
    this.#spill = spill;
    this.#ring = ring;
    this.#size = place.bytes.length;
    this.#mask = this.#size - 1;
    this.#bellBytes = Math.min(this.#size / 4, 2 ** 17);
    this.#written = Atomics.load(place.control, place.write);
    this.#knownRead = Atomics.load(place.control, place.read);
    this.#rungAt = this.#written;
  }

  /** Rings for all that was written. */
  announce(): void {
    this.#rungAt = this.#written;
    this.#ring();
  }

  /** The results that follow are those of jobs `index`, `index + 1`, … */
  seek(index: number): void {
    this.#mark(format.SEEK, index);
  }

  /**
   * Appends one result.
   *
   * @throws {CodecError} when it cannot be carried; nothing is appended then
   */
  put(value: unknown): void {
    if (typeof value === "number") {
      const at = this.#reserve(8);
      if (value === value) this.#place.doubles[at >>> 3] = value;
      else {
        this.#place.words[at >>> 2] = 0;
        this.#place.words[(at >>> 2) + 1] = format.NAN_HIGH;
      }
      this.#publish(8);
    } else if (value === undefined) this.#mark(format.UNDEFINED, 0);
    else if (value === null) this.#mark(format.NULL, 0);
    else if (typeof value === "boolean") this.#mark(value ? format.TRUE : format.FALSE, 0);
    else this.#putEncoded(format.VALUE, value);
  }

  /** Appends what user code threw, or an error of the package's own, instead of a result. */
  putError(kind: typeof format.THROWN | typeof format.REFUSED, error: unknown): void {
    this.#putEncoded(kind, error);
  }

  #putEncoded(kind: number, value: unknown): void {
    const at = this.#reserve(PLACE_BYTES) + 8;
    const { bytes, view } = this.#place;
    const encoder = this.#encoder;
    const limit = at - 8 + this.#contiguous(at - 8);
    const end = kind === format.VALUE
      ? encoder.encode(value, bytes, view, at, limit, "result")
      : encoder.encodeError(value, bytes, view, at, limit);
    if (!encoder.spilled) {
      const length = end - at;
      this.#put(at - 8, kind, length);
      this.#publish(8 + format.padded(length));
      return;
    }
    const outside = encoder.bytes.subarray(encoder.start, encoder.end) as Uint8Array<ArrayBuffer>;
    if (outside.length <= format.MAX_INLINE_BYTES) {
      const from = this.#reserve(8 + format.padded(outside.length));
      this.#put(from, kind, outside.length);
      bytes.set(outside, from + 8);
      this.#publish(8 + format.padded(outside.length));
      return;
    }
    const serial = this.#spill.send(outside);
    const from = this.#reserve(24);
    this.#put(from, format.SPILLED, kind);
    this.#place.doubles[(from >>> 3) + 1] = serial;
    this.#place.doubles[(from >>> 3) + 2] = outside.length;
    this.#publish(24);
  }

  #mark(kind: number, low: number): void {
    this.#put(this.#reserve(8), kind, low);
    this.#publish(8);
  }

  #put(at: number, kind: number, low: number): void {
    this.#place.words[at >>> 2] = low;
    this.#place.words[(at >>> 2) + 1] = format.MARK | kind;
  }

  #publish(bytes: number): void {
    const { control, write } = this.#place;
    this.#written = (this.#written + bytes) | 0;
    Atomics.store(control, write, this.#written);
    if (((this.#written - this.#rungAt) | 0) > this.#bellBytes) this.announce();
  }

  /** Free bytes from `at` to the end of the ring or to what is unread. */
  #contiguous(at: number): number {
    const free = this.#size - ((this.#written - this.#knownRead) | 0);
    return Math.min(free, this.#size - at);
  }

  /** The offset of `need` free bytes in one piece; waits for the master to make room. */
  #reserve(need: number): number {
    let at = this.#written & this.#mask;
    if (at < REWIND_BYTES && this.#contiguous(at) >= need) return at;
    const { control, read } = this.#place;
    for (;;) {
      this.#knownRead = Atomics.load(control, read);
      at = this.#written & this.#mask;
      const unread = (this.#written - this.#knownRead) | 0;
      const rewinds = unread === 0 && at >= Math.max(REWIND_BYTES, need);
      if (!rewinds && this.#contiguous(at) >= need) return at;
      // the rest of this turn of the ring is left empty: possible once everything in front is read
      const rest = this.#size - at;
      const fits = this.#size - unread - rest >= need;
      if (at !== 0 && fits) {
        this.#put(at, format.WRAP, 0);
        this.#publish(rest);
        continue;
      }
      this.#waitForRoom();
    }
  }

  #waitForRoom(): void {
    const { control, read, stalled } = this.#place;
    this.announce();
    Atomics.store(control, stalled, 1);
    if (Atomics.load(control, read) === this.#knownRead) {
      futexWait(control, read, this.#knownRead, STALL_SLICE_MS);
    }
    Atomics.store(control, stalled, 0);
  }
}

/** The error for a job whose result cannot be carried, with the job's index. */
export function atJob(error: CodecError, index: number): CodecError {
  return new CodecError(error.path, error.message.slice(error.path.length + 1), index, {
    cause: error.cause,
  });
}
