/** The element types, known without the code under test. */
import type { ShortDType } from "../../mod.ts";

/** Bytes of an element of each type. */
export const ITEM_BYTES: Readonly<Record<ShortDType, number>> = {
  i1: 1,
  u1: 1,
  i2: 2,
  u2: 2,
  i4: 4,
  u4: 4,
  i8: 8,
  u8: 8,
  f2: 2,
  f4: 4,
  f8: 8,
  b1: 1,
};

/** All of them. */
export const DTYPES: readonly ShortDType[] = Object.keys(ITEM_BYTES) as ShortDType[];
