/**
 * Built-in objects that are made from one primitive: `Date`, `RegExp`, boxed primitives, `URL`, `URLSearchParams`.
 *
 * @module
 */
import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import * as tag from "./tags.ts";

/** Which class is which `LEAF_…`. */
export const leafPrototypes: readonly (readonly [object, number])[] = [
  [Date.prototype, tag.LEAF_DATE],
  [RegExp.prototype, tag.LEAF_REGEXP],
  [Boolean.prototype, tag.LEAF_BOXED],
  [Number.prototype, tag.LEAF_BOXED],
  [String.prototype, tag.LEAF_BOXED],
  [BigInt.prototype, tag.LEAF_BOXED],
  [URL.prototype, tag.LEAF_URL],
  [URLSearchParams.prototype, tag.LEAF_URL_SEARCH_PARAMS],
];

/** Writes a leaf that the encoder has registered; -1 for an impostor, which has the prototype without the state. */
export function writeLeaf(encoder: Encoder, leaf: number, value: object, pos: number): number {
  let state: unknown;
  try {
    state = stateOf(leaf, value);
  } catch {
    return -1;
  }
  return encoder.write(state, encoder.byte(leaf, encoder.byte(tag.LEAF, pos)));
}

/** Reads what follows `LEAF`. */
export function readLeaf(decoder: Decoder): object {
  const slot = decoder.reserve();
  const leaf = decoder.byte();
  const state = decoder.read();
  if (typeof state === "object" || state === undefined) decoder.fail("a built-in object without its state");
  return decoder.fill(slot, revive(decoder, leaf, state));
}

/** The primitive that the object is made from again. */
function stateOf(leaf: number, value: object): unknown {
  switch (leaf) {
    case tag.LEAF_DATE:
      return Date.prototype.getTime.call(value);
    case tag.LEAF_REGEXP:
      return regExpText(value);
    case tag.LEAF_URL:
      return urlHref.call(value);
    case tag.LEAF_URL_SEARCH_PARAMS:
      return URLSearchParams.prototype.toString.call(value);
    default:
      return unboxed(value);
  }
}

function revive(decoder: Decoder, leaf: number, state: unknown): object {
  switch (leaf) {
    case tag.LEAF_DATE:
      return new Date(Number(state));
    case tag.LEAF_REGEXP: {
      const text = String(state);
      const slash = text.indexOf("/");
      return new RegExp(text.slice(slash + 1), text.slice(0, slash));
    }
    case tag.LEAF_BOXED:
      return Object(state) as object;
    case tag.LEAF_URL:
      return new URL(String(state));
    case tag.LEAF_URL_SEARCH_PARAMS:
      return new URLSearchParams(String(state));
    default:
      return decoder.fail(`built-in object ${leaf}`);
  }
}

const urlHref = getter(URL.prototype, "href");
const regExpSource = getter(RegExp.prototype, "source");
const regExpFlags = getter(RegExp.prototype, "flags");

function getter(prototype: object, name: string): (this: unknown) => unknown {
  return Object.getOwnPropertyDescriptor(prototype, name)!.get!;
}

/** `flags/source`; it is `source` that checks whether the object is a RegExp. */
function regExpText(value: object): string {
  const source = regExpSource.call(value);
  return `${regExpFlags.call(value)}/${source}`;
}

function unboxed(value: object): unknown {
  for (const { prototype } of [Number, String, Boolean, BigInt]) {
    try {
      return (prototype.valueOf as (this: object) => unknown).call(value);
    } catch {
      // Not this one.
    }
  }
  throw new TypeError("not a boxed primitive");
}
