/**
 * Which named arrays there are.
 *
 * @module
 */
import { EMFILE, ENFILE, ENOENT, ENOMEM, O_CLOEXEC, O_RDONLY } from "../../ffi/constants.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { c, cString, errno, readDirectory, systemCallError } from "../../ffi/libc.ts";
import { FormatError } from "../errors.ts";
import type { ShortDType } from "../memory/dtype.ts";
import { becomeSole, isUnheld } from "./lock.ts";
import { DIRECTORY, fileOf, nameOf } from "./name.ts";
import { openSegment } from "./open_segment.ts";
import { isPersistent } from "./remove.ts";
import { readLayout } from "./segment_header.ts";

/** A named array, as {@linkcode list} tells it. */
export interface NamedArray {
  /** What `attach()` takes. */
  readonly name: string;
  /** The element type. */
  readonly dtype: ShortDType;
  /** Length of each dimension; `[]` for a single value. */
  readonly shape: readonly number[];
  /** Of its elements, without the page of the header. */
  readonly bytes: number;
  /** Whether a process of whatever kind that uses this package holds it, this one included. */
  readonly isHeld: boolean;
  /** Whether it stays when nobody holds it. */
  readonly isPersistent: boolean;
}

/**
 * The named arrays of this user, in order of their names. Files that `attach()` would refuse are left out. O(n) in their
 * number; a snapshot: others come and go.
 *
 * A program that is not of this package, such as Python, is not seen to hold an array.
 *
 * @throws {SystemCallError} `EMFILE` when this process has no descriptor left to look with
 * @throws {UnsupportedError} where there is no shared memory: not Linux, or Deno without `--allow-ffi`
 *
 * @example What is there
 * ```ts
 * import { create, list, unlink } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const name = `example-${crypto.randomUUID()}`;
 * const x = create(name, [20, 3], "f4");
 * const found = list().find((array) => array.name === name);
 * assert.deepEqual(found, { name, dtype: "f4", shape: [20, 3], bytes: 240, isHeld: true, isPersistent: false });
 * unlink(name);
 * assert.equal(x.size, 60);
 * ```
 */
export function list(): NamedArray[] {
  return segmentNames("list()").flatMap((name) => {
    try {
      return describeSegment(name) ?? [];
    } catch (error) {
      if (error instanceof FormatError || isRefusal(error)) return [];
      throw error;
    }
  });
}

/** The names that files in `/dev/shm` have, sorted; whosesoever they are. */
export function segmentNames(what: string): string[] {
  return filesIn(what).flatMap((file) => nameOf(file) ?? []).sort();
}

/** The files in `/dev/shm`; none where there is no such directory. */
export function filesIn(what: string): string[] {
  const fd = c.open(cString(DIRECTORY), O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) {
    if (errno() === ENOENT) return [];
    throw systemCallError("open", `${what}: ${DIRECTORY}`);
  }
  const names: string[] = [];
  const error = readDirectory(fd, names) ? undefined : systemCallError("getdents64", `${what}: ${DIRECTORY}`);
  c.close(fd);
  if (error !== undefined) throw error;
  return names;
}

/** Whether an error is about the one file, rather than about this process. */
export function isRefusal(error: unknown): boolean {
  return error instanceof SystemCallError && ![EMFILE, ENFILE, ENOMEM].includes(error.errno);
}

function describeSegment(name: string): NamedArray | undefined {
  const path = fileOf(name);
  const file = openSegment(path, "write", "list()");
  if (file === undefined) return undefined;
  try {
    const { dtype, shape, dataBytes } = readLayout(file.fd, file.status.byteLength, path);
    becomeSole(file.fd, `list(): ${path}`);
    return {
      name,
      dtype,
      shape,
      bytes: dataBytes,
      isHeld: !isUnheld(file.fd, `list(): ${path}`),
      isPersistent: isPersistent(file.status),
    };
  } finally {
    c.close(file.fd);
  }
}
