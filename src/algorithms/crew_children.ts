/**
 * The children of a crew: forked, watched while the caller waits, seen to their end.
 *
 * @module
 */
import { SIGKILL } from "../../ffi/constants.ts";
import { c } from "../../ffi/libc.ts";
import { SystemCallError, UnsupportedError } from "../errors.ts";
import { enterChild as enterChildMemory } from "../memory/segment.ts";
import { forkChild, prepareForks, prepareLeaves } from "../process/fork.ts";
import { awaitEnd, peekEnd, reap } from "../process/reap.ts";
import { taskState } from "../process/task_state.ts";
import { type CrewBlock, DONE, FORKED, STARTED, type Watch } from "./crew_block.ts";

/** A child whose prologue takes longer has inherited a held lock and hangs. */
const START_LIMIT_MS = 1000;
/** How long a child may be stopped by somebody's signal before the master goes on without it. */
const STOP_LIMIT_MS = 200;
/** How long a child may sleep elsewhere than at a barrier: loops never do, unless they wait for a thread that is not there. */
const SLEEP_LIMIT_MS = 500;
/** Between leaving the body and the end of the process. */
const END_LIMIT_MS = 100;
/** Between two looks whether a child was stopped, which take longer than whether it died. */
const STATE_LOOK_MS = 50;
/** Looks further apart than this do not tell what a child did between them. */
const LOOK_GAP_MS = 200;

/** A process of a crew, as `runCrew()` gives it to the body. */
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

/** The children of one crew, on the caller's side. */
export class Children {
  readonly #block: CrewBlock;
  readonly #size: number;
  readonly #work: CrewWork;
  /** Of rank 1, 2, …; 0 for one that was reaped. */
  readonly #pids: number[] = [];
  /** Since when each was seen, at every look, in a state that it may not stay in; `NaN` for the others. */
  readonly #idleSinceMs: number[] = [];
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
        this.#idleSinceMs.push(NaN);
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
    if (isLook) {
      // what a child does when its master comes back from long work of its own says nothing about the time before
      if (now - this.#lookedAtMs > LOOK_GAP_MS) this.#idleSinceMs.fill(NaN);
      this.#lookedAtMs = now;
    }
    this.#pids.forEach((pid, at) => {
      const status = this.#block.status(at + 1);
      if (status === DONE) return;
      const isLate = status === FORKED && now - this.#forkedAtMs > START_LIMIT_MS;
      // it may have got through between the two looks
      const hasDied = peekEnd(pid) !== undefined && this.#block.status(at + 1) !== DONE;
      if (isLate || hasDied) return this.#block.fail();
      if (!isLook) return;
      const limitMs = this.#idleLimitMs(pid, status);
      const sinceMs = this.#idleSinceMs[at]!;
      if (limitMs === Infinity) this.#idleSinceMs[at] = NaN;
      else if (Number.isNaN(sinceMs)) this.#idleSinceMs[at] = now;
      else if (now - sinceMs > limitMs) this.#block.fail();
    });
  }

  /** How long a child may stay in the state that it is in. */
  #idleLimitMs(pid: number, status: number): number {
    const state = taskState(`/proc/${pid}`);
    if (state === "T") return STOP_LIMIT_MS;
    return state === "S" && status === STARTED && this.#work === "loops" ? SLEEP_LIMIT_MS : Infinity;
  }
}
