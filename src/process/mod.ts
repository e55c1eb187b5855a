/**
 * What this process may use of the machine.
 *
 * @example As many workers as there are processors to run them
 * ```ts
 * import { availableMemory, cpuCount, totalMemory } from "@sharedmem/sharedmem/system";
 * import assert from "node:assert/strict";
 *
 * assert(cpuCount() >= 1);
 * assert(availableMemory() <= totalMemory());
 * ```
 *
 * @module
 */
export { cpuCount } from "./cpu_count.ts";
export { availableMemory, totalMemory } from "./memory_info.ts";
