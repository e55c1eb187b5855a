/**
 * Maps and Sets.
 *
 * @module
 */
import { asRefusal, mapSegment, Refusal } from "./codec_refusal.ts";
import type { Encoder } from "./encoder.ts";
import { MAP, SET } from "./tags.ts";

/** Whether it is a Map or a Set, and not an impostor. */
export function isCollection(value: object): boolean {
  return sizeOf(mapSize, value) >= 0 || sizeOf(setSize, value) >= 0;
}

/** Writes a Map that the encoder has registered; -1 for an impostor. */
export function writeMap(encoder: Encoder, value: object, pos: number): number {
  const size = sizeOf(mapSize, value);
  if (size < 0) return -1;
  let at = encoder.tagged(MAP, size, pos);
  let position = 0;
  for (const [key, item] of Map.prototype.entries.call(value as Map<unknown, unknown>)) {
    if (position === size) throw changed();
    try {
      at = encoder.write(key, at);
    } catch (thrown) {
      throw asRefusal(thrown).within(`.keys().toArray()[${position}]`);
    }
    try {
      at = encoder.write(item, at);
    } catch (thrown) {
      throw asRefusal(thrown).within(mapSegment(key, position));
    }
    position++;
  }
  if (position < size) throw changed();
  return at;
}

/** Writes a Set that the encoder has registered; -1 for an impostor. */
export function writeSet(encoder: Encoder, value: object, pos: number): number {
  const size = sizeOf(setSize, value);
  if (size < 0) return -1;
  let at = encoder.tagged(SET, size, pos);
  let position = 0;
  for (const item of Set.prototype.values.call(value as Set<unknown>)) {
    if (position === size) throw changed();
    try {
      at = encoder.write(item, at);
    } catch (thrown) {
      throw asRefusal(thrown).within(`.values().toArray()[${position}]`);
    }
    position++;
  }
  if (position < size) throw changed();
  return at;
}

const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, "size")!.get as (this: unknown) => number;
const setSize = Object.getOwnPropertyDescriptor(Set.prototype, "size")!.get as (this: unknown) => number;

function sizeOf(getter: (this: unknown) => number, value: object): number {
  try {
    return getter.call(value);
  } catch {
    return -1;
  }
}

/** The count goes first, so a getter that adds or removes entries cannot be followed. */
function changed(): Refusal {
  return new Refusal("was changed by a getter while it was read");
}
