/**
 * Containers nested too deep for the stack: written empty where they stand, filled after the message's value.
 *
 * @module
 */
import { isCollection } from "./codec_collections.ts";
import { isNdView } from "./codec_ndarray.ts";
import * as kinds from "./codec_kinds.ts";
import * as tag from "./tags.ts";

/** An object with properties, as the decoder makes it. */
export type PlainObject = Record<string, unknown>;
/** What can be filled later. */
export type Container = unknown[] | PlainObject | Map<unknown, unknown> | Set<unknown>;

/** Which of the containers a value is; -1 for what is written at once. */
export function containerTag(value: object): number {
  if (Array.isArray(value)) return tag.ARRAY;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return tag.NULL_OBJECT;
  if (ArrayBuffer.isView(value) || isNdView(value, prototype)) return -1;
  switch (kinds.kindOf(value, prototype)) {
    case kinds.PLAIN:
      return tag.OBJECT;
    case kinds.MAP_KIND:
      return isCollection(value) ? tag.MAP : -1;
    case kinds.SET_KIND:
      return isCollection(value) ? tag.SET : -1;
    default:
      return -1;
  }
}

/** The container of that tag, still empty; `undefined` when there is none. */
export function emptyContainer(containerTag: number): Container | undefined {
  switch (containerTag) {
    case tag.ARRAY:
      return [];
    case tag.OBJECT:
      return {};
    case tag.NULL_OBJECT:
      return Object.create(null);
    case tag.MAP:
      return new Map();
    case tag.SET:
      return new Set();
    default:
      return undefined;
  }
}
