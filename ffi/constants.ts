/**
 * Numbers of the Linux interface, from the kernel's uapi headers (asm-generic: the same on x86-64 and AArch64,
 * but for the system call numbers).
 *
 * @module
 */
import process from "node:process";

/** `mmap` protections and flags. */
export const PROT_NONE = 0;
export const PROT_READ_WRITE = 3;
export const MAP_SHARED = 0x01;
export const MAP_PRIVATE = 0x02;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_NORESERVE = 0x4000;
export const MREMAP_MAYMOVE = 1;
export const MREMAP_FIXED = 2;

/** `madvise` advice. */
export const MADV_REMOVE = 9;
export const MADV_DOFORK = 11;
export const MADV_POPULATE_READ = 22;
export const MADV_POPULATE_WRITE = 23;
export const MADV_COLLAPSE = 25;

/** Open, descriptor and socket flags. */
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NOCTTY = 0o400;
export const O_NONBLOCK = 0o4000;
/** The two that follow are other bits on AArch64. */
export const O_NOFOLLOW: number = process.arch === "arm64" ? 0o100000 : 0o400000;
export const O_TMPFILE: number = 0o20000000 | (process.arch === "arm64" ? 0o40000 : 0o200000);
export const O_CLOEXEC = 0o2000000;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_OFD_SETLK = 37;
export const MFD_CLOEXEC = 1;
export const SEEK_END = 2;
export const AF_UNIX = 1;
export const SOCK_SEQPACKET = 5;
export const SOL_SOCKET = 1;
export const SCM_RIGHTS = 1;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_CMSG_CLOEXEC = 0x40000000;

/** Files: where paths begin, what calls by path do, locks. */
export const AT_FDCWD: number = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_EMPTY_PATH = 0x1000;
export const STATX_BASIC_STATS = 0x7ff;
export const S_IFMT = 0o170000;
export const S_ISVTX = 0o1000;
export const LOCK_SH = 1;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const F_WRLCK = 1;

/** `poll` events. */
export const POLLIN = 1;
export const POLLOUT = 4;

/** Processes. */
export const P_PID = 1;
export const WNOHANG = 1;
export const WSTOPPED = 2;
export const WEXITED = 4;
export const WNOWAIT = 0x01000000;
export const CLD_EXITED = 1;
export const PR_SET_PDEATHSIG = 1;
export const SC_PAGESIZE = 30;

/** Signals that the code sends or resets; the same numbers on both architectures. */
export const SIGBUS = 7;
export const SIGKILL = 9;
export const SIGSEGV = 11;
export const SIGCONT = 18;
export const SIGSTOP = 19;

/** `futex` operations; shared between processes, so never `FUTEX_PRIVATE_FLAG`. */
export const FUTEX_WAIT = 0;
export const FUTEX_WAKE = 1;

/** `SYS_futex`, which has no wrapper in glibc. */
export const SYS_FUTEX: number = process.arch === "arm64" ? 98 : 202;

/** Error numbers that the code acts on. */
export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EINTR = 4;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const ECHILD = 10;
export const EACCES = 13;
export const EEXIST = 17;
export const EISDIR = 21;
export const EINVAL = 22;
export const ENFILE = 23;
export const EMFILE = 24;
export const ENOSPC = 28;
export const EROFS = 30;
export const ELOOP = 40;
export const EOPNOTSUPP = 95;

const errorNames: Readonly<Record<number, string>> = {
  1: "EPERM",
  2: "ENOENT",
  3: "ESRCH",
  4: "EINTR",
  5: "EIO",
  6: "ENXIO",
  7: "E2BIG",
  8: "ENOEXEC",
  9: "EBADF",
  10: "ECHILD",
  11: "EAGAIN",
  12: "ENOMEM",
  13: "EACCES",
  14: "EFAULT",
  16: "EBUSY",
  17: "EEXIST",
  19: "ENODEV",
  20: "ENOTDIR",
  21: "EISDIR",
  22: "EINVAL",
  23: "ENFILE",
  24: "EMFILE",
  26: "ETXTBSY",
  27: "EFBIG",
  28: "ENOSPC",
  29: "ESPIPE",
  30: "EROFS",
  32: "EPIPE",
  35: "EDEADLK",
  36: "ENAMETOOLONG",
  38: "ENOSYS",
  40: "ELOOP",
  75: "EOVERFLOW",
  95: "EOPNOTSUPP",
  105: "ENOBUFS",
  110: "ETIMEDOUT",
};

/** The symbolic name of an error number, e.g. `"ENOMEM"`. */
export function errorName(errno: number): string {
  return errorNames[errno] ?? `E${errno}`;
}

/** Signals by number, `signalNames[9] === "SIGKILL"`. */
export const signalNames: readonly string[] =
  ("SIG0 SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE " +
    "SIGALRM SIGTERM SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM " +
    "SIGPROF SIGWINCH SIGIO SIGPWR SIGSYS").split(" ");

/** The number of a signal given by name or number; `undefined` when there is none. */
export function signalNumber(signal: string | number): number | undefined {
  if (typeof signal === "number") {
    return signal >= 0 && signal <= 64 && Number.isInteger(signal) ? signal : undefined;
  }
  const number = signalNames.indexOf(signal);
  return number > 0 ? number : undefined;
}
