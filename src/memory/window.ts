/**
 * The memory that WebAssembly sees: one window a process into which shared arrays are mapped a second time, so that its
 * loops work on them without a copy.
 *
 * ```
 * window, 4 GiB of addresses     │ own: 12 MiB, private │ mapped: nothing, but during a call │
 *                                                          ▲            ▲
 *   mremap(2) of no bytes: the same pages a second time ───┘            └─── PROT_NONE afterwards
 * shared segments                   [ array ]   [ workspace ]
 * ```
 *
 * Collectors count a memory's length among what they look after: with 4 GiB they would hardly ever collect (Bun 6 times
 * more seldom; Deno's programs ran half as fast). So the memory is no longer than its own part. It may grow to 4 GiB, for
 * which engines reserve the addresses: where code finds out what is beyond the end by the protection of pages (Bun), it
 * reaches what we map there. Where it compares with the length (Deno), the memory grows as far as has to be mapped.
 *
 * What is mapped keeps its place within a page of 2 MiB, so that the kernel maps huge pages here too. Nothing is mapped
 * outside a call, so that no array lives longer for it. Forked children inherit the window; what is private in it is
 * copied on write.
 *
 * Sources: mremap(2), "If the value of old_size is zero, and old_address refers to a shareable mapping, then mremap()
 * will create a new mapping of the same pages".
 *
 * @module
 */
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MREMAP_FIXED,
  MREMAP_MAYMOVE,
  PROT_NONE,
} from "../../ffi/constants.ts";
import { backend, c, missing } from "../../ffi/libc.ts";
import { HUGE_PAGE_BYTES } from "./huge_pages.ts";
import { segmentOf } from "./segment.ts";

const PAGE = 2 ** 16;
const WINDOW_BYTES = 2 ** 32;
/** The part that is always there; whoever uses it agrees with itself about what is where. */
export const OWN_BYTES: number = 12 * 2 ** 20;

/** Somewhere in an array buffer. */
export interface Stretch {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** The window of this process. */
export class MemoryWindow {
  /** What WebAssembly imports. */
  readonly memory: WebAssembly.Memory;
  /** Where it begins. */
  readonly address: number;
  #next: number;
  /** Whether code reaches what is mapped beyond the length. */
  #isOpenEnded = true;

  /** Errors: whatever the engine throws when it cannot make so large a memory. */
  constructor() {
    this.memory = new WebAssembly.Memory({
      initial: OWN_BYTES / PAGE,
      maximum: WINDOW_BYTES / PAGE,
      shared: true,
    });
    this.address = backend.addressOf(new Uint8Array(this.memory.buffer, 0, 1));
    this.#next = OWN_BYTES;
  }

  /** Maps shared memory, until `clear()`; its address here, -1 when it is not shared or there is no room. */
  map({ buffer, byteOffset, byteLength }: Stretch): number {
    const segment = segmentOf(buffer);
    if (segment === undefined) return -1;
    const first = segment.address + segment.bufferOffset + byteOffset;
    const from = Math.max(segment.address, floorToHuge(first));
    // beyond the end of a segment nothing is there to be touched
    const end = ceilToHuge(first + byteLength);
    const place = this.address + this.#next;
    const target = floorToHuge(place) + from % HUGE_PAGE_BYTES +
      (from % HUGE_PAGE_BYTES < place % HUGE_PAGE_BYTES ? HUGE_PAGE_BYTES : 0);
    const next = target - this.address + end - from;
    if (next > WINDOW_BYTES || !this.#reaches(next)) return -1;
    const mapped = c.mremap(from, 0, end - from, MREMAP_MAYMOVE | MREMAP_FIXED, target);
    if (mapped !== target) return -1;
    this.#next = next;
    return target - this.address + first - from;
  }

  /** From now on the memory grows as far as is mapped: code compares with its length. */
  growWhenMapped(): void {
    this.#isOpenEnded = false;
  }

  /** Lets go of all that was mapped. */
  clear(): void {
    if (this.#next > OWN_BYTES) this.#close(OWN_BYTES, this.#next);
    this.#next = OWN_BYTES;
  }

  #reaches(end: number): boolean {
    const missingBytes = end - this.memory.buffer.byteLength;
    if (this.#isOpenEnded || missingBytes <= 0) return true;
    try {
      this.memory.grow(Math.ceil(missingBytes / PAGE));
      return true;
    } catch {
      return false;
    }
  }

  /** Where the engine ever touches nothing, and neither does a loop unless it is wrong. */
  #close(from: number, to: number): void {
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
    c.mmap(this.address + from, to - from, PROT_NONE, flags, -1, 0);
  }
}

/**
 * The window of this process, to be asked for once; `undefined` where it cannot be made. Some 0.5 ms.
 *
 * @param isReached whether code that works on a window reaches what is mapped beyond the length of its memory
 */
export function openWindow(isReached: (window: MemoryWindow) => boolean): MemoryWindow | undefined {
  if (missing !== undefined) return undefined;
  try {
    const window = new MemoryWindow();
    if (isReached(window)) return window;
    window.growWhenMapped();
    return isReached(window) ? window : undefined;
  } catch {
    // too little room for addresses, `ulimit -v` say: there is another way to do all that uses this
    return undefined;
  }
}

function floorToHuge(address: number): number {
  return address - address % HUGE_PAGE_BYTES;
}

function ceilToHuge(address: number): number {
  return Math.ceil(address / HUGE_PAGE_BYTES) * HUGE_PAGE_BYTES;
}
