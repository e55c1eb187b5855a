/**
 * Memory that other programs share, without a header.
 *
 * @module
 */
import { ENOENT } from "../../ffi/constants.ts";
import { c, PAGE_BYTES, systemCallError } from "../../ffi/libc.ts";
import { describe } from "../describe.ts";
import { shaped } from "../memory/arrays.ts";
import { constructorOf, type DType, itemBytes, parseDType, type ShortDType } from "../memory/dtype.ts";
import type { ArrayOf } from "../memory/like_types.ts";
import { mapShared } from "../memory/mapping.ts";
import { adoptMapping, checkViewBytes, mapWithRoom } from "../memory/segment.ts";
import { byteLengthOf, dimensionsOf, type Shape, shapeText } from "../memory/shape.ts";
import { hold } from "../memory/hold.ts";
import { DIRECTORY, nameOf, rawPathOf } from "./name.ts";
import { openObject } from "./open_segment.ts";

/**
 * A view of any POSIX shared memory object (`shm_open`), whoever has made it: a typed array, or an n-d view in C order
 * for two and more dimensions. O(1). Nothing is locked, and the object is never removed by this process; its maker does
 * that, as `SharedMemory.unlink()` in Python. What is attached stays.
 *
 * Objects without memory behind them, made by `ftruncate` alone as Python's are, end a process by SIGBUS when
 * `/dev/shm` is full at first touch.
 *
 * Stands for `multiprocessing.shared_memory.SharedMemory(name)` with `numpy.ndarray(shape, dtype, buffer)`.
 *
 * @param name of the object, e.g. `"psm_1a2b3c"`, with or without the slash in front
 * @param offset where the array begins, in bytes: a multiple of the element's size
 * @throws {TypeError} when an argument is of the wrong kind, or that cannot be a name
 * @throws {RangeError} when the object is too small for that, or the offset is no multiple of the element's size
 * @throws {SystemCallError} `ENOENT` when there is none, `EACCES` when this user has no access, `ELOOP`, `EISDIR` or
 *   `EPERM` when it is no regular file
 *
 * @example What Python made by `SharedMemory("psm_1a2b3c", create=True, size=800)`
 * ```ts
 * import { attachRaw } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * try {
 *   const x = attachRaw("psm_1a2b3c", 100, "f8");
 *   x[0] = 1; // Python sees it
 * } catch (error) {
 *   assert.equal((error as { code: string }).code, "ENOENT"); // there is no Python here
 * }
 * ```
 */
export function attachRaw<const S extends Shape, const D extends DType = "f8">(
  name: string,
  shape: S,
  dtype: D = "f8" as D,
  offset = 0,
): ArrayOf<S, D> {
  const path = rawPathOf(name, "attachRaw()");
  const short: ShortDType = parseDType(dtype, "attachRaw()");
  const dimensions = dimensionsOf(shape, "attachRaw()");
  checkOffset(offset, itemBytes(short));
  const what = `attachRaw(${JSON.stringify(name)}, ${shapeText(dimensions)}, "${short}")`;
  const byteLength = byteLengthOf(dimensions, short, what);
  checkViewBytes(byteLength, what);
  const file = openObject(path, "write", what);
  if (file === undefined) throw systemCallError("open", `${what} finds no ${path}`, ENOENT);
  let isTaken = false;
  try {
    const size = file.status.byteLength;
    if (offset + byteLength > size) {
      throw new RangeError(`${what} wants ${byteLength} bytes from ${offset} on, ${path} has ${size}`);
    }
    // one of this package's own has its users counted by locks
    const isOurs = nameOf(path.slice(DIRECTORY.length + 1)) !== undefined;
    if (isOurs) hold(file.fd, `${what}: ${path}`);
    // no memory can be mapped where there is none: an object of 0 bytes
    const mappedBytes = Math.max(1, Math.ceil(size / PAGE_BYTES)) * PAGE_BYTES;
    const mapping = mapWithRoom(0, what, () => mapShared(file.fd, mappedBytes, what));
    isTaken = true;
    const [buffer] = adoptMapping(mapping, [{ offset, byteLength }], {
      isPrivate: false,
      file: file.status.identity,
      keepsDescriptor: isOurs,
    });
    return shaped(new (constructorOf(short))(buffer!), dimensions) as ArrayOf<S, D>;
  } finally {
    if (!isTaken) c.close(file.fd);
  }
}

function checkOffset(offset: unknown, unit: number): asserts offset is number {
  if (typeof offset !== "number") {
    throw new TypeError(`attachRaw() wants an offset in bytes, got ${describe(offset)}`);
  }
  if (!Number.isSafeInteger(offset) || offset < 0 || offset % unit !== 0) {
    throw new RangeError(
      `attachRaw() wants an offset that is a multiple of the element's ${unit} bytes, from 0 on, got ${offset}`,
    );
  }
}
