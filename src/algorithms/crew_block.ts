/**
 * The words that the processes of a crew share, and what they do with them: meet, claim, fail.
 *
 * ```
 * line 0      ARRIVED    members at the barrier
 * line 1      GENERATION meetings so far; SLEEPERS on it
 * line 2      FAILED     a member died: nobody waits any more
 * line 3…18   CLAIMS     sixteen counters
 * line 19…    STATUS     a word for each rank: 0 forked, 1 at work, 2 done, 3 asleep at the barrier
 * ```
 *
 * @module
 */
import { MAP_ANONYMOUS, MAP_SHARED, PROT_READ_WRITE } from "../../ffi/constants.ts";
import { backend, c, checked } from "../../ffi/libc.ts";
import { EVERYONE, futexWait, futexWake } from "../sync/futex.ts";

/** Words of a cache line. */
const LINE = 16;
const ARRIVED = 0;
const GENERATION = LINE;
const SLEEPERS = LINE + 1;
const FAILED = 2 * LINE;
const CLAIMS = 3 * LINE;
const STATUS = 19 * LINE;
const BLOCK_WORDS = 1024;

/** Values of a member's status word. */
export const FORKED = 0;
/** Its prologue is through, it works. */
export const STARTED = 1;
/** It has done its part. */
export const DONE = 2;
/** It waits at the barrier, perhaps asleep. */
export const WAITING = 3;

/** How many counters a crew has. */
export const COUNTERS = 16;
/** How many processes a crew may have. */
export const MAX_CREW: number = BLOCK_WORDS - STATUS;

/** Looks at a word before sleeping: some 20 µs, about what a sleep and a wake-up cost. */
const SPINS = 4000;
/** A member that sleeps looks this often whether the crew still stands. */
const SLICE_MS = 2;

/** Thrown out of a crew's body when another member died; never leaves `runCrew()`. */
export class CrewBrokenError extends Error {
  override readonly name = "CrewBrokenError";

  constructor() {
    super("a member of the crew died");
  }
}

/** Called while a member waits: the master looks for dead children. */
export type Watch = () => void;

/** The shared words of one crew. */
export class CrewBlock {
  readonly #words: Int32Array<ArrayBuffer>;

  constructor(words: Int32Array<ArrayBuffer>) {
    this.#words = words;
  }

  /** A block of one page that children inherit; never unmapped. */
  static mapped(): CrewBlock {
    const bytes = 4 * BLOCK_WORDS;
    const address = c.mmap(0, bytes, PROT_READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return new CrewBlock(
      new Int32Array(backend.viewAt(checked("mmap", address, "the words of a crew"), bytes)),
    );
  }

  /** A block that nobody else sees, for a crew of one. */
  static alone(): CrewBlock {
    return new CrewBlock(new Int32Array(BLOCK_WORDS));
  }

  /** Readies the block for a crew; nobody else may use it at the time. */
  reset(): void {
    this.#words.fill(0);
  }

  /** The next value of a counter, from 0 on. */
  claim(counter: number): number {
    return Atomics.add(this.#words, CLAIMS + counter * LINE, 1);
  }

  /** What a member has come to. */
  status(rank: number): number {
    return Atomics.load(this.#words, STATUS + rank);
  }

  /** Notes what a member has come to. */
  setStatus(rank: number, status: number): void {
    Atomics.store(this.#words, STATUS + rank, status);
  }

  /** Notes that a member is done, and wakes who waits for it. */
  finish(rank: number): void {
    this.setStatus(rank, DONE);
    futexWake(this.#words, STATUS + rank, 1);
  }

  /** Waits a little for a member to be done; false when it is not yet. Blocks. */
  awaitDone(rank: number): boolean {
    for (let spin = 0; spin < SPINS; spin++) if (this.status(rank) === DONE) return true;
    const status = this.status(rank);
    if (status !== DONE) futexWait(this.#words, STATUS + rank, status, SLICE_MS);
    return this.status(rank) === DONE;
  }

  /** Whether the crew is broken. */
  get hasFailed(): boolean {
    return Atomics.load(this.#words, FAILED) !== 0;
  }

  /** Breaks the crew: whoever waits stops waiting. */
  fail(): void {
    Atomics.store(this.#words, FAILED, 1);
    futexWake(this.#words, GENERATION, EVERYONE);
  }

  /**
   * Waits until `size` members have come here. Blocks.
   *
   * @throws {CrewBrokenError} when one never will
   */
  meet(rank: number, size: number, watch: Watch): void {
    const words = this.#words;
    // read before arriving: the last to come moves it on at once
    const generation = Atomics.load(words, GENERATION);
    if (Atomics.add(words, ARRIVED, 1) === size - 1) {
      Atomics.store(words, ARRIVED, 0);
      Atomics.add(words, GENERATION, 1);
      if (Atomics.load(words, SLEEPERS) > 0) futexWake(words, GENERATION, EVERYONE);
      return;
    }
    for (let spin = 0; spin < SPINS; spin++) {
      if (Atomics.load(words, GENERATION) !== generation) return;
    }
    this.setStatus(rank, WAITING);
    while (Atomics.load(words, GENERATION) === generation) {
      if (this.hasFailed) throw new CrewBrokenError();
      watch();
      Atomics.add(words, SLEEPERS, 1);
      futexWait(words, GENERATION, generation, SLICE_MS);
      Atomics.sub(words, SLEEPERS, 1);
    }
    this.setStatus(rank, STARTED);
  }
}
