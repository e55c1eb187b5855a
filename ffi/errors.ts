/**
 * The root of this package's errors and the two that the lowest layer raises.
 *
 * @module
 */

/** The base of every error of this package; wrong arguments are `TypeError` or `RangeError`. */
export class SharedMemError extends Error {
  /** The class name, kept when the code is minified. */
  override readonly name: string = "SharedMemError";
}

/** A system call failed. Raised in one place only, `ffi/libc.ts`. */
export class SystemCallError extends SharedMemError {
  /** The class name, kept when the code is minified. */
  override readonly name = "SystemCallError";
  /** The C function, e.g. `"mmap"`. */
  readonly syscall: string;
  /** The error number that the call left in `errno`. */
  readonly errno: number;
  /** Its symbolic name, e.g. `"ENOMEM"`. */
  readonly code: string;

  /** Makes the error; `detail` says what was asked for. */
  constructor(syscall: string, errno: number, code: string, detail?: string) {
    super(`${syscall} failed: ${code} (errno ${errno})${detail ? `: ${detail}` : ""}`);
    this.syscall = syscall;
    this.errno = errno;
    this.code = code;
  }
}

/** What was asked for cannot work here; `needs` says what would make it work. */
export class UnsupportedError extends SharedMemError {
  /** The class name, kept when the code is minified. */
  override readonly name = "UnsupportedError";
  /** What is missing: a platform, a permission, an engine flag. */
  readonly needs: string;

  /** Makes the error; the message names `what` and `needs`. */
  constructor(what: string, needs: string, options?: ErrorOptions) {
    super(`${what}: needs ${needs}`, options);
    this.needs = needs;
  }
}
