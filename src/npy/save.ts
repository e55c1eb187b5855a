/**
 * Arrays to `.npy` files.
 *
 * @module
 */
import { replaceFile, writeAll } from "../../ffi/files.ts";
import { type DType, parseDType, type ShortDType, type TypedArray } from "../memory/dtype.ts";
import type { ArraySource } from "../memory/like_types.ts";
import { settleSizeSignal } from "../memory/mapping.ts";
import type { NdArray } from "../memory/nd_array.ts";
import { checkOptions } from "../options.ts";
import { type Field, type HeaderContents, makeHeader } from "./header.ts";
import {
  isContiguous,
  isTable,
  type Outgoing,
  outgoing,
  outgoingColumns,
  reversed,
  type Sink,
  writeElements,
  writeRows,
} from "./outgoing.ts";
import { pathOf } from "./path.ts";

/** What {@linkcode save} takes: an array of any kind, or an object of columns of one length. */
export type SaveSource = ArraySource | { readonly [column: string]: TypedArray | NdArray };

/** How {@linkcode save} writes. */
export interface SaveOptions {
  /**
   * `"b1"` for bytes that are truth values: 0 stays 0, all others become 1. For a table an object with the columns that
   * are. Any other element type must be the array's own.
   */
  readonly dtype?: DType | { readonly [column: string]: DType };
}

const IS_LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Writes an array to a `.npy` file, byte for byte as `numpy.save` does. O(n); blocks.
 *
 * Views of any strides are written; Fortran order is kept, any other becomes C order. An object of columns, as `table()`
 * makes, is written as a structured array without gaps; columns of several dimensions as fields that are arrays.
 *
 * The file is written beside its place and put there at the end: whoever opens it sees the old one or the new one,
 * whole. Permissions of a file that is there are kept, a symbolic link is followed. When anything fails the old file is
 * untouched and nothing is left behind. A file on a disk is not flushed: after a loss of power it may be lost.
 *
 * Differs from `numpy.save`: no `.npy` is added to the name, and a file is replaced, not overwritten.
 *
 * @param path a path, or a `file:` URL
 * @throws {SystemCallError} when it cannot be written: `ENOSPC`, `EACCES`, `ENOENT` for a folder that is not there, …
 * @throws {TypeError} when an argument is of the wrong kind, or `a` was released
 * @throws {RangeError} when columns differ in length
 *
 * @example A transposed view
 * ```ts
 * import { copy, load, type NdArray, save } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 * import { rmSync } from "node:fs";
 *
 * const m = copy([[1, 2, 3], [4, 5, 6]]);
 * save("/tmp/sharedmem_save.npy", m.transpose(1, 0)); // fortran_order: True
 * const t = load<NdArray>("/tmp/sharedmem_save.npy");
 * assert.deepEqual([t.shape, t.get(2, 1)], [[3, 2], 6]);
 * rmSync("/tmp/sharedmem_save.npy");
 * ```
 */
export function save(path: string | URL, a: SaveSource, options: SaveOptions = {}): void {
  const name = pathOf(path, "save()");
  checkOptions(options, ["dtype"], "save()");
  const { contents, write } = isTable(a) ? tableFile(a, options.dtype) : arrayFile(a, options.dtype);
  const header = makeHeader(contents);
  const what = `save(${JSON.stringify(name)})`;
  settleSizeSignal();
  replaceFile(name, what, (fd) => {
    writeAll(fd, header, what);
    write((bytes) => writeAll(fd, bytes, what));
  });
}

interface FileParts {
  readonly contents: HeaderContents;
  write(sink: Sink): void;
}

function arrayFile(a: unknown, dtype: SaveOptions["dtype"]): FileParts {
  if (typeof dtype === "object") throw new TypeError("save() wants one dtype for an array, got an object");
  const array = typed(outgoing(a, "save()"), dtype, "save()");
  const fortran = !isContiguous(array) && isContiguous(reversed(array));
  const contents = { descr: descrOf(array.dtype), fortran, shape: array.shape };
  return { contents, write: (sink) => writeElements(fortran ? reversed(array) : array, sink) };
}

function tableFile(a: Readonly<Record<string, unknown>>, dtype: SaveOptions["dtype"]): FileParts {
  if (typeof dtype === "string") {
    throw new TypeError(`save() wants the dtypes of a table by column, got "${dtype}"`);
  }
  for (const name of Object.keys(dtype ?? {})) {
    if (!Object.hasOwn(a, name)) {
      throw new TypeError(`save() got a dtype for ${JSON.stringify(name)}, which is no column`);
    }
  }
  const columns = outgoingColumns(a, "save()").map((column) => {
    const wanted = dtype !== undefined && Object.hasOwn(dtype, column.name) ? dtype[column.name] : undefined;
    return { ...column, array: typed(column.array, wanted, `save() column ${JSON.stringify(column.name)}`) };
  });
  const descr = columns.map(({ name, array, inner }): Field =>
    inner.length === 0 ? [name, descrOf(array.dtype)] : [name, descrOf(array.dtype), inner]
  );
  const contents = { descr, fortran: false, shape: [columns[0]!.array.shape[0]!] };
  return { contents, write: (sink) => writeRows(columns, sink) };
}

/** The array as elements of that type. */
function typed(array: Outgoing, dtype: DType | undefined, what: string): Outgoing {
  if (dtype === undefined) return array;
  const wanted = parseDType(dtype, what);
  if (wanted === array.dtype) return array;
  if (wanted !== "b1" || array.dtype !== "u1") {
    throw new TypeError(
      `${what} writes elements as they are, "${array.dtype}", or bytes as "b1", not as "${wanted}"`,
    );
  }
  const data = (array.data as Uint8Array).map((byte) => byte === 0 ? 0 : 1);
  return { ...array, dtype: "b1", data };
}

function descrOf(dtype: ShortDType): string {
  const mark = dtype.endsWith("1") ? "|" : IS_LITTLE ? "<" : ">";
  return mark + dtype;
}
