/**
 * How much memory this process and its workers can use.
 *
 * @module
 */
import { freemem, totalmem } from "node:os";
import * as libc from "../../ffi/libc.ts";
import { controlGroup, type FileReader } from "../control_group.ts";
import { machineMemory, type MemoryInfo, memoryOf } from "../memory/memory_info.ts";

/**
 * The memory that this process and its workers can use at most, in bytes: the machine's, or the limit of the
 * control group (cgroup v1 or v2) or of one above it. Read anew at each call. Blocks for some 100 µs.
 *
 * @example Half of the memory
 * ```ts
 * import { availableMemory, totalMemory } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const budgetBytes = totalMemory() / 2;
 * assert.ok(budgetBytes > 0 && availableMemory() <= totalMemory());
 * ```
 */
export function totalMemory(): number {
  return memoryInfo(libc.readFile).totalBytes;
}

/**
 * The memory that this process and its workers can still take without swapping and without being killed, in
 * bytes.
 *
 * The kernel's estimate (`MemAvailable`: free memory and caches that can be dropped), or what is left below
 * the limit of the control group or of one above it, file caches not counted as used. Read anew at each call.
 * Blocks for some 100 µs.
 */
export function availableMemory(): number {
  return memoryInfo(libc.readFile).availableBytes;
}

/** Both, of the machine that `readFile` reads from. */
export function memoryInfo(readFile: FileReader): MemoryInfo {
  const machine = machineMemory(readFile) ?? { totalBytes: totalmem(), availableBytes: freemem() };
  return memoryOf(machine, controlGroup("memory", readFile), readFile);
}
