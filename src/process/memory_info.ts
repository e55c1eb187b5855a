/**
 * How much memory there is: the machine's, lessened by the limits of control groups.
 *
 * @module
 */
import { freemem, totalmem } from "node:os";
import * as libc from "../../ffi/libc.ts";
import { controlGroup, type FileReader } from "./proc_files.ts";

/** Memory in bytes. */
export interface MemoryInfo {
  /** What processes here can use at most. */
  readonly totalBytes: number;
  /** What they can still take without swapping and without being killed. */
  readonly availableBytes: number;
}

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
  let { totalBytes, availableBytes } = machineMemory(readFile("/proc/meminfo"));
  const group = controlGroup("memory", readFile);
  const files = group?.isV2
    ? { limit: "memory.max", used: "memory.current", cached: "inactive_file" }
    : { limit: "memory.limit_in_bytes", used: "memory.usage_in_bytes", cached: "total_inactive_file" };
  for (const directory of group?.directories ?? []) {
    const limit = numberIn(readFile(`${directory}/${files.limit}`));
    // none is "max" in v2, 2^63 less a page in v1
    if (limit === undefined) continue;
    totalBytes = Math.min(totalBytes, limit);
    const used = numberIn(readFile(`${directory}/${files.used}`)) ?? 0;
    const cached = field(readFile(`${directory}/memory.stat`), files.cached) ?? 0;
    availableBytes = Math.min(availableBytes, Math.max(0, limit - Math.max(0, used - cached)));
  }
  return { totalBytes, availableBytes: Math.min(availableBytes, totalBytes) };
}

function machineMemory(meminfo: string | undefined): MemoryInfo {
  const total = field(meminfo, "MemTotal:");
  const available = field(meminfo, "MemAvailable:") ?? field(meminfo, "MemFree:");
  return total === undefined || available === undefined
    ? { totalBytes: totalmem(), availableBytes: freemem() }
    : { totalBytes: total * 1024, availableBytes: available * 1024 };
}

/** The number behind a name at the beginning of a line. */
function field(text: string | undefined, name: string): number | undefined {
  const line = text?.split("\n").find((line) => line.startsWith(`${name} `));
  return numberIn(line?.slice(name.length));
}

/** `"123\n"` or `" 123 kB"`; `undefined` for `"max"` or nothing. */
function numberIn(text: string | undefined): number | undefined {
  const digits = /^\s*(\d+)/.exec(text ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}
