/**
 * Names of arrays and the files that stand for them.
 *
 * @module
 */
import { describe } from "../describe.ts";

/** Where POSIX shared memory objects are: a file system in memory. */
export const DIRECTORY = "/dev/shm";

const PREFIX = "sharedmem-";
const SUFFIX = ".npy";
const TEMPORARY_PREFIX = ".sharedmem-named-";
/** With prefix and suffix below the 255 bytes that a file name may have. */
const MAX_LENGTH = 200;
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
const MAX_FILE_LENGTH = 255;

/**
 * The file of a named array.
 *
 * @param what is named in errors, e.g. `create()`
 * @throws {TypeError} when that is no name: 1 to 200 of `A-Z a-z 0-9 . _ -`, the first one no dot
 */
export function pathOf(name: string, what: string): string {
  if (typeof name !== "string") throw new TypeError(`${what} wants a name, got ${describe(name)}`);
  if (name.length > MAX_LENGTH) {
    throw new TypeError(`${what} wants a name of at most ${MAX_LENGTH} characters, got ${name.length}`);
  }
  if (!NAME.test(name)) {
    throw new TypeError(
      `${what} wants a name of A-Z a-z 0-9 . _ - not beginning with a dot, got ${describe(name)}`,
    );
  }
  return fileOf(name);
}

/** The file of an array whose name has been checked, or comes from {@linkcode nameOf}. */
export function fileOf(name: string): string {
  return `${DIRECTORY}/${PREFIX}${name}${SUFFIX}`;
}

/** The name of the array that a file of `/dev/shm` stands for; `undefined` for any other file. */
export function nameOf(file: string): string | undefined {
  if (!file.startsWith(PREFIX) || !file.endsWith(SUFFIX)) return undefined;
  const name = file.slice(PREFIX.length, -SUFFIX.length);
  return NAME.test(name) && name.length <= MAX_LENGTH ? name : undefined;
}

/** A file name that nobody else has, for where a file cannot be made without one. */
export function temporaryPath(random: Uint8Array): string {
  const digits = Array.from(random, (byte) => byte.toString(16).padStart(2, "0"));
  return `${DIRECTORY}/${TEMPORARY_PREFIX}${digits.join("")}`;
}

/** Whether a file of `/dev/shm` has such a name: left by a program that was killed, unless somebody holds it. */
export function isTemporary(file: string): boolean {
  return file.startsWith(TEMPORARY_PREFIX);
}

/**
 * The file of any POSIX shared memory object, by its name with or without the leading slash.
 *
 * @throws {TypeError} when there cannot be an object of that name
 */
export function rawPathOf(name: string, what: string): string {
  if (typeof name !== "string") {
    throw new TypeError(`${what} wants the name of a shared memory object, got ${describe(name)}`);
  }
  const file = name.replace(/^\//, "");
  const isName = file !== "" && file !== "." && file !== ".." && !/[/\0]/.test(file);
  if (!isName) {
    throw new TypeError(
      `${what} wants the name of a shared memory object: no slash but the first, no NUL, not "", "." or "..", ` +
        `got ${describe(name)}`,
    );
  }
  const { length } = new TextEncoder().encode(file);
  if (length > MAX_FILE_LENGTH) {
    throw new TypeError(`${what} wants a name of at most ${MAX_FILE_LENGTH} bytes, got one of ${length}`);
  }
  return `${DIRECTORY}/${file}`;
}
