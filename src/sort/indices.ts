/**
 * The indices that sort one array: which algorithm, and from where on with several processes.
 *
 * @module
 */
import { constructorOf, type ShortDType, type TypedArray } from "../memory/dtype.ts";
import { argsortByCounting } from "./counting.ts";
import { isFew, sortFewIndices } from "./few.ts";
import { argsortByPartition, count } from "./partition.ts";
import { isCounted } from "./limits.ts";

/** Elements that each process must have: below, forking and what follows costs more than it saves. */
const SORT_SHARE = 2 ** 20;
/** Counting goes so fast that it takes more of them. */
const COUNTING_SHARE = 2 ** 22;
/** Up to here 16-bit elements are sorted as 32-bit ones, for counting has to look at 65,536 counts. */
const FEW_HALVES = 2 ** 13;

const widened: { readonly [K in ShortDType]?: ShortDType } = { f2: "f4", i2: "i4", u2: "u4" };

/** Elements that each process must have for sorting to be shared out. */
export function sortShare(dtype: ShortDType): number {
  return isCounted(dtype) ? COUNTING_SHARE : SORT_SHARE;
}

/**
 * Writes to `out` the indices that sort `data`, stably, in NumPy's order; more than `runLimit()` elements: see
 * `long.ts`.
 *
 * @param out of the length of `data`, in other memory; shared if `size` is above 1
 * @param size processes
 */
export function argsortInto(data: TypedArray, dtype: ShortDType, out: Uint32Array, size: number): void {
  if (data.length < 2) return count(out);
  if (isFew(data)) return sortFewIndices(data, out);
  const wider = widened[dtype];
  if (wider !== undefined && data.length <= FEW_HALVES) {
    const copy = new (constructorOf(wider))(data.length);
    (copy as Float32Array).set(data as Float32Array);
    argsortByPartition(copy, out, 1);
  } else if (data.BYTES_PER_ELEMENT <= 2) argsortByCounting(data, out, size);
  else argsortByPartition(data, out, size);
}
