/**
 * Finds arrays that nobody uses any more.
 *
 * While the event loop turns it is enough to look from time to time what the engine has collected. But an engine does
 * not see how much memory hangs on a buffer, so it may never collect, and a long synchronous loop or a forked child has
 * no event loop: there an allocation collects.
 *
 * @module
 */
import { setInterval } from "node:timers";
import { EMFILE, ENFILE, ENOMEM } from "../../ffi/constants.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { backend, readFile, systemCallError } from "../../ffi/libc.ts";
import { memoryBudget } from "./memory_budget.ts";
import { liveSegmentBytes, liveSegments, sweep } from "./registry.ts";
import { releaseWarm } from "./warm_memory.ts";

const LOOK_MS = 250;

const MIN_BYTES = 2 ** 28;
const MIN_SEGMENTS = 2 ** 12;
/** Many systems allow 1,024 descriptors. */
const MIN_DESCRIPTORS = 2 ** 9;
/** Below this, asking how much memory is left would cost more than the array. */
const UNCHECKED_BYTES = 2 ** 24;
/** Of all memory: what an allocation leaves to others if it can. */
const RESERVE = 1 / 8;

/** Of all mappings that a process may have: the rest is left to the engine, which dies when it gets none. */
const MAPPING_SHARE = 7 / 8;
/** The kernel's default of `vm.max_map_count`. */
const DEFAULT_MAPPINGS = 65_530;

/** The least that was alive since the last collection: what a large phase held must not stay the measure. */
let lowBytes = 0;
let maxSegments = MIN_SEGMENTS;
let maxDescriptors = MIN_DESCRIPTORS;

// from the start, lest a test that allocates first be blamed for a timer that does not end
setInterval(sweep, LOOK_MS).unref();

/**
 * Collects when the arrays have doubled since the last time, or when memory gets scarce: so the cost is spread over
 * the allocations that caused it.
 *
 * @param descriptors how many will be open
 * @param what is named in errors
 * @returns whether it has collected
 * @throws {SystemCallError} `ENOMEM` when there are too many arrays
 */
export function makeRoom(byteLength: number, descriptors: number, what: string): boolean {
  lowBytes = Math.min(lowBytes, liveSegmentBytes());
  const isDue = liveSegmentBytes() + byteLength > Math.max(MIN_BYTES, 2 * lowBytes) ||
    liveSegments().size >= maxSegments ||
    descriptors > maxDescriptors;
  if (!isDue && !isScarce(byteLength)) return false;
  collect();
  const { size } = liveSegments();
  const most = Math.floor(
    MAPPING_SHARE * (Number(readFile("/proc/sys/vm/max_map_count")) || DEFAULT_MAPPINGS),
  );
  if (size >= most) {
    const detail =
      `${what} wants one array more than ${size}: vm.max_map_count of this system allows no more`;
    throw systemCallError("mmap", detail, ENOMEM);
  }
  lowBytes = liveSegmentBytes();
  maxSegments = Math.min(most, Math.max(MIN_SEGMENTS, 2 * size));
  let open = 0;
  for (const { descriptor } of liveSegments().values()) if (descriptor >= 0) open++;
  maxDescriptors = Math.max(MIN_DESCRIPTORS, 2 * open);
  return true;
}

/** Runs `allocate`, and once more when the system lacks what garbage still holds. */
export function withRoom<T>(allocate: () => T): T {
  try {
    return allocate();
  } catch (error) {
    const isShort = error instanceof SystemCallError && [ENOMEM, EMFILE, ENFILE].includes(error.errno);
    if (!isShort || !reclaim()) throw error;
    return allocate();
  }
}

/** Frees what nobody uses; false when there was nothing. */
function reclaim(): boolean {
  const hasFreed = collect();
  return releaseWarm() || hasFreed;
}

function collect(): boolean {
  backend.collectGarbage();
  return sweep();
}

function isScarce(byteLength: number): boolean {
  if (byteLength < UNCHECKED_BYTES) return false;
  const { totalBytes, availableBytes } = memoryBudget();
  if (totalBytes === 0 || availableBytes - byteLength >= RESERVE * totalBytes) return false;
  releaseWarm();
  return true;
}
