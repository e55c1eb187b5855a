/**
 * Who this process is. `process.pid` cannot be trusted in a forked child, which inherits its parent's copy.
 *
 * @module
 */
import { c, missing } from "../../ffi/libc.ts";

/** This process's identity; the fork prologue renews it in a child. */
export const self: { pid: number; depth: number } = { pid: missing === undefined ? c.getpid() : 0, depth: 0 };

/** Whether this process was forked by this package. */
export function isForkedChild(): boolean {
  return self.depth > 0;
}
