/**
 * Makes the engine safe to fork: the process must have *started* with flags that keep the engine from running
 * threads of its own, so when it did not, it is replaced by itself with the flags in its environment.
 *
 * ```
 * start ──import──▶ unsafe threads? ──no──────────────────────────────▶ ready
 *                        │ yes
 *                        ├─ SHAREDMEM_REEXEC=0, a Worker, second round ─▶ fork is refused
 *                        └─ setenv flags + marker, execv(/proc/self/exe, same arguments)
 *                                  same pid, same stdin ──▶ start again; the variables are removed
 * ```
 *
 * @module
 */
import { F_SETFD } from "../../ffi/constants.ts";
import { UnsupportedError } from "../../ffi/errors.ts";
import {
  backend,
  c,
  executeSelf,
  getenv,
  listDirectory,
  missing,
  readFile,
  readLink,
  setenv,
} from "../../ffi/libc.ts";

/** Holds the process id and the values that the flags' variables had, across one re-execution. */
const MARKER = "SHAREDMEM_ENGINE";
const OPT_OUT = "SHAREDMEM_REEXEC";

interface Marker {
  readonly pid: number;
  readonly original: Record<string, string>;
}

let refusal: string | undefined | null = null;

/**
 * Re-executes the process in place when its engine runs threads that a forked child would miss.
 *
 * Nothing of the user's script has run at this time, because imports run first; modules imported earlier run
 * again. Has no effect in a Worker, in a program read from standard input, on an unsupported
 * platform and with `SHAREDMEM_REEXEC=0`.
 */
export function ensureEngine(): void {
  if (missing !== undefined) return;
  const marker = takeMarker();
  if (marker !== undefined || getenv(OPT_OUT) === "0" || !backend.isMainThread) return;
  if (unsafeThreads().length === 0 || isProgramRead()) return;
  const original: Record<string, string> = {};
  for (const [name, { value, separator }] of Object.entries(backend.engineFlags)) {
    const present = getenv(name);
    if (present !== undefined) original[name] = present;
    setenv(name, present && separator ? present + separator + value : value);
  }
  setenv(MARKER, JSON.stringify({ pid: c.getpid(), original }));
  if (backend.marksInherited) keepInheritedDescriptors();
  executeSelf();
  restore(original);
}

/**
 * Refuses where a forked child could hang.
 *
 * @throws {UnsupportedError} with what is needed: a platform, a permission, engine flags
 */
export function assertForkable(): void {
  if (refusal === null) refusal = findRefusal();
  if (refusal !== undefined) throw new UnsupportedError("fork is not safe in this process", refusal);
}

function findRefusal(): string | undefined {
  if (missing !== undefined) return missing;
  const threads = unsafeThreads();
  if (threads.length === 0) return undefined;
  const flags = Object.entries(backend.engineFlags).map(([name, { value }]) => `${name}=${value}`).join(" ");
  return `the engine started with ${flags} in its environment, which importing this module sees to unless ` +
    `${OPT_OUT}=0, a Worker or a program read from standard input prevents it (threads ${
      threads.join(", ")
    } are running)`;
}

function unsafeThreads(): string[] {
  if (backend.threadsMayIdle && startedWithFlags()) return [];
  const names = listDirectory("/proc/self/task").map((id) =>
    readFile(`/proc/self/task/${id}/comm`)?.trim() ?? ""
  );
  return names.filter((name) => backend.unsafeThreads.includes(name));
}

/** Whether the flags were in the environment when this program started; what it has become since says nothing. */
function startedWithFlags(): boolean {
  const atStart = new Map(
    (readFile("/proc/self/environ") ?? "").split("\0").map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  return Object.entries(backend.engineFlags).every(([name, { value, separator }]) => {
    const present = atStart.get(name) ?? "";
    return separator === undefined
      ? present === value
      : value.split(separator).every((part) => present.split(separator).includes(part));
  });
}

/** Whether the program itself came through standard input, where a second start would find nothing. */
function isProgramRead(): boolean {
  const words = (readFile("/proc/self/cmdline") ?? "").split("\0").slice(1);
  return words.find((word) => word !== "run" && !/^-./.test(word)) === "-";
}

/** Reads and removes what the first round left, so that programs started from here do not inherit it. */
function takeMarker(): Marker | undefined {
  const text = getenv(MARKER);
  if (text === undefined) return undefined;
  const marker = JSON.parse(text) as Marker;
  // another process's marker came by inheritance and says nothing of this one
  if (marker.pid !== c.getpid()) return undefined;
  restore(marker.original);
  return marker;
}

function restore(original: Record<string, string>): void {
  setenv(MARKER, undefined);
  for (const name of Object.keys(backend.engineFlags)) setenv(name, original[name]);
}

/** A launcher's descriptors (mpiexec's PMI_FD, a shell's `3<file`) must outlive the re-execution. */
function keepInheritedDescriptors(): void {
  for (const name of listDirectory("/proc/self/fd")) {
    const fd = Number(name);
    const target = readLink(`/proc/self/fd/${name}`);
    // the engine's own are anonymous inodes and directories; pipes, sockets and files came from outside
    if (fd > 2 && target !== undefined && !target.startsWith("anon_inode:")) c.fcntl(fd, F_SETFD, 0);
  }
}
