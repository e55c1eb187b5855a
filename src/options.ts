/**
 * Options of functions: unknown names are refused, with the known one that they resemble.
 *
 * @module
 */
import { describe, suggestion } from "./describe.ts";

/**
 * Checks that `options` is an object with known names only; `undefined` stands for none.
 *
 * @param what is named in errors, e.g. `load()`
 * @throws {TypeError} when it is no object, or a name is not known
 */
export function checkOptions(options: unknown, known: readonly string[], what: string): void {
  if (options === undefined) return;
  if (
    typeof options !== "object" || options === null || Array.isArray(options) || ArrayBuffer.isView(options)
  ) {
    throw new TypeError(`${what} wants an object of options, got ${describe(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new TypeError(`${what} knows no option ${JSON.stringify(name)}${suggestion(name, known)}`);
  }
}

/** A flag, false by default. */
export function checkFlag(value: unknown, name: string, what: string): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw new TypeError(`${what} wants ${name} to be true or false, got ${describe(value)}`);
}

/** A number from 0 on that counts something. */
export function checkCount(value: unknown, name: string, what: string): number {
  if (typeof value !== "number") {
    throw new TypeError(`${what} wants a number as ${name}, got ${describe(value)}`);
  }
  if (Number.isSafeInteger(value) && value >= 0) return value + 0;
  throw new RangeError(`${what} wants ${name} to be an integer from 0 on, got ${value}`);
}
