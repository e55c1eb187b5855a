/** Rows 50–52: shared memory that was given back, in the master, under a worker, in a worker. */
import assert from "node:assert/strict";
import ndarray from "ndarray";
import { backend } from "../../ffi/libc.ts";
import {
  CodecError,
  copy,
  empty,
  emptyLike,
  fromIter,
  full,
  fullLike,
  isShared,
  MapReduce,
  type NdArray,
  release,
  type ShortDType,
  table,
  type TypedArray,
  zeros,
} from "../../mod.ts";
import { LargeView } from "../../src/memory/large_view.ts";
import { liveSegments, sweep } from "../../src/memory/registry.ts";
import { eventually, indices, soon } from "../support.ts";
import { DTYPES } from "./memory_dtypes.ts";
import { fault } from "./rig.ts";

/** Nothing here promises to be fast; what takes longer hangs. */
const HANG_MS = 9000;

/** Whatever shows shared memory. */
type View = TypedArray | NdArray | DataView | ArrayBuffer;

/** All kinds of views of one array of 60 elements. */
function viewsOf(x: TypedArray): View[] {
  const buffer = x.buffer as ArrayBuffer;
  const view = ndarray(x as Float64Array, [3, 4, 5]) as unknown as NdArray;
  return [
    x,
    x.subarray(7),
    x.subarray(7, 9),
    x.subarray(60),
    new Uint8Array(buffer),
    new DataView(buffer, 0, 8),
    buffer,
    view,
    view.pick(1),
    view.pick(1, 2, 3),
    view.lo(1, 1),
    view.hi(2, 2),
    view.step(-1, 2),
    view.transpose(2, 0, 1),
    new LargeView(x, [6, 10]),
    new LargeView(x, [6, 10]).pick(2),
  ];
}

/** An array of 60 elements from everything that makes one, and from a worker. */
async function arraysOf(dtype: ShortDType): Promise<TypedArray[]> {
  using pool = new MapReduce({ np: 1 });
  const value = dtype === "i8" || dtype === "u8" ? 1n : 1;
  const model = new Float64Array(60);
  const [fromWorker] = await soon(pool.map(() => full(60, value, dtype), [0]), "the worker", HANG_MS);
  const columns = table(60, { before: "u1", x: dtype, after: "f8" });
  return [
    empty(60, dtype),
    zeros([60], dtype),
    full(60, value, dtype),
    emptyLike(model, dtype),
    fullLike(model, value, dtype),
    fromIter(indices(60).map(() => value), dtype),
    copy(full(60, value, dtype)),
    empty([3, 20], dtype).data,
    columns.x,
    fromWorker!,
  ];
}

/** What must hold of a view of memory that is gone: it is empty, and whoever is given it says so or ignores it. */
function assertGone(view: View, what: string): void {
  assert.ok(!isShared(view), what);
  release(view);
  const given = view as never;
  const helpers = [
    () => copy(given),
    () => copy([given, given]),
    () => emptyLike(given),
    () => fullLike(given, 0),
    () => fromIter(given),
  ];
  for (const helper of helpers) assert.throws(helper, TypeError, `${what}, ${helper}`);
  if (view instanceof DataView) {
    assert.throws(() => view.getInt8(0), TypeError);
    assert.throws(() => view.setInt8(0, 1), TypeError);
  } else if (view instanceof ArrayBuffer) {
    assert.equal(view.byteLength, 0);
  } else if (ArrayBuffer.isView(view)) {
    assertEmpty(view, what);
  } else {
    assertEmpty(view.data, what);
    const origin = view.shape.map(() => 0);
    assert.equal(view.get(...origin), undefined, what);
    view.set(...origin, view.data instanceof BigInt64Array || view.data instanceof BigUint64Array ? 1n : 1);
    assert.equal(view.get(...origin), undefined, what);
  }
}

function assertEmpty(array: TypedArray, what: string): void {
  assert.deepEqual([array.length, array.byteLength, array.byteOffset], [0, 0, 0], what);
  for (const index of [0, 7, 59, 1e9]) {
    array[index] = (array instanceof BigInt64Array || array instanceof BigUint64Array ? 1n : 1) as never;
    assert.equal(array[index], undefined, what);
  }
}

fault({
  row: 50,
  name: "every view of memory that was released is empty, and no function of the package takes it",
  rounds: DTYPES.length,
  soak: 10 * DTYPES.length,
}, async ({ index, random }) => {
  const dtype = DTYPES[index % DTYPES.length]!;
  using pool = new MapReduce({ np: 1 });
  for (const [at, x] of (await arraysOf(dtype)).entries()) {
    const views = viewsOf(x);
    assert.ok(views.every(isShared));
    const chosen = Math.floor(random() * views.length);
    release(views[chosen]);
    views.forEach((view, kind) =>
      assertGone(view, `${dtype}, array ${at}, view ${kind}, released by ${chosen}`)
    );
    if (at % 5 > 0) continue;
    // a worker finds them as empty as its master does, and what it sends back, if it can, is no more
    const inWorker = () => [x.length, isShared(x), x[0]];
    assert.deepEqual(await soon(pool.map(inWorker, [0]), "the worker", HANG_MS), [[0, false, undefined]]);
    const sent = pool.map((view) => view, views, { onError: "settle" });
    for (const result of await soon(sent, "the views", HANG_MS)) {
      if (result.status === "rejected") assert.ok(result.reason instanceof CodecError, String(result.reason));
      else assert.equal(("data" in result.value ? result.value.data : result.value).byteLength, 0);
    }
  }
});

fault({
  row: 50,
  name: "releasing one column of a table empties all its columns",
}, ({ random }) => {
  const columns = Object.fromEntries(DTYPES.map((dtype) => [dtype, dtype]));
  const made: readonly TypedArray[] = Object.values(table(100, columns as Record<ShortDType, ShortDType>));
  const slices = made.map((column) => column.subarray(3));
  release(made[Math.floor(random() * made.length)]);
  for (const column of [...made, ...slices]) assertGone(column, column[Symbol.toStringTag]);
});

/** Lengths below and above what is kept warm, and what has huge pages. */
const LENGTHS = [100, 70_000, 600_000];

fault({
  row: 51,
  name:
    "memory that the master releases while a worker writes into it stays the worker's, and comes to nobody else",
  rounds: 40,
  soak: 500,
}, async ({ index }) => {
  const length = LENGTHS[index % LENGTHS.length]!;
  using pool = new MapReduce({ np: 1 });
  const x = full(length, 1);
  const flags = empty(2, "i4");
  const map = pool.map(() => {
    const end = performance.now() + 10_000;
    Atomics.store(flags, 0, 1);
    do x.fill(2); while (Atomics.load(flags, 1) === 0 && performance.now() < end);
    return [x.length, x.every((value) => value === 2)];
  }, [0]);
  await eventually(() => Atomics.load(flags, 0) === 1, "the worker");
  release(x);
  assert.equal(x.length, 0);
  const fresh = [full(length, 7), full(length, 7)];
  Atomics.store(flags, 1, 1);
  assert.deepEqual(await soon(map, "the map", HANG_MS), [[length, true]]);
  for (const array of fresh) assert.ok(array.every((value) => value === 7), "the worker wrote into it");
  for (const array of fresh) release(array);
});

fault({
  row: 52,
  name:
    "a worker that releases, collects and allocates anew takes nothing of what it inherited from its master",
  rounds: 40,
  soak: 1000,
}, async () => {
  using pool = new MapReduce({ np: 1 });
  const kept = new Map(indices(6).map((i) => [i, full(LENGTHS[i % 3]! / 4, i)]));
  const map = pool.map(() => {
    const { size } = liveSegments();
    for (const [i, array] of kept) if (i % 2 === 0) release(array);
    kept.clear();
    // as an allocation does from time to time
    backend.collectGarbage();
    sweep();
    const freed = size - liveSegments().size;
    // what is used again must not be what the master still has
    for (const length of LENGTHS) for (let i = 0; i < 3; i++) empty(length / 4).fill(-1);
    sweep();
    return freed;
  }, [0]);
  const [freed] = await soon(map, "the map", HANG_MS);
  assert.ok(freed! >= 3, `${freed} of 6 were given back: nothing was tried`);
  for (const [i, array] of kept) {
    assert.equal(array.length, LENGTHS[i % 3]! / 4);
    assert.ok(array.every((value) => value === i), `array ${i}`);
  }
  for (const array of kept.values()) release(array);
});
