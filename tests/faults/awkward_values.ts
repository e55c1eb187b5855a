/** The 48 kinds of values of row 56: what cannot travel between processes, or not whole, and what becomes of it. */
import { PassThrough } from "node:stream";
import vm from "node:vm";

/** A value and what becomes of it, the same in both runtimes. */
export type AwkwardValue = readonly [
  name: string,
  make: () => unknown,
  /** As a result: how the error's message begins, or `arrives as` and a class. */
  returned: string,
  /** As an exception: the cause's class and message, or `text` for `String(value)`; `lossy` unless all of it came. */
  thrown: string,
];

const throwing = (thrown: unknown) => () => {
  throw thrown;
};
const hostile = (name: string) => () =>
  Object.defineProperty(new RangeError("kept"), name, { get: throwing(new Error("no")) });
const endless = (): unknown => ({
  get again() {
    return (function dive(): number {
      return dive() + 1;
    })();
  },
});
class Private {
  x = 1;
  readonly #y = 2;
  get y(): number {
    return this.#y;
  }
}

function proxyThat(fails: () => never): object {
  return new Proxy({}, {
    get: fails,
    ownKeys: fails,
    getPrototypeOf: fails,
    getOwnPropertyDescriptor: fails,
    has: fails,
  });
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function chain(length: number): Error {
  let error = new Error("innermost");
  for (let i = 0; i < length; i++) error = new Error(`level ${i}`, { cause: error });
  return error;
}

function circular(): Error {
  const error = new RangeError("kept");
  error.cause = new TypeError("inner", { cause: error });
  return error;
}

/** All of them; where engines word their part of a message differently, it is left out. */
export const AWKWARD_VALUES: readonly AwkwardValue[] = [
  ["a function", () => () => 1, "result is a function", "text, lossy"],
  ["a function in an array", () => [1, () => 1], "result[1] is a function", "Array, lossy"],
  ["a class", () => Private, "result is a function", "text, lossy"],
  ["an async function", () => async () => await 1, "result is a function", "text, lossy"],
  ["a symbol", () => Symbol("s"), "result is a symbol", "text, lossy"],
  ["a symbol in an object", () => ({ a: [Symbol.iterator] }), "result.a[0] is a symbol", "Object, lossy"],
  ["a boxed symbol", () => Object(Symbol("s")), "result is a boxed symbol", "text, lossy"],
  ["a promise", () => new Promise(() => {}), "job 1 returned a promise", "text, lossy"],
  ["a thenable", () => ({ then: () => 1 }), "job 1 returned a promise", "Object, lossy"],
  ["a promise in an object", () => ({ p: Promise.resolve(1) }), "result.p is a promise", "Object, lossy"],
  ["a revoked proxy in an object", () => ({ p: revoked({}) }), "result.p cannot be read: ", "text, lossy"],
  [
    "a revoked proxy of an array in an array",
    () => [revoked([])],
    "result[0] cannot be read: ",
    "text, lossy",
  ],
  ["a revoked proxy of a function", () => revoked(() => 1), "result is a function", "text, lossy"],
  [
    "a proxy whose traps throw, in an object",
    () => ({ p: proxyThat(throwing(new Error("trap"))) }),
    "result.p cannot be read: trap",
    "text, lossy",
  ],
  [
    "a proxy of a Map",
    () => new Proxy(new Map(), {}),
    "result has the prototype of Map without being one",
    "text, lossy",
  ],
  [
    "a proxy of a typed array",
    () => new Proxy(new Float64Array(2), {}),
    "result has the prototype of Float64Array without being one",
    "text, lossy",
  ],
  [
    "a getter that throws",
    () => ({
      get x() {
        throw new TypeError("boom");
      },
    }),
    "result.x cannot be read: boom",
    "text, lossy",
  ],
  [
    "a getter that throws null",
    () => ({
      get x() {
        throw null;
      },
    }),
    "result.x cannot be read: null",
    "text, lossy",
  ],
  [
    "a getter that throws a symbol",
    () => ({
      get x() {
        throw Symbol("s");
      },
    }),
    "result.x cannot be read: Symbol(s)",
    "text, lossy",
  ],
  [
    "a getter that uses up the stack",
    endless,
    "result.again cannot be read: Maximum call stack size exceeded",
    "text, lossy",
  ],
  ["a WeakMap", () => new WeakMap(), "result is a WeakMap", "text, lossy"],
  [
    "a WeakSet in a Set",
    () => new Set([new WeakSet()]),
    "result.values().toArray()[0] is a WeakSet",
    "Set, lossy",
  ],
  ["a WeakRef", () => new WeakRef({}), "result is a WeakRef", "text, lossy"],
  ["a generator", () => (function* () {})(), "result is an iterator", "text, lossy"],
  ["an async generator", () => (async function* () {})(), "result is an async iterator", "text, lossy"],
  [
    "an iterator of a Map",
    () => new Map([["k", new Map().entries()]]),
    'result.get("k") is an iterator',
    "Map, lossy",
  ],
  ["an instance with private fields", () => new Private(), "arrives as Object", "Object"],
  [
    "a SharedArrayBuffer",
    () => new SharedArrayBuffer(8),
    "result is a SharedArrayBuffer or a view of one",
    "text, lossy",
  ],
  [
    "a view of a SharedArrayBuffer",
    () => ({ v: new Int32Array(new SharedArrayBuffer(8)) }),
    "result.v is a SharedArrayBuffer or a view of one",
    "text, lossy",
  ],
  ["an AbortSignal", () => new AbortController().signal, "result is an AbortSignal", "text, lossy"],
  ["a ReadableStream", () => new ReadableStream(), "result is a ReadableStream", "text, lossy"],
  ["a stream of node:stream", () => new PassThrough(), "result is a stream", "text, lossy"],
  ["a Blob", () => new Blob(["x"]), "result is a Blob", "text, lossy"],
  [
    "an Intl.NumberFormat",
    () => new Intl.NumberFormat("en"),
    "result is an Intl.NumberFormat",
    "text, lossy",
  ],
  [
    "a WebAssembly.Memory",
    () => new WebAssembly.Memory({ initial: 1 }),
    "result is a WebAssembly.Memory",
    "text, lossy",
  ],
  [
    "an object with the prototype of Date",
    () => Object.create(Date.prototype),
    "result has the prototype of Date without being one",
    "text, lossy",
  ],
  [
    "an error whose message throws",
    hostile("message"),
    "result.message cannot be read: no",
    "RangeError, lossy",
  ],
  [
    "an error whose stack throws",
    hostile("stack"),
    "result.stack cannot be read: no",
    "RangeError: kept, lossy",
  ],
  [
    "an error whose cause throws",
    hostile("cause"),
    "result.cause cannot be read: no",
    "RangeError: kept, lossy",
  ],
  [
    "an error whose name throws",
    hostile("name"),
    "result.name cannot be read: no",
    "RangeError: kept, lossy",
  ],
  ["null", () => null, "arrives as null", "null"],
  ["undefined", () => undefined, "arrives as undefined", "undefined"],
  [
    "a frozen error with a function",
    () => Object.freeze(Object.assign(new RangeError("kept"), { f: () => 1 })),
    "result.f is a function",
    "RangeError: kept, lossy",
  ],
  [
    "a DOMException",
    () => new DOMException("kept", "AbortError"),
    "arrives as DOMException",
    "DOMException: kept",
  ],
  [
    "an AggregateError of a function",
    () => new AggregateError([new TypeError("a"), () => 1], "kept"),
    "result.errors[1] is a function",
    "AggregateError: kept, lossy",
  ],
  ["an error that is the cause of its cause", circular, "arrives as RangeError", "RangeError: kept"],
  [
    "500 errors, each the cause of the next",
    () => chain(500),
    "result.cause.cause.cause",
    "Error: level 499, lossy",
  ],
  [
    "an error of another realm",
    () => vm.runInNewContext("new RangeError('kept')"),
    "arrives as Error",
    "Error: kept",
  ],
];
