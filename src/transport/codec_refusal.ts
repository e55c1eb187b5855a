/**
 * How a value that cannot be carried is reported: the path is put together while the stack unwinds, so that
 * the usual case pays nothing for it.
 *
 * @module
 */
import { CodecError } from "../errors.ts";

/** On its way out of the encoder; becomes a {@linkcode CodecError} at the top. */
export class Refusal {
  /** What is wrong, e.g. `is a function`. */
  readonly problem: string;
  /** What user code threw, if it did. */
  readonly cause: unknown;
  readonly #segments: string[] = [];

  /** Makes the refusal of the value at hand. */
  constructor(problem: string, cause?: unknown) {
    this.problem = problem;
    this.cause = cause;
  }

  /** Adds the step that led here from the container, e.g. `.a` or `[2]`. */
  within(segment: string): this {
    this.#segments.push(segment);
    return this;
  }

  /** The error for the user; `root` names the value as a whole. */
  toError(root: string): CodecError {
    const path = root + this.#segments.reverse().join("");
    return new CodecError(
      path,
      this.problem,
      -1,
      this.cause === undefined ? undefined : { cause: this.cause },
    );
  }
}

/** Whatever was thrown while a value was read, as a refusal of that value. */
export function asRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  return new Refusal(`cannot be read: ${messageOf(thrown)}`, thrown);
}

/** A property access as source text. */
export function propertySegment(key: string): string {
  if (/^(0|[1-9]\d*)$/.test(key)) return `[${key}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** The access that gives a Map's value again, as source text. */
export function mapSegment(key: unknown, position: number): string {
  const isPlain = key === null ||
    (typeof key !== "object" && typeof key !== "function" && typeof key !== "symbol");
  return isPlain ? `.get(${literal(key)})` : `.values().toArray()[${position}]`;
}

function literal(key: unknown): string {
  if (typeof key === "string") return JSON.stringify(key);
  return typeof key === "bigint" ? `${key}n` : Object.is(key, -0) ? "-0" : String(key);
}

/** `String(value)`, or what can be said where that throws. */
export function safeString(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value that cannot be shown";
  }
}

function messageOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error && typeof thrown.message === "string") return thrown.message;
  } catch {
    // A hostile `message` or a revoked proxy: the text below says what can be said.
  }
  return safeString(thrown);
}
