/**
 * How much memory there is: the machine's, lessened by the limits of control groups.
 *
 * @module
 */
import type { ControlGroup, FileReader } from "../control_group.ts";

/** Memory in bytes. */
export interface MemoryInfo {
  /** What processes here can use at most. */
  readonly totalBytes: number;
  /** What they can still take without swapping and without being killed. */
  readonly availableBytes: number;
}

/** The machine's, as the kernel tells it; `undefined` where it does not. Source: proc_meminfo(5). */
export function machineMemory(readFile: FileReader): MemoryInfo | undefined {
  const meminfo = readFile("/proc/meminfo");
  const total = field(meminfo, "MemTotal:");
  const available = field(meminfo, "MemAvailable:") ?? field(meminfo, "MemFree:");
  if (total === undefined || available === undefined) return undefined;
  return { totalBytes: total * 1024, availableBytes: available * 1024 };
}

/**
 * What `machine` has for the processes of a control group: its limit and those of the groups above hold. Files that it
 * has in the page cache are not counted as used.
 */
export function memoryOf(
  machine: MemoryInfo,
  group: ControlGroup | undefined,
  readFile: FileReader,
): MemoryInfo {
  let { totalBytes, availableBytes } = machine;
  const files = group?.isV2
    ? { limit: "memory.max", used: "memory.current", cached: "inactive_file" }
    : { limit: "memory.limit_in_bytes", used: "memory.usage_in_bytes", cached: "total_inactive_file" };
  for (const directory of group?.directories ?? []) {
    const limit = numberIn(readFile(`${directory}/${files.limit}`));
    // none is "max" in v2, 2^63 less a page in v1
    if (limit === undefined || limit >= machine.totalBytes) continue;
    totalBytes = Math.min(totalBytes, limit);
    const used = numberIn(readFile(`${directory}/${files.used}`)) ?? 0;
    const cached = field(readFile(`${directory}/memory.stat`), files.cached) ?? 0;
    availableBytes = Math.min(availableBytes, Math.max(0, limit - Math.max(0, used - cached)));
  }
  return { totalBytes, availableBytes: Math.min(availableBytes, totalBytes) };
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
