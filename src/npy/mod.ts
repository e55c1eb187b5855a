/**
 * NumPy's `.npy` files.
 *
 * @example A table for NumPy
 * ```ts
 * import { load, save } from "@sharedmem/sharedmem/npy";
 * import { table } from "@sharedmem/sharedmem/arrays";
 * import assert from "node:assert/strict";
 * import { rmSync } from "node:fs";
 *
 * const particles = table(100, { x: "f8", id: "i4" });
 * particles.id[99] = 5;
 * save("/tmp/sharedmem_npy.npy", particles); // numpy.load gives a structured array
 * const { id } = load<typeof particles>("/tmp/sharedmem_npy.npy");
 * assert.equal(id[99], 5);
 * rmSync("/tmp/sharedmem_npy.npy");
 * ```
 *
 * @module
 */
export { load, type Loadable, type LoadedArray, type LoadedTable, type LoadOptions } from "./load.ts";
export { save, type SaveOptions, type SaveSource } from "./save.ts";
export type {
  ArrayByDType,
  ArraySource,
  DType,
  ElementOf,
  LongDTypes,
  NdArray,
  NestedArray,
  ShortDType,
  TypedArray,
} from "../memory/mod.ts";
