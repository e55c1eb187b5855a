/**
 * Values to bytes.
 *
 * @module
 */
import { writeArray } from "./codec_arrays.ts";
import { writeMap, writeSet } from "./codec_collections.ts";
import { ObjectNumbers } from "./codec_identity.ts";
import { containerTag } from "./codec_deferral.ts";
import { writeLeaf } from "./codec_leaves.ts";
import { isNdView, writeNdView } from "./codec_ndarray.ts";
import * as kinds from "./codec_kinds.ts";
import { asRefusal, propertySegment, Refusal, safeString } from "./codec_refusal.ts";
import { MAX_SHAPE_KEYS, type Shape, ShapeTree } from "./codec_shapes.ts";
import { writeBuffer, writeView } from "./codec_views.ts";
import { ByteWriter } from "./codec_writer.ts";
import { lastResort, writeError } from "./error_record.ts";
import type { BufferSharing } from "./sharing.ts";
import * as tag from "./tags.ts";

/**
 * Encodes values for a {@linkcode Decoder} in another process of the same program. Each message stands alone.
 *
 * What is carried is what `structuredClone` carries, and also `Buffer`s, URLs, n-d views of `ndarray`, objects
 * without a prototype, and errors with their own data. Identity is kept inside a message: cycles, and objects
 * and buffers that occur twice. Views of shared memory carry a reference, views of private memory the bytes
 * they show.
 */
export class Encoder extends ByteWriter {
  /** Whether something of the last error could not be carried. */
  lossy = false;
  /** How shared memory is told from private. */
  readonly sharing: BufferSharing;
  /** How many errors are being written inside each other. */
  nestedErrors = 0;
  // An error loses what cannot be carried; a result is refused for it.
  #isLenient = false;
  #depth = 0;
  readonly #objects = new ObjectNumbers();
  readonly #tree = new ShapeTree();
  #shapes: Shape[] = [];
  #shapeCount = 0;
  readonly #deferred: object[] = [];

  /** Makes an encoder; keep it, it learns the shapes of the objects that it sees. */
  constructor(sharing: BufferSharing) {
    super();
    this.sharing = sharing;
  }

  /**
   * Encodes `value` from byte `start` of `target` on, at most to `limit`; what does not fit goes to private memory.
   * Returns the end; `bytes`, `start`, `end` and `spilled` tell where the message is, until the next one.
   *
   * @throws {CodecError} when something in it cannot be carried; its path starts with `rootPath`
   */
  encode(
    value: unknown,
    target: Uint8Array,
    view: DataView,
    start: number,
    limit: number,
    rootPath = "result",
  ): number {
    this.open(target, view, start, limit);
    this.#isLenient = false;
    try {
      this.end = this.#root(value, start);
    } catch (thrown) {
      throw asRefusal(thrown).toError(rootPath);
    } finally {
      this.#forget();
    }
    return this.end;
  }

  /**
   * Encodes whatever was thrown, as {@linkcode encode}. What cannot be carried is replaced by its text, or left
   * out; `lossy` tells whether that happened. Never throws, as long as there is memory.
   */
  encodeError(thrown: unknown, target: Uint8Array, view: DataView, start: number, limit: number): number {
    this.open(target, view, start, limit);
    this.#isLenient = true;
    this.lossy = false;
    try {
      const at = this.field({ thrown }, "thrown", start);
      this.end = this.byte(this.lossy ? 1 : 0, at);
    } catch {
      this.#forget();
      this.open(target, view, start, limit);
      this.end = this.byte(1, this.#root(lastResort(thrown), start));
    } finally {
      this.#forget();
    }
    return this.end;
  }

  /** Writes any value; for the parts of the codec. */
  write(value: unknown, pos: number): number {
    switch (typeof value) {
      case "number":
        return this.number(value, pos);
      case "string":
        return this.string(value, pos);
      case "object":
        return value === null ? this.byte(tag.NULL, pos) : this.#object(value, pos);
      case "boolean":
        return this.byte(value ? tag.TRUE : tag.FALSE, pos);
      case "undefined":
        return this.byte(tag.UNDEFINED, pos);
      case "bigint":
        return this.bigint(value, pos);
      default:
        return this.#refuse(value, new Refusal(`is a ${typeof value}`), pos);
    }
  }

  /** Writes properties as (name, value) pairs; for the parts of the codec. */
  pairs(value: object, keys: readonly string[], pos: number): number {
    let at = pos;
    for (const key of keys) {
      try {
        at = this.write((value as Record<string, unknown>)[key], this.string(key, at));
      } catch (thrown) {
        throw asRefusal(thrown).within(propertySegment(key));
      }
    }
    return at;
  }

  /** Writes one property of an error: a failure costs this property only, where the whole may lose something. */
  field(owner: object, name: string, pos: number): number {
    const offset = pos - this.start;
    const { nestedErrors } = this;
    const depth = this.#depth;
    const objectCount = this.#objects.count;
    const shapeCount = this.#shapeCount;
    const deferredCount = this.#deferred.length;
    let value: unknown;
    try {
      value = (owner as Record<string, unknown>)[name];
      return this.#root(value, pos);
    } catch (thrown) {
      if (!this.#isLenient) throw asRefusal(thrown).within(propertySegment(name));
    }
    this.nestedErrors = nestedErrors;
    this.#depth = depth;
    this.#objects.truncate(objectCount);
    this.#shapeCount = shapeCount;
    this.#deferred.length = deferredCount;
    this.lossy = true;
    return this.write(value === undefined ? undefined : safeString(value), this.start + offset);
  }

  /** Notes that something could not be read; refuses it where nothing may be lost. */
  lose(thrown: unknown): void {
    if (!this.#isLenient) throw asRefusal(thrown);
    this.lossy = true;
  }

  /** The number of an object that came earlier in the message; -1 for a new one, which gets the next number. */
  register(value: object): number {
    return this.#objects.register(value);
  }

  /** Whether an object came earlier in the message. */
  isKnown(value: object): boolean {
    return this.#objects.has(value);
  }

  /** Lets go of what the message was made of. */
  #forget(): void {
    this.#depth = 0;
    if (this.#objects.count === 0) return;
    this.#objects.truncate(0);
    this.#shapeCount = 0;
    this.nestedErrors = 0;
    if (this.#shapes.length > 64) this.#shapes = [];
    if (this.#deferred.length > 0) this.#deferred.length = 0;
  }

  /** A value, then the contents of the containers in it that were too deep. */
  #root(value: unknown, pos: number): number {
    const deferred = this.#deferred;
    const first = deferred.length;
    let at = this.write(value, pos);
    if (deferred.length === first) return at;
    for (let i = first; i < deferred.length; i++) {
      try {
        at = this.#content(deferred[i]!, at);
      } catch (thrown) {
        throw asRefusal(thrown).within(".…");
      }
    }
    deferred.length = first;
    return at;
  }

  #object(value: object, pos: number): number {
    const id = this.register(value);
    if (id >= 0) return this.tagged(tag.REFERENCE, id, pos);
    if (this.#depth >= tag.MAX_DEPTH) {
      const container = containerTag(value);
      if (container >= 0) {
        this.#deferred.push(value);
        return this.byte(container, this.byte(tag.DEFERRED, pos));
      }
    }
    return this.#content(value, pos);
  }

  #content(value: object, pos: number): number {
    this.#depth++;
    let at: number;
    if (Array.isArray(value)) {
      at = writeArray(this, value, pos);
    } else {
      const prototype = Object.getPrototypeOf(value) as object | null;
      if (prototype === Object.prototype) at = this.#plain(value, pos);
      else if (prototype === null) at = this.#nullObject(value, pos);
      else at = this.#special(value, prototype, pos);
    }
    this.#depth--;
    return at;
  }

  #special(value: object, prototype: object, pos: number): number {
    if (ArrayBuffer.isView(value)) return writeView(this, value, pos);
    if (isNdView(value, prototype)) return writeNdView(this, value, pos);
    const kind = kinds.kindOf(value, prototype);
    let at = -1;
    if (kind === kinds.PLAIN) at = this.#plain(value, pos);
    else if (kind === kinds.MAP_KIND) at = writeMap(this, value, pos);
    else if (kind === kinds.SET_KIND) at = writeSet(this, value, pos);
    else if (kind === kinds.ERROR_KIND) at = writeError(this, value, pos);
    else if (kind === kinds.BUFFER_KIND) at = writeBuffer(this, value, pos);
    else if (kind >= kinds.LEAF_KIND) at = writeLeaf(this, kind - kinds.LEAF_KIND, value, pos);
    if (at >= 0) return at;
    // A text stands for it, if anything: it has no number.
    this.#objects.truncate(this.#objects.count - 1);
    return this.#refuse(value, new Refusal(kinds.refusalOf(value) ?? kinds.impostorProblem(prototype)), pos);
  }

  #plain(value: object, pos: number): number {
    const keys = Object.keys(value);
    const count = keys.length;
    const shape = count > 0 && count <= MAX_SHAPE_KEYS ? this.#tree.find(keys) : undefined;
    if (shape === undefined) return this.pairs(value, keys, this.tagged(tag.OBJECT, count, pos));
    let at = this.#shape(shape, pos);
    for (let i = 0; i < count; i++) {
      const key = keys[i]!;
      try {
        at = this.write((value as Record<string, unknown>)[key], at);
      } catch (thrown) {
        throw asRefusal(thrown).within(propertySegment(key));
      }
    }
    return at;
  }

  #shape(shape: Shape, pos: number): number {
    const { ordinal } = shape;
    if (ordinal < this.#shapeCount && this.#shapes[ordinal] === shape) {
      return this.tagged(tag.SHAPED_AGAIN, ordinal, pos);
    }
    shape.ordinal = this.#shapeCount;
    this.#shapes[this.#shapeCount++] = shape;
    const at = this.ensure(pos, 5);
    this.bytes[at] = tag.SHAPED;
    this.view.setUint32(at + 1, shape.hash, true);
    return this.raw(shape.block!, this.uint(shape.block!.length, at + 5));
  }

  #nullObject(value: object, pos: number): number {
    const keys = Object.keys(value);
    return this.pairs(value, keys, this.tagged(tag.NULL_OBJECT, keys.length, pos));
  }

  #refuse(value: unknown, refusal: Refusal, pos: number): number {
    if (!this.#isLenient) throw refusal;
    this.lossy = true;
    return this.string(safeString(value), pos);
  }
}
