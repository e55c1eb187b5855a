import assert from "node:assert/strict";
import { CodecError } from "../src/errors.ts";
import { assertCarried, assertRefused, encoder, roundTrip, target, targetView } from "./codec_support.ts";
import { test } from "./harness.ts";

test("encode() names the path of what cannot be carried", () => {
  const f = () => 1;
  assertRefused(f, "result", /is a function/);
  assertRefused(Symbol("s"), "result", /is a symbol/);
  assertRefused({ a: [1, 2, { callback: f }] }, "result.a[2].callback", /is a function/);
  assertRefused({ "a b": { ключ: f } }, `result["a b"].ключ`, /is a function/);
  assertRefused(
    { m: new Map<unknown, unknown>([["k", 1], ["x y", f]]) },
    `result.m.get("x y")`,
    /is a function/,
  );
  assertRefused(
    new Map([[{}, 1], [f, 1]] as [unknown, unknown][]),
    "result.keys().toArray()[1]",
    /is a function/,
  );
  assertRefused(new Map([[{}, f]]), "result.values().toArray()[0]", /is a function/);
  assertRefused([new Set([1, f])], "result[0].values().toArray()[1]", /is a function/);
  assertRefused(Object.assign(Object.create(null), { f }), "result.f", /is a function/);
  assertRefused(Object.assign([1], { f }), "result.f", /is a function/);
  assertRefused(Object.assign(new Error("x"), { f }), "result.f", /is a function/);
  assertRefused(new Error("x", { cause: [f] }), "result.cause[0]", /is a function/);
  let deep: unknown = { f };
  for (let i = 0; i < 1000; i++) deep = { deep };
  assertRefused(deep, "result.….f", /is a function/);
  assert.throws(() => encoder.encode({ f }, target, targetView, 0, 100, "item"), {
    name: "CodecError",
    path: "item.f",
  });
});

test("encode() refuses what lives in its process", () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const cases: [unknown, RegExp][] = [
    [Promise.resolve(1), /is a promise/],
    [new WeakMap(), /is a WeakMap/],
    [new WeakSet(), /is a WeakSet/],
    [new WeakRef({}), /is a WeakRef/],
    [(function* () {})(), /is an iterator/],
    [[].values(), /is an iterator/],
    [new Map().entries(), /is an iterator/],
    [(async function* () {})(), /is an async iterator/],
    [new ReadableStream(), /is a ReadableStream/],
    [new WritableStream(), /is a WritableStream/],
    [new AbortController().signal, /is an AbortSignal/],
    [new Blob(["x"]), /is a Blob/],
    [new Headers(), /is a Headers/],
    [new Intl.NumberFormat("en"), /is an Intl\.NumberFormat/],
    [new WebAssembly.Memory({ initial: 1 }), /is a WebAssembly\.Memory/],
    [Object(Symbol("s")), /is a boxed symbol/],
    [new SharedArrayBuffer(8), /SharedArrayBuffer.*empty\(\)/],
    [new Uint8Array(new SharedArrayBuffer(8)), /SharedArrayBuffer.*empty\(\)/],
    [revoked.proxy, /cannot be read: /],
    [
      new Proxy({}, {
        ownKeys: () => {
          throw new Error("no keys");
        },
      }),
      /cannot be read: no keys/,
    ],
    [new Proxy(new Map([[1, 2]]), {}), /without being one/],
    [new Proxy(new Float64Array(2), {}), /without being one/],
    [Object.create(Date.prototype), /without being one/],
    [
      new (class Stream {
        pipe(): void {}
        on(): void {}
      })(),
      /is a stream/,
    ],
  ];
  for (const [value, problem] of cases) {
    assertRefused(value, "result", problem);
  }
});

test("encode() names the path, message and cause of a getter that throws", () => {
  const cause = new TypeError("boom");
  const value = {
    a: {
      get b() {
        throw cause;
      },
    },
  };
  const error = assertRefused(value, "result.a.b", /cannot be read: boom/);
  assert.equal(error.cause, cause);
  assertRefused(
    {
      get x() {
        throw null;
      },
    },
    "result.x",
    /cannot be read: null/,
  );
  assertRefused(
    {
      get x() {
        throw Object.create(null);
      },
    },
    "result.x",
    /cannot be read: /,
  );
  const list: unknown[] = [1];
  Object.defineProperty(list, 1, {
    get() {
      throw cause;
    },
    enumerable: true,
  });
  assertRefused(list, "result[1]", /boom/);
});

test("encode() refuses a collection that a getter changes meanwhile", () => {
  const map = new Map<string, unknown>();
  map.set("a", {
    get grow() {
      return map.set(`k${map.size}`, 1).size;
    },
  });
  assertRefused(map, "result", /was changed/);
  const set = new Set<unknown>();
  set.add({
    get shrink() {
      set.delete(2);
      return 1;
    },
  }).add(2);
  assertRefused(set, "result", /was changed/);
});

test("encode() is none the worse for a refusal", () => {
  for (let i = 0; i < 40; i++) {
    const value = { a: Array.from({ length: i }, () => ({ q: {} })), [`b${i}`]: () => 1 };
    assert.throws(() => roundTrip(value), CodecError);
    assertCarried({ a: [{ q: {} }], [`b${i}`]: 1 }, i);
  }
});
