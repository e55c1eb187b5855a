/**
 * Who this process is. `process.pid` cannot be trusted in a forked child, which inherits its parent's copy.
 *
 * @module
 */
import { c, missing } from "../../ffi/libc.ts";

/**
 * The process id and the number of forks since the program's start. In a typed array, because engines compile the
 * value of a property that never changed into the code as a constant: a child that changed it would throw away
 * what its parent had compiled.
 */
const words = new Int32Array([missing === undefined ? c.getpid() : 0, 0]);

/** This process's identity. */
export const self = {
  /** The process id. */
  get pid(): number {
    return words[0]!;
  },

  /** How many forks by this package lie between the program's start and this process. */
  get depth(): number {
    return words[1]!;
  },
};

/** Notes that this process is a child just forked. */
export function becomeChild(): void {
  words[0] = c.getpid();
  words[1]!++;
}

/** Whether this process was forked by this package. */
export function isForkedChild(): boolean {
  return self.depth > 0;
}
