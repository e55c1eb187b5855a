/**
 * Mappings that were given back and are kept for the next array: their pages are there, the huge ones too, and first
 * touch is what a large array costs most.
 *
 * Only memory that no other process can see may come here.
 *
 * @module
 */
import { type Mapping, unmap } from "./mapping.ts";
import { memoryBudget } from "./memory_budget.ts";

/** Below this a fresh mapping costs no more. */
const MIN_BYTES = 2 ** 16;
const MAX_MAPPINGS = 64;
/** Of all memory. */
const MAX_SHARE = 1 / 16;
/** A mapping serves a request of at least this share of it. */
const MIN_USE = 0.75;

/** Oldest first. */
let kept: Mapping[] = [];
let keptBytes = 0;
let maxBytes = -1;

/** Keeps a mapping, or gives it back where it is too small, or too large; the oldest ones make room. */
export function keepWarm(mapping: Mapping): void {
  if (maxBytes < 0) maxBytes = MAX_SHARE * memoryBudget().totalBytes;
  if (mapping.mappedBytes < MIN_BYTES || mapping.mappedBytes > maxBytes) return unmap(mapping);
  while (kept.length === MAX_MAPPINGS || keptBytes + mapping.mappedBytes > maxBytes) dropOldest();
  kept.push(mapping);
  keptBytes += mapping.mappedBytes;
}

/** The mapping that wastes least for `byteLength` bytes, dirty; `undefined` when none is fit. */
export function takeWarm(byteLength: number): Mapping | undefined {
  let best = -1;
  kept.forEach(({ mappedBytes }, at) => {
    const isFit = mappedBytes >= byteLength && byteLength >= MIN_USE * mappedBytes;
    if (isFit && (best < 0 || mappedBytes <= kept[best]!.mappedBytes)) best = at;
  });
  if (best < 0) return undefined;
  const mapping = kept.splice(best, 1)[0]!;
  keptBytes -= mapping.mappedBytes;
  return mapping;
}

/** Gives everything back; false when there was nothing. */
export function releaseWarm(): boolean {
  const hadAny = kept.length > 0;
  for (const mapping of kept) unmap(mapping);
  kept = [];
  keptBytes = 0;
  return hadAny;
}

/** Bytes kept now. */
export function warmBytes(): number {
  return keptBytes;
}

function dropOldest(): void {
  const mapping = kept.shift()!;
  keptBytes -= mapping.mappedBytes;
  unmap(mapping);
}
