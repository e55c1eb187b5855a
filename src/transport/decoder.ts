/**
 * Bytes to values.
 *
 * @module
 */
import { CodecError } from "../errors.ts";
import { type Container, emptyContainer, type PlainObject } from "./codec_deferral.ts";
import { readSparseArray } from "./codec_arrays.ts";
import { readLeaf } from "./codec_leaves.ts";
import { readNdView } from "./codec_ndarray.ts";
import { ByteReader } from "./codec_reader.ts";
import { safeString } from "./codec_refusal.ts";
import { ShapeCache } from "./codec_shapes.ts";
import { readBuffer, readSharedBuffer, readView, readViewOf, readWholeView } from "./codec_views.ts";
import { readError } from "./error_record.ts";
import type { BufferSharing } from "./sharing.ts";
import * as tag from "./tags.ts";

/** Until its turn comes, a place in the table of objects holds this. */
const PENDING = Symbol("pending");

/** What was thrown in a worker, as far as it could travel. */
export interface DecodedError {
  /** The thrown value: of the same built-in class, if it was an error. */
  readonly error: unknown;
  /** The stack in the worker; empty when the value had none. */
  readonly stack: string;
  /** Whether something could not travel. */
  readonly lossy: boolean;
}

/** Decodes what an {@linkcode Encoder} of the same program wrote. */
export class Decoder extends ByteReader {
  /** How shared memory is found again. */
  readonly sharing: BufferSharing;
  readonly #shapes = new ShapeCache();
  #objects: unknown[] = [];
  #objectCount = 0;
  #messageShapes: (readonly string[])[] = [];
  readonly #deferred: Container[] = [];

  /** Makes a decoder; keep it, it learns the shapes and names that come by. */
  constructor(sharing: BufferSharing) {
    super();
    this.sharing = sharing;
  }

  /**
   * Decodes the message in bytes `start` to `end`.
   *
   * @throws {CodecError} when the bytes are no message, whatever they are, or shared memory in it is gone
   */
  decode(bytes: Uint8Array, view: DataView, start: number, end: number): unknown {
    try {
      this.open(bytes, view, start, end);
      const value = this.readRoot();
      this.close();
      return value;
    } catch (thrown) {
      throw damaged(thrown);
    } finally {
      if (this.#objectCount > 0) this.#forget();
    }
  }

  /**
   * Decodes a message of {@linkcode Encoder.encodeError}.
   *
   * @throws {CodecError} as {@linkcode decode}
   */
  decodeError(bytes: Uint8Array, view: DataView, start: number, end: number): DecodedError {
    try {
      this.open(bytes, view, start, end);
      const error = this.readRoot();
      const stack = error instanceof Error && typeof error.stack === "string" ? error.stack : "";
      const lossy = this.byte() !== 0;
      this.close();
      return { error, stack, lossy };
    } catch (thrown) {
      throw damaged(thrown);
    } finally {
      this.#forget();
    }
  }

  #forget(): void {
    if (this.#objectCount > 64) this.#objects = [];
    else this.#objects.fill(undefined, 0, this.#objectCount);
    this.#objectCount = 0;
    if (this.#messageShapes.length > 0) this.#messageShapes = [];
    if (this.#deferred.length > 0) this.#deferred.length = 0;
  }

  /** A value, then the contents of the containers in it that were too deep; for the parts of the codec. */
  readRoot(): unknown {
    const deferred = this.#deferred;
    const first = deferred.length;
    const value = this.read();
    if (deferred.length === first) return value;
    for (let i = first; i < deferred.length; i++) this.#fillDeferred(deferred[i]!);
    deferred.length = first;
    return value;
  }

  /** Any value; for the parts of the codec. */
  read(): unknown {
    const first = this.byte();
    if (first >= 128) return first - tag.SMALL_INT;
    if (first >= tag.SHORT_STRING) return this.latin1(first - tag.SHORT_STRING);
    switch (first) {
      case tag.UNDEFINED:
        return undefined;
      case tag.NULL:
        return null;
      case tag.FALSE:
        return false;
      case tag.TRUE:
        return true;
      case tag.INT16:
        return this.int16();
      case tag.INT32:
        return this.int32();
      case tag.DOUBLE:
        return this.double();
      case tag.BIGINT64:
        return this.bigint64();
      case tag.BIGINT:
        return this.#bigint();
      case tag.LATIN1:
        return this.latin1(this.uint32());
      case tag.UTF8:
        return this.utf8();
      case tag.UTF16:
        return this.utf16();
      case tag.REFERENCE:
        return this.#reference();
      case tag.ARRAY:
        return this.#array(this.#add([]));
      case tag.SPARSE_ARRAY:
        return readSparseArray(this, this.#add([]));
      case tag.NUMBERS:
        return this.#add(this.doubles(this.count(8)));
      case tag.SHAPED:
        return this.#shaped(this.#newShape(), this.#add({}));
      case tag.SHAPED_AGAIN:
        return this.#shaped(this.#knownShape(), this.#add({}));
      case tag.OBJECT:
        return this.pairs(this.#add({}));
      case tag.NULL_OBJECT:
        return this.pairs(this.#add(Object.create(null)));
      case tag.MAP:
        return this.#map(this.#add(new Map()));
      case tag.SET:
        return this.#set(this.#add(new Set()));
      case tag.DEFERRED:
        return this.#defer();
      case tag.LEAF:
        return readLeaf(this);
      case tag.BUFFER:
        return readBuffer(this);
      case tag.SHARED_BUFFER:
        return readSharedBuffer(this);
      case tag.VIEW:
        return readView(this);
      case tag.WHOLE_VIEW:
        return readWholeView(this);
      case tag.VIEW_OF:
        return readViewOf(this);
      case tag.NDARRAY:
        return readNdView(this);
      case tag.ERROR:
        return readError(this);
      default:
        return this.fail(`type ${first}`);
    }
  }

  /** Reads a count and (name, value) pairs into `target`; for the parts of the codec. */
  pairs(target: PlainObject): PlainObject {
    for (let left = this.count(2); left > 0; left--) {
      const name = this.text();
      const value = this.read();
      if (name === "__proto__") {
        Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
      } else if (name === "length" && Array.isArray(target)) {
        this.fail("an array's length among its properties");
      } else {
        target[name] = value;
      }
    }
    return target;
  }

  /** Takes the next number for an object that is made later; see {@linkcode fill}. */
  reserve(): number {
    this.#add(PENDING);
    return this.#objectCount - 1;
  }

  /** Gives a reserved number its object. */
  fill<T>(slot: number, value: T): T {
    this.#objects[slot] = value;
    return value;
  }

  #add<T>(value: T): T {
    this.#objects[this.#objectCount++] = value;
    return value;
  }

  #reference(): unknown {
    const id = this.uint();
    const value = id < this.#objectCount ? this.#objects[id] : PENDING;
    if (value === PENDING) this.fail(`a reference to object ${id}, which did not come before`);
    return value;
  }

  #array(target: unknown[]): unknown[] {
    const count = this.count(1);
    for (let i = 0; i < count; i++) target.push(this.read());
    return target;
  }

  #newShape(): readonly string[] {
    const hash = this.uint32();
    const length = this.count(1);
    const names = this.#shapes.names(hash, this.bytes, this.skip(length), length) ??
      this.fail("a broken shape");
    this.#messageShapes.push(names);
    return names;
  }

  #knownShape(): readonly string[] {
    const ordinal = this.uint();
    return this.#messageShapes[ordinal] ?? this.fail(`shape ${ordinal}, which did not come before`);
  }

  #shaped(names: readonly string[], target: PlainObject): PlainObject {
    for (let i = 0; i < names.length; i++) target[names[i]!] = this.read();
    return target;
  }

  #map(target: Map<unknown, unknown>): Map<unknown, unknown> {
    for (let left = this.count(2); left > 0; left--) {
      const key = this.read();
      target.set(key, this.read());
    }
    return target;
  }

  #set(target: Set<unknown>): Set<unknown> {
    for (let left = this.count(1); left > 0; left--) target.add(this.read());
    return target;
  }

  #defer(): Container {
    const container = this.#add(emptyContainer(this.byte())) ?? this.fail("a broken container");
    this.#deferred.push(container);
    return container;
  }

  #fillDeferred(target: Container): void {
    const first = this.byte();
    if (Array.isArray(target)) {
      if (first === tag.ARRAY) this.#array(target);
      else if (first === tag.SPARSE_ARRAY) readSparseArray(this, target);
      else if (first === tag.NUMBERS) { for (const value of this.doubles(this.count(8))) target.push(value); }
      else this.fail(`type ${first}, wanted an array`);
    } else if (target instanceof Map) {
      if (first !== tag.MAP) this.fail(`type ${first}, wanted a Map`);
      this.#map(target);
    } else if (target instanceof Set) {
      if (first !== tag.SET) this.fail(`type ${first}, wanted a Set`);
      this.#set(target);
    } else if (first === tag.SHAPED) this.#shaped(this.#newShape(), target);
    else if (first === tag.SHAPED_AGAIN) this.#shaped(this.#knownShape(), target);
    else if (first === tag.OBJECT || first === tag.NULL_OBJECT) this.pairs(target);
    else this.fail(`type ${first}, wanted an object`);
  }

  #bigint(): bigint {
    const isNegative = this.byte() !== 0;
    const magnitude = BigInt(`0x${this.text()}`);
    return isNegative ? -magnitude : magnitude;
  }
}

function damaged(thrown: unknown): CodecError {
  if (thrown instanceof CodecError) return thrown;
  return new CodecError("result", `cannot be decoded: ${safeString(thrown)}`, -1, { cause: thrown });
}
