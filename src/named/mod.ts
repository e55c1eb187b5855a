/**
 * Arrays in shared memory that have a name: other programs of this user attach them, Deno, Bun and Python alike.
 *
 * A named array is a `.npy` file in `/dev/shm`, whose header fills a page. Every process that uses one holds a lock of
 * the kernel's, which is gone when the process is, however it ends: so whether an array is alive is never guessed.
 *
 * | from Python | |
 * |---|---|
 * | `a = numpy.load("/dev/shm/sharedmem-A.npy", mmap_mode="r+")` | the array that `create("A", …)` made, without a copy |
 * | `f = open("/dev/shm/sharedmem-A.npy"); fcntl.flock(f, fcntl.LOCK_SH)` | counts as a user as long as `f` is open |
 * | `numpy.lib.format.open_memmap("/dev/shm/sharedmem-A.npy", "w+", "<f8", (9, 9))` | what `attach("A")` takes |
 * | `shared_memory.SharedMemory("B", create=True, size=800)` | what `attachRaw("B", 100, "f8")` takes |
 * | `shared_memory.SharedMemory("sharedmem-A.npy", track=False)` | data from byte 4096 on; before Python 3.13 it would remove the file at its end |
 *
 * @example Between two programs
 * ```ts
 * import { attach, create, unlink } from "@sharedmem/sharedmem/named";
 * import assert from "node:assert/strict";
 *
 * const name = `example-${crypto.randomUUID()}`;
 * const image = create(name, [480, 640], "u1"); // one program
 * const same = attach<typeof image>(name); // another one
 * image.set(2, 3, 255);
 * assert.equal(same.get(2, 3), 255);
 * unlink(name);
 * ```
 *
 * @module
 */
export { attach, type AttachOptions } from "./attach.ts";
export { attachRaw } from "./attach_raw.ts";
export { clear, type ClearOptions } from "./clear.ts";
export { create, type CreateOptions } from "./create.ts";
export { list, type NamedArray } from "./list.ts";
export { unlink } from "./unlink.ts";
export type {
  DType,
  ElementOf,
  LongDTypes,
  ShortDType,
  ShortOf,
  TypedArray,
  TypedArrayOf,
} from "../memory/dtype.ts";
export type { ArrayByDType } from "../memory/dtype.ts";
export type { ArrayOf, Dimensioned } from "../memory/like_types.ts";
export type { NdArray } from "../memory/nd_array.ts";
export type { Shape } from "../memory/shape.ts";
