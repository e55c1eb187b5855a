/**
 * True shared-memory parallelism for Deno and Bun: closures on every core by `fork(2)`, typed arrays in shared
 * memory, critical and ordered sections.
 *
 * Importing this module makes sure, by re-executing the process in place, that the engine was started with flags
 * that make `fork` safe; `@sharedmem/sharedmem/arrays` alone does not.
 *
 * @example Integrate in parallel
 * ```ts
 * import { empty, MapReduce, range, zeros } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const n = 1 << 20, chunk = 1 << 16;
 * const x = empty(n); // shared memory: every worker writes into the same array
 * const total = zeros([]);
 * using pool = new MapReduce({ np: 2 });
 * const parts = await pool.map((start) => {
 *   let part = 0;
 *   for (let i = start; i < start + chunk; i++) part += x[i] = i / n / n;
 *   const sum = part; // a constant: engines keep a captured variable that changes in memory
 *   pool.critical(() => total[0]! += sum);
 *   return sum;
 * }, range(0, n, chunk));
 * assert(Math.abs(total[0]! - 0.5) < 1e-6);
 * assert(Math.abs(parts.reduce((a, b) => a + b) - total[0]!) < 1e-12);
 * ```
 *
 * @module
 */
export * from "./src/pool/mod.ts";
export * from "./src/memory/mod.ts";
export * from "./src/named/mod.ts";
export * from "./src/npy/mod.ts";
export * from "./src/errors.ts";
export * from "./src/process/mod.ts";
export * from "./src/files/mod.ts";
export * from "./src/algorithms/mod.ts";
export * from "./src/sort/mod.ts";
