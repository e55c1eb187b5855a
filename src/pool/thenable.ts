/**
 * Promises where none may be: jobs and the bodies of sections end before they return.
 *
 * @module
 */

/** Whether `value` is what `await` would wait for. */
export function isThenable(value: unknown): boolean {
  return ((typeof value === "object" && value !== null) || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function";
}

/**
 * What the body of a section returned.
 *
 * @throws {TypeError} when it is a promise: the section would be left before the body has ended
 */
export function settled<T>(value: T, section: string): T {
  if (isThenable(value)) {
    throw new TypeError(
      `${section}: wanted a body that ends before it returns, got one that returns a promise`,
    );
  }
  return value;
}
