/**
 * Checks of the options of this folder's functions.
 *
 * @module
 */
import { describe } from "../describe.ts";

/** `value`, which must be true or false. */
export function booleanOption(value: unknown, name: string, what: string): boolean {
  if (typeof value === "boolean") return value;
  throw new TypeError(`${what} wants ${name} to be true or false, got ${describe(value)}`);
}
