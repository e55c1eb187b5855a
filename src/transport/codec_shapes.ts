/**
 * Shapes: the names of an object's properties, in order, as one block of bytes that both sides keep.
 *
 * An object of a new shape carries the block (`SHAPED`); the next one in the same message only its number
 * (`SHAPED_AGAIN`). The block is complete, so a message never depends on what was sent before; what is kept from
 * message to message only saves work: the encoder finds the finished block of an object by walking a tree of
 * names, the decoder finds the names of a block by its hash and compares the bytes.
 *
 * ```
 * SHAPED · u32 hash · uint block length · block = u8 count, count × (u8 length, Latin-1)
 * ```
 *
 * @module
 */

/** Objects of more properties are written name by name. */
export const MAX_SHAPE_KEYS = 16;
const MAX_KEY_LENGTH = 40;
const MAX_SHAPES = 1024;
const CACHE_SLOTS = 256;

/** The properties of some objects: a node of the tree of names. */
export class Shape {
  /** The names so far, in order. */
  readonly keys: readonly string[];
  /** What is written behind the hash, or `undefined` for names that a block cannot hold. */
  readonly block: Uint8Array | undefined;
  /** The block's hash. */
  readonly hash: number;
  /** Its number in the message where it was used last; see `Encoder`. */
  ordinal = 0;
  // Most names are followed by one and the same name: that one is found without a Map.
  #usualKey: string | undefined;
  #usual: Shape | undefined;
  #others: Map<string, Shape> | undefined;

  /** Makes the shape with these names. */
  constructor(keys: readonly string[]) {
    this.keys = keys;
    this.block = keys.every(isBlockKey) ? blockOf(keys) : undefined;
    this.hash = this.block === undefined ? 0 : hashOf(this.block, 0, this.block.length);
  }

  /** The shape with one more name; `undefined` when the tree does not know it. */
  child(key: string): Shape | undefined {
    return key === this.#usualKey ? this.#usual : this.#others?.get(key);
  }

  /** Adds the shape with one more name. */
  grow(key: string): Shape {
    const shape = new Shape([...this.keys, key]);
    if (this.#usual === undefined) {
      this.#usualKey = key;
      this.#usual = shape;
    } else {
      this.#others ??= new Map();
      this.#others.set(key, shape);
    }
    return shape;
  }
}

/** The shapes that an encoder has met. */
export class ShapeTree {
  #root = new Shape([]);
  #size = 0;

  /** The shape of an object with these properties; `undefined` when it is better written name by name. */
  find(keys: readonly string[]): Shape | undefined {
    let shape = this.#root;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      const next = shape.child(key);
      if (next === undefined) return this.#add(shape, keys);
      shape = next;
    }
    return shape.block === undefined ? undefined : shape;
  }

  #add(shape: Shape, keys: readonly string[]): Shape | undefined {
    // Objects used as dictionaries never repeat: start again rather than grow for ever.
    if (this.#size > MAX_SHAPES) {
      this.#root = new Shape([]);
      this.#size = 0;
      return this.#add(this.#root, keys);
    }
    let last = shape;
    for (let i = shape.keys.length; i < keys.length; i++) {
      last = last.grow(keys[i]!);
      this.#size++;
    }
    return last.block === undefined ? undefined : last;
  }
}

/** The names that a decoder has met, by the bytes of their block. */
export class ShapeCache {
  readonly #slots: (CachedShape | undefined)[] = new Array(CACHE_SLOTS).fill(undefined);

  /** The names in a block; `undefined` when the bytes are none. */
  names(hash: number, bytes: Uint8Array, at: number, length: number): readonly string[] | undefined {
    const slot = hash & (CACHE_SLOTS - 1);
    const known = this.#slots[slot];
    if (known !== undefined && known.block.length === length && isEqual(known.block, bytes, at)) {
      return known.keys;
    }
    const block = bytes.slice(at, at + length);
    const keys = namesOf(block);
    if (keys !== undefined) this.#slots[slot] = { block, keys };
    return keys;
  }
}

interface CachedShape {
  readonly block: Uint8Array;
  readonly keys: readonly string[];
}

/** `__proto__` is no plain assignment, so it never goes by shape. */
function isBlockKey(key: string): boolean {
  return key.length <= MAX_KEY_LENGTH && key !== "__proto__" && /^[\0-\xff]*$/.test(key);
}

function blockOf(keys: readonly string[]): Uint8Array {
  const bytes = [keys.length];
  for (const key of keys) {
    bytes.push(key.length);
    for (let i = 0; i < key.length; i++) bytes.push(key.charCodeAt(i));
  }
  return Uint8Array.from(bytes);
}

function namesOf(block: Uint8Array): string[] | undefined {
  const keys: string[] = [];
  const count = block[0] ?? 0;
  let at = 1;
  for (let i = 0; i < count; i++) {
    const length = block[at];
    if (length === undefined || at + 1 + length > block.length) return undefined;
    const key = String.fromCharCode(...block.subarray(at + 1, at + 1 + length));
    if (key === "__proto__") return undefined;
    keys.push(key);
    at += 1 + length;
  }
  return count > 0 && at === block.length ? keys : undefined;
}

function isEqual(block: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < block.length; i++) {
    if (block[i] !== bytes[at + i]) return false;
  }
  return true;
}

/** FNV-1a, folded to 32 bits. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash >>> 0;
}
