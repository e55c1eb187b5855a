/**
 * Errors as explicit records: the nearest class that both sides know, then the properties, each by itself, so
 * that a hostile getter or a value that cannot be carried costs one property and not the error.
 *
 * ```
 * ERROR · u8 class · [DOMException: name, message] · uint count · count × (name, u8 enumerable, value)
 * ```
 *
 * `stack` is the text that the worker's engine made: it points at the user's line.
 *
 * @module
 */
import {
  AsyncJobError,
  CodecError,
  DeadlockError,
  FormatError,
  JobTimeoutError,
  PoolClosedError,
  SharedMemError,
  SystemCallError,
  UnsupportedError,
  WorkerError,
  WorkerExitError,
} from "../errors.ts";
import { Refusal, safeString } from "./codec_refusal.ts";
import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { ERROR } from "./tags.ts";

/** How deep `cause` and `errors` are followed. */
const MAX_NESTED_ERRORS = 100;

interface ErrorClass {
  new (): Error;
  readonly prototype: Error;
}

const { SuppressedError, WebAssembly, DOMException } = globalThis as unknown as {
  SuppressedError?: ErrorClass;
  /** Absent where it is switched off. */
  WebAssembly?: Record<"CompileError" | "LinkError" | "RuntimeError", ErrorClass>;
  DOMException: ErrorClass & (new (message: string, name: string) => Error);
};

/** The position is the class in a message; both sides run the same program. */
const classes = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError,
  SuppressedError ?? Error,
  WebAssembly?.CompileError ?? Error,
  WebAssembly?.LinkError ?? Error,
  WebAssembly?.RuntimeError ?? Error,
  DOMException,
  SharedMemError,
  WorkerError,
  WorkerExitError,
  CodecError,
  JobTimeoutError,
  DeadlockError,
  AsyncJobError,
  PoolClosedError,
  UnsupportedError,
  SystemCallError,
  FormatError,
] as unknown as readonly ErrorClass[];
const DOM_EXCEPTION = classes.indexOf(DOMException);
const SHARED_MEM_ERROR = classes.indexOf(SharedMemError as unknown as ErrorClass);
const classByPrototype = new Map(classes.map(({ prototype }, index) => [prototype, index]));
classByPrototype.set(Error.prototype, 0);

/** Properties that the built-in classes keep non-enumerable. */
const hiddenNames = ["message", "stack", "cause", "errors", "error", "suppressed"] as const;

/** Writes an error that the encoder has registered. */
export function writeError(encoder: Encoder, error: object, pos: number): number {
  if (encoder.nestedErrors >= MAX_NESTED_ERRORS) {
    throw new Refusal(`is an error nested more than ${MAX_NESTED_ERRORS} deep in others`);
  }
  encoder.nestedErrors++;
  const index = nearestClass(error);
  let at = encoder.byte(index, encoder.byte(ERROR, pos));
  if (index === DOM_EXCEPTION) {
    const { name, message } = error as Error;
    at = encoder.string(String(message), encoder.string(String(name), at));
  }
  const names = propertyNames(encoder, error, index);
  at = encoder.uint(names.size, at);
  for (const [name, isEnumerable] of names) {
    at = encoder.byte(isEnumerable ? 1 : 0, encoder.string(name, at));
    at = encoder.field(error, name, at);
  }
  encoder.nestedErrors--;
  return at;
}

/** Reads what follows `ERROR`. */
export function readError(decoder: Decoder): object {
  const slot = decoder.reserve();
  const index = decoder.byte();
  if (index >= classes.length) decoder.fail(`error class ${index}`);
  // Before its properties: they may refer to it.
  const error = decoder.fill(slot, index === DOM_EXCEPTION ? readDOMException(decoder) : makeError(index));
  // The stack of this line would only mislead.
  if (index !== DOM_EXCEPTION || "stack" in error) define(error, "stack", "", false);
  for (let left = decoder.count(3); left > 0; left--) {
    const name = decoder.text();
    const enumerable = decoder.byte() === 1;
    const value = decoder.readRoot();
    if (value !== undefined || enumerable) define(error, name, value, enumerable);
  }
  return error;
}

function define(error: object, name: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, name, { value, enumerable, writable: true, configurable: true });
}

/**
 * Runs constructors of built-in classes only (which engines tell apart by more than the prototype): ours want other
 * arguments, and what they would set is in the record.
 */
function makeError(index: number): object {
  const errorClass = classes[index]!;
  if (errorClass.prototype === AggregateError.prototype) return new AggregateError([]);
  return index < SHARED_MEM_ERROR ? new errorClass() : Reflect.construct(Error, [], errorClass);
}

function readDOMException(decoder: Decoder): object {
  const name = decoder.text();
  return new DOMException(decoder.text(), name);
}

function nearestClass(error: object): number {
  for (let link = Object.getPrototypeOf(error); link !== null; link = Object.getPrototypeOf(link)) {
    const index = classByPrototype.get(link);
    if (index !== undefined) return index;
  }
  return 0;
}

/** The names of the properties to carry, with whether they are enumerable. */
function propertyNames(encoder: Encoder, error: object, index: number): Map<string, boolean> {
  const names = new Map<string, boolean>();
  for (const name of hiddenNames) {
    if (isOwn(error, name)) names.set(name, false);
  }
  // A user's class may have these as getters; a DOMException gets them from its constructor.
  if (index === DOM_EXCEPTION) names.delete("message");
  else if (differs(error, "message", "")) names.set("message", false);
  if (index !== DOM_EXCEPTION && differs(error, "name", classes[index]!.prototype.name)) {
    names.set("name", false);
  }
  try {
    for (const name of Object.keys(error)) {
      // In their own order.
      names.delete(name);
      names.set(name, true);
    }
  } catch (thrown) {
    encoder.lose(thrown);
  }
  return names;
}

/** Asking may throw: the stack may be made then, which calls a `toString` of the user's. */
function isOwn(error: object, name: string): boolean {
  try {
    return Object.hasOwn(error, name);
  } catch {
    return true;
  }
}

function differs(error: object, name: "name" | "message", usual: string): boolean {
  try {
    return (error as Error)[name] !== usual;
  } catch {
    return true;
  }
}

/** The record of whatever was thrown when nothing of it could be read. */
export function lastResort(thrown: unknown): Error {
  return new Error(`a value was thrown that cannot be carried: ${safeString(thrown)}`);
}
