/**
 * Arbitrary values that a job may return: graphs with cycles and shared parts, of every class that the codec carries.
 * The same numbers make the same value, in whatever process.
 */
import { Buffer } from "node:buffer";
import ndarray from "ndarray";

/** 0 ≤ x < 1. */
export type Random = () => number;

type Properties = Record<string, unknown>;

const MAX_NESTED_ERRORS = 20;
const BUILT_IN_ERRORS = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
const EDGES = [
  ...[0, -0, NaN, Infinity, -Infinity, 5e-324, -5e-324, 2 ** -1022, Number.MAX_VALUE, 0.1],
  ...[
    -17,
    -16,
    111,
    112,
    127,
    128,
    -128,
    -129,
    253,
    254,
    255,
    256,
    32767,
    32768,
    -32768,
    -32769,
    65535,
    65536,
  ],
  ...[
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53,
    -(2 ** 53),
    2 ** 53 - 1,
  ],
];
/** Names that objects share, so that shapes come again, and names that are traps. */
const NAMES = [
  ...["a", "b", "c", "id", "x", "y", "name", "list", "next", "k1", "k2", "größe", "ключ", "two words", ""],
  ...["__proto__", "constructor", "toString", "length", "0", "1", "7", "-1", "01", "4294967295", "\ud800"],
];
const PATTERNS: readonly RegExp[] = [/a/, /[\/\]]\/(?<n>x)/v, /\n/dy, /ä+|😀/giu, /^$/ms, new RegExp("/")];
const URLS: readonly string[] = [
  "https://u:p@example.org:8080/ä?b=1#c",
  "data:,x",
  "file:///tmp/a%20b",
  "http://[::1]/",
];
const VIEW_CLASSES = [
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
  ...[BigInt64Array, BigUint64Array, Float16Array, Float32Array, Float64Array],
];

/** An instance of a class travels as its own data. */
class Point {
  x: unknown;
  readonly #hidden = 2;
  constructor(x: unknown) {
    this.x = x;
  }
  get sum(): number {
    return this.#hidden;
  }
}
class List extends Array<unknown> {}
class Table extends Map<unknown, unknown> {}
class Tags extends Set<unknown> {}
class QuotaError extends RangeError {
  override readonly name = "QuotaError";
}

/** Makes a value; `shared` are arrays of shared memory that may occur in it. */
export function randomValue(random: Random, shared: readonly Float64Array<ArrayBuffer>[] = []): unknown {
  return new Maker(random, shared).root();
}

class Maker {
  readonly #random: Random;
  readonly #shared: readonly Float64Array<ArrayBuffer>[];
  /** What may occur again. */
  readonly #made: object[] = [];
  readonly #buffers: ArrayBuffer[] = [];
  #nodesLeft: number;
  #errors = 0;
  readonly #kinds: readonly (readonly [weight: number, make: () => unknown])[] = [
    [8, () => this.#list()],
    [10, () => this.#properties(this.#add({}))],
    [2, () => this.#properties(this.#add(Object.create(null) as Properties))],
    [2, () => this.#fillPoint(this.#add(new Point(undefined)))],
    [3, () => this.#map(this.#add(this.#chance(0.1) ? new Table() : new Map()))],
    [3, () => this.#set(this.#add(this.#chance(0.1) ? new Tags() : new Set()))],
    [4, () => this.#error()],
    [6, () => this.#add(this.#leaf())],
    [6, () => this.#view()],
    [2, () => this.#add(this.#ndView())],
    [3, () => this.#sharedView()],
    [6, () => this.#again()],
  ];

  constructor(random: Random, shared: readonly Float64Array<ArrayBuffer>[]) {
    this.#random = random;
    this.#shared = shared;
    // mostly small, up to some hundred parts
    this.#nodesLeft = 2 ** (1 + 7.5 * random() ** 2);
  }

  root(): unknown {
    const value = this.#value();
    return this.#chance(0.004) ? this.#buried(value, 200 + this.#below(4800)) : value;
  }

  #value(): unknown {
    if (--this.#nodesLeft < 0 || this.#chance(0.45)) return this.#primitive();
    let at = this.#random() * this.#kinds.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, make] of this.#kinds) if ((at -= weight) < 0) return make();
    return null;
  }

  #primitive(): unknown {
    const kind = this.#below(10);
    if (kind < 4) return this.#number();
    if (kind < 7) return this.#text();
    if (kind === 7) return this.#bigint();
    return [undefined, null, true, false][this.#below(4)];
  }

  #number(): number {
    switch (this.#below(5)) {
      case 0:
        return this.#pick(EDGES);
      case 1:
        return this.#below(300) - 100;
      case 2:
        return this.#word() | 0;
      case 3:
        return this.#random() * 10 ** (this.#below(40) - 20);
      default:
        // any bits at all, subnormals and every NaN among them
        return new Float64Array(
          Uint32Array.of(this.#word(), this.#chance(0.2) ? 0 : this.#word()).buffer,
        )[0]!;
    }
  }

  #bigint(): bigint {
    let value = 0n;
    for (let i = 1 + this.#below(this.#chance(0.1) ? 40 : 3); i > 0; i--) {
      value = value << 32n | BigInt(this.#word());
    }
    return this.#chance(0.5) ? value : -value >> BigInt(this.#below(64));
  }

  #text(): string {
    // of ASCII, Latin-1, any UTF-16 units, pairs
    const limit = this.#pick([128, 256, 0x10000, 0x110000]);
    const long = this.#random();
    const length = long < 0.003
      ? this.#below(70_000)
      : long < 0.1
      ? this.#pick([62, 63, 64, 65, 253, 254, 300])
      : this.#below(24);
    // long ones repeat a piece: what is to be tested is the length
    const piece = Array.from(
      { length: Math.min(length, 24) },
      () => String.fromCodePoint(this.#below(limit)),
    ).join("");
    return length <= 24 ? piece : piece.repeat(Math.ceil(length / 24)).slice(0, length);
  }

  #list(): unknown[] {
    const list = this.#add(this.#chance(0.05) ? new List() : []) as unknown[];
    const kind = this.#below(10);
    const length = this.#chance(0.02) ? 1000 + this.#below(3000) : this.#below(9);
    if (kind < 3) { for (let i = 0; i < length; i++) list.push(kind === 0 ? i / 3 : this.#number()); }
    else for (let i = 0; i < length && this.#nodesLeft > 0; i++) list.push(this.#value());
    if (kind > 7) {
      for (let holes = this.#below(4); holes > 0; holes--) delete list[this.#below(length + 1)];
      list.length += this.#below(3);
      if (this.#chance(0.1)) list[this.#below(1e6)] = this.#value();
      if (this.#chance(0.02)) list.length = 2 ** 32 - 1;
    }
    if (kind === 7 || kind === 9) Object.assign(list, { extra: this.#value(), "-1": 0, "01": 1 });
    return list;
  }

  #properties<T extends object>(target: T): T {
    const size = this.#random();
    const count = size < 0.03 ? 100 + this.#below(300) : size < 0.1 ? 14 + this.#below(5) : this.#below(6);
    for (let i = 0; i < count; i++) {
      const name = count > 20 ? `p${i}` : this.#chance(0.9) ? this.#pick(NAMES) : this.#text();
      const value = count > 20 && this.#chance(0.9) ? i : this.#value();
      const how = this.#chance(0.03) ? { get: () => value } : { value, writable: true };
      // not an assignment, because of __proto__
      Object.defineProperty(target, name, { ...how, enumerable: true, configurable: true });
    }
    return this.#chance(0.03) ? Object.freeze(target) : target;
  }

  #fillPoint(point: Point): Point {
    point.x = this.#value();
    return point;
  }

  #map(map: Map<unknown, unknown>): Map<unknown, unknown> {
    for (let i = this.#below(6); i > 0; i--) map.set(this.#value(), this.#value());
    return map;
  }

  #set(set: Set<unknown>): Set<unknown> {
    for (let i = this.#below(6); i > 0; i--) set.add(this.#value());
    return set;
  }

  #error(): unknown {
    if (this.#errors >= MAX_NESTED_ERRORS) return this.#primitive();
    if (this.#chance(0.1)) return this.#add(new DOMException(this.#text(), "AbortError"));
    this.#errors++;
    const error = this.#add(this.#newError());
    // the same in each process
    Object.defineProperty(error, "stack", {
      value: `at ${this.#word()}`,
      writable: true,
      configurable: true,
    });
    if (this.#chance(0.5)) this.#hide(error, "cause", this.#value());
    if (error instanceof AggregateError) error.errors.push(...Array.from({ length: 3 }, () => this.#value()));
    if (this.#chance(0.3)) error.name = this.#text();
    if (this.#chance(0.4)) Object.assign(error, { code: this.#text(), detail: this.#value() });
    this.#errors--;
    return error;
  }

  #newError(): Error {
    const text = this.#text();
    if (this.#chance(0.15)) return new AggregateError([], text);
    // `name` of this class is its own data
    if (this.#chance(0.1)) return new QuotaError(text);
    const made = new (this.#pick(BUILT_IN_ERRORS))(text);
    if (this.#chance(0.05)) this.#hide(made, "message", "");
    return made;
  }

  #hide(target: object, name: string, value: unknown): void {
    Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
  }

  #leaf(): object {
    switch (this.#below(6)) {
      case 0:
        return new Date(this.#pick([0, -1, NaN, 8.64e15, -8.64e15, this.#word() * 1000]));
      case 1: {
        const pattern = new RegExp(this.#pick(PATTERNS));
        pattern.lastIndex = this.#below(5);
        return pattern;
      }
      case 2:
        return new URL(this.#pick(URLS));
      case 3:
        return new URLSearchParams([["q", this.#text().replace(/[\ud800-\udfff]/g, "")], ["", "&="]]);
      default: {
        const primitive = this.#primitive() ?? false;
        return Object(primitive) as object;
      }
    }
  }

  #buffer(): ArrayBuffer {
    if (this.#buffers.length > 0 && this.#chance(0.4)) return this.#pick(this.#buffers);
    const length = this.#chance(0.05) ? this.#below(20_000) : this.#below(64);
    const buffer = this.#chance(0.05)
      ? new ArrayBuffer(length, { maxByteLength: 2 * length })
      : new ArrayBuffer(length);
    const bytes = new Uint8Array(buffer);
    for (let i = 0; i < Math.min(length, 64); i++) bytes[i] = this.#below(256);
    this.#buffers.push(buffer);
    return buffer;
  }

  #view(): object {
    if (this.#chance(0.1)) return this.#add(Buffer.from(this.#text()));
    const buffer = this.#buffer();
    if (this.#chance(0.1)) return this.#add(buffer);
    if (this.#chance(0.1)) {
      const from = this.#below(buffer.byteLength + 1);
      return this.#add(new DataView(buffer, from, this.#below(buffer.byteLength - from + 1)));
    }
    const type = this.#pick(VIEW_CLASSES);
    const items = Math.floor(buffer.byteLength / type.BYTES_PER_ELEMENT);
    if (this.#chance(0.5)) return this.#add(new type(buffer, 0, items));
    const from = this.#below(items + 1);
    return this.#add(new type(buffer, from * type.BYTES_PER_ELEMENT, this.#below(items - from + 1)));
  }

  #ndView(): object {
    const data = Float64Array.from({ length: 24 }, () => this.#number());
    const whole = ndarray(data, [2, 3, 4]);
    switch (this.#below(5)) {
      case 0:
        return whole.pick(1);
      case 1:
        return whole.lo(0, 1, 1).hi(2, 2, 2);
      case 2:
        return whole.transpose(2, 0, 1);
      case 3:
        return whole.step(-1, 1, -2);
      default:
        return whole;
    }
  }

  #sharedView(): unknown {
    if (this.#shared.length === 0) return this.#primitive();
    const array = this.#pick(this.#shared);
    const from = this.#below(array.length);
    switch (this.#below(4)) {
      case 0:
        return array;
      case 1:
        return this.#add(new DataView(array.buffer, array.byteOffset + from, array.byteLength - from));
      case 2:
        return this.#add(ndarray(array, [2, array.length >> 1]));
      default:
        return this.#add(array.subarray(from, from + 1 + this.#below(array.length - from)));
    }
  }

  /** Something that occurred before, maybe what this will be a part of. */
  #again(): unknown {
    return this.#made.length === 0 ? this.#primitive() : this.#pick(this.#made);
  }

  #buried(bottom: unknown, depth: number): unknown {
    let value = bottom;
    for (let i = 0; i < depth; i++) {
      const kind = this.#below(5);
      if (kind === 0) value = [value];
      else if (kind === 1) value = { next: value };
      else if (kind === 2) value = new Map([[i, value]]);
      else if (kind === 3) value = new Set([value, i]);
      else value = Object.assign(Object.create(null), { i, next: value });
    }
    return value;
  }

  #add<T extends object>(value: T): T {
    this.#made.push(value);
    return value;
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#below(from.length)]!;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #word(): number {
    return this.#below(2 ** 32);
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }
}
