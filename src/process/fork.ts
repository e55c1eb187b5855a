/**
 * A fork that can be trusted: the engine's threads are absent, every other thread is asleep, the engine's pages
 * are inherited, and the child proves itself before it runs user code.
 *
 * ```
 * parent: list the event loop's descriptors ─▶ wait until other threads sleep ─▶ madvise(DOFORK) ─▶ fork
 * child:                                        prologue (prologue.ts) ─▶ body ─▶ _exit
 * ```
 *
 * @module
 */
import { F_GETFL, F_SETFL, MADV_DOFORK } from "../../ffi/constants.ts";
import {
  backend,
  c,
  checked,
  listDirectory,
  readFile,
  readLink,
  sleepMs,
  systemCallError,
  writeFully,
} from "../../ffi/libc.ts";
import { assertForkable } from "./engine.ts";
import { self } from "./identity.ts";
import { enterChild, enterLeaf, EPOLL, EVENTFD, type LoopDescriptor, rehearsePrologue } from "./prologue.ts";
import { taskState } from "./task_state.ts";

/** How long to wait for other threads to fall asleep; then the fork goes ahead and the canary decides. */
const QUIET_LIMIT_MS = 20;

/** The address space has 47 bits on the architectures that Deno and Bun run on. */
const USER_SPACE_END = 0x7ffffffff000;

/** Exit status of a child that failed by its own fault, sysexits(3). */
const EX_SOFTWARE = 70;

/** What the forks of one moment share. */
export interface ForkContext {
  /** Descriptors of the event loop, which a child must not touch; `undefined` for leaves, which never do. */
  readonly loopDescriptors: readonly LoopDescriptor[] | undefined;
}

let specialStart = 0;
let specialEnd = 0;
let isReadyForUserCode = false;
let isReadyForLeaves = false;

/**
 * Readies this process for some forks in a row, of children that run user code.
 *
 * @throws {UnsupportedError} when fork is not safe here
 * @throws {SystemCallError} when the event loop's descriptors cannot be listed
 */
export function prepareForks(): ForkContext {
  assertForkable();
  if (!isReadyForUserCode) {
    findSpecialMappings();
    backend.prepareFork(keepFlags);
    rehearsePrologue(false);
    isReadyForUserCode = true;
  }
  return { loopDescriptors: findLoopDescriptors() };
}

/**
 * Readies this process for some forks in a row, of children that run nothing of the user's, turn no event loop, write
 * no output and draw no random numbers.
 *
 * @throws {UnsupportedError} when fork is not safe here
 */
export function prepareLeaves(): ForkContext {
  assertForkable();
  if (!isReadyForUserCode && !isReadyForLeaves) {
    findSpecialMappings();
    rehearsePrologue(true);
    isReadyForLeaves = true;
  }
  return { loopDescriptors: undefined };
}

/**
 * Forks; the child runs `prologue` then `body` and ends without returning. Blocks for some milliseconds at most.
 *
 * @param started is called in the child when its prologue is through, before any user code
 * @returns the child's process id
 * @throws {SystemCallError} when the system has no room for a process (`EAGAIN`, `ENOMEM`)
 */
export function forkChild({ loopDescriptors }: ForkContext, started: () => void, body: () => void): number {
  const parentPid = self.pid;
  waitUntilQuiet();
  const pid = forkInherited();
  if (pid !== 0) return checked("fork", pid);
  try {
    if (loopDescriptors === undefined) enterLeaf(parentPid);
    else enterChild(parentPid, loopDescriptors);
    started();
    body();
    c._exit(0);
  } catch (error) {
    // jobs' errors never come here
    writeFully(2, new TextEncoder().encode(`sharedmem: a worker cannot go on: ${error}\n`));
  } finally {
    // whatever happens, a child never returns into the code of its parent
    c._exit(EX_SOFTWARE);
  }
  return 0;
}

/**
 * Engines mark their heaps as not inherited. Nothing may allocate between these calls: a new page would again be
 * missing in the child. The kernel stops at special mappings, hence the two ranges.
 */
function forkInherited(): number {
  c.madvise(0, specialStart, MADV_DOFORK);
  c.madvise(specialEnd, USER_SPACE_END - specialEnd, MADV_DOFORK);
  return c.fork();
}

function keepFlags(fd: number, use: () => void): void {
  const flags = c.fcntl(fd, F_GETFL, 0);
  use();
  if (flags >= 0) c.fcntl(fd, F_SETFL, flags);
}

function findSpecialMappings(): void {
  if (specialStart !== 0) return;
  specialEnd = specialStart = USER_SPACE_END;
  for (const line of (readFile("/proc/self/maps") ?? "").split("\n")) {
    if (!/\[(vvar|vvar_vclock|vdso)\]$/.test(line)) continue;
    const [start, end] = line.split(" ")[0]!.split("-").map((part) => parseInt(part, 16));
    if (specialStart === USER_SPACE_END) specialStart = start!;
    specialEnd = end!;
  }
}

/** A child that kept one of them would take events from its parent: not to know them is no reason to go on. */
function findLoopDescriptors(): LoopDescriptor[] {
  const found: LoopDescriptor[] = [];
  const path = "/proc/self/fd";
  const names = listDirectory(path);
  if (names.length === 0) throw systemCallError("open", path);
  for (const name of names) {
    const target = readLink(`${path}/${name}`);
    if (target === undefined) {
      const error = systemCallError("readlink", `${path}/${name}`);
      // the list's own is closed by now
      if (error.code !== "ENOENT") throw error;
    }
    if (target === "anon_inode:[eventpoll]") found.push({ fd: Number(name), kind: EPOLL });
    else if (target === "anon_inode:[eventfd]") found.push({ fd: Number(name), kind: EVENTFD });
  }
  return found;
}

/** A thread that holds a lock at the fork would hold it for ever in the child; a sleeping one holds none that matter. */
function waitUntilQuiet(): void {
  const deadline = performance.now() + QUIET_LIMIT_MS;
  while (!othersSleep() && performance.now() < deadline) sleepMs(0.1);
}

function othersSleep(): boolean {
  const own = readLink("/proc/thread-self")?.split("/").at(-1);
  for (const id of listDirectory("/proc/self/task")) {
    if (id === own) continue;
    const state = taskState(`/proc/self/task/${id}`);
    if (state !== undefined && state !== "S") return false;
  }
  return true;
}
