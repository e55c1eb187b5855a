/**
 * Some processes that work on one algorithm: the caller and children forked at the call, which meet at barriers and
 * claim pieces of work from counters.
 *
 * ```
 * runCrew(2, body) ── fork ──▶ child (rank 1): prologue ─▶ body ─▶ DONE ─▶ _exit
 *   │ body (rank 0)              │
 *   ├─ barrier ◀────────────────▶┤     every wait is in slices: the master looks for children that died,
 *   ├─ claim                     ├─    and releases the others by a failure word
 *   ▼                            ▼
 * reap by process id ─▶ true; false when a child did not get to DONE
 * ```
 *
 * Only children of the crew are waited for, each by its process id, so user maps may run at the same time. A child dies
 * with its master. Algorithms are pure functions into memory of their own, hence the one answer to any death: the
 * caller does the work again, alone.
 *
 * @module
 */
import { SIGKILL } from "../../ffi/constants.ts";
import { backend, c, missing } from "../../ffi/libc.ts";
import { describe } from "../describe.ts";
import { SystemCallError, UnsupportedError } from "../errors.ts";
import { type FreshMemory, getFreshMemory, takeFreshMemory, useHugePages } from "../memory/huge_pages.ts";
import { enterChild as enterChildMemory } from "../memory/segment.ts";
import { cpuCount } from "../process/cpu_count.ts";
import { assertForkable } from "../process/engine.ts";
import { forkChild, prepareForks, prepareLeaves } from "../process/fork.ts";
import { isForkedChild, self } from "../process/identity.ts";
import { awaitEnd, peekEnd, reap } from "../process/reap.ts";
import { taskState } from "../process/task_state.ts";
import { CrewBlock, CrewBrokenError, DONE, FORKED, MAX_CREW, STARTED, type Watch } from "./crew_block.ts";

/** A child whose prologue takes longer has inherited a held lock and hangs. */
const START_LIMIT_MS = 1000;
/** How long a child may be stopped by somebody's signal before the master goes on without it. */
const STOP_LIMIT_MS = 200;
/** How long a child may sleep elsewhere than at a barrier: loops never do, unless they wait for a thread that is not there. */
const SLEEP_LIMIT_MS = 500;
/** Between leaving the body and the end of the process. */
const END_LIMIT_MS = 100;
/** Fresh memory that a member gets the pages of at a time. */
const FRESH_BYTES = 2 ** 23;
/** Of those that members share, the one that bodies do not use. */
const OWN_COUNTER = 15;
/** Between two looks whether a child was stopped, which take longer than whether it died. */
const STATE_LOOK_MS = 50;

/** A process of a crew, as {@linkcode runCrew} gives it to the body. */
export class CrewMember {
  /** 0 is the caller. */
  readonly rank: number;
  /** How many processes there are. */
  readonly size: number;
  readonly #block: CrewBlock;
  readonly #watch: Watch;

  /** Made by `runCrew()` only. */
  constructor(rank: number, size: number, block: CrewBlock, watch: Watch) {
    this.rank = rank;
    this.size = size;
    this.#block = block;
    this.#watch = watch;
  }

  /** Waits until every member is here. Throws what only `runCrew()` may catch when one died. Blocks. */
  barrier(): void {
    if (this.size > 1) this.#block.meet(this.rank, this.size, this.#watch);
  }

  /** The next value of one of fifteen counters that all members share, from 0 on. */
  claim(counter: number): number {
    return this.#block.claim(counter);
  }
}

/** What the body of a crew runs: loops of this package, or functions of the user's, too. */
export type CrewWork = "loops" | "user code";

/** For tests: processes below the threshold too. */
export const crewTuning: { minItemsPerMember: number | undefined } = { minItemsPerMember: undefined };

let block: CrewBlock | undefined;
/** Whose block it is: a child that makes a crew of its own must not use its parent's. */
let owner = 0;
/** The process that works in a crew as its caller: a user's kernel may call an algorithm, which must not take the block. */
let busy = 0;
let mayFork: boolean | undefined;

/**
 * Runs `body` in the calling process and in `np - 1` children forked at the call, and waits for all. Blocks.
 *
 * Children see all memory as it is now; what they write reaches the others only in shared memory. What the body leaves
 * unreferenced in a child is nobody's: it must not make shared arrays there.
 *
 * @param np processes, from 1 on
 * @param work children for user code are random, write and exit as those of a map do, and start a millisecond later
 * @returns false when a child could not be forked or died; what they wrote is then unspecified
 * @throws whatever `body` throws in the caller; the children are gone by then
 *
 * @example A part for each
 * ```ts ignore
 * const out = empty(1000);
 * const body = ({ rank, size }: CrewMember) => out.fill(rank, (1000 / size) * rank, (1000 / size) * (rank + 1));
 * if (!runCrew(2, body)) runCrew(1, body);
 * ```
 */
export function runCrew(np: number, body: (member: CrewMember) => void, work: CrewWork = "loops"): boolean {
  if (np <= 1) {
    getFreshMemory();
    body(new CrewMember(0, 1, CrewBlock.alone(), () => {}));
    return true;
  }
  const fresh = takeFreshMemory();
  const children = new Children(ownBlock(), Math.min(np, MAX_CREW), work);
  const run = fresh.length === 0 ? body : (member: CrewMember): void => {
    getPages(fresh, member);
    body(member);
  };
  busy = self.pid;
  try {
    if (!children.fork(run)) return false;
    run(children.member(0));
    return children.finish();
  } catch (error) {
    if (error instanceof CrewBrokenError) return false;
    throw error;
  } finally {
    busy = 0;
    children.end();
  }
}

/**
 * How many processes an algorithm should use: what the user wants, else one a processor, and no more than pay.
 *
 * 1 for less than two shares of `minItemsPerMember`, where fork is not safe, and inside a job that does not say
 * otherwise.
 *
 * @param np the option as the user gave it; 0 and 1 mean the calling process alone
 * @param what is named in errors, e.g. `argsort()`
 * @throws {TypeError} when `np` is not a number
 * @throws {RangeError} when it is not an integer from 0 on
 */
export function crewSize(
  np: number | undefined,
  items: number,
  minItemsPerMember: number,
  what = "an algorithm",
): number {
  checkNp(np, what);
  const share = crewTuning.minItemsPerMember ?? minItemsPerMember;
  if (items < 2 * share || (np !== undefined && np <= 1)) return 1;
  if ((np === undefined && isForkedChild()) || busy === self.pid) return 1;
  if (!canFork()) return 1;
  return Math.max(1, Math.min(np ?? cpuCount(), Math.floor(items / share), MAX_CREW));
}

/** Checks the option `np` of an algorithm; errors as {@linkcode crewSize}. */
export function checkNp(np: unknown, what: string): void {
  if (np === undefined) return;
  if (typeof np !== "number") {
    throw new TypeError(`${what} wants a number of processes as np, got ${describe(np)}`);
  }
  if (!Number.isSafeInteger(np) || np < 0) {
    throw new RangeError(`${what} wants an np that is an integer from 0 on, got ${np}`);
  }
}

/** The members share the work of getting the pages of fresh memory; all of it is there when it returns. */
function getPages(fresh: readonly FreshMemory[], member: CrewMember): void {
  let next = member.claim(OWN_COUNTER);
  let piece = 0;
  for (const { address, byteLength } of fresh) {
    for (let at = 0; at < byteLength; at += FRESH_BYTES, piece++) {
      if (piece < next) continue;
      useHugePages(address + at, Math.min(FRESH_BYTES, byteLength - at));
      next = member.claim(OWN_COUNTER);
    }
  }
  member.barrier();
}

function canFork(): boolean {
  mayFork ??= missing === undefined && backend.isMainThread && isForkSafe();
  return mayFork;
}

function isForkSafe(): boolean {
  try {
    assertForkable();
    return true;
  } catch (error) {
    if (error instanceof UnsupportedError) return false;
    throw error;
  }
}

function ownBlock(): CrewBlock {
  if (block === undefined || owner !== self.pid) {
    block = CrewBlock.mapped();
    owner = self.pid;
  }
  return block;
}

/** The children of one crew, on the caller's side. */
class Children {
  readonly #block: CrewBlock;
  readonly #size: number;
  readonly #work: CrewWork;
  /** Of rank 1, 2, …; 0 for one that was reaped. */
  readonly #pids: number[] = [];
  /** When each was last seen in a state that it may stay in. */
  readonly #seenWellAtMs: number[] = [];
  #forkedAtMs = 0;
  #lookedAtMs = 0;

  constructor(block: CrewBlock, size: number, work: CrewWork) {
    this.#block = block;
    this.#size = size;
    this.#work = work;
    block.reset();
  }

  member(rank: number): CrewMember {
    return new CrewMember(rank, this.#size, this.#block, rank === 0 ? () => this.#watch() : () => {});
  }

  /** Forks the children; false when the system has no room for them all. */
  fork(body: (member: CrewMember) => void): boolean {
    try {
      const context = this.#work === "loops" ? prepareLeaves() : prepareForks();
      this.#forkedAtMs = performance.now();
      for (let rank = 1; rank < this.#size; rank++) {
        this.#pids.push(
          forkChild(context, () => this.#block.setStatus(rank, STARTED), () => this.#runInChild(rank, body)),
        );
      }
      return true;
    } catch (error) {
      if (error instanceof SystemCallError || error instanceof UnsupportedError) return false;
      throw error;
    }
  }

  /** Waits for the children to get through; false when one does not. Blocks. */
  finish(): boolean {
    for (let rank = 1; rank < this.#size; rank++) {
      while (!this.#block.awaitDone(rank)) {
        if (this.#block.hasFailed) return false;
        this.#watch();
      }
    }
    return true;
  }

  /** Sees to it that no child is left, whatever happened. Blocks. */
  end(): void {
    this.#pids.forEach((pid, at) => {
      if (pid === 0) return;
      const isThrough = this.#block.status(at + 1) === DONE;
      let end = isThrough ? awaitEnd(pid, END_LIMIT_MS) : peekEnd(pid);
      while (end === undefined) {
        c.kill(pid, SIGKILL);
        end = awaitEnd(pid, 1000);
      }
      reap(pid);
      this.#pids[at] = 0;
    });
  }

  #runInChild(rank: number, body: (member: CrewMember) => void): void {
    try {
      enterChildMemory();
      body(this.member(rank));
      this.#block.finish(rank);
    } catch {
      // the caller does it again, and meets the same error if it was one of the work's
      this.#block.fail();
      c._exit(1);
    }
  }

  /** Breaks the crew when a child has died, hangs in its prologue, was stopped or sleeps for ever. */
  #watch(): void {
    const now = performance.now();
    const isLook = now - this.#lookedAtMs > STATE_LOOK_MS && now - this.#forkedAtMs > STATE_LOOK_MS;
    if (isLook) this.#lookedAtMs = now;
    this.#pids.forEach((pid, at) => {
      const status = this.#block.status(at + 1);
      if (status === DONE) return;
      const isLate = status === FORKED && now - this.#forkedAtMs > START_LIMIT_MS;
      // it may have got through between the two looks
      const hasDied = peekEnd(pid) !== undefined && this.#block.status(at + 1) !== DONE;
      if (isLate || hasDied) return this.#block.fail();
      if (!isLook) return;
      const limitMs = this.#idleLimitMs(pid, status);
      if (limitMs === Infinity) this.#seenWellAtMs[at] = now;
      else if (now - (this.#seenWellAtMs[at] ?? this.#forkedAtMs) > limitMs) this.#block.fail();
    });
  }

  /** How long a child may stay in the state that it is in. */
  #idleLimitMs(pid: number, status: number): number {
    const state = taskState(`/proc/${pid}`);
    if (state === "T") return STOP_LIMIT_MS;
    return state === "S" && status === STARTED && this.#work === "loops" ? SLEEP_LIMIT_MS : Infinity;
  }
}
