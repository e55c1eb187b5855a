/**
 * The master's end of a worker's result ring.
 *
 * @module
 */
import { EVERYONE, futexWake } from "../sync/futex.ts";
import type { Decoder } from "./decoder.ts";
import * as format from "./result_format.ts";
import type { RingPlace } from "./result_writer.ts";

/** What becomes of results. */
export interface ResultSink {
  /** Where plain values go by index, if nothing else is to be done with them. */
  readonly values: unknown[] | undefined;
  /** Takes a value when there is no `values`. */
  put(index: number, value: unknown): void;
  /** Takes what user code threw, or with `refused` an error of the package's own. */
  putError(index: number, thrown: ThrownValue, refused: boolean, worker: WorkerIdentity): void;
}

/** Is told where the worker's chunks begin. */
export type SeekListener = (index: number) => void;

/** The worker that a result came from. */
export interface WorkerIdentity {
  readonly rank: number;
  readonly pid: number;
}

/** An error as it came over. */
export interface ThrownValue {
  readonly error: unknown;
  readonly stack: string;
  readonly lossy: boolean;
}

/** Gives the bytes of a spilled payload for the time of `use`. */
export type SpillReader = (
  serial: number,
  length: number,
  use: (bytes: Uint8Array<ArrayBuffer>) => void,
) => void;

/** Reads results; single consumer. */
export class ResultReader {
  readonly #place: RingPlace;
  readonly #decoder: Decoder;
  readonly #readSpill: SpillReader;
  readonly #worker: WorkerIdentity;
  readonly #sought: SeekListener;
  readonly #mask: number;
  #read = 0;
  #index = 0;
  #furthest = 0;
  /** How many results and errors have come. */
  received = 0;
  /** How many results came encoded, because they are no plain numbers. */
  encoded = 0;

  /** Starts where both cursors are. */
  constructor(
    place: RingPlace,
    decoder: Decoder,
    readSpill: SpillReader,
    worker: WorkerIdentity,
    sought: SeekListener = () => {},
  ) {
    this.#place = place;
    this.#decoder = decoder;
    this.#readSpill = readSpill;
    this.#worker = worker;
    this.#sought = sought;
    this.#mask = place.bytes.length - 1;
    this.#read = Atomics.load(place.control, place.read);
  }

  /** The job whose result would come next. */
  get nextIndex(): number {
    return this.#index;
  }

  /** Whether anything is published that was not read. */
  get hasNews(): boolean {
    return Atomics.load(this.#place.control, this.#place.write) !== this.#read;
  }

  /** How far into the ring the worker has written, in bytes. */
  get furthest(): number {
    return this.#furthest;
  }

  /** Hands on everything that is published, in order, until `deadline` (of `performance.now()`); false if some is left. */
  drain(sink: ResultSink, deadline: number): boolean {
    const { control, write, read, stalled } = this.#place;
    const { values } = sink;
    for (;;) {
      const written = Atomics.load(control, write);
      if (this.#read === written) return true;
      // in pieces, so that a full ring neither stalls its worker nor the event loop
      for (let budget = 4096; budget > 0 && this.#read !== written; budget--) this.#step(sink, values);
      Atomics.store(control, read, this.#read);
      if (Atomics.load(control, stalled) !== 0) futexWake(control, read, EVERYONE);
      if (performance.now() > deadline) return false;
    }
  }

  #step(sink: ResultSink, values: unknown[] | undefined): void {
    const { words, doubles } = this.#place;
    const at = this.#read & this.#mask;
    if (at > this.#furthest) this.#furthest = at;
    const high = words[(at >>> 2) + 1]!;
    if ((high & format.MARK_MASK) !== format.MARK) {
      this.#read = (this.#read + 8) | 0;
      this.#deliver(sink, values, doubles[at >>> 3]);
      return;
    }
    const low = words[at >>> 2]!;
    const kind = high & 0xffff;
    switch (kind) {
      case format.SEEK:
        this.#index = low;
        this.#sought(low);
        break;
      case format.UNDEFINED:
        this.#deliver(sink, values, undefined);
        break;
      case format.NULL:
        this.#deliver(sink, values, null);
        break;
      case format.FALSE:
      case format.TRUE:
        this.#deliver(sink, values, kind === format.TRUE);
        break;
      case format.WRAP:
        this.#read = (this.#read + this.#mask + 1 - at) | 0;
        return;
      case format.SPILLED:
        this.#readSpill(doubles[(at >>> 3) + 1]!, doubles[(at >>> 3) + 2]!, (bytes) => {
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
          this.#payload(sink, values, low, bytes, view, 0, bytes.length);
        });
        this.#read = (this.#read + 16) | 0;
        break;
      default:
        this.#payload(sink, values, kind, this.#place.bytes, this.#place.view, at + 8, at + 8 + low);
        this.#read = (this.#read + format.padded(low)) | 0;
    }
    this.#read = (this.#read + 8) | 0;
  }

  #payload(
    sink: ResultSink,
    values: unknown[] | undefined,
    kind: number,
    bytes: Uint8Array<ArrayBuffer>,
    view: DataView<ArrayBuffer>,
    start: number,
    end: number,
  ): void {
    if (kind === format.VALUE) {
      this.encoded++;
      this.#deliver(sink, values, this.#decoder.decode(bytes, view, start, end));
      return;
    }
    this.received++;
    const thrown = this.#decoder.decodeError(bytes, view, start, end);
    sink.putError(this.#index++, thrown, kind === format.REFUSED, this.#worker);
  }

  #deliver(sink: ResultSink, values: unknown[] | undefined, value: unknown): void {
    this.received++;
    const index = this.#index++;
    if (values !== undefined) values[index] = value;
    else sink.put(index, value);
  }
}
