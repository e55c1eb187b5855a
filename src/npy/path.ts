/**
 * Paths as users give them.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { describe } from "../describe.ts";

/**
 * A path as the system wants it.
 *
 * @param what names the function in errors, e.g. `load()`
 * @throws {TypeError} when it is no string and no `file:` URL, is empty, or holds NUL
 */
export function pathOf(path: string | URL, what: string): string {
  const text = path instanceof URL && path.protocol === "file:" ? fileURLToPath(path) : path;
  if (typeof text !== "string") {
    throw new TypeError(`${what} wants a path as a string or a file: URL, got ${describe(path)}`);
  }
  if (text === "") throw new TypeError(`${what} wants a path, got an empty string`);
  if (text.includes("\0")) {
    throw new TypeError(`${what} wants a path without NUL, got ${JSON.stringify(text)}`);
  }
  return text;
}
