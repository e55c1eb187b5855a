/**
 * Shared memory by reference between a worker and its master.
 *
 * What existed at the fork is known to both by inheritance. What a worker makes later goes to the master as a
 * descriptor; what the master makes later a worker opens through `/proc/<master>/fd`.
 *
 * @module
 */
import { EMFILE, O_CLOEXEC, O_RDWR } from "../../ffi/constants.ts";
import { c, closeAll, cString, systemCallError } from "../../ffi/libc.ts";
import {
  allocateBuffer,
  findBuffer,
  lastSerial,
  mapDescriptor,
  releaseBuffer,
  segmentOf,
} from "../memory/segment.ts";
import { receiveDescriptor, sendDescriptor } from "./descriptor_channel.ts";
import type { SpillReader } from "./result_reader.ts";
import type { Spill } from "./result_writer.ts";
import type { BufferSharing, SharedReference } from "./sharing.ts";

/** A worker's side. */
export class WorkerSharing implements BufferSharing, Spill {
  readonly #socket: number;
  readonly #masterPid: number;
  readonly #whenFull: () => void;
  readonly #inheritedUpTo = lastSerial();
  readonly #known = new Set<number>();
  readonly #sent: () => void;

  /** `sent` is called for each descriptor that was sent, `whenFull` when the master has to take some first. */
  constructor(socket: number, masterPid: number, sent: () => void, whenFull: () => void) {
    this.#socket = socket;
    this.#masterPid = masterPid;
    this.#sent = sent;
    this.#whenFull = whenFull;
  }

  identify(buffer: ArrayBufferLike): SharedReference | undefined {
    const segment = segmentOf(buffer);
    if (segment === undefined) return undefined;
    const { serial, descriptor } = segment;
    if (serial > this.#inheritedUpTo && !this.#known.has(serial) && descriptor >= 0) {
      this.#send(serial, descriptor);
      this.#known.add(serial);
    }
    return { serial, offset: segment.bufferOffset, byteLength: buffer.byteLength, descriptor: -1 };
  }

  adopt(view: Uint8Array): SharedReference | undefined {
    const buffer = allocateBuffer(view.byteLength, `a result of ${view.byteLength} bytes`);
    new Uint8Array(buffer).set(view);
    const reference = this.identify(buffer);
    // the master has its own descriptor now
    releaseBuffer(buffer);
    return reference;
  }

  resolve({ serial, offset, byteLength, descriptor }: SharedReference): ArrayBuffer | undefined {
    const present = findBuffer(serial, offset, byteLength);
    if (present !== undefined || descriptor < 0) return present;
    const fd = c.open(cString(`/proc/${this.#masterPid}/fd/${descriptor}`), O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return undefined;
    this.#known.add(serial);
    return mapDescriptor(serial, fd, offset, byteLength);
  }

  send(bytes: Uint8Array<ArrayBuffer>): number {
    return this.adopt(bytes)!.serial;
  }

  #send(serial: number, descriptor: number): void {
    sendDescriptor(this.#socket, serial, descriptor, this.#whenFull);
    this.#sent();
  }
}

/** The master's side towards all workers, for items that it sends after the fork. */
export class ItemSharing implements BufferSharing {
  /** Buffers made for the item being encoded: to be kept until a worker has taken it. */
  adopted: ArrayBuffer[] = [];

  identify(buffer: ArrayBufferLike): SharedReference | undefined {
    const segment = segmentOf(buffer);
    if (segment === undefined) return undefined;
    const { serial, bufferOffset: offset, descriptor } = segment;
    return { serial, offset, byteLength: buffer.byteLength, descriptor };
  }

  adopt(view: Uint8Array): SharedReference | undefined {
    const buffer = allocateBuffer(view.byteLength, `an item of ${view.byteLength} bytes`);
    new Uint8Array(buffer).set(view);
    this.adopted.push(buffer);
    return this.identify(buffer);
  }

  /** The master receives no items. */
  resolve(): undefined {}
}

/** The master's side towards one worker, for its results. */
export class MasterSharing implements BufferSharing {
  readonly #socket: number;
  readonly #arrived = new Map<number, number>();

  /** Receives from `socket`. */
  constructor(socket: number) {
    this.#socket = socket;
  }

  /** The master sends no results. */
  identify(): undefined {}

  /** The master sends no results. */
  adopt(): undefined {}

  resolve({ serial, offset, byteLength }: SharedReference): ArrayBuffer | undefined {
    return findBuffer(serial, offset, byteLength) ?? this.#map(serial, offset, byteLength);
  }

  /** Gives the bytes of a spilled payload for the time of `use`. */
  readonly readSpill: SpillReader = (serial, length, use) => {
    const buffer = this.#map(serial, 0, length);
    if (buffer === undefined) throw new Error(`segment ${serial} of a result did not arrive`);
    try {
      use(new Uint8Array(buffer));
    } finally {
      releaseBuffer(buffer);
    }
  };

  /** Takes in what has arrived, so that the worker can send on. */
  receive(): void {
    for (
      let next = receiveDescriptor(this.#socket);
      next !== undefined;
      next = receiveDescriptor(this.#socket)
    ) {
      this.#arrived.set(next.serial, next.descriptor);
    }
  }

  /** Closes what was received and never asked for; what was not received goes with the socket. */
  close(): void {
    closeAll(...this.#arrived.values());
    this.#arrived.clear();
  }

  #map(serial: number, offset: number, byteLength: number): ArrayBuffer | undefined {
    if (!this.#arrived.has(serial)) this.receive();
    const descriptor = this.#arrived.get(serial);
    if (descriptor === undefined) return undefined;
    this.#arrived.delete(serial);
    if (descriptor < 0) throw systemCallError("recvmsg", `segment ${serial} of a result`, EMFILE);
    return mapDescriptor(serial, descriptor, offset, byteLength);
  }
}
