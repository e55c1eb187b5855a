/**
 * Arrays that another process has made, by their name.
 *
 * @module
 */
import { ENOENT } from "../../ffi/constants.ts";
import { c, PAGE_BYTES, systemCallError } from "../../ffi/libc.ts";
import { statusOf } from "../../ffi/status.ts";
import { shaped } from "../memory/arrays.ts";
import { constructorOf, type TypedArray } from "../memory/dtype.ts";
import { mapPrivate, mapShared } from "../memory/mapping.ts";
import type { NdArray } from "../memory/nd_array.ts";
import { adoptMapping, checkViewBytes, mapWithRoom } from "../memory/segment.ts";
import { checkFlag, checkOptions } from "../options.ts";
import { hold } from "../memory/hold.ts";
import { pathOf } from "./name.ts";
import { type OpenFile, openSegment } from "./open_segment.ts";
import { readLayout, type SegmentLayout } from "./segment_header.ts";

/** Options of {@linkcode attach}. */
export interface AttachOptions {
  /** Whether what this process writes stays in it; false by default. */
  readonly readonly?: boolean;
}

/**
 * The array that a process of this user, or Python, has made under a name: a typed array, or an n-d view for two and
 * more dimensions, by the header of its `.npy` file. The type parameter is the caller's word for what is there. This
 * process holds the array until the last view is garbage or released. O(1).
 *
 * With `readonly` nothing that this process writes reaches the others: engines have no read-only arrays, so the first
 * write to a page copies it, and from then on this process does not see what others write to that page. `isShared()`
 * is then false; workers have their own copies, too.
 *
 * Who shortens the file while it is attached, which nothing here does, makes access to the lost part end the process
 * by SIGBUS: a worker's death is a `WorkerExitError`.
 *
 * @param name as it was given to `create()`
 * @throws {TypeError} when an argument is of the wrong kind, or that cannot be a name
 * @throws {FormatError} when the file is no `.npy` file, is damaged or cut off, or holds what cannot be used in place
 * @throws {RangeError} when the engine cannot make so long an array (4 GiB in Bun)
 * @throws {SystemCallError} `ENOENT` when there is none; when the file is another user's, may be written by others, or
 *   is no regular file: the message says which
 *
 * @example Read what another process writes
 * ```ts
 * import { attach, create, isShared, unlink } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const name = `example-${crypto.randomUUID()}`;
 * const x = create(name, 1000);
 * const mine = attach<Float64Array>(name, { readonly: true });
 * x[0] = 1;
 * assert.equal(mine[0], 1);
 * mine[0] = 2; // seen here alone
 * assert.deepEqual([x[0], isShared(mine)], [1, false]);
 * unlink(name);
 * ```
 */
export function attach<A extends TypedArray | NdArray = TypedArray | NdArray>(
  name: string,
  options: AttachOptions = {},
): A {
  const path = pathOf(name, "attach()");
  checkOptions(options, ["readonly"], "attach()");
  const isPrivate = checkFlag(options.readonly, "readonly", "attach()");
  const what = `attach(${JSON.stringify(name)})`;
  return mapFile(openHeld(path, isPrivate, what), `${what}: ${path}`, isPrivate) as A;
}

/** The file of that name, held. */
function openHeld(path: string, isPrivate: boolean, what: string): OpenFile {
  for (;;) {
    const file = openSegment(path, isPrivate ? "read" : "write", what);
    if (file === undefined) {
      throw systemCallError("open", `${what} finds no ${path}; list() tells what there is`, ENOENT);
    }
    try {
      hold(file.fd, `${what}: ${path}`);
      const status = statusOf(file.fd);
      if (status === undefined) throw systemCallError("statx", `${what}: ${path}`);
      if (status.links > 0) return { fd: file.fd, status };
    } catch (error) {
      c.close(file.fd);
      throw error;
    }
    // it was removed as stale before it was held
    c.close(file.fd);
  }
}

/** The array in a file; its descriptor is taken over. */
function mapFile({ fd, status }: OpenFile, what: string, isPrivate: boolean): TypedArray | NdArray {
  let isTaken = false;
  try {
    const layout = readLayout(fd, status.byteLength, what);
    const { dtype, dataOffset, dataBytes } = layout;
    checkViewBytes(dataBytes, what);
    const mappedBytes = Math.ceil(status.byteLength / PAGE_BYTES) * PAGE_BYTES;
    const map = isPrivate ? mapPrivate : mapShared;
    const mapping = mapWithRoom(0, what, () => map(fd, mappedBytes, what));
    isTaken = true;
    const part = { offset: dataOffset, byteLength: dataBytes };
    const [buffer] = adoptMapping(mapping, [part], {
      isPrivate,
      file: status.identity,
      keepsDescriptor: true,
    });
    return shapedAs(layout, new (constructorOf(dtype))(buffer!));
  } finally {
    if (!isTaken) c.close(fd);
  }
}

/** The first index runs fastest in Fortran's order: a transposed view. */
function shapedAs({ shape, fortran }: SegmentLayout, data: TypedArray): TypedArray | NdArray {
  if (!fortran || shape.length < 2) return shaped(data, shape);
  const view = shaped(data, shape.toReversed()) as NdArray;
  return view.transpose(...shape.map((_, axis) => shape.length - 1 - axis));
}
