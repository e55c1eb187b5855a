/**
 * Whether a value arrived as it was sent, as `api.md` and `structuredClone` have it: two graphs are walked in step,
 * and who is who must be the same in both.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";

type Properties = Record<PropertyKey, unknown>;

/** The classes that arrive as themselves; instances of classes of users' arrive as these. */
const CLASSES: readonly (abstract new (...values: never[]) => object)[] = [
  ...[
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
    AggregateError,
    DOMException,
    Error,
  ],
  ...[
    Map,
    Set,
    Date,
    RegExp,
    URL,
    URLSearchParams,
    Number,
    String,
    Boolean,
    BigInt,
    ArrayBuffer,
    DataView,
    Buffer,
  ],
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
  ...[BigInt64Array, BigUint64Array, Float16Array, Float32Array, Float64Array, Array],
] as unknown as (abstract new (...values: never[]) => object)[];

interface NdView {
  readonly data: ArrayBufferView;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly size: number;
  get(...at: number[]): unknown;
}

/** Asserts that `actual` is what `expected` arrives as; memory of `shared` must be the very same. */
export function assertSameGraph(
  actual: unknown,
  expected: unknown,
  shared: ReadonlySet<ArrayBufferLike> = new Set(),
): void {
  new Walk(shared).run(actual, expected);
}

class Walk {
  readonly #shared: ReadonlySet<ArrayBufferLike>;
  readonly #twins = new Map<object, object>();
  readonly #known = new Map<object, object>();
  readonly #todo: [actual: unknown, expected: unknown, path: string][] = [];
  readonly #parts: [actual: ArrayBufferView, expected: ArrayBufferView, path: string][] = [];

  constructor(shared: ReadonlySet<ArrayBufferLike>) {
    this.#shared = shared;
  }

  run(actual: unknown, expected: unknown): void {
    this.#todo.push([actual, expected, "value"]);
    for (let next = this.#todo.pop(); next !== undefined; next = this.#todo.pop()) this.#compare(...next);
    for (const part of this.#parts) this.#comparePart(...part);
  }

  #compare(actual: unknown, expected: unknown, path: string): void {
    if (typeof expected !== "object" || expected === null) {
      if (!Object.is(actual, expected)) assert.fail(`${path}: ${String(actual)} is not ${String(expected)}`);
      return;
    }
    if (typeof actual !== "object" || actual === null) assert.fail(`${path}: ${String(actual)} is no object`);
    if (!this.#isNew(actual, expected, path)) return;
    const prototype = Object.getPrototypeOf(actual) as unknown;
    if (prototype !== arrivesAs(expected)) assert.fail(`${path}: another prototype`);
    if (isNdView(expected)) this.#ndView(actual as NdView, expected, path);
    else if (ArrayBuffer.isView(expected)) this.#view(actual as ArrayBufferView, expected, path);
    else if (expected instanceof ArrayBuffer) this.#bytes(actual as ArrayBuffer, expected, path);
    else if (expected instanceof Map) this.#entries([...(actual as typeof expected)], [...expected], path);
    else if (expected instanceof Set) {
      const values = (set: Set<unknown>): unknown[][] => Array.from(set, (value) => [value]);
      this.#entries(values(actual as typeof expected), values(expected), path);
    } else if (expected instanceof Error) this.#error(actual as Error, expected, path);
    else this.#other(actual, expected, path);
  }

  /** Notes who is who; false for a pair that was met before. */
  #isNew(actual: object, expected: object, path: string): boolean {
    const twin = this.#twins.get(expected);
    if (twin === actual) return false;
    if (twin !== undefined) assert.fail(`${path}: was one object with another place, and is not`);
    if (this.#known.has(actual)) assert.fail(`${path}: is one object with another place, and was not`);
    this.#twins.set(expected, actual);
    this.#known.set(actual, expected);
    return true;
  }

  #other(actual: object, expected: object, path: string): void {
    if (expected instanceof Date) this.#push(+(actual as Date), +expected, path, "time");
    else if (expected instanceof RegExp) {
      assert.equal(String(actual), String(expected), path);
      // as structuredClone has it
      assert.equal((actual as RegExp).lastIndex, 0, path);
    } else if (expected instanceof URL || expected instanceof URLSearchParams) {
      assert.equal(String(actual), String(expected), path);
    } else if (isBoxed(expected)) this.#push(actual.valueOf(), expected.valueOf(), path, "valueOf()");
    else this.#properties(actual, expected, path);
  }

  #properties(actual: object, expected: object, path: string, hidden: readonly string[] = []): void {
    const names = Object.keys(expected);
    if (Array.isArray(expected)) {
      assert.equal((actual as unknown[]).length, expected.length, `${path}: length`);
    }
    assert.deepEqual(Object.keys(actual), names, `${path}: names`);
    assert.deepEqual(Object.getOwnPropertySymbols(actual), [], `${path}: symbols`);
    for (const name of [...names, ...hidden]) {
      this.#push((actual as Properties)[name], (expected as Properties)[name], path, name);
    }
  }

  #error(actual: Error, expected: Error, path: string): void {
    if (expected instanceof DOMException) {
      assert.deepEqual([actual.name, actual.message], [expected.name, expected.message], path);
    } else this.#properties(actual, expected, path, ["name", "message", "stack", "cause", "errors"]);
  }

  #entries(actual: unknown[][], expected: unknown[][], path: string): void {
    assert.equal(actual.length, expected.length, `${path}: size`);
    expected.forEach((entry, i) => {
      entry.forEach((part, j) => this.#push(actual[i]![j], part, path, `${i}.${j}`));
    });
  }

  #ndView(actual: NdView, expected: NdView, path: string): void {
    const { shape, stride, size } = expected;
    assert.deepEqual([actual.shape, actual.stride], [shape, stride], path);
    assert.equal(Object.getPrototypeOf(actual.data), Object.getPrototypeOf(expected.data), path);
    if (this.#shared.has(expected.data.buffer)) assert.ok(actual.data.buffer === expected.data.buffer, path);
    for (let i = 0; i < size; i++) {
      let rest = i;
      const at = shape.map((length) => {
        const index = rest % length;
        rest = Math.floor(rest / length);
        return index;
      });
      this.#push(actual.get(...at), expected.get(...at), path, at.join());
    }
  }

  #view(actual: ArrayBufferView, expected: ArrayBufferView, path: string): void {
    assert.equal(actual.byteLength, expected.byteLength, `${path}: bytes`);
    const { buffer, byteOffset, byteLength } = expected;
    if (this.#shared.has(buffer)) {
      assert.ok(actual.buffer === buffer, `${path}: was shared`);
      assert.equal(actual.byteOffset, byteOffset, path);
    } else if (byteLength > 0 && byteLength === buffer.byteLength) {
      this.#push(actual.buffer, buffer, path, "buffer");
    } else if (byteLength > 0) this.#parts.push([actual, expected, path]);
  }

  /** A view of a part may have come without the rest of its buffer. */
  #comparePart(actual: ArrayBufferView, expected: ArrayBufferView, path: string): void {
    const bytes = (view: ArrayBufferView) =>
      Buffer.from(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
    assert.ok(bytes(actual).equals(bytes(expected)), `${path}: bytes`);
    if (this.#twins.get(expected.buffer) === actual.buffer) {
      assert.equal(actual.byteOffset, expected.byteOffset, path);
      return;
    }
    assert.ok(!this.#known.has(actual.buffer), `${path}: another view's memory`);
    this.#known.set(actual.buffer, expected);
  }

  #bytes(actual: ArrayBuffer, expected: ArrayBuffer, path: string): void {
    assert.ok(Buffer.from(actual).equals(Buffer.from(expected)), `${path}: bytes`);
  }

  #push(actual: unknown, expected: unknown, path: string, step: string): void {
    this.#todo.push([actual, expected, `${path}.${step}`]);
  }
}

function arrivesAs(value: object): unknown {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null || isNdView(value)) return prototype;
  for (let link: object | null = prototype; link !== null; link = Object.getPrototypeOf(link)) {
    const found = CLASSES.find((each) => each.prototype === link);
    if (found !== undefined) return found.prototype;
  }
  return Object.prototype;
}

function isNdView(value: object): value is NdView {
  return "pick" in value && "stride" in value && typeof value.pick === "function";
}

function isBoxed(value: object): boolean {
  return [Number, String, Boolean, BigInt].some((boxed) => value instanceof boxed);
}
