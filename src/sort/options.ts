/**
 * Options that the functions of this folder have in common.
 *
 * @module
 */
import { axisOf } from "../algorithms/input.ts";
import { describe, suggestion } from "../describe.ts";

/** NumPy's names of ways to sort. Here each of them is stable. */
export type SortKind = "stable" | "quicksort" | "mergesort" | "heapsort";

const KINDS: readonly SortKind[] = ["stable", "quicksort", "mergesort", "heapsort"];

/** Checks the option `kind`. */
export function checkKind(kind: unknown, what: string): void {
  if (kind === undefined) return;
  if (typeof kind !== "string") {
    throw new TypeError(`${what} wants a kind that is a string, got ${describe(kind)}`);
  }
  if (!(KINDS as readonly string[]).includes(kind)) {
    throw new TypeError(`${what} knows no kind ${JSON.stringify(kind)}${suggestion(kind, KINDS)}`);
  }
}

/** The dimensions to sort in and the axis among them: one dimension for single values and for `axis: null`. */
export function sortAxis(
  axis: unknown,
  dimensions: readonly number[],
  length: number,
  what: string,
): { dimensions: readonly number[]; axis: number } {
  if (axis === null) return { dimensions: [length], axis: 0 };
  const shape = dimensions.length === 0 ? [1] : dimensions;
  return { dimensions: shape, axis: axisOf(axis === undefined ? -1 : axis, shape, what) };
}
