/**
 * How much memory may be taken in advance or kept in reserve without hurting anyone.
 *
 * @module
 */
import { readFile } from "../../ffi/libc.ts";
import { type ControlGroup, controlGroup } from "../control_group.ts";
import { machineMemory, type MemoryInfo, memoryOf } from "./memory_info.ts";

const UNKNOWN: MemoryInfo = { totalBytes: 0, availableBytes: 0 };

/** Looked for once: finding it takes longer than reading its limits, and processes seldom move to another. */
let found: { readonly group: ControlGroup | undefined } | undefined;

/**
 * What this process can have and can still take, read anew; some 50 µs. Zero where nothing can be known: then nothing is
 * taken or kept.
 */
export function memoryBudget(): MemoryInfo {
  found ??= { group: controlGroup("memory", readFile) };
  return memoryOf(machineMemory(readFile) ?? UNKNOWN, found.group, readFile);
}
