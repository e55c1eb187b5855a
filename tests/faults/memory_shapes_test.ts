/** Rows 53 and 54: sizes and shapes that are too large, or no sizes at all. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { backend } from "../../ffi/libc.ts";
import {
  empty,
  fromIter,
  full,
  MapReduce,
  type NdArray,
  release,
  type ShortDType,
  table,
  type TypedArray,
  zeros,
} from "../../mod.ts";
import { lastSerial } from "../../src/memory/segment.ts";
import { sharedMappings, soon } from "../support.ts";
import { DTYPES, ITEM_BYTES } from "./memory_dtypes.ts";
import { fault, isSoak } from "./rig.ts";

const GIB = 2 ** 30;
/** Nothing here promises to be fast; what takes longer hangs. */
const HANG_MS = 9000;
/** An array of bytes of which only what is used takes memory: too long for huge pages in advance. */
function sparse(length: number): Uint8Array {
  return length < 4 * GIB - 1 ? table(length, { bytes: "u1", more: "u1" }).bytes : empty(length, "u1");
}

for (const length of [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 4.5 * GIB]) {
  const isPossible = length <= backend.maxViewBytes;
  const outcome = isPossible ? "are shared to the last one" : "are refused by name before anything is mapped";
  fault({ row: 53, name: `${length} bytes ${outcome}`, rounds: 3 }, async () => {
    if (!isPossible) {
      const before = [sharedMappings(), lastSerial()];
      const refused = {
        name: "RangeError",
        message: new RegExp(`wants one array of ${length} bytes; .* limit is 4294967296 bytes \\(4 GiB\\)`),
      };
      assert.throws(() => empty(length, "u1"), refused);
      assert.throws(() => zeros([1, length], "u1"), refused);
      assert.throws(() => table(length, { bytes: "u1" }), refused);
      assert.deepEqual([sharedMappings(), lastSerial()], before);
      await Promise.resolve();
      return;
    }
    using pool = new MapReduce({ np: 1 });
    const bytes = sparse(length);
    assert.equal(bytes.length, length);
    const map = pool.map(() => {
      bytes[0] = 1;
      bytes[length - 1] = 2;
      Atomics.add(bytes, length - 2, 3);
      return bytes.subarray(length - 2);
    }, [0]);
    const [end] = await soon(map, "the map", HANG_MS);
    assert.deepEqual([bytes[0], bytes[length - 2], bytes.at(-1)], [1, 3, 2]);
    assert.deepEqual([end!.byteOffset, [...end!]], [length - 2, [3, 2]]);
    assert.ok(end!.buffer === bytes.buffer, "a reference became a copy");
    assert.equal(bytes[length], undefined);
    release(bytes);
    assert.deepEqual([bytes.length, end!.length], [0, 0]);
  });
}

/** From here on a shape of good lengths is left to row 53 and to the tests of `ENOMEM`. */
const MAX_BYTES = 2n ** 15n;

const anyLength = fc.oneof(
  { weight: 4, arbitrary: fc.nat(6) },
  fc.double(),
  fc.integer(),
  fc.maxSafeNat(),
  fc.constantFrom(-1, -0, 0.5, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 64, 1e308, Infinity, NaN),
  fc.constantFrom("4", "", null, undefined, 3n, true, [2], { valueOf: () => 2 }, () => 2, Symbol("2")),
);
const anyShape = fc.oneof(anyLength, fc.array(anyLength, { maxLength: 6 }));

/** Makes an array of that shape, or is asked to. */
type Maker = (shape: never, dtype: ShortDType) => TypedArray | NdArray;

const MAKERS: Readonly<Record<string, Maker>> = {
  empty: (shape, dtype) => empty<number, ShortDType>(shape, dtype),
  zeros: (shape, dtype) => zeros<number, ShortDType>(shape, dtype),
  full: (shape, dtype) => full<number, ShortDType>(shape, dtype === "i8" || dtype === "u8" ? 1n : 1, dtype),
};

/** What must come of a shape, from exact arithmetic: bytes, or the error's class; `undefined` where both may come. */
function expected(shape: unknown, dtype: ShortDType): bigint | "TypeError" | "RangeError" | undefined {
  const lengths: readonly unknown[] = Array.isArray(shape) ? shape : [shape];
  const hasStranger = lengths.some((length) => typeof length !== "number");
  const hasBadNumber = lengths.some((length) =>
    typeof length === "number" && !(Number.isSafeInteger(length) && length >= 0)
  );
  if (hasStranger) return hasBadNumber ? undefined : "TypeError";
  if (hasBadNumber) return "RangeError";
  const bytes = lengths.reduce(
    (product: bigint, length) => product * BigInt(length as number),
    BigInt(ITEM_BYTES[dtype]),
  );
  return bytes >= 2n ** 53n ? "RangeError" : bytes;
}

/** Whether `call` fails as it must, without having allocated. */
function assertRefused(call: () => unknown, error: "TypeError" | "RangeError" | undefined): void {
  const before = lastSerial();
  assert.throws(call, { name: error ?? /^(Type|Range)Error$/ });
  assert.equal(lastSerial(), before, "something was allocated");
}

const CASES = isSoak ? 100_000 : 10_000;
const ROUNDS = 10;
const refusals = { TypeError: 0, RangeError: 0, either: 0, none: 0 };

fault({
  row: 54,
  name: "whatever is given as a shape makes an array of that shape, or is refused and allocates nothing",
  rounds: ROUNDS,
  roundMs: 60_000,
}, async ({ index, random }) => {
  const before = sharedMappings();
  fc.assert(
    fc.property(
      anyShape,
      fc.constantFrom(...DTYPES),
      fc.constantFrom(...Object.keys(MAKERS)),
      (shape, dtype, name) => {
        const make = () => MAKERS[name]!(shape as never, dtype);
        const wanted = expected(shape, dtype);
        if (typeof wanted !== "bigint") {
          refusals[wanted ?? "either"]++;
          return assertRefused(make, wanted);
        }
        if (wanted > MAX_BYTES) return;
        refusals.none++;
        const array = make();
        assert.equal(BigInt(("data" in array ? array.data : array).byteLength), wanted);
        release(array);
      },
    ),
    { numRuns: CASES / ROUNDS, seed: Math.trunc(random() * 2 ** 31) },
  );
  // less when an allocation has collected what was left over
  assert.ok(sharedMappings() <= before);
  // a property that never meets the fault shows nothing
  if (index === ROUNDS - 1) {
    for (const [kind, count] of Object.entries(refusals)) assert.ok(count > CASES / 100, `${kind}: ${count}`);
  }
  await Promise.resolve();
});

fault({
  row: 54,
  name: "whatever is given as the rows of a table or the count of fromIter() is a length or is refused",
  rounds: ROUNDS,
  roundMs: 60_000,
}, async ({ random }) => {
  const before = sharedMappings();
  fc.assert(
    fc.property(anyLength, fc.constantFrom(...DTYPES), (length, dtype) => {
      const wanted = expected(Array.isArray(length) ? "no number" : length, dtype);
      const columns = { x: dtype, y: dtype };
      if (typeof wanted !== "bigint") {
        assertRefused(() => table(length as number, columns), wanted);
        // without a count it takes all
        if (length === undefined) return;
        return assertRefused(() => fromIter([], dtype, length as number), undefined);
      }
      if (wanted > MAX_BYTES) return;
      const made = table(length as number, columns);
      assert.deepEqual([made.x.length, made.y.length], [length, length].map((n) => (n as number) + 0));
      release(made.x);
    }),
    { numRuns: CASES / ROUNDS, seed: Math.trunc(random() * 2 ** 31) },
  );
  // less when an allocation has collected what was left over
  assert.ok(sharedMappings() <= before);
  await Promise.resolve();
});

fault({
  row: 54,
  name: "a shape of good lengths that nobody can have is refused, and nothing stays mapped",
  rounds: 3,
  soak: 100,
}, async () => {
  const before = sharedMappings();
  for (const length of [2 ** 47, 2 ** 49, 2 ** 50 - 1]) {
    const name = backend.maxViewBytes < length ? "RangeError" : "SystemCallError";
    assert.throws(() => empty(length), { name, message: /^(mmap: )?.*empty\(\d+, "f8"\) wants/ });
    assert.throws(() => zeros([length / 2 ** 20 >>> 0, 2 ** 20], "u1"), { name });
  }
  // less when an allocation has collected what was left over
  assert.ok(sharedMappings() <= before);
  await Promise.resolve();
});
