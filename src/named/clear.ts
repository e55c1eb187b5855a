/**
 * Removes what nobody uses any more.
 *
 * @module
 */
import { describe } from "../describe.ts";
import { checkFlag, checkOptions } from "../options.ts";
import { filesIn, isRefusal, segmentNames } from "./list.ts";
import { DIRECTORY, fileOf, isTemporary } from "./name.ts";
import { removeStale } from "./remove.ts";

/** Options of {@linkcode clear}. */
export interface ClearOptions {
  /** Only arrays whose names begin so; all by default. */
  readonly prefix?: string;
  /** Whether persistent arrays go, too; false by default. */
  readonly all?: boolean;
}

/**
 * Removes the stale arrays of this user: those that no process holds, damaged files among them, and with `all` also the
 * persistent ones that no process holds. Never one that is held, whoever attaches or creates meanwhile. O(n) in their
 * number.
 *
 * A program that is not of this package, such as Python, is not seen to hold an array; what it has mapped stays
 * mapped.
 *
 * @returns the names that were removed, sorted
 * @throws {TypeError} when an option is of the wrong kind
 * @throws {SystemCallError} `EMFILE` when this process has no descriptor left to look with
 *
 * @example After a crash
 * ```ts
 * import { clear, create, list, release } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * const prefix = `example-${crypto.randomUUID()}`;
 * release(create(`${prefix}.a`, 10)); // as if its process had been killed
 * const b = create(`${prefix}.b`, 10);
 * release(create(`${prefix}.c`, 10, "f8", { persist: true }));
 * assert.deepEqual(clear({ prefix }), [`${prefix}.a`]);
 * release(b);
 * assert.deepEqual(clear({ prefix, all: true }), [`${prefix}.b`, `${prefix}.c`]);
 * assert(!list().some(({ name }) => name.startsWith(prefix)));
 * ```
 */
export function clear(options: ClearOptions = {}): string[] {
  checkOptions(options, ["prefix", "all"], "clear()");
  const { prefix = "" } = options;
  if (typeof prefix !== "string") {
    throw new TypeError(`clear() wants a prefix of names, got ${describe(prefix)}`);
  }
  const all = checkFlag(options.all, "all", "clear()");
  const removed = segmentNames("clear()").filter((name) =>
    name.startsWith(prefix) && isRemoved(fileOf(name), all)
  );
  for (const file of filesIn("clear()")) if (isTemporary(file)) isRemoved(`${DIRECTORY}/${file}`, true);
  return removed;
}

/** False also for what is not this user's. */
function isRemoved(path: string, all: boolean): boolean {
  try {
    return removeStale(path, all, "clear()") === "removed";
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}
