/**
 * Items that the master makes while the workers run: one slot of shared memory each, which is written again only when
 * the outcome of its job is there. A job may take long, or be tried again, while those after it come and go: which
 * slot an item is in stands in a directory that is much longer than the look-ahead.
 *
 * @module
 */
import { allocateBuffer, releaseBuffer } from "../memory/segment.ts";
import type { Decoder } from "../transport/decoder.ts";
import { Encoder } from "../transport/encoder.ts";
import { ItemSharing, type WorkerSharing } from "../transport/segment_sharing.ts";

const SLOT_BYTES = 4096;
/** length, or with length -1 the reference of a segment: serial, descriptor, bytes */
const HEADER_BYTES = 32;
/** Items that may come and go while one is held. */
const DIRECTORY_ENTRIES = 2 ** 14;
const VACANT = -1;

/** Hands items over. */
export class ItemFeed {
  readonly #buffer: ArrayBuffer;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #doubles: Float64Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;
  readonly #sharing = new ItemSharing();
  readonly #encoder = new Encoder(this.#sharing);
  readonly #directory: Int32Array<ArrayBuffer>;
  readonly #free: number[] = [];
  /** What must live until the worker has taken the item, by slot. */
  readonly #held: unknown[] = [];

  /** A feed of `length` slots; the workers must be forked after it is made. */
  constructor(length: number) {
    this.#buffer = allocateBuffer(length * SLOT_BYTES + 4 * DIRECTORY_ENTRIES, "the items of imap");
    this.#bytes = new Uint8Array(this.#buffer);
    this.#doubles = new Float64Array(this.#buffer);
    this.#view = new DataView(this.#buffer);
    this.#directory = new Int32Array(this.#buffer, length * SLOT_BYTES, DIRECTORY_ENTRIES).fill(VACANT);
    for (let slot = length - 1; slot >= 0; slot--) this.#free.push(slot);
  }

  /** Master: whether item `index` can be put. */
  hasRoom(index: number): boolean {
    return this.#free.length > 0 && this.#directory[index % DIRECTORY_ENTRIES] === VACANT;
  }

  /** Master: the outcome of job `index` is there; nobody will ask for its item again. */
  vacate(index: number): void {
    const entry = index % DIRECTORY_ENTRIES;
    const slot = this.#directory[entry]!;
    this.#directory[entry] = VACANT;
    this.#held[slot] = undefined;
    this.#free.push(slot);
  }

  /**
   * Master: writes item `index`, for which there must be room.
   *
   * @throws {CodecError} when it cannot be carried
   */
  put(index: number, item: unknown): void {
    const slot = this.#free.pop()!;
    this.#directory[index % DIRECTORY_ENTRIES] = slot;
    const at = slot * SLOT_BYTES;
    const start = at + HEADER_BYTES;
    this.#sharing.adopted = [];
    const encoder = this.#encoder;
    const end = encoder.encode(item, this.#bytes, this.#view, start, at + SLOT_BYTES, "item");
    if (encoder.spilled) {
      const outside = encoder.bytes.subarray(encoder.start, encoder.end);
      const { serial, descriptor, byteLength } = this.#sharing.adopt(outside)!;
      this.#doubles.set([-1, serial, descriptor, byteLength], at / 8);
    } else this.#doubles[at / 8] = end - start;
    this.#held[slot] = [item, this.#sharing.adopted];
  }

  /** Worker: item `index`. */
  at(index: number, decoder: Decoder, sharing: WorkerSharing): unknown {
    const at = this.#directory[index % DIRECTORY_ENTRIES]! * SLOT_BYTES;
    const length = this.#doubles[at / 8]!;
    const start = at + HEADER_BYTES;
    if (length >= 0) return decoder.decode(this.#bytes, this.#view, start, start + length);
    const [serial, descriptor, byteLength] = this.#doubles.subarray(
      at / 8 + 1,
      at / 8 + 4,
    ) as unknown as number[];
    const reference = { serial: serial!, descriptor: descriptor!, byteLength: byteLength!, offset: 0 };
    const buffer = sharing.resolve(reference);
    if (buffer === undefined) throw new Error(`item ${index} could not be opened`);
    const item = decoder.decode(new Uint8Array(buffer), new DataView(buffer), 0, buffer.byteLength);
    releaseBuffer(buffer);
    return item;
  }

  /** Master: the memory is not needed any more. */
  close(): void {
    this.#held.length = 0;
    releaseBuffer(this.#buffer);
  }
}
