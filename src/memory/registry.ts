/**
 * The segments of this process and the buffers over them. A segment lives as long as one of its buffers does.
 *
 * ```
 * typed array ─▶ ArrayBuffer ═weak map═▶ Place ─▶ LiveSegment ─▶ mapping
 *                     ▲                    │
 *                     └──── weak ref ──────┘
 * ```
 *
 * The engines' own hooks do not serve. V8 has no deallocator for foreign memory, and with the flags that make fork safe
 * it never calls a finalizer; JavaScriptCore's deallocator could neither keep the memory for reuse nor serve several
 * buffers in one mapping; and a forked child never turns its event loop. So the dead are looked for (`collection.ts`).
 *
 * @module
 */
import { backend, c } from "../../ffi/libc.ts";
import type { Mapping } from "./mapping.ts";

/** One mapping of shared memory, with an inode of its own: the kernel frees it when the last process lets go. */
export interface Segment {
  /** Unique in the tree of processes. */
  readonly serial: number;
  /** Usable bytes. */
  readonly byteLength: number;
  /** Where it begins in this process; 0 when it has no bytes. */
  readonly address: number;
  /** A memfd that other processes can be given, or -1. */
  readonly descriptor: number;
}

/** A segment as one of its buffers sees it. */
export interface BufferSegment extends Segment {
  /** Where in the segment the buffer begins, in bytes. */
  readonly bufferOffset: number;
  /** The file that it maps from its beginning on, the same for every mapping of it; `undefined` for memory without a name. */
  readonly file: string | undefined;
}

/** A part of a segment, in bytes. */
export interface Part {
  readonly offset: number;
  readonly byteLength: number;
}

/** What a mapping is whose memory has a name: a file, a shared memory object. */
export interface Origin {
  /** Whether what is written stays in this process, copy on write: such memory is not shared. */
  readonly isPrivate: boolean;
  /** Which file, as `FileStatus` identifies it: two segments may map one. `undefined` where the kernel did not say. */
  readonly file: string | undefined;
  /** Whether its descriptor stays open as long as it is mapped, because that carries a lock. */
  readonly keepsDescriptor: boolean;
}

/** A segment of this process. */
export class LiveSegment implements Segment {
  readonly serial: number;
  readonly byteLength: number;
  /** `undefined` for a segment without bytes. */
  readonly mapping: Mapping | undefined;
  /** `undefined` for memory without a name, which is used again for other arrays. */
  readonly origin: Origin | undefined;
  /** The buffers over it that may be alive. */
  readonly places: Set<Place> = new Set();
  #descriptor: number;

  constructor(serial: number, byteLength: number, mapping: Mapping | undefined, origin?: Origin) {
    this.serial = serial;
    this.byteLength = byteLength;
    this.mapping = mapping;
    this.origin = origin;
    this.#descriptor = mapping?.descriptor ?? -1;
  }

  get address(): number {
    return this.mapping?.address ?? 0;
  }

  get descriptor(): number {
    return this.#descriptor;
  }

  /** Closes the descriptor: no process needs it any more. */
  closeDescriptor(): void {
    if (this.#descriptor >= 0) c.close(this.#descriptor);
    this.#descriptor = -1;
  }
}

/** A buffer in its segment. */
class Place implements BufferSegment {
  readonly segment: LiveSegment;
  readonly bufferOffset: number;
  readonly bufferBytes: number;
  readonly buffer: WeakRef<ArrayBuffer>;

  constructor(segment: LiveSegment, bufferOffset: number, buffer: ArrayBuffer) {
    this.segment = segment;
    this.bufferOffset = bufferOffset;
    this.bufferBytes = buffer.byteLength;
    this.buffer = new WeakRef(buffer);
  }

  get serial(): number {
    return this.segment.serial;
  }

  get byteLength(): number {
    return this.segment.byteLength;
  }

  get address(): number {
    return this.segment.address;
  }

  get descriptor(): number {
    return this.segment.descriptor;
  }

  get file(): string | undefined {
    return this.segment.origin?.file;
  }
}

/** Called with a segment that has left the registry: nobody can reach its memory any more. */
type Disposer = (segment: LiveSegment) => void;

const bySerial = new Map<number, LiveSegment>();
const byBuffer = new WeakMap<ArrayBufferLike, Place>();
const released = new WeakSet<ArrayBufferLike>();
let dispose: Disposer = () => {};
let liveBytes = 0;

/** Says what becomes of a segment that nobody uses. */
export function onDispose(disposer: Disposer): void {
  dispose = disposer;
}

/** Bytes of all segments here. */
export function liveSegmentBytes(): number {
  return liveBytes;
}

/** All segments here. */
export function liveSegments(): ReadonlyMap<number, LiveSegment> {
  return bySerial;
}

/** Takes a segment in, with buffers over parts of it; the segment is disposed of when the engine cannot make them. */
export function addSegment(segment: LiveSegment, parts: readonly Part[]): ArrayBuffer[] {
  bySerial.set(segment.serial, segment);
  liveBytes += segment.byteLength;
  try {
    return parts.map(({ offset, byteLength }) => addBuffer(segment, offset, byteLength));
  } catch (error) {
    detach(segment);
    throw error;
  }
}

/** A new buffer over a part of a segment. */
export function addBuffer(segment: LiveSegment, offset: number, byteLength: number): ArrayBuffer {
  const buffer = byteLength === 0 ? new ArrayBuffer(0) : backend.viewAt(segment.address + offset, byteLength);
  const place = new Place(segment, offset, buffer);
  segment.places.add(place);
  byBuffer.set(buffer, place);
  return buffer;
}

/** The buffer that already stands for that part of a segment. */
export function existingBuffer(
  segment: LiveSegment,
  offset: number,
  byteLength: number | undefined,
): ArrayBuffer | undefined {
  for (const place of segment.places) {
    const isWanted = place.bufferOffset === offset && (byteLength ?? place.bufferBytes) === place.bufferBytes;
    const buffer = isWanted ? place.buffer.deref() : undefined;
    if (buffer !== undefined) return buffer;
  }
  return undefined;
}

/**
 * The segment of a buffer; `undefined` when it is not over shared memory made here, over a private mapping, or was
 * released.
 */
export function placeOf(buffer: ArrayBufferLike): BufferSegment | undefined {
  const place = byBuffer.get(buffer);
  return place?.segment.origin?.isPrivate ? undefined : place;
}

/** Whether {@linkcode releaseSegmentOf} has an effect: the memory is mapped here, shared or private. */
export function isReleasable(buffer: ArrayBufferLike): boolean {
  return byBuffer.has(buffer);
}

/** Whether a buffer was over shared memory until it was released. */
export function wasReleased(buffer: ArrayBufferLike): boolean {
  return released.has(buffer);
}

/** Detaches every buffer of the segment that `buffer` belongs to, and frees it. Without effect on any other buffer. */
export function releaseSegmentOf(buffer: ArrayBufferLike): void {
  const segment = byBuffer.get(buffer)?.segment;
  if (segment !== undefined) detach(segment);
}

function detach(segment: LiveSegment): void {
  for (const place of segment.places) {
    const buffer = place.buffer.deref();
    if (buffer === undefined) continue;
    // afterwards no view can reach the memory
    buffer.transfer(0);
    byBuffer.delete(buffer);
    released.add(buffer);
  }
  segment.places.clear();
  disposeIfDead(segment);
}

/** Every buffer that is alive. */
export function liveBuffers(): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = [];
  for (const { places } of bySerial.values()) {
    for (const place of places) {
      const buffer = place.buffer.deref();
      if (buffer !== undefined) buffers.push(buffer);
    }
  }
  return buffers;
}

/** Frees the segments whose buffers were all collected; false when there were none. */
export function sweep(): boolean {
  const before = bySerial.size;
  for (const segment of bySerial.values()) {
    for (const place of segment.places) {
      if (place.buffer.deref() === undefined) segment.places.delete(place);
    }
    disposeIfDead(segment);
  }
  return bySerial.size < before;
}

function disposeIfDead(segment: LiveSegment): void {
  if (segment.places.size > 0 || !bySerial.delete(segment.serial)) return;
  liveBytes -= segment.byteLength;
  dispose(segment);
}
