/** Rows 56 and 57: results and exceptions that cannot travel, and those of awkward sizes. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { AsyncJobError, CodecError, MapReduce, range, WorkerError } from "../../mod.ts";
import { RING_BYTES } from "../../src/pool/control.ts";
import { MAX_INLINE_BYTES } from "../../src/transport/result_format.ts";
import { soon } from "../support.ts";
import { AWKWARD_VALUES } from "./awkward_values.ts";
import { fault, isSoak } from "./rig.ts";

/** Large results take seconds on a busy machine. */
const LARGE_MS = 60_000;
const LARGE_BYTES = 200 * 10 ** 6;
/** Around a border: a header of 5 or 6 bytes and one of 8 come before what is counted. */
const NEAR: readonly number[] = [-17, -16, -15, -14, -13, -9, -8, -7, -6, -5, -4, -1, 0, 1, 2, 8];

/** What a promise was rejected with, as a value. */
class Rejection {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

/** What becomes of job 1 of 4, which returns or throws what `make` makes. */
async function outcome(pool: MapReduce, make: () => unknown, throws: boolean): Promise<unknown> {
  const work = (i: number): unknown => {
    if (i !== 1) return i;
    const value = make();
    if (throws) throw value;
    return value;
  };
  const map = pool.map(work, range(4), { chunkSize: 1 });
  return await soon(map.then((results) => results[1], (error: unknown) => new Rejection(error)), "the map");
}

function className(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return (Object.getPrototypeOf(value) as { constructor: { name: string } }).constructor.name;
}

/** The text that stands for a value that cannot travel. */
function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value that cannot be shown";
  }
}

fault({
  row: 56,
  name: "a result that cannot travel is a CodecError that names the part, the same in both runtimes",
  rounds: AWKWARD_VALUES.length,
}, async ({ index }) => {
  const [name, make, returned] = AWKWARD_VALUES[index]!;
  using pool = new MapReduce({ np: 2 });
  const result = await outcome(pool, make, false);
  if (result instanceof Rejection) {
    const { error } = result;
    const isPromise = returned.startsWith("job 1 returned a promise");
    assert.ok(error instanceof (isPromise ? AsyncJobError : CodecError), `${name}: ${textOf(error)}`);
    assert.ok(error.message.startsWith(returned), `${name}: ${error.message}`);
    assert.equal(error.index, 1, name);
  } else assert.equal(`arrives as ${className(result)}`, returned, name);
  assert.deepEqual(await pool.map((i: number) => i, range(3)), [0, 1, 2], name);
});

fault({
  row: 56,
  name:
    "whatever a job throws is the cause of a WorkerError as far as it can travel, the same in both runtimes",
  rounds: AWKWARD_VALUES.length,
}, async ({ index }) => {
  const [name, make, , thrown] = AWKWARD_VALUES[index]!;
  using pool = new MapReduce({ np: 2 });
  const result = await outcome(pool, make, true);
  assert.ok(result instanceof Rejection && result.error instanceof WorkerError, name);
  const { error } = result;
  const { cause } = error;
  const isText = thrown.startsWith("text");
  const message = cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : "";
  const got = (isText ? "text" : className(cause) + message) + (error.lossy ? ", lossy" : "");
  assert.equal(got, thrown, name);
  if (isText) assert.equal(cause, textOf(make()), name);
  assert.equal(error.index, 1, name);
  assert.ok(error.message.startsWith("job 1 threw "), `${name}: ${error.message}`);
  assert.deepEqual(await pool.map((i: number) => i, range(3)), [0, 1, 2], name);
});

/** Five jobs, of which two return `make(i)`; what comes between must stay at its place. */
async function between<T>(make: (i: number) => T, check: (value: T, i: number) => void): Promise<void> {
  using pool = new MapReduce({ np: 1 });
  const work = (i: number): T | string => i % 2 === 1 ? make(i) : `small ${i}`;
  const results = await soon(pool.map(work, range(5)), "the map", LARGE_MS);
  results.forEach((result, i) => {
    if (i % 2 === 1) check(result as T, i);
    else assert.equal(result, `small ${i}`);
  });
}

/** A Latin-1 string of that length; what comes out of place shows. */
function longText(length: number, i: number): string {
  return `${i}-0123456789abcdefghijklmnopqrstuvwxyzäöü`.repeat(Math.ceil(length / 41)).slice(0, length);
}

function longBytes(length: number, i: number): Uint8Array {
  return Buffer.from(longText(length, i), "latin1").subarray();
}

/** A string and bytes of that length arrive whole. */
async function arriveWhole(length: number): Promise<void> {
  await between((i) => longText(length, i), (value, i) => {
    assert.ok(value === longText(length, i), `${length} characters`);
  });
  await between((i) => new Uint8Array(longBytes(length, i)), (value, i) => {
    assert.equal(className(value), "Uint8Array");
    assert.ok(longBytes(length, i).every((byte, at) => byte === value[at]), `${length} bytes`);
    assert.equal(value.length, length);
  });
}

fault({
  row: 57,
  name: "results of lengths about every border of the ring arrive whole: 0, 4 KiB, 64 KiB, 256 KiB, 1 MiB",
  rounds: NEAR.length,
}, async ({ index }) => {
  for (const border of [17, 4096, 2 ** 16, 2 ** 18, MAX_INLINE_BYTES]) {
    await arriveWhole(border + NEAR[index]!);
  }
});

fault({
  row: 57,
  name: "results as long as the ring, and a little longer or shorter, arrive whole",
  rounds: 3,
  soak: NEAR.length,
  roundMs: LARGE_MS,
}, async ({ index }) => {
  await arriveWhole(RING_BYTES + (isSoak ? NEAR[index]! : index - 1));
});

fault({
  row: 57,
  name: "results that fill the ring many times over arrive in order while the master is slow",
  rounds: 3,
  soak: 100,
  roundMs: LARGE_MS,
}, async ({ random }) => {
  using pool = new MapReduce({ np: 2 });
  const lengths = Array.from({ length: 120 }, () => Math.floor(random() ** 2 * MAX_INLINE_BYTES));
  const work = (length: number, { index }: { index: number }): string => longText(length, index);
  const reduce = (text: string, i: number): boolean => text === longText(lengths[i]!, i);
  const areWhole = await soon(pool.map(work, lengths, { reduce }), "the map", LARGE_MS);
  assert.deepEqual(areWhole, lengths.map(() => true));
});

/** What a job of three returns, when the others return next to nothing. */
async function largeResult<T>(make: () => T): Promise<T> {
  using pool = new MapReduce({ np: 2 });
  const map = pool.map((i: number) => i === 1 ? make() : undefined, range(3));
  return (await soon(map, "the map", LARGE_MS))[1]!;
}

fault({ row: 57, name: "a string of 200 MB arrives whole", rounds: 1, roundMs: LARGE_MS }, async () => {
  const make = (): string => "ab".repeat(LARGE_BYTES / 2);
  assert.ok(await largeResult(make) === make());
});

fault({
  row: 57,
  name: "a typed array of 200 MB arrives whole, and one of 2 GB in the soak",
  rounds: 1,
  soak: 2,
  roundMs: LARGE_MS,
}, async ({ index }) => {
  const length = (index === 1 ? 2 * 10 ** 9 : LARGE_BYTES) / 8;
  const array = await largeResult(() => {
    const made = new Float64Array(length).fill(0.5);
    made[0] = 1;
    made[length - 1] = 2;
    return made;
  });
  assert.deepEqual([array.length, array[0], array[length - 1]], [length, 1, 2]);
  assert.ok(array.subarray(1, -1).every((x) => x === 0.5));
});

fault({
  row: 57,
  name: "200,000 objects of 1 kB in one result arrive whole",
  rounds: 1,
  roundMs: LARGE_MS,
}, async () => {
  const pad = "x".repeat(1000);
  const make = (_: unknown, n: number): { n: number; text: string } => ({ n, text: pad + n });
  const objects = await largeResult(() => Array.from({ length: LARGE_BYTES / 1000 }, make));
  assert.equal(objects.length, LARGE_BYTES / 1000);
  objects.forEach(({ n, text }, at) => {
    if (n !== at || text !== pad + at) assert.fail(`object ${at}`);
  });
});

fault({
  row: 57,
  name: "an exception with a message of 100 MB arrives whole",
  rounds: 1,
  roundMs: LARGE_MS,
}, async () => {
  using pool = new MapReduce({ np: 2 });
  const make = (): string => "m".repeat(LARGE_BYTES / 2);
  const map = pool.map((i: number) => {
    if (i === 1) throw new RangeError(make());
    return i;
  }, range(3));
  const error = await soon(map.then(() => undefined, (error: unknown) => error), "the map", LARGE_MS);
  assert.ok(error instanceof WorkerError && error.cause instanceof RangeError);
  assert.equal(error.lossy, false);
  assert.ok(error.cause.message === make());
});
