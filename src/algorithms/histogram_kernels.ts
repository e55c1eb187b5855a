/**
 * Values into bins.
 *
 * Bins of equal width: a product estimates the bin, and its edges, compared as NumPy does, correct what the rounding
 * did. So the bin is always the one whose edges enclose the value.
 *
 * @module
 */
import { countUpTo } from "./search_kernels.ts";

/** Counts doubles in bins of equal width; others and NaN are passed over. */
export function countUniform(
  a: Float64Array,
  from: number,
  count: number,
  edges: Float64Array,
  first: number,
  last: number,
  scale: number,
  bins: number,
  counts: Int32Array,
): void {
  for (let i = from; i < from + count; i++) {
    const x = a[i]!;
    if (x >= first && x <= last) {
      let bin = ((x - first) * scale) | 0;
      if (bin >= bins) bin = bins - 1;
      while (x < edges[bin]!) bin--;
      while (bin < bins - 1 && x >= edges[bin + 1]!) bin++;
      counts[bin]!++;
    }
  }
}

/** The bin of each double, -1 for none. */
export function placeUniform(
  a: Float64Array,
  from: number,
  count: number,
  edges: Float64Array,
  first: number,
  last: number,
  scale: number,
  bins: number,
  places: Int32Array,
): void {
  for (let i = 0; i < count; i++) {
    const x = a[from + i]!;
    let bin = -1;
    if (x >= first && x <= last) {
      bin = ((x - first) * scale) | 0;
      if (bin >= bins) bin = bins - 1;
      while (x < edges[bin]!) bin--;
      while (bin < bins - 1 && x >= edges[bin + 1]!) bin++;
    }
    places[i] = bin;
  }
}

/** The bin of each double between given edges, -1 for none. */
export function placeBetween(
  a: Float64Array,
  from: number,
  count: number,
  edges: Float64Array,
  places: Int32Array,
): void {
  const bins = edges.length - 1;
  const first = edges[0]!;
  const last = edges[bins]!;
  for (let i = 0; i < count; i++) {
    const x = a[from + i]!;
    let bin = -1;
    if (x >= first && x <= last && bins > 0) {
      bin = countUpTo(edges, x) - 1;
      if (bin >= bins) bin = bins - 1;
    }
    places[i] = bin;
  }
}

/** Counts bins found. */
export function countPlaces(places: Int32Array, count: number, counts: Int32Array): void {
  for (let i = 0; i < count; i++) {
    const bin = places[i]!;
    if (bin >= 0) counts[bin]!++;
  }
}

/** Adds weights in bins found. */
export function addToPlaces(
  places: Int32Array,
  count: number,
  weights: Float64Array,
  from: number,
  sums: Float64Array,
  at: number,
): void {
  for (let i = 0; i < count; i++) {
    const bin = places[i]!;
    if (bin >= 0) sums[at + bin] = sums[at + bin]! + weights[from + i]!;
  }
}
