/**
 * Segments of shared memory and the buffers over them: what the pool needs of this folder.
 *
 * Memory is anonymous; while a pool has workers, new segments get a descriptor too, so that other processes of the
 * tree can be given what was made after the fork.
 *
 * | of a segment | in the process that made it | in its children | in its parent |
 * |---|---|---|---|
 * | made before the fork | mapped | inherited at the same address | mapped |
 * | made after it | mapped, with a descriptor | opened by descriptor, when it is sent | received with its descriptor |
 *
 * @module
 */
import { SEEK_END } from "../../ffi/constants.ts";
import { backend, c, checked, missing, PAGE_BYTES, readLink } from "../../ffi/libc.ts";
import { statusOf } from "../../ffi/status.ts";
import { makeRoom, withRoom } from "./collection.ts";
import { hold } from "./hold.ts";
import { forgetFreshMemory, takeFreshMemory, useHugePages, useHugePagesLater } from "./huge_pages.ts";
import { mapAnonymous, mapMemfd, type Mapping, mapShared, unmap } from "./mapping.ts";
import {
  addBuffer,
  addSegment,
  type BufferSegment,
  existingBuffer,
  liveBuffers,
  LiveSegment,
  liveSegments,
  onDispose,
  type Origin,
  type Part,
  placeOf,
  releaseSegmentOf,
} from "./registry.ts";
import { lastSerial, nextSerial } from "./serial.ts";
import { keepWarm, releaseWarm, takeWarm } from "./warm_memory.ts";

export type { BufferSegment, Segment } from "./registry.ts";
export { lastSerial } from "./serial.ts";

/**
 * What new memory holds: zeros, or whatever an earlier array of this process left in it. What is for a crew, anything too,
 * is first touched by the next one, whose members share the work of getting its pages.
 */
export type Contents = "zeros" | "anything" | "for a crew";

/** Reused memory below this is cleared in any case: it costs less than a microsecond per 64 KiB. */
const CLEARED_BYTES = 2 ** 22;

/** The files of `src/named/`, which count their users by locks. */
const NAMED_PREFIX = "/dev/shm/sharedmem-";

const NOTHING: Part = { offset: 0, byteLength: 0 };

let exportable = 0;
let descriptors = 0;
/** Segments up to this serial came by inheritance: the parent still uses them. */
let inheritedUpTo = 0;

onDispose((segment) => {
  const { serial, mapping } = segment;
  if (mapping === undefined) return;
  forgetFreshMemory(mapping.address);
  closeDescriptor(segment);
  const isOwn = exportable === 0 && mapping.descriptor < 0 && serial > inheritedUpTo &&
    segment.origin === undefined;
  if (isOwn) keepWarm(mapping);
  else unmap(mapping);
});

/**
 * A buffer over shared memory of its own.
 *
 * @param what is named in errors, e.g. `empty([1000, 3], "f8")`
 * @throws {RangeError} when the engine cannot make so long a buffer
 * @throws {SystemCallError} `ENOMEM` when there cannot be that much memory
 */
export function allocateBuffer(byteLength: number, what: string, contents: Contents = "zeros"): ArrayBuffer {
  return allocateBuffers([{ offset: 0, byteLength }], byteLength, what, contents)[0]!;
}

/** Several buffers over one segment; errors as {@linkcode allocateBuffer}. */
export function allocateBuffers(
  parts: readonly Part[],
  byteLength: number,
  what: string,
  contents: Contents,
): ArrayBuffer[] {
  for (const part of parts) checkViewBytes(part.byteLength, what);
  let mapping = reuse(byteLength, what);
  const isDirty = mapping !== undefined;
  if (byteLength > 0) mapping ??= mapFresh(byteLength, what, contents);
  const buffers = addSegment(new LiveSegment(nextSerial(), byteLength, mapping), parts);
  if (isDirty && (contents === "zeros" || byteLength < CLEARED_BYTES)) {
    for (const buffer of buffers) new Uint8Array(buffer).fill(0);
  }
  return buffers;
}

/**
 * Buffers over parts of memory that has a name, which its caller has mapped: a file, a shared memory object. It is
 * unmapped with the last buffer, and its descriptor, if it has one, closed then or, unless it is to be kept, as soon
 * as there is no worker to give it to. When the engine cannot make the buffers all that has been done.
 *
 * Private memory is carried between processes as a copy, and `isShared` is false for it.
 */
export function adoptMapping(mapping: Mapping, parts: readonly Part[], origin: Origin): ArrayBuffer[] {
  if (mapping.descriptor >= 0) descriptors++;
  const segment = new LiveSegment(nextSerial(), mapping.mappedBytes, mapping, origin);
  const buffers = addSegment(segment, parts);
  if (exportable === 0) closeSpareDescriptor(segment);
  return buffers;
}

/**
 * Makes room for one mapping more, of memory that `byteLength` bytes have still to be taken for, then maps. Errors as
 * {@linkcode allocateBuffer}.
 */
export function mapWithRoom(byteLength: number, what: string, map: () => Mapping): Mapping {
  makeRoom(byteLength, descriptors + 1, what);
  return withRoom(map);
}

/**
 * The segment of a buffer; `undefined` when it is not over shared memory made here, over a private mapping, or was
 * released.
 */
export function segmentOf(buffer: ArrayBufferLike): BufferSegment | undefined {
  return placeOf(buffer);
}

/**
 * A buffer of this process over that part of a segment; by default over the whole. `undefined` when the segment is
 * not here.
 */
export function findBuffer(serial: number, offset = 0, byteLength?: number): ArrayBuffer | undefined {
  const segment = liveSegments().get(serial);
  if (segment !== undefined) return viewOf(segment, offset, byteLength);
  // an array without elements needs no memory to be known elsewhere
  return byteLength === 0 ? addSegment(new LiveSegment(serial, 0, undefined), [NOTHING])[0] : undefined;
}

/**
 * Maps a segment that another process of the tree has made, and takes its descriptor over. A part of it, by default
 * the whole in full pages.
 *
 * @throws {RangeError} when the segment is shorter than that; the descriptor is closed
 * @throws {SystemCallError} when it cannot be mapped, or held; the descriptor is closed
 */
export function mapDescriptor(
  serial: number,
  descriptor: number,
  offset = 0,
  byteLength?: number,
): ArrayBuffer {
  const known = liveSegments().get(serial);
  if (known !== undefined) {
    c.close(descriptor);
    return viewOf(known, offset, byteLength);
  }
  const what = `segment ${serial}`;
  let mapping: Mapping;
  let origin: Origin | undefined;
  try {
    origin = originOf(descriptor, what);
    const size = checked("lseek", c.lseek(descriptor, 0, SEEK_END), what);
    checkPart(what, size, offset, byteLength);
    const mappedBytes = Math.ceil(size / PAGE_BYTES) * PAGE_BYTES;
    makeRoom(mappedBytes, descriptors + 1, what);
    mapping = withRoom(() => mapShared(descriptor, mappedBytes, what));
  } catch (error) {
    c.close(descriptor);
    throw error;
  }
  descriptors++;
  const segment = new LiveSegment(serial, mapping.mappedBytes, mapping, origin);
  const [buffer] = addSegment(segment, [{ offset, byteLength: byteLength ?? mapping.mappedBytes - offset }]);
  // workers forked from now on inherit the mapping
  if (exportable === 0) closeSpareDescriptor(segment);
  return buffer!;
}

/** Frees the segment of a buffer now: every buffer over it is detached. Without effect on any other buffer. */
export function releaseBuffer(buffer: ArrayBufferLike): void {
  releaseSegmentOf(buffer);
}

/**
 * Counted: while on, new segments have a descriptor that other processes of the tree can be given. When the last
 * one switches it off there is nobody left to give them to, and they are closed.
 */
export function setExportable(on: boolean): void {
  exportable += on ? 1 : -1;
  if (exportable > 0) return;
  for (const segment of liveSegments().values()) closeSpareDescriptor(segment);
}

/** Strong references to every live buffer, so that a child's references to them can be resolved. */
export function pinSegments(): readonly ArrayBuffer[] {
  return liveBuffers();
}

/** To be called once in a forked child, before user code: what it inherited is also its parent's. */
export function enterChild(): void {
  exportable = 0;
  takeFreshMemory();
  inheritedUpTo = lastSerial();
  releaseWarm();
}

/** Throws a `RangeError` when the engine cannot make so long a buffer. */
export function checkViewBytes(byteLength: number, what: string): void {
  const { maxViewBytes } = backend;
  if (byteLength > maxViewBytes && missing === undefined) {
    throw new RangeError(
      `${what} wants one array of ${byteLength} bytes; this engine's limit is ${maxViewBytes} bytes ` +
        `(${maxViewBytes / 2 ** 30} GiB) an array: use several arrays, or the columns of table()`,
    );
  }
}

function checkPart(what: string, size: number, offset: number, byteLength = size - offset): void {
  if (offset + byteLength > size || byteLength < 0) {
    throw new RangeError(`${what} has ${size} bytes, wanted ${byteLength} from ${offset} on`);
  }
}

/** Memory of an earlier array of this process, dirty. */
function reuse(byteLength: number, what: string): Mapping | undefined {
  if (byteLength === 0 || exportable > 0) return undefined;
  return takeWarm(byteLength) ?? (makeRoom(byteLength, descriptors, what) ? takeWarm(byteLength) : undefined);
}

function mapFresh(byteLength: number, what: string, contents: Contents): Mapping {
  if (exportable > 0) makeRoom(byteLength, descriptors + 1, what);
  const map = exportable > 0 ? mapMemfd : mapAnonymous;
  const mapping = withRoom(() => map(byteLength, what));
  if (mapping.descriptor >= 0) descriptors++;
  (contents === "for a crew" ? useHugePagesLater : useHugePages)(mapping.address, byteLength);
  return mapping;
}

function viewOf(segment: LiveSegment, offset: number, byteLength: number | undefined): ArrayBuffer {
  const existing = existingBuffer(segment, offset, byteLength);
  if (existing !== undefined) return existing;
  const { byteLength: size, serial } = segment;
  checkPart(`segment ${serial}`, size, offset, byteLength);
  return addBuffer(segment, offset, byteLength ?? size - offset);
}

/** Unless it is to be kept as long as the segment lives. */
function closeSpareDescriptor(segment: LiveSegment): void {
  if (!segment.origin?.keepsDescriptor) closeDescriptor(segment);
}

function closeDescriptor(segment: LiveSegment): void {
  if (segment.descriptor < 0) return;
  segment.closeDescriptor();
  descriptors--;
}

/** Of a descriptor that another process of the tree has sent: a named array is held here, too. */
function originOf(descriptor: number, what: string): Origin | undefined {
  // a memfd has no name, a file that was unlinked is not found by it
  const status = statusOf(descriptor);
  if (!status?.links) return undefined;
  const isNamedArray = readLink(`/proc/self/fd/${descriptor}`)?.startsWith(NAMED_PREFIX) ?? false;
  if (isNamedArray) hold(descriptor, what);
  return { isPrivate: false, file: status.identity, keepsDescriptor: isNamedArray };
}
