import assert from "node:assert/strict";
import * as fc from "fast-check";
import * as errors from "../src/errors.ts";
import { type DecodedError, Decoder } from "../src/transport/decoder.ts";
import { Encoder } from "../src/transport/encoder.ts";
import { test } from "./harness.ts";

const privateOnly = { identify: () => undefined, adopt: () => undefined, resolve: () => undefined };
const encoder = new Encoder(privateOnly);
const decoder = new Decoder(privateOnly);
const target = new Uint8Array(2048);
const targetView = new DataView(target.buffer);

function thrown(value: unknown): DecodedError {
  const end = encoder.encodeError(value, target, targetView, 1, target.length);
  const result = decoder.decodeError(encoder.bytes, encoder.view, encoder.start, end);
  assert.equal(result.lossy, encoder.lossy);
  return result;
}

/** The error that arrives; nothing of it may be lost. */
function carried<T extends Error>(error: T): T {
  const result = thrown(error);
  assert.equal(result.lossy, false);
  return result.error as T;
}

const builtIn = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];

test("encodeError() carries class, name, message and stack of every built-in error", () => {
  for (const make of builtIn) {
    const error = new make("what happened é");
    const { error: copy, stack, lossy } = thrown(error);
    assert.ok(copy instanceof make && copy instanceof Error);
    assert.equal(Object.getPrototypeOf(copy), make.prototype);
    assert.deepEqual([copy.name, copy.message, copy.stack, stack, lossy], [
      make.name,
      "what happened é",
      error.stack,
      error.stack,
      false,
    ]);
    assert.match(stack, /error_record_test/);
    assert.deepEqual(Object.keys(copy), []);
    assert.deepEqual(copy, error);
    assert.equal(String(copy), String(error));
  }
  assert.ok(!Object.hasOwn(carried(new Error()), "message"));
  for (const make of [WebAssembly.CompileError, WebAssembly.LinkError, WebAssembly.RuntimeError]) {
    assert.ok(carried(new make("w")) instanceof make);
  }
});

test("encodeError() carries the stack of the line that threw", () => {
  function userFunction(): never {
    throw new RangeError("thrown here");
  }
  assert.throws(userFunction, (error) => {
    const { error: copy, stack } = thrown(error);
    assert.ok(copy instanceof RangeError);
    assert.match(stack, /userFunction.*error_record_test/);
    return true;
  });
});

test("encodeError() carries the user's subclasses as their nearest built-in class, with name and data", () => {
  class MyErr extends RangeError {
    override name = "MyErr";
    code = 42;
    details = { at: [1, 2], when: new Date(5), self: this };
  }
  const error = new MyErr("mine", { cause: new TypeError("inner") });
  const copy = carried(error);
  assert.ok(copy instanceof RangeError);
  assert.deepEqual([copy.name, copy.message, copy.code, copy.details.at], ["MyErr", "mine", 42, [1, 2]]);
  assert.ok(copy.details.self === copy && copy.details.when instanceof Date);
  assert.ok(copy.cause instanceof TypeError && copy.cause.message === "inner");
  assert.ok(!Object.keys(copy).includes("cause"));
  assert.deepEqual(Object.keys(copy), Object.keys(error));

  class Named extends Error {
    override get name(): string {
      return "Named";
    }
    override get message(): string {
      return "from a getter";
    }
  }
  const named = carried(new Named());
  assert.deepEqual([named.name, named.message, Object.keys(named)], ["Named", "from a getter", []]);
  const renamed = new Error("x");
  renamed.name = "Renamed";
  assert.equal(String(carried(renamed)), "Renamed: x");
  assert.equal(
    (carried(Object.assign(new Error("e"), { code: "ENOENT", errno: -2 })) as NodeJS.ErrnoException).code,
    "ENOENT",
  );
});

test("encodeError() carries cause and errors, however nested", () => {
  const inner = [new RangeError("1"), new AggregateError([new TypeError("2")], "agg"), "text"];
  const copy = carried(new AggregateError(inner, "all", { cause: { why: new URIError("u") } }));
  assert.ok(copy instanceof AggregateError);
  assert.ok(copy.errors[0] instanceof RangeError && copy.errors[1] instanceof AggregateError);
  assert.ok(copy.errors[1].errors[0] instanceof TypeError);
  assert.deepEqual([copy.message, copy.errors.length, copy.errors[2]], ["all", 3, "text"]);
  assert.ok((copy.cause as { why: Error }).why instanceof URIError);
  assert.deepEqual(Object.keys(copy), []);
  const suppressed = carried(new SuppressedError(new RangeError("a"), new TypeError("b"), "s"));
  assert.ok(suppressed instanceof SuppressedError);
  assert.ok(suppressed.error instanceof RangeError && suppressed.suppressed instanceof TypeError);
  assert.ok(Object.hasOwn(carried(new Error("x", { cause: null })), "cause"));
  const many = carried(new AggregateError(Array.from({ length: 300 }, (_, i) => new Error(String(i)))));
  assert.equal((many.errors[299] as Error).message, "299");
});

test("encodeError() follows cycles and cuts endless causes", () => {
  const error = new Error("cycle");
  error.cause = new AggregateError([error, error]);
  const copy = carried(error);
  assert.ok((copy.cause as AggregateError).errors.every((each) => each === copy));
  let chain = new Error("0");
  for (let i = 1; i < 5000; i++) chain = new Error(String(i), { cause: chain });
  const { error: head, lossy } = thrown(chain);
  assert.equal(lossy, true);
  let link: unknown = head;
  for (let i = 4999; i > 4900; i--) {
    assert.ok(link instanceof Error && link.message === String(i), String(i));
    link = link.cause;
  }
});

test("encodeError() carries DOMException and its subclasses", () => {
  const error = new DOMException("stopped", "AbortError");
  const copy = carried(error);
  assert.ok(copy instanceof DOMException);
  assert.deepEqual([copy.name, copy.message, copy.code, copy.stack], [
    "AbortError",
    "stopped",
    20,
    error.stack,
  ]);
  class Own extends DOMException {
    extra = 1;
  }
  assert.equal(carried(new Own("x", "DataCloneError")).extra, 1);
});

test("encodeError() carries this package's errors as they are", () => {
  const where = { index: 3, rank: 1, pid: 99 };
  const all = [
    new errors.SharedMemError("base"),
    new errors.WorkerError(where, new RangeError("inner"), "stack text", true),
    new errors.WorkerExitError(where, "SIGKILL", null, "out of memory"),
    new errors.CodecError("result.a", "is a function", 5),
    new errors.JobTimeoutError(4, 1234.5, 1000),
    new errors.DeadlockError("critical entered twice"),
    new errors.AsyncJobError(2),
    new errors.PoolClosedError(),
    new errors.UnsupportedError("fork", "a flag"),
    new errors.FormatError("a.npy: no .npy file"),
    new errors.SystemCallError("mmap", 12, "ENOMEM", "8 bytes"),
  ];
  for (const error of all) {
    const copy = carried(error);
    assert.equal(Object.getPrototypeOf(copy), Object.getPrototypeOf(error));
    assert.ok(copy instanceof errors.SharedMemError);
    assert.deepEqual({ ...copy }, { ...error });
    assert.deepEqual([copy.name, copy.message, copy.stack, String(copy)], [
      error.name,
      error.message,
      error.stack,
      String(error),
    ]);
  }
  const cause = carried(all[1]!).cause;
  assert.ok(cause instanceof RangeError && cause.message === "inner");
});

test("encodeError() carries thrown values that are no errors", () => {
  for (const value of [undefined, null, 5, "text", "", 10n, true, { a: [1] }, [1, 2]]) {
    const result = thrown(value);
    assert.deepEqual(result, { error: value, stack: "", lossy: false });
  }
  const f = function userFunction() {};
  assert.deepEqual(thrown(f), { error: String(f), stack: "", lossy: true });
  assert.deepEqual(thrown(Symbol("s")), { error: "Symbol(s)", stack: "", lossy: true });
  assert.deepEqual(thrown({ a: 1, f }).error, { a: 1, f: String(f) });
  assert.equal(thrown(Promise.resolve(1)).error, "[object Promise]");
});

test("encodeError() loses one property, not the error, to what cannot be carried", () => {
  const f = () => 1;
  const shared = { deep: [1] };
  const error = Object.assign(new RangeError("kept", { cause: f }), {
    a: 1,
    f,
    list: [1, f, Promise.resolve()],
    first: { shared },
    broken: {
      shared,
      other: {},
      get bad() {
        throw new Error("boom");
      },
    },
    last: [shared, { z: 1 }],
    weak: new WeakMap(),
  });
  const { error: copy, lossy } = thrown(error) as { error: typeof error; lossy: boolean };
  assert.equal(lossy, true);
  assert.ok(copy instanceof RangeError);
  assert.deepEqual([copy.message, copy.stack, copy.a, copy.cause], ["kept", error.stack, 1, String(f)]);
  assert.deepEqual([copy.f, copy.list, copy.broken], [
    String(f),
    [1, String(f), "[object Promise]"],
    "[object Object]",
  ]);
  assert.deepEqual([copy.weak, copy.last], ["[object WeakMap]", [shared, { z: 1 }]]);
  assert.equal(copy.first.shared, copy.last[0]);
});

test("encodeError() takes back all of a property that fails", () => {
  const bad = {
    get bad() {
      throw new Error("boom");
    },
  };
  let deep: unknown = bad;
  for (let i = 0; i < 500; i++) deep = [deep];
  const some = Array.from({ length: 20 }, (_, i) => ({ i, twin: { i } }));
  for (const count of [0, 1, 20]) {
    const part = some.slice(0, count);
    const inner = new RangeError("inner", { cause: [part, bad] });
    const after = [part, part, { bad: 1 }, inner];
    const { error: copy } = thrown(
      Object.assign(new Error("x"), { part, broken: [part, inner, bad], deep, after }),
    ) as {
      error: { part: unknown; broken: string; after: typeof after };
    };
    assert.deepEqual(copy.broken, String([part, inner, bad]));
    assert.deepEqual(copy.after.slice(0, 3), after.slice(0, 3));
    assert.ok(
      copy.part === copy.after[0] && copy.part === copy.after[1] && copy.after[3] instanceof RangeError,
    );
    const early = thrown(Object.assign(new Error("x"), { broken: [{ bad: 1, part }, bad], after }));
    assert.deepEqual((early.error as { after: unknown[] }).after.slice(0, 3), after.slice(0, 3));
  }
});

test("encodeError() loses one property when the room ends in the middle of it", () => {
  const broken = {
    text: "x".repeat(3000),
    get bad() {
      throw new Error("boom");
    },
  };
  const error = Object.assign(new RangeError("kept"), { a: "y".repeat(500), broken, z: [1] });
  const { error: copy } = thrown(error) as { error: typeof error };
  assert.deepEqual([copy.message, copy.a, copy.broken, copy.z], ["kept", error.a, "[object Object]", [1]]);
});

test("encodeError() survives hostile errors", () => {
  const trap = {
    get() {
      throw new Error("no");
    },
  };
  for (const name of ["message", "stack", "name", "cause", "extra", "errors"]) {
    const error = Object.defineProperty(new TypeError("x"), name, { ...trap, enumerable: name === "extra" });
    const { error: copy, lossy } = thrown(error);
    assert.ok(copy instanceof TypeError, name);
    assert.equal(lossy, true, name);
    if (name !== "message") assert.equal(copy.message, "x");
    if (name !== "stack") assert.match(copy.stack!, /error_record_test/);
  }
  const symbolName = Object.defineProperty(new Error("x"), "name", { value: Symbol("n") });
  assert.equal((thrown(symbolName).error as Error).name, "Symbol(n)");
  const proxied = new Proxy(new TypeError("p"), { ownKeys: trap.get, getOwnPropertyDescriptor: trap.get });
  assert.equal(thrown(proxied).lossy, true);
  const { proxy, revoke } = Proxy.revocable(new Error("r"), {});
  revoke();
  const gone = thrown(proxy);
  assert.deepEqual([typeof gone.error, gone.lossy], ["string", true]);
  const unspeakable = Object.create(null, { toString: trap, x: { ...trap, enumerable: true } });
  assert.deepEqual(thrown(unspeakable), { error: "a value that cannot be shown", stack: "", lossy: true });
  let deep: unknown = () => 1;
  for (let i = 0; i < 100_000; i++) deep = i % 2 ? [deep] : { deep };
  const { error: copy, lossy } = thrown(Object.assign(new Error("deep"), { deep }));
  assert.deepEqual([(copy as Error).message, lossy], ["deep", true]);
});

test("encodeError() carries a message of 10 MB", () => {
  const message = "é".repeat(5e6);
  assert.equal((thrown(new RangeError(message)).error as Error).message, message);
});

test("encode() carries errors inside results", () => {
  const value = { failed: [new RangeError("a", { cause: "b" })], when: 1 };
  const end = encoder.encode(value, target, targetView, 0, target.length);
  const copy = decoder.decode(encoder.bytes, encoder.view, encoder.start, end) as typeof value;
  assert.ok(copy.failed[0] instanceof RangeError && copy.failed[0].cause === "b");
  assert.equal(copy.failed[0].stack, value.failed[0]!.stack);
});

test("decodeError() refuses every truncation", () => {
  const error = new AggregateError([new RangeError("r"), new DOMException("d", "AbortError")], "m", {
    cause: { a: 1 },
  });
  encoder.encodeError(error, target, targetView, 0, target.length);
  const bytes = encoder.bytes.slice(encoder.start, encoder.end);
  const view = new DataView(bytes.buffer);
  for (let end = 0; end < bytes.length; end++) {
    assert.throws(() => decoder.decodeError(bytes, view, 0, end), errors.CodecError);
  }
});

test("encodeError() never throws, whatever is thrown", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...builtIn),
      fc.string(),
      fc.dictionary(
        fc.string(),
        fc.oneof(fc.anything(), fc.constantFrom<unknown>(() => 1, Symbol("s"), new WeakMap())),
      ),
      fc.nat(2048),
      (make, message, data, room) => {
        const error = Object.defineProperties(new make(message), Object.getOwnPropertyDescriptors(data));
        const end = encoder.encodeError(error, target, targetView, 0, room);
        const copy = decoder.decodeError(encoder.bytes, encoder.view, encoder.start, end).error as Error;
        assert.ok(copy instanceof make);
        if (!Object.hasOwn(data, "message")) assert.equal(copy.message, message);
        assert.deepEqual(Object.keys(copy), Object.keys(error));
      },
    ),
    { numRuns: 1000 },
  );
});
