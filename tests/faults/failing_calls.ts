/**
 * System calls that fail on request: the k-th call of one C function, in the master or in a worker.
 *
 * The functions of `c` are replaced while an action runs, and children inherit the replacements. A failure happens
 * once, whichever process meets it first, and gives the error number that the man page names for it.
 */
import { EAGAIN, EINTR, EMFILE, ENOMEM, MADV_DOFORK } from "../../ffi/constants.ts";
import { backend, c } from "../../ffi/libc.ts";
import { empty } from "../../mod.ts";

/** Where the call is made. */
export type Caller = "the master" | "a worker";

/** One call, counted from 1 in the process that makes it. */
export interface Site {
  readonly name: string;
  readonly k: number;
}

const ENOSYS = 38;
const ENOBUFS = 105;

/**
 * What can fail, and how. The rest cannot for arguments of ours (`kill` and `waitid` on one's own child but for
 * EINTR, `lseek` on a memfd, `dup3` onto an open descriptor, `prctl`, `signal`), has no failure (`getpid`), or is made to end the process.
 */
const FAILURES: Readonly<Record<string, number>> = {
  fork: EAGAIN,
  mmap: ENOMEM,
  munmap: ENOMEM,
  madvise: ENOMEM,
  memfd_create: ENOSYS,
  ftruncate: EINTR,
  open: EMFILE,
  close: EINTR,
  pipe2: EMFILE,
  socketpair: EMFILE,
  sendmsg: ENOBUFS,
  recvmsg: ENOMEM,
  read: EINTR,
  write: EAGAIN,
  poll: EINTR,
  readlink: ENOMEM,
  getdents64: ENOMEM,
  epoll_create1: EMFILE,
  eventfd: EMFILE,
  getrandom: ENOSYS,
  futex: EINTR,
  waitid: EINTR,
  usleep: EINTR,
  fcntl: EINTR,
};

/** These have done their work even when they fail: close(2); a mapping that stays would be a leak by definition. */
const WORKS_ANYWAY: ReadonlySet<string> = new Set(["close", "munmap"]);
/** How often these are called depends on time: the first calls stand for all. */
const POLLS: ReadonlySet<string> = new Set(["poll", "waitid", "usleep", "futex"]);
const MAX_POLLS = 3;

type Native = (...values: unknown[]) => number;

const NAMES = Object.keys(FAILURES);
const table = c as unknown as Record<string, Native>;
const errnoCell = new Int32Array(backend.viewAt(c.__errno_location(), 4));
/** The most calls that any one process has made, by name. */
const most: Int32Array = empty(NAMES.length, "i4");
/** Whether the failure has happened, in whatever process. */
const hit: Int32Array = empty(1, "i4");
/** The calls of this process, by name. */
const made = new Int32Array(NAMES.length);

let caller: Caller = "the master";
let isWorker = false;
let targetAt = -1;
let targetK = 0;

/** All calls that `action` makes in one process of that kind, of each function the first `limit`. */
export async function sitesOf(
  where: Caller,
  action: () => Promise<void>,
  limit: number = Infinity,
): Promise<Site[]> {
  await withCalls(where, undefined, action);
  return NAMES.flatMap((name, at) => {
    const count = Math.min(most[at]!, limit, POLLS.has(name) ? MAX_POLLS : Infinity);
    return Array.from({ length: count }, (_, i) => ({ name, k: i + 1 }));
  });
}

/** Runs `action` with that call failing; whether it was made. */
export async function failing(where: Caller, site: Site, action: () => Promise<void>): Promise<boolean> {
  await withCalls(where, site, action);
  return hit[0] === 1;
}

async function withCalls(where: Caller, site: Site | undefined, action: () => Promise<void>): Promise<void> {
  caller = where;
  targetAt = site === undefined ? -1 : NAMES.indexOf(site.name);
  targetK = site?.k ?? 0;
  most.fill(0);
  made.fill(0);
  hit[0] = 0;
  const natives = NAMES.map((name) => table[name]!);
  NAMES.forEach((name, at) => table[name] = replacement(name, at, natives[at]!));
  try {
    await action();
  } finally {
    NAMES.forEach((name, at) => table[name] = natives[at]!);
  }
}

/** Between the calls that lead to a fork nothing may allocate: those two get no list of arguments. */
function replacement(name: string, at: number, native: Native): Native {
  if (name === "fork") {
    return () => {
      if (fails(at)) return failure(name);
      const pid = native();
      if (pid === 0) {
        isWorker = true;
        made.fill(0);
      }
      return pid;
    };
  }
  if (name === "madvise") {
    return (address, length, advice) =>
      advice !== MADV_DOFORK && fails(at) ? failure(name) : native(address, length, advice);
  }
  return (...values) => {
    if (!fails(at)) return native(...values);
    if (WORKS_ANYWAY.has(name)) native(...values);
    return failure(name);
  };
}

function fails(at: number): boolean {
  if (isWorker !== (caller === "a worker")) return false;
  const count = made[at]! + 1;
  made[at] = count;
  if (count > most[at]!) most[at] = count;
  return at === targetAt && count === targetK && Atomics.exchange(hit, 0, 1) === 0;
}

function failure(name: string): number {
  errnoCell[0] = FAILURES[name]!;
  return -1;
}
