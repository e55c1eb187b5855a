/**
 * Numbers of segments, unique in a process and all that it forks: a word of shared memory that was there first.
 *
 * @module
 */
import { MAP_ANONYMOUS, MAP_SHARED, PROT_READ_WRITE } from "../../ffi/constants.ts";
import { backend, c, checked, missing, PAGE_BYTES } from "../../ffi/libc.ts";

const counter: Int32Array = missing === undefined ? new Int32Array(mapPage()) : new Int32Array(1);

/** Mapped when the module loads, before any fork, and never unmapped. */
function mapPage(): ArrayBuffer {
  const address = c.mmap(0, PAGE_BYTES, PROT_READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return backend.viewAt(checked("mmap", address, "the counter of shared arrays"), 4);
}

/** A number that no segment has had yet, in whatever process. */
export function nextSerial(): number {
  return (Atomics.add(counter, 0, 1) + 1) >>> 0;
}

/** The highest number given out so far, in whatever process. */
export function lastSerial(): number {
  return Atomics.load(counter, 0) >>> 0;
}
