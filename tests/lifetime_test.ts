import assert from "node:assert/strict";
import ndarray from "ndarray";
import { backend, c, listDirectory, readFile } from "../ffi/libc.ts";
import { copy, empty, full, isShared, type NdArray, release, table } from "../src/memory/mod.ts";
import { liveSegments, sweep } from "../src/memory/registry.ts";
import * as segments from "../src/memory/segment.ts";
import { releaseWarm } from "../src/memory/warm_memory.ts";
import { forkChild, prepareForks } from "../src/process/fork.ts";
import { awaitEnd, reap } from "../src/process/reap.ts";
import { runScript, test } from "./harness.ts";
import { sharedMappings } from "./support.ts";

const MIB = 2 ** 20;
const SIGKILL = 9;
const MEMORY_URL = JSON.stringify(new URL("../src/memory/mod.ts", import.meta.url).href);
const LIBC_URL = JSON.stringify(new URL("../ffi/libc.ts", import.meta.url).href);

/** MiB of shared memory that this process has touched. */
function sharedMib(): number {
  return Number(/RssShmem:\s+(\d+)/.exec(readFile("/proc/self/status")!)![1]) / 1024;
}

function descriptors(): number {
  return listDirectory("/proc/self/fd").length;
}

/** Frees what nobody uses, in the middle of synchronous code. */
function collect(): void {
  backend.collectGarbage();
  sweep();
}

/** Calls `body` where it leaves nothing on the stack for a conservative collector to find. */
function apart<T>(body: () => T): T {
  const result = deep(body, 50);
  deep(() => 0, 100);
  return result;
}

function deep<T>(body: () => T, depth: number): T {
  return depth === 0 ? body() : deep(body, depth - 1);
}

/** Allocates and forgets, in one go; the most shared memory seen, in MiB. */
function churn(count: number, length: number): number {
  let most = 0;
  for (let i = 0; i < count; i++) {
    const array = empty(length);
    array.fill(i);
    if (i % 16 === 0) most = Math.max(most, sharedMib());
  }
  return most;
}

/** Forks; the child runs `body` as a worker would, and must end well. */
function inChild(body: () => void, limitMs = 50_000): void {
  const pid = forkChild(prepareForks(), segments.enterChild, body);
  try {
    assert.deepEqual(awaitEnd(pid, limitMs), { signal: null, exitCode: 0 });
  } finally {
    c.kill(pid, SIGKILL);
    awaitEnd(pid, limitMs);
    reap(pid);
  }
}

// 3.2 GB, of which a quarter of a GiB may wait for the next collection and as much be kept warm
const CHURN = { count: 400, length: 1_000_000, mostMib: 1000 };

test("a synchronous loop of forgotten arrays does not exhaust memory", () => {
  const before = sharedMib();
  const most = churn(CHURN.count, CHURN.length);
  // what is alive already may double before the next collection
  assert(most < 2 * before + CHURN.mostMib, `${most} MiB, ${before} before`);
  assert(most > 100, `${most} MiB: memory is not measured`);
});

test("nor does one in a worker, which never turns its event loop", () => {
  const before = sharedMib();
  const seen = empty(2);
  inChild(() => {
    segments.setExportable(true);
    seen[0] = churn(CHURN.count, CHURN.length);
    seen[1] = descriptors();
  });
  assert(seen[0]! - before < CHURN.mostMib, `${seen[0]} MiB`);
  assert(seen[0]! > 100, `${seen[0]} MiB: memory is not measured`);
  assert(seen[1]! < descriptors() + 100, `${seen[1]} descriptors`);
});

test("nor one of small arrays, with descriptors or without", () => {
  const before = { mappings: sharedMappings(), descriptors: descriptors() };
  for (let i = 0; i < 20_000; i++) empty(10);
  assert(sharedMappings() - before.mappings < 10_000);
  segments.setExportable(true);
  for (let i = 0; i < 5000; i++) empty(10);
  assert(descriptors() - before.descriptors < 1200);
  segments.setExportable(false);
});

test("forgotten arrays leave nothing in the engine's heap although the event loop does not turn", () => {
  inChild(() => {
    const used = (): number => {
      collect();
      const start = performance.now();
      backend.collectGarbage();
      return performance.now() - start;
    };
    const rounds: number[] = [];
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 10_000; i++) empty(1);
      // what is kept makes collections longer
      rounds.push(Math.min(used(), used(), used(), used(), used()));
    }
    collect();
    if (rounds[3]! > 3 * rounds[0]! + 20) {
      throw new Error(`collections take ${rounds.map((ms) => ms.toFixed(1))} ms`);
    }
  });
});

for (const isExported of [false, true]) {
  test(`10,000 arrays given back leave no mapping and no descriptor${isExported ? ", with descriptors too" : ""}`, () => {
    if (isExported) segments.setExportable(true);
    const turn = (count: number): void => {
      for (let i = 0; i < count; i++) release(empty([1, 100, 5000, 70_000][i % 4]!));
    };
    turn(100);
    apart(collect);
    const before = [sharedMappings(), descriptors(), liveSegments().size];
    turn(10_000);
    assert.deepEqual([sharedMappings(), descriptors(), liveSegments().size], before);
    if (isExported) segments.setExportable(false);
  });
}

test("10,000 forgotten arrays leave no mapping and no descriptor after a collection", () => {
  for (const isExported of [false, true]) {
    if (isExported) segments.setExportable(true);
    apart(collect);
    releaseWarm();
    const before = [sharedMappings(), descriptors(), liveSegments().size];
    apart(() => {
      for (let i = 0; i < 10_000; i++) empty([1, 100, 5000, 70_000][i % 4]!);
    });
    apart(collect);
    releaseWarm();
    const after = [sharedMappings(), descriptors(), liveSegments().size];
    // JavaScriptCore scans the stack conservatively
    after.forEach((count, i) => assert(count <= before[i]! + 4, `${after} after ${before}`));
    if (isExported) segments.setExportable(false);
  }
});

test("arrays that the engine has collected are freed when the event loop turns", async () => {
  apart(collect);
  const before = liveSegments().size;
  apart(() => {
    for (let i = 0; i < 300; i++) empty(10);
  });
  assert(liveSegments().size >= before + 300);
  const end = performance.now() + 20_000;
  while (liveSegments().size > before + 10) {
    if (performance.now() > end) assert.fail(`${liveSegments().size - before} of 300 are left`);
    backend.collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

/** Collects often, with allocations in between that would take the place of freed memory. */
function stress(): void {
  for (let i = 0; i < 5; i++) {
    apart(collect);
    releaseWarm();
    for (let k = 0; k < 30; k++) empty(1000).fill(-1);
  }
}

test("any view keeps its memory", () => {
  const views: [string, () => ArrayBufferView | NdArray][] = [
    ["a slice", () => empty(1000).subarray(500, 501)],
    ["an empty slice", () => empty(1000).subarray(1000)],
    ["a typed array over the buffer", () => new Float64Array(empty(1000).buffer, 4000, 1)],
    ["a DataView", () => new DataView(empty(1000).buffer, 4000, 8)],
    ["a view of several dimensions", () => empty([10, 100])],
    ["a view of a view", () => empty([10, 100]).pick(5)],
    ["a column", () => table(1000, { a: "u1", b: "f8" }).b.subarray(500)],
  ];
  const kept = apart(() =>
    views.map(([name, make]) => ({ name, view: make(), serial: segments.lastSerial() }))
  );
  stress();
  for (const { name, view, serial } of kept) {
    assert(liveSegments().has(serial), name);
    assert(isShared(view), name);
    const { buffer } = "data" in view ? view.data : view;
    const bytes = new Uint8Array(buffer);
    assert(bytes.every((byte) => byte === 0), name);
    bytes.fill(1);
    stress();
    assert(bytes.every((byte) => byte === 1), name);
  }
});

test("a table lives as long as one of its columns, and gives the others back", () => {
  const { column, serial } = apart(() => {
    const columns = table(100_000, { a: "f8", b: "i4", c: "u1" });
    columns.a.fill(1.5);
    columns.c.fill(3);
    const { serial } = segments.segmentOf(columns.a.buffer)!;
    return { column: columns.b, serial };
  });
  stress();
  const a = new Float64Array(segments.findBuffer(serial, 0, 800_000)!);
  assert(a.every((value) => value === 1.5));
  release(column);
  assert.equal(a.length, 0);
  assert(!liveSegments().has(serial));
});

test("memory that was collected is used again, never while a view lives", () => {
  const live: Float64Array[] = [];
  for (let i = 0; i < 400; i++) {
    const array = empty(70_000).fill(i);
    if (i % 10 === 0) live.push(array.subarray(5));
    if (i % 50 === 0) apart(collect);
  }
  live.forEach((array, i) => assert(array.every((value) => value === 10 * i), String(i)));
});

test("mappings run out only when so many arrays are in use, and all goes on afterwards", async () => {
  const limit = Number(readFile("/proc/sys/vm/max_map_count"));
  const { stdout, stderr } = await runScript(`
    import { empty, release } from ${MEMORY_URL};
    import { listDirectory } from ${LIBC_URL};
    for (let i = 0; i < 1.5 * ${limit}; i++) empty(1);
    const kept = [];
    const descriptors = listDirectory("/proc/self/fd").length;
    try {
      for (let i = 0; i < 1.5 * ${limit}; i++) kept.push(empty(1));
      console.log("no limit");
    } catch (error) {
      for (const array of kept.splice(0, 1000)) release(array);
      console.log(error.code, error.message.includes('empty(1, "f8") wants one array more than'), kept.length > 0.8 * ${limit});
    }
    for (const array of kept) release(array);
    const array = empty(1000);
    array[999] = 1;
    console.log(array[999], listDirectory("/proc/self/fd").length - descriptors);
  `);
  assert.equal(stdout, "ENOMEM true true\n1 0\n", stderr);
});

test("arrays that do not fit at once fit one after the other", () => {
  const totalMib = Number(/MemTotal: +(\d+)/.exec(readFile("/proc/meminfo")!)![1]) / 1024;
  // sparse: too long to be collapsed, so that only a page of each is touched
  const rows = Math.floor(Math.min(totalMib * MIB / 4, backend.maxViewBytes) / 8);
  for (let i = 0; i < 15; i++) {
    const columns = table(rows, { a: "f8", b: "f8" });
    columns.b[rows - 1] = i;
  }
  apart(collect);
  assert(sharedMib() < totalMib / 4);
});

test("a copy outlives its source", () => {
  const source = empty(1000).fill(3);
  const other = copy(source);
  release(source);
  stress();
  assert(other.every((value) => value === 3));
});

// isShared, release

test("isShared() knows views of shared memory", () => {
  const x = empty(10);
  const m = empty([2, 5]);
  for (
    const a of [
      x,
      x.subarray(3),
      x.subarray(10),
      x.buffer,
      new Uint8Array(x.buffer, 8),
      new DataView(x.buffer),
    ]
  ) {
    assert(isShared(a));
  }
  for (const a of [m, m.pick(1), m.transpose(1, 0), m.pick(0, 0), m.data, empty(0), ndarray(x, [2, 5])]) {
    assert(isShared(a));
  }
  const others = [
    x.slice(),
    x.map((v) => v),
    new Float64Array(3),
    new ArrayBuffer(8),
    new SharedArrayBuffer(8),
    [x],
    { data: x },
  ];
  for (const a of [...others, ndarray([1, 2]), null, undefined, 5, "x", () => x]) assert(!isShared(a));
});

test("release() empties every view, once and for all", () => {
  const x = empty(1000);
  const views = [x, x.subarray(10), new Uint8Array(x.buffer), new Float64Array(x.buffer, 80, 4)];
  const m = ndarray(x, [10, 100]) as unknown as NdArray<Float64Array>;
  const data = new DataView(x.buffer);
  release(views[1]);
  assert.deepEqual(views.map((view) => view.length), [0, 0, 0, 0]);
  assert.equal(x.buffer.byteLength, 0);
  assert.equal(x[5], undefined);
  assert.equal(m.get(3, 3), undefined);
  assert.throws(() => data.getInt8(0), TypeError);
  x[0] = 1;
  for (const view of [...views, x.buffer, m]) {
    assert(!isShared(view));
    release(view);
  }
  for (const view of [...views, m]) assert(!isShared(view));
});

test("release() refuses what is not shared", () => {
  for (
    const a of [
      new Float64Array(3),
      [1],
      ndarray(new Float64Array(4), [2, 2]),
      null,
      undefined,
      7,
      {},
      new ArrayBuffer(8),
    ]
  ) {
    assert.throws(() => release(a), {
      name: "TypeError",
      message: /^release\(\) wants an array in shared memory, made by empty\(\)/,
    });
  }
});

test("a view kept over release() and new arrays never shows their memory", () => {
  for (let i = 0; i < 200; i++) {
    const old = full(1 << 15, 1);
    const kept = old.subarray(5);
    release(old);
    const fresh = full(1 << 15, 2);
    assert.deepEqual([kept.length, kept[0], fresh[0]], [0, undefined, 2]);
    release(fresh);
  }
});
