/**
 * Arrays out of files and into them: text tables, and numbers as they are in memory.
 *
 * @example A table of text
 * ```ts
 * import { loadtxt, savetxt } from "@sharedmem/sharedmem/files";
 * import assert from "node:assert/strict";
 * import { rmSync } from "node:fs";
 *
 * savetxt("/tmp/sharedmem_files.txt", [[1, 0.1], [2, 0.2]]);
 * const { id, x } = loadtxt("/tmp/sharedmem_files.txt", { dtype: { id: "i4", x: "f8" } });
 * assert.deepEqual([[...id], [...x]], [[1, 2], [0.1, 0.2]]);
 * rmSync("/tmp/sharedmem_files.txt");
 * ```
 *
 * @module
 */
export { fromFile, type FromFileOptions } from "./from_file.ts";
export { loadtxt, type LoadtxtOptions } from "./loadtxt.ts";
export { savetxt, type SavetxtOptions } from "./savetxt.ts";
export { toFile } from "./to_file.ts";
export type { SaveSource } from "../npy/save.ts";
export type {
  ArrayByDType,
  ArraySource,
  DType,
  ElementOf,
  LongDTypes,
  NdArray,
  NestedArray,
  ShortDType,
  ShortOf,
  Table,
  TypedArray,
  TypedArrayOf,
} from "../memory/mod.ts";
