/**
 * The errors of the package: a small family, each with a sentence on when it is raised.
 *
 * ```
 * SharedMemError
 * ├─ WorkerError       user code in a worker threw
 * ├─ WorkerExitError   a worker died
 * ├─ CodecError        a value cannot be carried between processes
 * ├─ JobTimeoutError   a job, or the whole map, ran past its time
 * ├─ DeadlockError     waiting would never end
 * ├─ AsyncJobError     a job returned a promise
 * ├─ PoolClosedError   the pool was disposed
 * ├─ FormatError       a file does not hold what it must
 * ├─ UnsupportedError  the platform, a permission or a flag is missing
 * └─ SystemCallError   the kernel said no
 * ```
 *
 * @module
 */
import { SharedMemError } from "../ffi/errors.ts";

export { SharedMemError, SystemCallError, UnsupportedError } from "../ffi/errors.ts";

/** Where in the input and in which process something happened. */
export interface JobLocation {
  /** The job's position in the input. */
  readonly index: number;
  /** The worker's rank, 0…np-1. */
  readonly rank: number;
  /** The worker's process id. */
  readonly pid: number;
}

/**
 * User code threw in a worker. `cause` is the original as far as it can travel; `stack` begins at the line that threw.
 */
export class WorkerError extends SharedMemError {
  /** The class name, kept when the code is minified. */
  override readonly name = "WorkerError";
  /** The job's position in the input. */
  readonly index: number;
  /** The worker's rank, 0…np-1. */
  readonly rank: number;
  /** The worker's process id. */
  readonly pid: number;
  /** The stack as it was in the worker, text of the engine. */
  readonly workerStack: string;
  /** Whether something of the original could not travel. */
  readonly lossy: boolean;

  /** Wraps `cause`, thrown by the job at `where`. */
  constructor(where: JobLocation, cause: unknown, workerStack: string, lossy: boolean) {
    super(`job ${where.index} threw ${summary(cause)}`, { cause });
    this.index = where.index;
    this.rank = where.rank;
    this.pid = where.pid;
    this.workerStack = workerStack;
    this.lossy = lossy;
    // printed with every error, it would say again what the stacks say
    Object.defineProperty(this, "workerStack", { enumerable: false });
    const frames = userFrames(workerStack);
    if (frames.length > 0) {
      const stack = [`${this.name}: ${this.message}`, ...frames].join("\n");
      Object.defineProperty(this, "stack", { value: stack, writable: true, configurable: true });
    }
  }
}

/** A worker died: killed, out of memory, `process.exit`, `Deno.exit`. */
export class WorkerExitError extends SharedMemError {
  /** The class name, kept when the code is minified. */
  override readonly name = "WorkerExitError";
  /** The job that it was running, or the one it would have run next. */
  readonly index: number;
  /** The worker's rank, 0…np-1. */
  readonly rank: number;
  /** The worker's process id. */
  readonly pid: number;
  /** The signal that ended it, e.g. `"SIGKILL"`, else `null`. */
  readonly signal: string | null;
  /** Its exit status, else `null`. */
  readonly exitCode: number | null;

  /** Makes the error; `reason` is a guess at the cause, where one can be made. */
  constructor(where: JobLocation, signal: string | null, exitCode: number | null, reason = "") {
    const how = signal === null ? `exited with status ${exitCode}` : `was killed by ${signal}`;
    super(`worker ${where.rank} (pid ${where.pid}) ${how} in job ${where.index}${reason && `: ${reason}`}`);
    this.index = where.index;
    this.rank = where.rank;
    this.pid = where.pid;
    this.signal = signal;
    this.exitCode = exitCode;
  }
}

/** A value cannot be carried between processes; `path` says which part, e.g. `result.a[2].callback`. */
export class CodecError extends SharedMemError {
  /** The class name, kept when the code is minified. */
  override readonly name = "CodecError";
  /** The job whose value it was; -1 where no job is concerned. */
  readonly index: number;
  /** The offending part, as a JavaScript expression. */
  readonly path: string;

  /** Makes the error; the message is `path` followed by `problem`. */
  constructor(path: string, problem: string, index = -1, options?: ErrorOptions) {
    super(`${path} ${problem}`, options);
    this.index = index;
    this.path = path;
  }
}

/** A job, or the whole map (`index` -1), ran past its time. */
export class JobTimeoutError extends SharedMemError {
  /** The class name, kept when the code is minified. */
  override readonly name = "JobTimeoutError";
  /** The job; -1 when the whole map ran past `timeout`. */
  readonly index: number;
  /** How long it ran, in milliseconds. */
  readonly elapsedMs: number;

  /** Makes the error; `limitMs` is the time that was allowed. */
  constructor(index: number, elapsedMs: number, limitMs: number) {
    const what = index < 0 ? "the map" : `job ${index}`;
    super(`${what} ran for ${Math.round(elapsedMs)} ms, longer than the ${limitMs} ms allowed`);
    this.index = index;
    this.elapsedMs = elapsedMs;
  }
}

/** Waiting would never end: `critical` entered twice by a worker, `ordered` twice in a job. */
export class DeadlockError extends SharedMemError {
  /** The class name, kept when the code is minified. */
  override readonly name = "DeadlockError";
}

/** A job returned a promise; under `fork` jobs are synchronous. */
export class AsyncJobError extends SharedMemError {
  /** The class name, kept when the code is minified. */
  override readonly name = "AsyncJobError";
  /** The job; -1 where no job is concerned. */
  readonly index: number;

  /** Makes the error for the job at `index`. */
  constructor(index: number) {
    super(
      `job ${index} returned a promise, wanted a plain value: jobs are synchronous under the "fork" backend; ` +
        `use synchronous calls, or new MapReduce({ backend: "worker" }), where jobs may be async`,
    );
    this.index = index;
  }
}

/** The pool was disposed. */
export class PoolClosedError extends SharedMemError {
  /** The class name, kept when the code is minified. */
  override readonly name = "PoolClosedError";

  /** Makes the error. */
  constructor() {
    super("the pool was disposed: make a new one");
  }
}

/**
 * A file does not hold what it must: it is no `.npy` file, is damaged or cut off, or holds a kind of data that this
 * package does not read. The message names the file.
 */
export class FormatError extends SharedMemError {
  /** The class name, kept when the code is minified. */
  override readonly name = "FormatError";
}

/** This package's folder as stack frames name it: by path in one engine, by URL in the other. */
const OWN_FOLDER = decodeURI(new URL(".", import.meta.url).pathname);

/** The frames above the package's own: whoever reads the error looks for his own line first. */
function userFrames(stack: string): string[] {
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  const own = frames.findIndex((frame) => frame.includes(OWN_FOLDER));
  return own < 0 ? frames : frames.slice(0, own);
}

function summary(cause: unknown): string {
  try {
    return String(cause);
  } catch {
    return "a value that cannot be shown";
  }
}
