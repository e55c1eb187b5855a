/**
 * The pipe by which a worker wakes its master, and by whose end the master learns at once that the worker is gone.
 *
 * @module
 */
import { O_CLOEXEC, O_NONBLOCK, POLLIN } from "../../ffi/constants.ts";
import { c, checked } from "../../ffi/libc.ts";
import type { Readiness } from "../../ffi/types.ts";

/** Both ends, not blocking: a full pipe means that the bell has rung. */
export function openDoorbell(): { readonly read: number; readonly write: number } {
  const ends = new Int32Array(2);
  checked("pipe2", c.pipe2(ends, O_CLOEXEC | O_NONBLOCK));
  return { read: ends[0]!, write: ends[1]! };
}

const oneByte = new Uint8Array([1]);
const scratch = new Uint8Array(256);

/** Rings; without effect when the master is gone. */
export function ringDoorbell(write: number): void {
  c.write(write, oneByte, 1);
}

/** Waits up to `timeoutMs` (-1: without limit) for any of the pipes; what arrived is read and thrown away. Blocks. */
export function pollDoorbells(reads: readonly number[], timeoutMs: number): Readiness[] {
  // struct pollfd { int fd; short events; short revents; }
  const table = new Int32Array(2 * reads.length);
  reads.forEach((fd, at) => {
    table[2 * at] = fd;
    table[2 * at + 1] = POLLIN;
  });
  const ready: Readiness[] = [];
  if (c.poll(table, reads.length, timeoutMs < 0 ? -1 : Math.ceil(timeoutMs)) <= 0) return ready;
  reads.forEach((fd, at) => {
    if (table[2 * at + 1]! >>> 16) ready.push({ fd, ended: drain(fd) });
  });
  return ready;
}

function drain(fd: number): boolean {
  for (;;) {
    const count = c.read(fd, scratch, scratch.length);
    if (count < scratch.length) return count === 0;
  }
}
