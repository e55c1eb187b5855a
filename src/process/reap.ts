/**
 * The end of a child, read from the kernel before its process id can be given to another.
 *
 * @module
 */
import {
  CLD_EXITED,
  ECHILD,
  EINTR,
  ESRCH,
  P_PID,
  signalNames,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  WSTOPPED,
} from "../../ffi/constants.ts";
import { c, errno, sleepMs, systemCallError } from "../../ffi/libc.ts";
import { taskState } from "./task_state.ts";

/** How a child ended. */
export interface ChildEnd {
  /** The signal's name, or `null` when it exited. */
  readonly signal: string | null;
  /** The exit status, or `null` when a signal ended it. */
  readonly exitCode: number | null;
}

// siginfo_t: si_code at byte 8, si_pid at 16, si_status at 24
const SIGINFO_BYTES = 128;
const info = new Int32Array(SIGINFO_BYTES / 4);

/** How a child ended, leaving it a zombie so that its process id stays its own; `undefined` while it runs. */
export function peekEnd(pid: number): ChildEnd | undefined {
  return waitChild(pid, WEXITED | WNOHANG | WNOWAIT);
}

/** Whether any process has ended, removed or not; also true for one that never was. */
export function hasEnded(pid: number): boolean {
  if (c.kill(pid, 0) < 0 && errno() === ESRCH) return true;
  const state = taskState(`/proc/${pid}`);
  return state === "Z" || state === "X";
}

/** Removes a child that has ended; its process id may be given away from here on. */
export function reap(pid: number): void {
  waitChild(pid, WEXITED);
}

/** Waits up to `limitMs` for a child to end. Blocks. */
export function awaitEnd(pid: number, limitMs: number): ChildEnd | undefined {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const end = peekEnd(pid);
    if (end !== undefined || performance.now() > deadline) return end;
    sleepMs(0.05);
  }
}

/** Waits for a child to be stopped by a signal; false when it ended or did not stop in time. Blocks. */
export function awaitStop(pid: number, limitMs: number): boolean {
  const deadline = performance.now() + limitMs;
  do {
    info[4] = 0;
    if (c.waitid(P_PID, pid, info, WSTOPPED | WNOHANG | WNOWAIT) < 0) return false;
    if (info[4] === pid) return true;
    if (peekEnd(pid) !== undefined) return false;
    sleepMs(1);
  } while (performance.now() < deadline);
  return false;
}

function waitChild(pid: number, options: number): ChildEnd | undefined {
  for (;;) {
    info[4] = 0;
    if (c.waitid(P_PID, pid, info, options) === 0) break;
    // with SIGCHLD ignored by the user the kernel keeps no status
    if (errno() === ECHILD) return { signal: null, exitCode: null };
    if (errno() !== EINTR) throw systemCallError("waitid", `pid ${pid}`);
  }
  if (info[4] !== pid) return undefined;
  const [code, status] = [info[2], info[6]!];
  return code === CLD_EXITED
    ? { signal: null, exitCode: status }
    : { signal: signalNames[status] ?? `signal ${status}`, exitCode: null };
}
