/**
 * The memory that a master and the workers of one run share.
 *
 * ```
 * header   256 B   NEXT | LIMIT CLOSED SLEEPERS | TURN SEQUENCE WAITERS USED     (each group on its own cache line)
 * slot ×np 256 B   STATE POS END LOWER WRITE SENT BELL INTENT INTENT_END | READ STALLED | start of the job, f64 | pid
 * ring ×np 16 MiB  results of one worker, see transport/result_ring.ts
 * ```
 *
 * One mapping, `MAP_NORESERVE`: only what is written costs memory, and a worker whose master keeps up stays in the
 * first pages of its ring. Mappings are kept for the next run, which finds their pages warm.
 *
 * @module
 */
import {
  MADV_REMOVE,
  MAP_ANONYMOUS,
  MAP_NORESERVE,
  MAP_SHARED,
  PROT_READ_WRITE,
} from "../../ffi/constants.ts";
import { backend, c, systemCallError } from "../../ffi/libc.ts";
import { self } from "../process/identity.ts";

const LINE_WORDS = 16;
const BLOCK_WORDS = 4 * LINE_WORDS;
const BLOCK_BYTES = 4 * BLOCK_WORDS;
/** Bytes of a ring, a power of two. */
export const RING_BYTES: number = 2 ** 24;
/** A ring that was used beyond this gives its pages back after the run. */
const KEPT_RING_BYTES = 2 ** 20;
const MAX_KEPT = 4;

/** Words of the header. */
export const NEXT = 0;
export const LIMIT: number = LINE_WORDS;
export const CLOSED: number = LINE_WORDS + 1;
export const SLEEPERS: number = LINE_WORDS + 2;
export const TURN: number = 2 * LINE_WORDS;
export const WAITERS: number = 2 * LINE_WORDS + 1;
export const ORDERED_USED: number = 2 * LINE_WORDS + 2;

/** Words of a slot, after `slotAt(rank)`. */
export const STATE = 0;
export const POS = 1;
export const END = 2;
export const LOWER = 3;
export const WRITE = 4;
export const SENT = 5;
export const BELL = 6;
export const INTENT = 7;
export const INTENT_END = 8;
export const READ: number = LINE_WORDS;
export const STALLED: number = LINE_WORDS + 1;
const JOB_START_WORD = 2 * LINE_WORDS;

/** Values of STATE: what the worker has reached. */
export const FORKED = 0;
export const STARTED = 1;
export const FINISHED = 2;

/** INTENT of a worker that is not claiming. */
export const NO_INTENT = -1;

/** LOWER of a worker that will hold no job: nobody waits for it. */
export const NEVER = 0x7fffffff;

/** Where the slot of a rank begins, in words. */
export function slotAt(rank: number): number {
  return BLOCK_WORDS * (rank + 1);
}

/** Where a slot keeps the start of its job (ms, the monotonic clock), in 8-byte units. */
export function jobStartAt(rank: number): number {
  return (slotAt(rank) + JOB_START_WORD) / 2;
}

/** A ring's memory under the types that it is read with. */
export interface RingViews {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Int32Array<ArrayBuffer>;
  readonly doubles: Float64Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
}

/** The shared memory of one run. */
export class ControlMemory {
  readonly #address: number;
  readonly #ringsAt: number;
  readonly #mappedBytes: number;
  /** Header and slots. */
  readonly words: Int32Array<ArrayBuffer>;
  /** The same memory as doubles. */
  readonly doubles: Float64Array<ArrayBuffer>;
  /** One ring a worker. */
  readonly rings: readonly RingViews[];
  /** How many workers it has room for. */
  readonly capacity: number;

  private constructor(capacity: number) {
    const blocksBytes = BLOCK_BYTES * (capacity + 1);
    this.#ringsAt = Math.ceil(blocksBytes / 4096) * 4096;
    this.#mappedBytes = this.#ringsAt + capacity * RING_BYTES;
    const flags = MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE;
    this.#address = c.mmap(0, this.#mappedBytes, PROT_READ_WRITE, flags, -1, 0);
    if (this.#address < 0) {
      throw systemCallError("mmap", `${this.#mappedBytes} bytes for ${capacity} workers`);
    }
    const blocks = backend.viewAt(this.#address, blocksBytes);
    this.words = new Int32Array(blocks);
    this.doubles = new Float64Array(blocks);
    this.capacity = capacity;
    this.rings = Array.from({ length: capacity }, (_, rank) => {
      const buffer = backend.viewAt(this.#address + this.#ringsAt + rank * RING_BYTES, RING_BYTES);
      return {
        bytes: new Uint8Array(buffer),
        words: new Int32Array(buffer),
        doubles: new Float64Array(buffer),
        view: new DataView(buffer),
      };
    });
  }

  static #kept: ControlMemory[] = [];
  static #owner = 0;

  /** Memory for `np` workers, its header and slots zero. */
  static borrow(np: number): ControlMemory {
    // what a child inherited is its parent's and its siblings' to lend
    if (ControlMemory.#owner !== self.pid) ControlMemory.#kept = [];
    ControlMemory.#owner = self.pid;
    const at = ControlMemory.#kept.findIndex(({ capacity }) => capacity >= np);
    const memory = at < 0 ? new ControlMemory(np) : ControlMemory.#kept.splice(at, 1)[0]!;
    memory.words.fill(0);
    for (let rank = 0; rank < memory.capacity; rank++) memory.words[slotAt(rank) + INTENT] = NO_INTENT;
    return memory;
  }

  /** Takes memory back when every process that could write to it is gone; `used[rank]` is how far each ring was written. */
  giveBack(used: readonly number[]): void {
    used.forEach((bytes, rank) => {
      if (bytes <= KEPT_RING_BYTES) return;
      const from = this.#address + this.#ringsAt + rank * RING_BYTES + KEPT_RING_BYTES;
      c.madvise(from, RING_BYTES - KEPT_RING_BYTES, MADV_REMOVE);
    });
    if (ControlMemory.#kept.push(this) > MAX_KEPT) ControlMemory.#kept.shift()!.#unmap();
  }

  #unmap(): void {
    // a view that somebody kept reads length 0 from here on, never unmapped memory
    for (const { buffer } of [this.words, ...this.rings.map(({ bytes }) => bytes)]) buffer.transfer();
    c.munmap(this.#address, this.#mappedBytes);
  }
}
