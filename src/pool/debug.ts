/**
 * Debug mode: everything runs in the master.
 *
 * @module
 */

let isDebug = false;

/**
 * Turns debug mode on or off for this process: every map runs in the master, one job after the other, exceptions
 * pass unwrapped, and a debugger works. Does not block.
 *
 * @example A debugger stops in the job
 * ```ts
 * import { MapReduce, setDebug } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * setDebug(true);
 * using pool = new MapReduce();
 * await assert.rejects(pool.map(() => { throw new RangeError("seen as it is"); }, [1]), RangeError);
 * setDebug(false);
 * ```
 */
export function setDebug(flag: boolean): void {
  if (typeof flag !== "boolean") throw new TypeError(`setDebug: flag must be a boolean, got ${typeof flag}`);
  isDebug = flag;
}

/** Whether debug mode is on, see {@linkcode setDebug}. */
export function getDebug(): boolean {
  return isDebug;
}
