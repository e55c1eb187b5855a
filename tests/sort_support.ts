/** Arrays to sort: every element type, in distributions that make a sort stumble. */
import { empty } from "../mod.ts";
import type { ShortDType, TypedArray } from "../src/memory/dtype.ts";
import { sortTuning } from "../src/sort/limits.ts";
import { test } from "./harness.ts";

/** A test of what the loops in TypeScript and in WebAssembly must both do. */
export function testLoops(name: string, body: () => void | Promise<void>): void {
  for (const [loops, least] of [["TypeScript", Infinity], ["WebAssembly", 0]] as const) {
    test(`${name} (${loops})`, async () => {
      const { leastForKernels } = sortTuning;
      sortTuning.leastForKernels = least;
      try {
        await body();
      } finally {
        sortTuning.leastForKernels = leastForKernels;
      }
    });
  }
}

/** Has `hook` called before each call of a method of any of these classes, until the function that it gives is called. */
export function hookMethods(
  classes: readonly { readonly prototype: object }[],
  methods: readonly string[],
  hook: () => void,
): () => void {
  const undo = classes.flatMap(({ prototype }) =>
    methods.map((name) => {
      const table = prototype as Record<string, (...values: unknown[]) => unknown>;
      const method = table[name]!;
      table[name] = function (...values) {
        hook();
        return Reflect.apply(method, this, values);
      };
      return () => {
        table[name] = method;
      };
    })
  );
  return () => undo.forEach((put) => put());
}

export const DTYPES: readonly ShortDType[] = [
  "f8",
  "f4",
  "f2",
  "i8",
  "u8",
  "i4",
  "u4",
  "i2",
  "u2",
  "i1",
  "u1",
  "b1",
];

/** Random words that a seed determines. */
export function words(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Fills the bytes of an array of `n` elements. */
export type Fill = (bits: Uint32Array | Uint16Array | Uint8Array, perElement: number, seed: number) => void;

/** By name; `bits` are words, two to an element of 64 bits, or 16 or 8 bits. */
export const FILLS: Readonly<Record<string, Fill>> = {
  /** Every pattern of bits: exponents over the whole range, NaN, denormals. */
  random(bits, _perElement, seed) {
    const next = words(seed);
    for (let i = 0; i < bits.length; i++) bits[i] = next();
  },
  sorted(bits, perElement) {
    for (let i = 0; i < bits.length; i += perElement) bits[i] = i;
  },
  reversed(bits, perElement) {
    for (let i = 0; i < bits.length; i += perElement) bits[i] = bits.length - i;
  },
  equal(bits, perElement) {
    for (let i = 0; i < bits.length; i++) bits[i] = i % perElement === 0 ? 7 : 0x3ff00000;
  },
  twoValues(bits, perElement, seed) {
    const next = words(seed);
    for (let i = 0; i < bits.length; i++) {
      bits[i] = i % perElement === 0 ? (next() & 1024) * 0x12345 : 0x3ff00000;
    }
  },
  /** Nine in ten within few units of the last place, the others anywhere. */
  clusters(bits, perElement, seed) {
    const next = words(seed);
    for (let i = 0; i < bits.length; i += perElement) {
      const isNear = next() % 10 > 0;
      for (let k = 0; k < perElement; k++) bits[i + k] = next();
      if (isNear) {
        if (perElement === 1) bits[i] = 0x3f80 + (next() & 63);
        else bits[i + 1] = 0x3ff00000;
      }
    }
  },
  /** Differ in the lowest bits only, and seldom: what digits from above leave out. */
  lowBits(bits, perElement, seed) {
    const next = words(seed);
    for (let i = 0; i < bits.length; i += perElement) {
      bits[i] = next() & 15;
      if (perElement === 2) bits[i + 1] = (next() & 3) === 0 ? next() : 0x40000000 + (next() & 1);
    }
  },
  /** Around zero, of both signs, and both zeros. */
  denormals(bits, perElement, seed) {
    const next = words(seed);
    const sign = perElement === 2 ? 0x80000000 : 2 ** (8 * bits.BYTES_PER_ELEMENT - 1);
    for (let i = 0; i < bits.length; i += perElement) {
      bits[i] = next() & 7;
      const last = i + perElement - 1;
      bits[last] = (perElement === 2 ? 0 : bits[i]!) + ((next() & 1) === 0 ? 0 : sign);
    }
  },
  /** Almost sorted, a few far from their place. */
  displaced(bits, perElement, seed) {
    const next = words(seed);
    for (let i = 0; i < bits.length; i += perElement) {
      bits[i + perElement - 1] = next() % 50 === 0 ? next() : i;
    }
  },
};

/** A shared array filled in one of these ways. */
export function filled(dtype: ShortDType, n: number, fill: Fill, seed: number): TypedArray {
  const array = empty(n, dtype) as TypedArray;
  const { buffer, BYTES_PER_ELEMENT } = array;
  if (dtype === "b1") {
    const next = words(seed);
    for (let i = 0; i < n; i++) array[i] = next() & 1;
    return array;
  }
  const bits = BYTES_PER_ELEMENT >= 4
    ? new Uint32Array(buffer, 0, (n * BYTES_PER_ELEMENT) / 4)
    : BYTES_PER_ELEMENT === 2
    ? new Uint16Array(buffer, 0, n)
    : new Uint8Array(buffer, 0, n);
  fill(bits.fill(0), BYTES_PER_ELEMENT === 8 ? 2 : 1, seed);
  return array;
}

/** NumPy's stable order of two elements: negative when `x` goes first. */
export function compare(x: number | bigint, y: number | bigint): number {
  if (x !== x || y !== y) return Number(x !== x) - Number(y !== y);
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The oracle: the engine's own stable sort of indices. */
export function slowArgsort(a: ArrayLike<number | bigint>): number[] {
  return Array.from(a, (_, i) => i).sort((i, j) => compare(a[i]!, a[j]!));
}

/** Asserts that `order` sorts `a` stably and is a permutation; O(n). */
export function wrongPlaces(a: ArrayLike<number | bigint>, order: ArrayLike<number>): number {
  const seen = new Uint8Array(a.length);
  let wrong = a.length === order.length ? 0 : 1;
  for (let i = 0; i < order.length; i++) {
    const at = order[i]!;
    if (at >= a.length || seen[at]!++ > 0) wrong++;
    if (i === 0) continue;
    const c = compare(a[order[i - 1]!]!, a[at]!);
    if (c > 0 || (c === 0 && order[i - 1]! > at)) wrong++;
  }
  return wrong;
}
