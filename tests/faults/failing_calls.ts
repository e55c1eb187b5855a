/**
 * System calls that fail on request: the k-th call of one C function, in the master or in a worker.
 *
 * The functions of `c` are replaced while an action runs, and children inherit the replacements. A failure happens
 * once, whichever process meets it first, and gives an error number that the man page names for it.
 */
import { EAGAIN, EINTR, EMFILE, ENOMEM, ENOSPC, MADV_DOFORK } from "../../ffi/constants.ts";
import { backend, c } from "../../ffi/libc.ts";
import {
  CodecError,
  empty,
  SystemCallError,
  UnsupportedError,
  WorkerError,
  WorkerExitError,
} from "../../mod.ts";

/** Where the call is made. */
export type Caller = "the master" | "a worker";

/** One call, counted from 1 in the process that makes it. */
export interface Site {
  readonly name: string;
  readonly k: number;
  /** How it fails. */
  readonly errno: number;
}

const EIO = 5;
const ENOLCK = 37;
const ENOSYS = 38;
const ENOBUFS = 105;

/**
 * What can fail, and how; the first way is the one that maps are tested with. The rest cannot for arguments of ours
 * (`kill` and `waitid` on one's own child but for EINTR, `lseek` on a memfd, `dup3` onto an open descriptor, `prctl`,
 * `signal`, `sched_getaffinity`), has no failure (`getpid`, `geteuid`), or is made to end the process.
 */
const FAILURES: Readonly<Record<string, readonly [number, ...number[]]>> = {
  fork: [EAGAIN],
  mmap: [ENOMEM],
  munmap: [ENOMEM],
  madvise: [ENOMEM, EAGAIN, EINTR],
  memfd_create: [ENOSYS],
  ftruncate: [EINTR, ENOSPC],
  posix_fallocate: [ENOSPC, EINTR, ENOMEM],
  flock: [ENOLCK, EINTR],
  fchmod: [EIO, EINTR],
  statx: [ENOMEM, EIO],
  statvfs: [EIO, EINTR],
  linkat: [ENOSPC, ENOMEM],
  unlink: [EIO],
  rename: [ENOSPC, EIO],
  open: [EMFILE, ENOMEM, EINTR],
  close: [EINTR, EIO],
  pipe2: [EMFILE],
  socketpair: [EMFILE],
  sendmsg: [ENOBUFS],
  recvmsg: [ENOMEM],
  read: [EINTR, EIO],
  pread: [EIO, EINTR],
  pwrite: [ENOSPC, EIO, EINTR],
  write: [EAGAIN, ENOSPC, EIO, EINTR],
  poll: [EINTR],
  readlink: [ENOMEM],
  getdents64: [ENOMEM],
  epoll_create1: [EMFILE],
  eventfd: [EMFILE],
  getrandom: [ENOSYS],
  futex: [EINTR],
  waitid: [EINTR],
  usleep: [EINTR],
  fcntl: [EINTR, ENOLCK],
};

/** These have done their work even when they fail: close(2); a mapping that stays would be a leak by definition. */
const WORKS_ANYWAY: ReadonlySet<string> = new Set(["close", "munmap"]);
/** These give the error number itself. */
const RETURN_ERRNO: ReadonlySet<string> = new Set(["posix_fallocate"]);
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
let targetErrno = 0;

/** Which calls are made to fail. */
export interface Choice {
  /** Of each function the first so many; all of them unless said. */
  readonly limit?: number;
  /** Whether each of them fails in every way that it may, one after the other. */
  readonly everyWay?: boolean;
}

/** The calls that `action` makes in one process of that kind. */
export async function sitesOf(
  where: Caller,
  action: () => Promise<void>,
  { limit = Infinity, everyWay = false }: Choice = {},
): Promise<Site[]> {
  await withCalls(where, undefined, action);
  return NAMES.flatMap((name, at) => {
    const count = Math.min(most[at]!, limit, POLLS.has(name) ? MAX_POLLS : Infinity);
    const ways = everyWay ? FAILURES[name]! : FAILURES[name]!.slice(0, 1);
    return ways.flatMap((errno) => Array.from({ length: count }, (_, i) => ({ name, k: i + 1, errno })));
  });
}

/** Runs `action` with that call failing; whether it was made. */
export async function failing(where: Caller, site: Site, action: () => Promise<void>): Promise<boolean> {
  await withCalls(where, site, action);
  return hit[0] === 1;
}

/** Whether users are told of such an error: what failed is named. */
export function isDocumented(error: unknown): boolean {
  return error instanceof SystemCallError || error instanceof WorkerExitError ||
    error instanceof UnsupportedError ||
    // thrown in a job: by an array's allocation, or where a result was being carried
    (error instanceof WorkerError || error instanceof CodecError) &&
      /^SystemCallError: \w+ failed: E/.test(`${error.cause}`);
}

async function withCalls(where: Caller, site: Site | undefined, action: () => Promise<void>): Promise<void> {
  caller = where;
  targetAt = site === undefined ? -1 : NAMES.indexOf(site.name);
  targetK = site?.k ?? 0;
  targetErrno = site?.errno ?? 0;
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
  if (RETURN_ERRNO.has(name)) return targetErrno;
  errnoCell[0] = targetErrno;
  return -1;
}
