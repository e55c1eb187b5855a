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
import { backend, missing } from "../../ffi/libc.ts";
import { describe } from "../describe.ts";
import { UnsupportedError } from "../errors.ts";
import { type FreshMemory, getFreshMemory, takeFreshMemory, useHugePages } from "../memory/huge_pages.ts";
import { cpuCount } from "../process/cpu_count.ts";
import { assertForkable } from "../process/engine.ts";
import { isForkedChild, self } from "../process/identity.ts";
import { CrewBlock, CrewBrokenError, MAX_CREW } from "./crew_block.ts";
import { Children, CrewMember, type CrewWork } from "./crew_children.ts";

export type { CrewMember, CrewWork } from "./crew_children.ts";

/** Fresh memory that a member gets the pages of at a time. */
const FRESH_BYTES = 2 ** 23;
/** Of those that members share, the one that bodies do not use. */
const OWN_COUNTER = 15;

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
