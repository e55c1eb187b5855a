/**
 * New named arrays.
 *
 * ```
 * open(O_TMPFILE) ─▶ header, size, memory ─▶ flock ─▶ linkat ─▶ anyone can attach
 *                                                    │ EEXIST: is it stale? then remove it, and again
 * ```
 *
 * @module
 */
import { EEXIST, S_ISVTX } from "../../ffi/constants.ts";
import { c, checked, PAGE_BYTES, systemCallError, writeFully } from "../../ffi/libc.ts";
import { statusOf } from "../../ffi/status.ts";
import { constructorOf, type DType, parseDType, type ShortDType } from "../memory/dtype.ts";
import { HUGE_PAGE_BYTES, useHugePages } from "../memory/huge_pages.ts";
import type { ArrayOf } from "../memory/like_types.ts";
import { type Mapping, mapShared, settleSizeSignal, unmap } from "../memory/mapping.ts";
import { shaped } from "../memory/arrays.ts";
import { adoptMapping, checkViewBytes, mapWithRoom, releaseBuffer } from "../memory/segment.ts";
import { byteLengthOf, dimensionsOf, type Shape, shapeText } from "../memory/shape.ts";
import { makeHeader } from "../npy/header.ts";
import { checkFlag, checkOptions } from "../options.ts";
import { pathOf } from "./name.ts";
import { removeStale } from "./remove.ts";
import { checkSpace, reserve } from "./reserve.ts";
import { abandon, openUnnamed, publish, type UnnamedFile } from "./unnamed_file.ts";

/** Options of {@linkcode create}. */
export interface CreateOptions {
  /** Whether the array stays when nobody uses it any more, until `unlink()`; false by default. */
  readonly persist?: boolean;
}

/** The header's share of the file: data begins on a page of its own. */
const HEADER_BYTES = 4096;
const OWNER_ONLY = 0o600;
/** A name can be taken again as often as others make and drop it in between. */
const MAX_TRIES = 1000;

/**
 * A new array that other processes of this user attach by its name: a zero-filled typed array, or an n-d view in C
 * order for two and more dimensions.
 *
 * It lies in `/dev/shm/sharedmem-<name>.npy`, a valid `.npy` file, so that Python has the same memory by
 * `numpy.load(path, mmap_mode="r+")`. All its memory is taken now, and nobody sees it before it is whole. Other users
 * have no access. O(n); blocks, 0.1 s per GiB, 0.6 s where there are
 * no huge pages, more where a host must find the memory for its virtual machine.
 *
 * This process holds it until the last view is garbage or released, and workers forked in the meantime until they end.
 * The memory outlives that: others that are attached keep it, and the name stays. When no process holds an array
 * any more, however they ended, it is stale, unless `persist` was set: still to be attached, but `create()` of the same
 * name takes the name over, and `clear()` removes it. Python is a user only if it says so, by
 * `f = open(path); fcntl.flock(f, fcntl.LOCK_SH)`; what it has mapped stays mapped in any case.
 *
 * In a worker: as in the master; returned from the job it arrives there without a copy.
 *
 * @param name 1 to 200 of `A-Z a-z 0-9 . _ -`, the first one no dot
 * @param shape elements in each dimension, or a number for one dimension
 * @param dtype the element type; doubles by default
 * @throws {TypeError} when an argument is of the wrong kind, or that cannot be a name
 * @throws {RangeError} when a dimension is not an integer from 0 on, or the engine cannot make so long an array (4 GiB
 *   in Bun)
 * @throws {SystemCallError} `EEXIST` when there is one of that name that is alive or persistent, `ENOSPC` when
 *   `/dev/shm` has not so much left, `ENOMEM` when the machine has not, `EPERM` when there is a file of that name that
 *   is not this user's
 *
 * @example Another process, and Python
 * ```ts
 * import { attach, create, release, unlink } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const name = `example-${crypto.randomUUID()}`;
 * const x = create(name, [2, 3], "i4"); // NdArray<Int32Array, 2>
 * x.set(1, 2, 7);
 * const same = attach<typeof x>(name); // in any process of this user
 * assert.equal(same.get(1, 2), 7);
 * // Python: numpy.load(f"/dev/shm/sharedmem-{name}.npy", mmap_mode="r+")[1, 2]
 * unlink(name); // who has it keeps it
 * release(x);
 * assert.equal(same.get(1, 2), 7);
 * ```
 */
export function create<const S extends Shape, const D extends DType = "f8">(
  name: string,
  shape: S,
  dtype: D = "f8" as D,
  options: CreateOptions = {},
): ArrayOf<S, D> {
  const path = pathOf(name, "create()");
  const short: ShortDType = parseDType(dtype, "create()");
  const dimensions = dimensionsOf(shape, "create()");
  checkOptions(options, ["persist"], "create()");
  const isPersistent = checkFlag(options.persist, "persist", "create()");
  const what = `create(${JSON.stringify(name)}, ${shapeText(dimensions)}, "${short}")`;
  const byteLength = byteLengthOf(dimensions, short, what);
  checkViewBytes(byteLength, what);
  // first: a stale one may occupy the memory that this one needs
  makeWay(path, what);
  checkSpace(HEADER_BYTES + byteLength, what);
  const header = makeHeader({ descr: descrOf(short), fortran: false, shape: dimensions }, HEADER_BYTES);
  const mode = isPersistent ? OWNER_ONLY | S_ISVTX : OWNER_ONLY;
  const { file, mapping } = makeFile(header, byteLength, mode, what);
  try {
    const part = { offset: header.length, byteLength };
    const origin = { isPrivate: false, file: statusOf(file.fd)?.identity, keepsDescriptor: true };
    const [buffer] = adoptMapping(mapping, [part], origin);
    try {
      publishAs(file, path, what);
    } catch (error) {
      releaseBuffer(buffer!);
      throw error;
    }
    return shaped(new (constructorOf(short))(buffer!), dimensions) as ArrayOf<S, D>;
  } finally {
    abandon(file);
  }
}

/** NumPy's spelling. */
function descrOf(dtype: ShortDType): string {
  return `${dtype.endsWith("1") ? "|" : "<"}${dtype}`;
}

/** A file with its header and all its memory, and the mapping of it. */
function makeFile(
  header: Uint8Array<ArrayBuffer>,
  byteLength: number,
  mode: number,
  what: string,
): { file: UnnamedFile; mapping: Mapping } {
  settleSizeSignal();
  const fileBytes = header.length + byteLength;
  let file: UnnamedFile | undefined;
  const mapping = mapWithRoom(byteLength, what, () => {
    const made = openUnnamed(what);
    try {
      const mapping = fill(made.fd, header, fileBytes, mode, what);
      file = made;
      return mapping;
    } catch (error) {
      abandon(made);
      c.close(made.fd);
      throw error;
    }
  });
  return { file: file!, mapping };
}

function fill(
  fd: number,
  header: Uint8Array<ArrayBuffer>,
  fileBytes: number,
  mode: number,
  what: string,
): Mapping {
  // whatever the umask says
  checked("fchmod", c.fchmod(fd, mode), what);
  checked("ftruncate", c.ftruncate(fd, fileBytes), `${what} wants ${fileBytes} bytes`);
  const mapping = mapShared(fd, Math.ceil(fileBytes / PAGE_BYTES) * PAGE_BYTES, what);
  try {
    // in front of the small pages, which would have to be copied; never beyond the end of the file
    useHugePages(mapping.address, Math.floor(fileBytes / HUGE_PAGE_BYTES) * HUGE_PAGE_BYTES);
    reserve(fd, fileBytes, what);
    if (!writeFully(fd, header)) throw systemCallError("write", what);
    return mapping;
  } catch (error) {
    unmap(mapping);
    throw error;
  }
}

function publishAs(file: UnnamedFile, path: string, what: string): void {
  for (let tries = 0; !publish(file, path, what); tries++) {
    if (tries === MAX_TRIES) {
      throw systemCallError("linkat", `${what}: ${path} is taken again and again`, EEXIST);
    }
    makeWay(path, what);
  }
}

/** Removes the name of a stale array; throws when it is none. */
function makeWay(path: string, what: string): void {
  const fate = removeStale(path, false, what);
  if (fate === "held") {
    throw systemCallError(
      "linkat",
      `${what}: ${path} is used by a process: attach() it, or unlink() it`,
      EEXIST,
    );
  }
  if (fate === "persistent") {
    throw systemCallError("linkat", `${what}: ${path} is persistent: attach() it, or unlink() it`, EEXIST);
  }
}
