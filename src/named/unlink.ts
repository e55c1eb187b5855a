/**
 * Removes a name.
 *
 * @module
 */
import { ENOENT } from "../../ffi/constants.ts";
import { systemCallError } from "../../ffi/libc.ts";
import { pathOf } from "./name.ts";
import { removeAny } from "./remove.ts";

/**
 * Removes the name of an array now, persistent or not. Processes that have it attached keep the memory, which is freed
 * when the last one lets go; a new array of that name is another one. O(1).
 *
 * @param name as it was given to `create()`
 * @throws {TypeError} when that cannot be a name
 * @throws {SystemCallError} `ENOENT` when there is none; as `attach()` when the file is not this user's
 *
 * @example The memory stays
 * ```ts
 * import { attach, create, unlink } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const name = `example-${crypto.randomUUID()}`;
 * const x = create(name, 3);
 * unlink(name);
 * assert.throws(() => attach(name), { code: "ENOENT" });
 * assert.equal(x.length, 3);
 * ```
 */
export function unlink(name: string): void {
  const path = pathOf(name, "unlink()");
  const what = `unlink(${JSON.stringify(name)})`;
  if (!removeAny(path, what)) throw systemCallError("unlink", `${what} finds no ${path}`, ENOENT);
}
