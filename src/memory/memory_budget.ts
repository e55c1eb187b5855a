/**
 * How much memory may be taken in advance or kept in reserve without hurting anyone.
 *
 * @module
 */
import { readFile } from "../../ffi/libc.ts";

/** Bytes that this process can have and can still take: the machine's, or those of the container around it. */
export interface MemoryBudget {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

/** Where a container sees the limit and the use of its own control group, v2 and v1. */
const CONTAINER_FILES = [
  ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"],
  ["/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"],
] as const;

/** Reads both anew; 50–100 µs. Zero where nothing can be known: then nothing is taken or kept. */
export function memoryBudget(): MemoryBudget {
  const meminfo = readFile("/proc/meminfo");
  let totalBytes = kibibytes(meminfo, "MemTotal");
  let availableBytes = kibibytes(meminfo, "MemAvailable");
  for (const [limitFile, usedFile] of CONTAINER_FILES) {
    // "max", or no such file
    const limit = parseInt(readFile(limitFile) ?? "", 10);
    if (!(limit < totalBytes)) continue;
    totalBytes = limit;
    availableBytes = Math.min(
      availableBytes,
      Math.max(0, limit - (parseInt(readFile(usedFile) ?? "", 10) || 0)),
    );
  }
  return { totalBytes, availableBytes };
}

function kibibytes(meminfo: string | undefined, name: string): number {
  return 1024 * Number(meminfo?.match(new RegExp(`^${name}: +(\\d+) kB`, "m"))?.[1] ?? 0);
}
