/**
 * What kind of object a value is, told by its prototype chain: which travel as what, which cannot.
 *
 * @module
 */
import { leafPrototypes } from "./codec_leaves.ts";

/** An object that is carried as its own enumerable data: a literal, an instance of a class. */
export const PLAIN = 0;
/** A `Map` */
export const MAP_KIND = 1;
/** A `Set` */
export const SET_KIND = 2;
/** An `ArrayBuffer` or a `SharedArrayBuffer` */
export const BUFFER_KIND = 3;
/** An error, a `DOMException` among them */
export const ERROR_KIND = 4;
/** Made from one primitive: `LEAF_KIND + LEAF_DATE` and so on */
export const LEAF_KIND = 8;
/** Has the prototype of a class without what makes it one: a proxy, `Object.create(Map.prototype)` */
export const IMPOSTOR = 5;
/** Cannot be carried; see {@linkcode refusalOf} */
export const REFUSED = -1;

const kinds = new Map<object, number>([
  [Object.prototype, PLAIN],
  [Map.prototype, MAP_KIND],
  [Set.prototype, SET_KIND],
  [ArrayBuffer.prototype, BUFFER_KIND],
  [SharedArrayBuffer.prototype, BUFFER_KIND],
  [Error.prototype, ERROR_KIND],
  // The real ones are recognised as views.
  [Object.getPrototypeOf(Uint8Array.prototype), IMPOSTOR],
  [DataView.prototype, IMPOSTOR],
  ...leafPrototypes.map(([prototype, leaf]) => [prototype, LEAF_KIND + leaf] as const),
]);

const iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([].values())) as object;
const asyncIteratorPrototype = Object.getPrototypeOf(
  Object.getPrototypeOf(Object.getPrototypeOf((async function* () {})())),
) as object;

/** Classes whose state lives outside of their properties, or in the process that made them. */
const refusedClasses: Readonly<Record<string, string>> = {
  Promise: "is a promise: jobs return plain values",
  WeakMap: "is a WeakMap",
  WeakSet: "is a WeakSet",
  WeakRef: "is a WeakRef",
  FinalizationRegistry: "is a FinalizationRegistry",
  Symbol: "is a boxed symbol",
  Worker: "is a Worker",
  MessagePort: "is a MessagePort",
  MessageChannel: "is a MessageChannel",
  BroadcastChannel: "is a BroadcastChannel",
  WebSocket: "is a WebSocket",
  EventSource: "is an EventSource",
  ReadableStream: "is a ReadableStream",
  WritableStream: "is a WritableStream",
  TransformStream: "is a TransformStream",
  CompressionStream: "is a CompressionStream",
  DecompressionStream: "is a DecompressionStream",
  Blob: "is a Blob: return its bytes",
  Request: "is a Request",
  Response: "is a Response",
  Headers: "is a Headers object: return [...headers]",
  FormData: "is a FormData",
  AbortSignal: "is an AbortSignal",
  AbortController: "is an AbortController",
  CryptoKey: "is a CryptoKey",
};
const refusedNamespaces: readonly string[] = ["Intl", "WebAssembly", "Temporal"];

let problems: Map<object, string> | undefined;
/** Prototypes of class instances that were found harmless. */
const plainPrototypes = new WeakSet<object>();

/** The kind of an object that is neither an array nor a view; `prototype` is its prototype. */
export function kindOf(value: object, prototype: object): number {
  if (plainPrototypes.has(prototype)) return PLAIN;
  for (let link: object | null = prototype; link !== null; link = Object.getPrototypeOf(link)) {
    const kind = kinds.get(link);
    if (kind !== undefined && kind !== PLAIN) return kind;
  }
  if (isForeignError(value)) return ERROR_KIND;
  if (refusalOf(value) !== undefined) return REFUSED;
  plainPrototypes.add(prototype);
  return PLAIN;
}

/** What a plain object cannot be carried for; `undefined` when it can. */
export function refusalOf(value: object): string | undefined {
  problems ??= refusedPrototypes();
  for (let link = Object.getPrototypeOf(value); link !== null; link = Object.getPrototypeOf(link)) {
    const problem = problems.get(link);
    if (problem !== undefined) return problem;
  }
  return isStream(value) ? "is a stream" : undefined;
}

/** What an impostor with this prototype cannot be carried for. */
export function impostorProblem(prototype: object): string {
  const { name } = (prototype.constructor ?? Object) as { name?: unknown };
  return `has the prototype of ${String(name)} without being one: a Proxy?`;
}

/** Whether it is an ArrayBuffer: not a SharedArrayBuffer, not an impostor. */
export function isArrayBuffer(value: object): value is ArrayBuffer {
  return hasLength(ArrayBuffer.prototype, value);
}

/** Whether it is a SharedArrayBuffer and not an impostor. */
export function isSharedArrayBuffer(value: object): value is SharedArrayBuffer {
  return hasLength(SharedArrayBuffer.prototype, value);
}

/** The getter of the class throws for what is no instance. */
function hasLength(prototype: object, value: object): boolean {
  try {
    Object.getOwnPropertyDescriptor(prototype, "byteLength")!.get!.call(value);
    return true;
  } catch {
    return false;
  }
}

/** Errors of another realm, e.g. of `node:vm`. */
function isForeignError(value: object): boolean {
  const { isError } = Error as { isError?: (value: unknown) => boolean };
  return isError !== undefined && isError(value);
}

/** Streams of `node:stream` and their like. */
function isStream(value: object): boolean {
  const { pipe, on } = value as { pipe?: unknown; on?: unknown };
  return typeof pipe === "function" && typeof on === "function";
}

/** Made when the first class instance comes: reading a global such as `WebSocket` may load its module. */
function refusedPrototypes(): Map<object, string> {
  const found = new Map<object, string>([
    [iteratorPrototype, "is an iterator: return [...iterator]"],
    [asyncIteratorPrototype, "is an async iterator"],
  ]);
  const scope = globalThis as unknown as Record<string, unknown>;
  for (const [name, problem] of Object.entries(refusedClasses)) addClass(found, scope[name], problem);
  for (const namespace of refusedNamespaces) {
    const members = scope[namespace] as Record<string, unknown> | undefined;
    if (members === undefined) continue;
    for (const name of Object.getOwnPropertyNames(members)) {
      addClass(found, members[name], `is ${/^[AEIOU]/.test(namespace) ? "an" : "a"} ${namespace}.${name}`);
    }
  }
  return found;
}

function addClass(found: Map<object, string>, candidate: unknown, problem: string): void {
  if (typeof candidate !== "function") return;
  const prototype: unknown = candidate.prototype;
  // WebAssembly's error classes are errors first.
  if (typeof prototype === "object" && prototype !== null && !(prototype instanceof Error)) {
    found.set(prototype, problem);
  }
}
