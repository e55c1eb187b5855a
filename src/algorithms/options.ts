/**
 * Options of algorithms.
 *
 * @module
 */
import { describe } from "../describe.ts";

export { checkOptions } from "../options.ts";

/** A flag, false by default. */
export function checkFlag(value: unknown, name: string, what: string): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw new TypeError(`${what} wants a boolean as ${name}, got ${describe(value)}`);
}

/** A number from 0 on that counts something. */
export function checkCount(value: unknown, name: string, what: string): number {
  if (typeof value !== "number") {
    throw new TypeError(`${what} wants a number as ${name}, got ${describe(value)}`);
  }
  if (Number.isSafeInteger(value) && value >= 0) return value + 0;
  throw new RangeError(`${what} wants a ${name} that is an integer from 0 on, got ${value}`);
}
