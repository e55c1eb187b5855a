import assert from "node:assert/strict";
import * as fc from "fast-check";
import { Decoder } from "../src/transport/decoder.ts";
import {
  assertCarried,
  assertSame,
  decoder,
  encoded,
  encoder,
  roundTrip,
  sharing,
  target,
  targetView,
} from "./codec_support.ts";
import { test } from "./harness.ts";

test("encode() carries primitives exactly", () => {
  assertCarried(
    undefined,
    null,
    true,
    false,
    0,
    -0,
    NaN,
    Infinity,
    -Infinity,
    5e-324,
    2 ** 53,
    Number.MAX_VALUE,
  );
  for (
    const edge of [
      -17,
      -16,
      111,
      112,
      -129,
      127,
      128,
      -32769,
      -32768,
      32767,
      32768,
      65535,
      65536,
      2 ** 31 - 1,
    ]
  ) {
    assertCarried(edge, edge + 0.5, -edge, edge + 1, edge - 1);
  }
  assertCarried(2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32);
  for (
    const big of [
      0n,
      1n,
      -1n,
      2n ** 63n - 1n,
      2n ** 63n,
      -(2n ** 63n),
      -(2n ** 63n) - 1n,
      2n ** 100n,
      -(7n ** 900n),
    ]
  ) {
    assertCarried(big);
  }
});

test("encode() carries every string exactly", () => {
  for (const length of [0, 1, 19, 20, 21, 62, 63, 64, 65, 253, 254, 255, 4090, 70_000]) {
    for (const unit of ["a", "é", "ÿ", "Ā", "語", "😀", "\0", "\ufeff", "\ud800", "\udc00x"]) {
      const text = unit.repeat(length);
      assert.equal(roundTrip(text), text);
      assert.equal(roundTrip(`x${text}y`), `x${text}y`);
    }
  }
});

test("encode() carries arrays with their holes and named properties", () => {
  // deno-lint-ignore no-sparse-arrays
  assertCarried([], [1, "a", null, undefined], [1, , 3], [, 1], [1, ,], Array(5), [0.5, 1, -0, NaN, 3], [
    0.5,
    1,
    2,
    "x",
  ]);
  assertCarried(
    Object.assign([1], { k: 2 }),
    Object.assign([, 1], { "-1": 0, "01": 1 }),
    "a-b".match(/(.)-(?<x>.)/),
  );
  const far: unknown[] = [];
  far[1e6] = 1;
  assertCarried(far, Object.assign([], { length: 4294967295 }), Object.assign([], { length: 3e7 }));
});

test("encode() carries long arrays, dense or not", () => {
  for (const length of [15, 100, 1000, 5000, 70_000]) {
    const dense = Array.from({ length }, (_, i) => i * 3);
    const holed = dense.slice();
    delete holed[length >> 1];
    assertCarried(dense, dense.map((i) => i + 0.5), dense.map(() => undefined), holed);
    assertCarried(Object.assign(dense.slice(), { extra: 1 }), Object.assign(holed.slice(), { extra: 1 }));
  }
});

test("encode() carries objects with their keys in order", () => {
  assertCarried({}, { a: 1 }, { b: 1, a: 2 }, { 2: 1, 1: 2, b: 3, "-1": 4 }, {
    "": 1,
    "ключ": 2,
    "\ud800": 3,
    "ÿ": 4,
  });
  assertCarried(Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`k${i}`, i])));
  assertCarried(Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, i])));
  assertCarried(Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`word${i}`, [i]])));
  assertCarried([{ a: 1 }, { a: 2 }, { a: 3, b: 4 }, { a: 5, b: 6 }, { b: 1 }, { a: { a: { a: 1 } } }]);
  assertCarried({ [`long${"g".repeat(300)}`]: 1 });
  const many = Array.from({ length: 3000 }, (_, i) => ({ [`p${i}`]: i, q: i }));
  assertCarried(many, many.slice(0, 10));
});

test("encode() carries __proto__ as a property and objects without a prototype", () => {
  const hostile = JSON.parse(`{"a":1,"__proto__":{"polluted":true}}`);
  const copy = roundTrip(hostile) as Record<string, unknown>;
  assert.ok(Object.hasOwn(copy, "__proto__"));
  assert.equal(Object.getPrototypeOf(copy), Object.prototype);
  assert.equal(copy["polluted"], undefined);
  assertCarried(
    hostile,
    Object.create(null),
    Object.assign(Object.create(null), { a: 1, b: { c: Object.create(null) } }),
  );
});

test("encode() carries Map, Set, Date, RegExp, boxed primitives and URLs", () => {
  assertCarried(
    new Map(),
    new Map<unknown, unknown>([[1, 2], [{ a: 1 }, new Set([1, "a", -0])], [NaN, null]]),
    new Set(),
  );
  assertCarried(
    new Date(0),
    new Date(NaN),
    new Date(-1),
    Object(1),
    Object("ab"),
    Object(false),
    Object(5n),
    Object(-0),
  );
  for (const pattern of [/a/giu, /[\/\]]\/(?<n>x)/v, /\n/dy, new RegExp(""), new RegExp("/")]) {
    const copy = roundTrip(pattern) as RegExp;
    assert.ok(copy instanceof RegExp);
    assert.equal(String(copy), String(pattern));
    assert.equal(copy.lastIndex, 0);
  }
  const url = new URL("https://u:p@example.org:8080/ä?b=1#c");
  assert.equal((roundTrip(url) as URL).href, url.href);
  assert.ok(roundTrip(url) instanceof URL);
  const copy = roundTrip(url.searchParams) as URLSearchParams;
  assert.ok(copy instanceof URLSearchParams);
  assert.equal(copy.get("b"), "1");
});

test("encode() carries class instances as their own enumerable data", () => {
  class Point {
    x = 1;
    #hidden = 2;
    get sum(): number {
      return this.x + this.#hidden;
    }
    method(): void {}
  }
  assertSame(roundTrip(new Point()), { x: 1 });
  assertSame(
    roundTrip({
      get a() {
        return 5;
      },
      [Symbol("s")]: 1,
    }),
    { a: 5 },
  );
  assertSame(roundTrip(new (class List extends Array<number> {})(1, 2, 3)), [1, 2, 3]);
  assertSame(
    roundTrip(
      new (class M extends Map<number, number> {
        z = 1;
      })([[1, 2]]),
    ),
    new Map([[1, 2]]),
  );
  (function (..._args: number[]) {
    assertSame(roundTrip(arguments), { 0: 1, 1: 2 });
  })(1, 2);
});

test("encode() keeps cycles and shared references inside one message", () => {
  const leaf = { deep: [1] };
  const graph: Record<string, unknown> = { leaf, again: leaf, date: new Date(1) };
  graph["self"] = graph;
  graph["list"] = [graph, leaf, graph["date"]];
  graph["map"] = new Map<unknown, unknown>([[graph, leaf]]);
  graph["set"] = new Set([graph["map"], graph]);
  assertCarried(graph, [leaf, leaf], Array.from({ length: 100 }, (_, i) => i % 7 ? leaf : { i, leaf }));
  const error: Error & { me?: unknown } = new Error("x");
  error.cause = error;
  error.me = [error];
  const copy = roundTrip(error) as typeof error;
  assert.ok(copy.cause === copy && (copy.me as unknown[])[0] === copy);
});

test("encode() carries values nested 100,000 deep", () => {
  const makers: ((inner: unknown, i: number) => unknown)[] = [
    (inner) => [inner],
    (next) => ({ next }),
    (next) => Object.assign(Object.create(null), { next }),
    (inner) => new Map([["k", inner]]),
    (inner) => new Map([[inner, 1]]),
    (inner) => new Set([inner]),
    (inner) => [0.5, , inner],
    (inner, i) => i % 2 ? [1, inner, 2] : { a: i, inner, b: new Set([i]) },
  ];
  for (const [kind, make] of makers.entries()) {
    let value: unknown = "bottom";
    for (let i = 0; i < 100_000; i++) value = make(value, i);
    let copy = roundTrip(value);
    for (let i = 99_999; i >= 0; i--) {
      // deno-lint-ignore no-explicit-any
      const box = copy as any;
      if (kind === 0) copy = box[0];
      else if (kind <= 2) copy = box.next;
      else if (kind === 3) copy = box.get("k");
      else if (kind === 4) copy = [...box.keys()][0];
      else if (kind === 5) copy = [...box][0];
      else if (kind === 6) copy = box[2];
      else copy = i % 2 ? box[1] : box.inner;
    }
    assert.equal(copy, "bottom");
  }
});

test("encode() goes on in private memory where the caller's ends", () => {
  const value = {
    list: Array.from({ length: 20 }, (_, i) => ({ i, s: `text ${i} é😀`, f: i / 3, b: 2n ** 80n })),
    z: "x".repeat(99),
  };
  const whole = encoded(value).length;
  for (let room = 0; room <= whole + 1; room++) {
    target.fill(0xaa);
    const end = encoder.encode(value, target, targetView, 10, 10 + room);
    assert.equal(end - encoder.start, whole);
    assert.equal(encoder.spilled, encoder.bytes !== target);
    if (room < whole) assert.ok(encoder.spilled);
    assert.ok(target.subarray(10 + room).every((byte) => byte === 0xaa), `wrote past a limit of ${room}`);
    assertSame(decoder.decode(encoder.bytes, encoder.view, encoder.start, end), value);
  }
  const huge = {
    a: new Uint8Array(20 << 20).fill(7),
    s: "é".repeat(1 << 20),
    t: `${"x".repeat(1 << 20)}\ud800`,
  };
  assert.deepEqual(roundTrip(huge), huge);
});

test("decode() needs no other message", () => {
  const values = [{ a: 1, b: "x" }, { a: 2, b: "y" }, { b: 1 }, ["x"], {
    a: [{ a: 1, b: 2 }, { a: 3, b: 4 }],
  }];
  const messages = values.map(encoded);
  for (const order of [[4, 3, 2, 1, 0], [1], [2, 2, 0]]) {
    const fresh = new Decoder(sharing);
    for (const i of order) {
      const bytes = messages[i]!;
      assertSame(fresh.decode(bytes, new DataView(bytes.buffer), 0, bytes.length), values[i]);
    }
  }
});

/** A graph with cycles, from a list of nodes that refer to each other by number. */
const graphs = fc.array(
  fc.record({
    kind: fc.nat(7),
    names: fc.array(
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 8 }),
        fc.constantFrom("a", "b", "__proto__", "0", "length"),
      ),
    ),
    parts: fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.nat(30).map((node) => ({ node })) },
        fc.integer(),
        fc.double(),
        fc.bigInt(),
        fc.string({ unit: "binary" }),
        fc.string({
          unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
          maxLength: 100,
        }),
        fc.constantFrom(undefined, null, true, false, -0),
      ),
      { maxLength: 12 },
    ),
  }),
  { minLength: 1, maxLength: 30 },
).map((nodes) => {
  const objects = nodes.map(({ kind, names }): object => {
    if (kind === 0) return [];
    if (kind === 1) return new Map();
    if (kind === 2) return new Set();
    if (kind === 3) return Object.create(null);
    if (kind === 4) return new Date(names.length * 1e9);
    if (kind === 5) return Object(names.join());
    return {};
  });
  for (const [i, { names, parts }] of nodes.entries()) {
    const object = objects[i]!;
    for (const [j, part] of parts.entries()) {
      const value = typeof part === "object" && part !== null ? objects[part.node % objects.length] : part;
      const name = names[j] ?? `n${j}`;
      if (Array.isArray(object)) object[j % 3 === 2 && i % 5 === 0 ? j + 2 : j] = value;
      else if (object instanceof Map) object.set(j % 2 ? name : value, value);
      else if (object instanceof Set) object.add(value);
      else if (Object.prototype.toString.call(object) === "[object Object]") {
        Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
      }
    }
  }
  return objects[0];
});

test("encode() and decode() carry any graph", () => {
  fc.assert(
    fc.property(graphs, fc.nat(200), (value, room) => {
      assertSame(roundTrip(value, 5, 5 + room), value);
      assertSame(new Decoder(sharing).decode(encoder.bytes, encoder.view, encoder.start, encoder.end), value);
    }),
    { numRuns: 1000 },
  );
});

test("encode() and decode() carry anything that fast-check makes", () => {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withObjectString: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
  } as fc.ObjectConstraints);
  fc.assert(fc.property(anything, (value) => assertSame(roundTrip(value), value)), { numRuns: 1000 });
});
