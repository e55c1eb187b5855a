/**
 * What a forked child does before user code, in this order:
 *
 * 1. die with the parent, and see that the parent still lives
 * 2. signals that have a handler back to their defaults, since a JavaScript handler would never run
 * 3. private copies of the event loop's descriptors, since the epoll instance is the parent's own
 * 4. prefer this process when memory runs out
 * 5. random numbers of its own
 * 6. canary: use the allocator in every size class, the compiler and the collector; a child that inherited a held
 *    lock hangs here, where the parent can still replace it
 * 7. the right process ids, an `exit` that leaves at once, output that is written at once
 *
 * A leaf, a child that runs loops of this package and nothing of the user's, does without 3, 5 and 7: it takes a
 * millisecond less.
 *
 * @module
 */
import process from "node:process";
import {
  EINVAL,
  O_CLOEXEC,
  O_NONBLOCK,
  O_WRONLY,
  PR_SET_PDEATHSIG,
  SIGBUS,
  SIGKILL,
  signalNumber,
  SIGSEGV,
} from "../../ffi/constants.ts";
import { backend, c, cString, randomBytes, readFile, systemCallError, writeFully } from "../../ffi/libc.ts";
import { becomeChild, self } from "./identity.ts";

/** Kinds of descriptors that an event loop waits on. */
export const EPOLL = 0;
/** See {@linkcode EPOLL}. */
export const EVENTFD = 1;

/** A descriptor of the parent's event loop. */
export interface LoopDescriptor {
  readonly fd: number;
  readonly kind: typeof EPOLL | typeof EVENTFD;
}

const SIG_DFL = 0;
const SIG_IGN = 1;
const SIGCHLD = 17;
/** HUP INT QUIT USR1 USR2 TERM CHLD WINCH; not PIPE (a write's EPIPE is wanted), not SEGV and BUS (the engine's). */
const RESET_SIGNALS = [1, 2, 3, 10, 12, 15, SIGCHLD, 28] as const;
const OOM_SCORE_STEP = 500;
const OOM_SCORE_MAX = 1000;
const REHEARSALS = 4;

/** node:crypto, if it can be had without permission prompts. */
const nodeCrypto = process.getBuiltinModule("node:crypto");

/** Runs the prologue of a leaf. Called once, in the child, right after the fork. */
export function enterLeaf(parentPid: number): void {
  dieWithParent(parentPid);
  resetSignals();
  becomeChild();
  volunteerForOom();
  canary();
}

/** Runs the prologue of a child for user code. Called once, in the child, right after the fork. */
export function enterChild(parentPid: number, loopDescriptors: readonly LoopDescriptor[]): void {
  dieWithParent(parentPid);
  resetSignals();
  isolateEventLoop(loopDescriptors);
  becomeChild();
  volunteerForOom();
  const entropy = new Uint32Array(randomBytes(16).buffer);
  drainRandomCaches();
  canary();
  takeIdentity(parentPid, entropy);
}

/**
 * Runs in the parent what of the prologue has no effect, so that its code is compiled once and not in every child.
 * Compiling costs a child more than running: each page that the compiler writes is first copied.
 */
export function rehearsePrologue(isLeaf: boolean): void {
  for (let i = 0; i < REHEARSALS; i++) {
    canary();
    if (isLeaf) continue;
    isolateEventLoop([]);
    drainRandomCaches();
  }
}

function dieWithParent(parentPid: number): void {
  c.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // the parent may have died before the call; inside a PID namespace a foreign parent reads as 0
  if (c.getppid() !== parentPid) c._exit(0);
}

/**
 * As `execve` does: handlers go, what was ignored (`nohup`, a shell's background job) stays so. Not SIGCHLD: the
 * kernel would reap the children of a process that ignores it.
 */
function resetSignals(): void {
  for (const signal of RESET_SIGNALS) {
    if (c.signal(signal, SIG_DFL) === SIG_IGN && signal !== SIGCHLD) c.signal(signal, SIG_IGN);
  }
}

/** `dup3` onto the same number: the runtime goes on with a loop that hears nothing of the parent's. */
function isolateEventLoop(descriptors: readonly LoopDescriptor[]): void {
  for (const { fd, kind } of descriptors) {
    const own = kind === EPOLL ? c.epoll_create1(O_CLOEXEC) : c.eventfd(0, O_CLOEXEC | O_NONBLOCK);
    if (own < 0) throw systemCallError(kind === EPOLL ? "epoll_create1" : "eventfd");
    const taken = c.dup3(own, fd, O_CLOEXEC);
    if (taken < 0) throw systemCallError("dup3");
    c.close(own);
  }
}

/** Adds to the score rather than setting it: an administrator's preference among programs stays. */
function volunteerForOom(): void {
  const path = "/proc/self/oom_score_adj";
  const fd = c.open(cString(path), O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return;
  const score = Math.min(Number(readFile(path) ?? 0) + OOM_SCORE_STEP, OOM_SCORE_MAX);
  const text = new TextEncoder().encode(String(score));
  c.write(fd, text, text.length);
  c.close(fd);
}

/**
 * Both runtimes draw random bytes in advance; a child inherits what is left and would repeat it. The counts are
 * above what a full cache was seen to hold (Deno 134 UUIDs and 24 small draws, Bun 119, 238 and 7 × 256 bytes).
 */
function drainRandomCaches(): void {
  const web = globalThis.crypto;
  // the generator is seeded anew only after 64 KiB: until then siblings draw the same
  web.getRandomValues(new Uint8Array(65_536));
  const few = new Uint8Array(8);
  for (let i = 0; i < 140; i++) web.randomUUID();
  for (let i = 0; i < 260; i++) web.getRandomValues(few);
  for (let i = 0; i < 260; i++) nodeCrypto.randomInt(2 ** 40);
}

/** Keeps the engine from leaving out what nobody looks at. */
export const canarySink: { kept: unknown } = { kept: undefined };

function canary(): void {
  const kept: unknown[] = [];
  for (const size of [8, 64, 500, 5000, 70000]) {
    kept.push(
      new Uint8Array(size),
      new ArrayBuffer(size),
      "s".repeat(size) + size,
      new Array(size & 2047).fill(size),
    );
  }
  // the compiler: a function that no cache has seen
  const compiled = Function("x", `return x * ${self.pid}`) as (x: number) => number;
  kept.push(
    JSON.stringify(kept[3]),
    compiled(3),
    new Map([[1, { a: 2 }]]),
    /x+y/.exec("xxxy"),
    Symbol.for("canary"),
  );
  canarySink.kept = kept;
  canarySink.kept = undefined;
}

function takeIdentity(parentPid: number, entropy: Uint32Array): void {
  const { pid } = self;
  const exit = (code: unknown = process.exitCode ?? 0): never => {
    c._exit(Number(code) & 255);
    throw new Error("unreachable");
  };
  define(process, "pid", pid);
  define(process, "ppid", parentPid);
  // where it cannot be redefined, the parent's number is what `process.pid` says
  const stalePid = process.pid === pid ? -1 : process.pid;
  const kill = (target: number, signal: string | number = "SIGTERM"): true => {
    const number = signalNumber(signal);
    if (number === undefined) throw systemCallError("kill", `no signal ${signal}`, EINVAL);
    const isSelf = target === pid || target === stalePid;
    // the engine's handler swallows the first that no instruction caused
    if (isSelf && (number === SIGSEGV || number === SIGBUS)) c.signal(number, SIG_DFL);
    const result = c.kill(isSelf ? pid : target, number);
    if (result < 0) throw systemCallError("kill", `pid ${target}, signal ${signal}`);
    return true;
  };
  define(process, "kill", kill);
  define(process, "exit", exit);
  define(process, "reallyExit", exit);
  backend.adoptChild({ pid, entropy, exit, kill, write: writeFully });
}

function define(target: object, key: string, value: unknown): void {
  try {
    Object.defineProperty(target, key, { value, configurable: true, writable: true, enumerable: true });
  } catch {
    // not configurable: `process.pid` in Deno; `kill` copes with the stale number
  }
}
