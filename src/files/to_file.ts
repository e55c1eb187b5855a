/**
 * Arrays to files of nothing but numbers.
 *
 * @module
 */
import { replaceFile, writeAll } from "../../ffi/files.ts";
import { settleSizeSignal } from "../memory/mapping.ts";
import { isTable, outgoing, outgoingColumns, writeElements, writeRows } from "../npy/outgoing.ts";
import { pathOf } from "../npy/path.ts";
import type { SaveSource } from "../npy/save.ts";

/**
 * Writes the elements of an array to a file, in C order whatever its strides, and nothing else; `fromFile()` and
 * `numpy.fromfile` read it. Of a table the rows, each value of a row after the other. O(n); blocks.
 *
 * The file is replaced as `save()` does: whole or not at all. Devices and pipes are written to.
 *
 * @param path a path, or a `file:` URL
 * @throws {SystemCallError} when it cannot be written: `ENOSPC`, `EACCES`, `ENOENT` for a folder that is not there, …
 * @throws {TypeError} when an argument is of the wrong kind, or `a` was released
 * @throws {RangeError} when columns differ in length
 *
 * @example A part of an array
 * ```ts
 * import { copy, fromFile, toFile } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 * import { rmSync } from "node:fs";
 *
 * toFile("/tmp/sharedmem_to_file.bin", copy([[1, 2], [3, 4]]).pick(null, 1));
 * assert.deepEqual([...fromFile("/tmp/sharedmem_to_file.bin")], [2, 4]);
 * rmSync("/tmp/sharedmem_to_file.bin");
 * ```
 */
export function toFile(path: string | URL, a: SaveSource): void {
  const name = pathOf(path, "toFile()");
  const what = `toFile(${JSON.stringify(name)})`;
  const columns = isTable(a) ? outgoingColumns(a, "toFile()") : undefined;
  const array = columns === undefined ? outgoing(a, "toFile()") : undefined;
  settleSizeSignal();
  replaceFile(name, what, (fd) => {
    const sink = (bytes: Uint8Array<ArrayBuffer>): void => writeAll(fd, bytes, what);
    if (columns !== undefined) writeRows(columns, sink);
    else if (array !== undefined) writeElements(array, sink);
  });
}
