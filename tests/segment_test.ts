import assert from "node:assert/strict";
import { MADV_COLLAPSE, MADV_POPULATE_WRITE, O_CLOEXEC } from "../ffi/constants.ts";
import { SystemCallError } from "../ffi/errors.ts";
import { backend, c, cString, listDirectory, readFile, readLink, sleepMs } from "../ffi/libc.ts";
import { hugePagesFor } from "../src/memory/huge_pages.ts";
import { mapAnonymous, unmap } from "../src/memory/mapping.ts";
import { empty, full, isShared, release, table, zeros } from "../src/memory/mod.ts";
import * as segments from "../src/memory/segment.ts";
import { keepWarm, releaseWarm, takeWarm, warmBytes } from "../src/memory/warm_memory.ts";
import { forkChild, prepareForks } from "../src/process/fork.ts";
import { awaitEnd, reap } from "../src/process/reap.ts";
import { test } from "./harness.ts";
import { sharedMappings } from "./support.ts";

const { allocateBuffer, findBuffer, mapDescriptor, pinSegments, releaseBuffer, segmentOf, setExportable } =
  segments;
const MIB = 2 ** 20;
const O_RDWR = 2;
const SIGKILL = 9;
const LIMIT_MS = 20_000;

/** Forks; the child runs `body` as a worker would; the parent runs `beside`, then waits for a clean end. */
function inChild(body: () => void, beside: (pid: number) => void = () => {}): void {
  const pid = forkChild(prepareForks(), segments.enterChild, body);
  try {
    beside(pid);
    assert.deepEqual(awaitEnd(pid, LIMIT_MS), { signal: null, exitCode: 0 });
  } finally {
    c.kill(pid, SIGKILL);
    awaitEnd(pid, LIMIT_MS);
    reap(pid);
  }
}

/** While workers could live. */
function exportable(body: () => void): void {
  setExportable(true);
  try {
    body();
  } finally {
    setExportable(false);
  }
}

/** Blocks until another process has stored a number other than 0. */
function awaitWord(words: Int32Array, at: number): number {
  const end = performance.now() + LIMIT_MS;
  while (Atomics.load(words, at) === 0) {
    if (performance.now() > end) throw new Error(`waited ${LIMIT_MS} ms for word ${at}`);
    sleepMs(0.2);
  }
  return Atomics.load(words, at);
}

function descriptorCount(): number {
  return listDirectory("/proc/self/fd").length;
}

/** Opens what a descriptor of some process stands for. */
function openOf(pid: number | "self", descriptor: number): number {
  const fd = c.open(cString(`/proc/${pid}/fd/${descriptor}`), O_RDWR | O_CLOEXEC, 0);
  assert(fd >= 0);
  return fd;
}

/** KiB of huge pages in the mapping at an address; -1 when nothing is mapped there. */
function hugeKib(address: number): number {
  const entry = readFile("/proc/self/smaps")!.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
    .find((text) => parseInt(text, 16) === address);
  return entry === undefined ? -1 : Number(/^ShmemPmdMapped: +(\d+)/m.exec(entry)?.[1]);
}

test("a buffer has a segment, its views have it, other memory has none", () => {
  const buffer = allocateBuffer(1000, "a test");
  const segment = segmentOf(buffer)!;
  assert.equal(segment.byteLength, 1000);
  assert.equal(segment.bufferOffset, 0);
  assert.equal(segment.descriptor, -1);
  assert.equal(segment.address, backend.addressOf(new Uint8Array(buffer)));
  assert.equal(findBuffer(segment.serial), buffer);
  assert.equal(findBuffer(segment.serial, 0, 1000), buffer);
  assert.equal(segmentOf(new ArrayBuffer(8)), undefined);
  assert.equal(segmentOf(new SharedArrayBuffer(8)), undefined);
  const { serial } = segment;
  releaseBuffer(buffer);
  releaseBuffer(buffer);
  releaseBuffer(new ArrayBuffer(8));
  assert.equal(segmentOf(buffer), undefined);
  assert.equal(findBuffer(serial), undefined);
});

test("findBuffer() gives parts of a segment, and nothing beyond it", () => {
  const columns = table(100, { a: "f8", b: "i4" });
  const { serial, bufferOffset, byteLength } = segmentOf(columns.b.buffer)!;
  assert.equal(serial, segmentOf(columns.a.buffer)!.serial);
  assert.deepEqual([bufferOffset % 64, bufferOffset >= 800, byteLength], [0, true, bufferOffset + 400]);
  assert.equal(findBuffer(serial, bufferOffset, 400), columns.b.buffer);
  assert.equal(findBuffer(serial, 0, 800), columns.a.buffer);
  columns.b[3] = 77;
  const part = findBuffer(serial, bufferOffset + 8, 16)!;
  assert.equal(new Int32Array(part)[1], 77);
  assert.equal(segmentOf(part)!.bufferOffset, bufferOffset + 8);
  assert.throws(() => findBuffer(serial, bufferOffset, 401), RangeError);
  assert.equal(findBuffer(2 ** 31, 0, 8), undefined);
  release(columns.a);
  assert.deepEqual([part.byteLength, findBuffer(serial, 0, 800)], [0, undefined]);
});

test("an empty array is found in a process that never saw it", () => {
  const buffer = findBuffer(segments.lastSerial() + 1000, 0, 0)!;
  assert.equal(buffer.byteLength, 0);
  assert(segmentOf(buffer) !== undefined);
});

test("serials are unique in the tree of processes", () => {
  const count = 300;
  const all = empty([4, count], "u4");
  const allocate = (rank: number): void => {
    for (let i = 0; i < count; i++) all.set(rank, i, segmentOf(empty(1).buffer)!.serial);
  };
  inChild(() => {
    inChild(() => allocate(0), () => allocate(1));
  }, () => {
    inChild(() => allocate(2), () => allocate(3));
  });
  assert.equal(new Set(all.data).size, 4 * count);
  assert(!all.data.includes(0));
  assert(Math.max(...all.data) <= segments.lastSerial());
});

test("memory made before a fork is shared by both, whatever its size", () => {
  const arrays = [1, 4096, 3 * MIB, 9 * MIB].map((length) => full(length, 1, "u1"));
  inChild(() => {
    for (const array of arrays) array[array.length - 1] = 2;
  });
  for (const array of arrays) assert.equal(array.at(-1), 2);
});

test("a child that releases inherited memory takes nothing from its parent", () => {
  const array = full(MIB, 3);
  const inherited = full(MIB, 4);
  inChild(() => {
    release(array);
    // of the same size: must not be the parent's memory
    for (let i = 0; i < 5; i++) {
      full(MIB, 5);
      release(full(MIB, 6));
    }
    release(inherited);
  });
  assert(array.every((value) => value === 3) && inherited.every((value) => value === 4));
});

test("a child never reuses memory that its parent keeps warm", () => {
  releaseWarm();
  release(full(MIB, 7));
  const kept = warmBytes();
  assert(kept >= 8 * MIB);
  inChild(() => {
    assert.equal(warmBytes(), 0);
    full(MIB, 8);
  });
  assert.equal(warmBytes(), kept);
  const again = empty(MIB);
  assert.equal(warmBytes(), 0);
  assert(again.every((value) => value === 7));
});

test("while workers may live, segments have descriptors, closed with them", () => {
  const before = descriptorCount();
  exportable(() => {
    const buffers = [1, 5000, 5 * MIB].map((length) => allocateBuffer(length, "a test"));
    for (const buffer of buffers) {
      assert.match(readLink(`/proc/self/fd/${segmentOf(buffer)!.descriptor}`)!, /^\/memfd:sharedmem/);
    }
    assert.equal(descriptorCount(), before + 3);
    releaseBuffer(buffers[0]!);
    assert.equal(descriptorCount(), before + 2);
    assert.equal(segmentOf(allocateBuffer(0, "a test"))!.descriptor, -1);
    setExportable(true);
    setExportable(false);
    assert(segmentOf(buffers[1]!)!.descriptor >= 0);
  });
  assert.equal(descriptorCount(), before);
});

test("when the last worker is gone the memory stays and its descriptor goes", () => {
  let buffer = new ArrayBuffer(0);
  exportable(() => {
    buffer = allocateBuffer(100, "a test");
    new Uint8Array(buffer)[99] = 9;
  });
  assert.equal(segmentOf(buffer)!.descriptor, -1);
  assert.equal(new Uint8Array(buffer)[99], 9);
});

test("memory that had a descriptor is not kept warm", () => {
  releaseWarm();
  let buffer = new ArrayBuffer(0);
  exportable(() => {
    buffer = allocateBuffer(MIB, "a test");
    releaseBuffer(allocateBuffer(MIB, "a test"));
    release(empty(MIB));
  });
  releaseBuffer(buffer);
  assert.equal(warmBytes(), 0);
});

test("mapDescriptor() maps what another process made, and takes the descriptor over", () => {
  const words = zeros(8, "i4");
  const before = descriptorCount();
  exportable(() => {
    inChild(() => {
      setExportable(true);
      const columns = table(3 * MIB / 4, { a: "u1", b: "f8" });
      columns.a.fill(5);
      columns.b.fill(0.5);
      const segment = segmentOf(columns.b.buffer)!;
      words.set([segment.serial, segment.descriptor, segment.bufferOffset, columns.b.byteLength], 1);
      Atomics.store(words, 0, 1);
      awaitWord(words, 5);
      if (columns.b[7] !== 0.25) throw new Error("the parent's write is missing");
    }, (pid) => {
      awaitWord(words, 0);
      const [, serial, descriptor, offset, byteLength] = words;
      assert.equal(findBuffer(serial!, offset, byteLength), undefined);
      const buffer = mapDescriptor(serial!, openOf(pid, descriptor!), offset, byteLength);
      const b = new Float64Array(buffer);
      assert(b.every((value) => value === 0.5));
      assert.equal(findBuffer(serial!, offset, byteLength), buffer);
      // the other column, and a second descriptor of the same
      const a = new Uint8Array(findBuffer(serial!, 0, 3 * MIB / 4)!);
      assert(a.every((value) => value === 5));
      assert.equal(mapDescriptor(serial!, openOf(pid, descriptor!), offset, byteLength), buffer);
      assert.equal(descriptorCount(), before + 1);
      b[7] = 0.25;
      Atomics.store(words, 5, 1);
    });
  });
  assert.equal(descriptorCount(), before);
});

test("mapDescriptor() without a part maps the whole, by the size that the kernel knows", () => {
  exportable(() => {
    const buffer = allocateBuffer(100, "a test");
    new Uint8Array(buffer)[99] = 1;
    const other = mapDescriptor(
      segments.lastSerial() + 50_000,
      openOf("self", segmentOf(buffer)!.descriptor),
    );
    assert.equal(other.byteLength, 4096);
    assert.equal(new Uint8Array(other)[99], 1);
    new Uint8Array(other)[98] = 2;
    assert.equal(new Uint8Array(buffer)[98], 2);
  });
});

test("mapDescriptor() closes the descriptor when it fails", () => {
  exportable(() => {
    const buffer = allocateBuffer(100, "a test");
    const before = descriptorCount();
    const fd = (): number => openOf("self", segmentOf(buffer)!.descriptor);
    const serial = segments.lastSerial() + 60_000;
    assert.throws(() => mapDescriptor(serial, fd(), 0, 4097), {
      name: "RangeError",
      message: /has 4096 bytes, wanted 4097 from 0/,
    });
    assert.throws(() => mapDescriptor(serial, fd(), 5000), RangeError);
    assert.throws(
      () => mapDescriptor(serial, 9999),
      (error: Error) => error instanceof SystemCallError && error.code === "EBADF",
    );
    assert.equal(descriptorCount(), before);
    assert.equal(findBuffer(serial), undefined);
  });
});

test("pinSegments() holds every live buffer", () => {
  const a = empty(3);
  const t = table(2, { x: "f8", y: "u1" });
  const pinned = pinSegments();
  for (const array of [a, t.x, t.y]) assert(pinned.includes(array.buffer));
  release(a);
  assert(!pinSegments().includes(a.buffer));
});

// warm memory

test("memory given back is reused, cleared where it must be", () => {
  releaseWarm();
  const first = full(8 * MIB, 9, "u1");
  const { address } = segmentOf(first.buffer)!;
  release(first);
  const dirty = empty(8 * MIB, "u1");
  assert.equal(segmentOf(dirty.buffer)!.address, address);
  release(dirty);
  const clean = zeros(8 * MIB, "u1");
  assert.equal(segmentOf(clean.buffer)!.address, address);
  assert(clean.every((value) => value === 0));
  release(clean);
  // as locks and counters need it
  assert(new Uint8Array(allocateBuffer(8 * MIB, "a test")).every((value) => value === 0));
  releaseWarm();
  release(full(2 * MIB, 9, "u1"));
  const small = empty(2 * MIB, "u1");
  assert.equal(warmBytes(), 0);
  assert(small.every((value) => value === 0));
});

test("reuse wastes at most a quarter, and takes what fits best", () => {
  releaseWarm();
  const arrays = [MIB, 1.2 * MIB, 4 * MIB].map((length) => empty(Math.ceil(length), "u1"));
  const addresses = arrays.map((array) => segmentOf(array.buffer)!.address);
  for (const array of arrays) release(array);
  const kept = warmBytes();
  assert.equal(takeWarm(2.9 * MIB), undefined);
  assert.equal(takeWarm(4 * MIB + 1), undefined);
  assert.equal(takeWarm(0.7 * MIB), undefined);
  assert.equal(warmBytes(), kept);
  const best = takeWarm(0.98 * MIB)!;
  assert.equal(best.address, addresses[0]);
  const next = takeWarm(MIB)!;
  assert.equal(next.address, addresses[1]);
  assert.equal(takeWarm(MIB), undefined);
  for (const mapping of [best, next]) unmap(mapping);
  assert(releaseWarm());
  assert(!releaseWarm());
  assert.equal(warmBytes(), 0);
});

test("what is kept warm is bounded, small memory is not kept", () => {
  releaseWarm();
  for (let i = 0; i < 100; i++) release(empty(100));
  assert.equal(warmBytes(), 0);
  const many = Array.from({ length: 200 }, () => empty(64 * 1024, "u1"));
  for (const array of many) release(array);
  assert.equal(warmBytes(), 64 * 64 * 1024);
  const totalKib = Number(/MemTotal: +(\d+)/.exec(readFile("/proc/meminfo")!)![1]);
  // untouched: it is the length that counts
  for (let i = 0; i < 6; i++) keepWarm(mapAnonymous(totalKib * 1024 / 40, "a test"));
  assert(warmBytes() <= totalKib * 1024 / 16 && warmBytes() >= totalKib * 1024 / 40, `${warmBytes()} bytes`);
  const kept = warmBytes();
  keepWarm(mapAnonymous(totalKib * 1024 / 15, "a test"));
  assert.equal(warmBytes(), kept);
  releaseWarm();
});

// pages

test("long memory is aligned to huge pages and has them where the kernel can", () => {
  assert.deepEqual([2 * MIB - 1, 2 * MIB, 3 * MIB - 1, 3 * MIB, 8 * MIB].map(hugePagesFor), [0, 1, 1, 2, 4]);
  const probe = mapAnonymous(2 * MIB, "a test");
  c.madvise(probe.address, 1, MADV_POPULATE_WRITE);
  const isPossible = c.madvise(probe.address, 2 * MIB, MADV_COLLAPSE) === 0;
  unmap(probe);
  releaseWarm();
  for (const isExported of [false, true]) {
    for (const [length, pages] of [[2 * MIB, 1], [2.9 * MIB, 1], [3.5 * MIB, 2], [70 * MIB, 35]] as const) {
      const make = (): void => {
        const { address } = segmentOf(empty(Math.ceil(length), "u1").buffer)!;
        assert.equal(address % (2 * MIB), 0);
        assert.equal(hugeKib(address), isPossible ? 2048 * pages : 0, `${length}`);
      };
      if (isExported) exportable(make);
      else make();
    }
  }
});

test("an array too large for its share of free memory takes none in advance", () => {
  const availableKib = Number(/MemAvailable: +(\d+)/.exec(readFile("/proc/meminfo")!)![1]);
  const rows = Math.floor(Math.min(availableKib * 1024 / 4, backend.maxViewBytes) / 8);
  // several columns, where one may not be that long
  const columns = table(rows, { a: "f8", b: "f8" });
  const { address } = segmentOf(columns.a.buffer)!;
  columns.b[rows - 1] = 1;
  assert.equal(hugeKib(address), 0);
  release(columns.a);
});

function held(): readonly number[] {
  return [sharedMappings(), descriptorCount()];
}

/** 64 TiB, in columns that every engine can make. */
const MONSTER = Object.fromEntries(Array.from({ length: 2 ** 14 }, (_, i) => [`c${i}`, "u1" as const]));

function failToAllocate(): void {
  backend.collectGarbage();
  assert.throws(() => table(2 ** 32, MONSTER));
  const before = held();
  for (let i = 0; i < 5; i++) {
    assert.throws(() => table(2 ** 32, MONSTER), (error: Error) => {
      assert(error instanceof SystemCallError);
      assert.deepEqual([error.code, error.syscall, error.errno], ["ENOMEM", "mmap", 12]);
      assert.match(
        error.message,
        /^mmap failed: ENOMEM.*: table\(4294967296, .* wants 70368744177664 bytes$/,
      );
      return true;
    });
    for (const byteLength of [2 ** 46, 2 ** 52, 2 ** 53 - 1]) {
      const message = new RegExp(`ENOMEM.*a test wants ${byteLength} bytes$`);
      assert.throws(() => mapAnonymous(byteLength, "a test"), { name: "SystemCallError", message });
      // an engine with a limit refuses before
      const isUnlimited = backend.maxViewBytes >= byteLength;
      const name = isUnlimited ? "SystemCallError" : "RangeError";
      assert.throws(() => empty(Math.floor(byteLength / 8)), { name, message: /empty\(\d+, "f8"\) wants/ });
    }
  }
  assert.deepEqual(held(), before);
}

test("more than the machine has is ENOMEM at once and leaves nothing behind", () => {
  failToAllocate();
  exportable(failToAllocate);
});

// table

test("table() gives aligned columns in one segment", () => {
  const columns = table(3, {
    x: "f8",
    flag: "bool",
    id: "<i4",
    big: "u8",
    __proto__: "i1" as never,
    ["constructor"]: "u2",
  });
  assert.deepEqual(Object.keys(columns), ["x", "flag", "id", "big", "constructor"]);
  assert(
    columns.x instanceof Float64Array && columns.flag instanceof Uint8Array &&
      columns.id instanceof Int32Array,
  );
  assert(columns.big instanceof BigUint64Array && columns.constructor instanceof Uint16Array);
  Object.values(columns).forEach((column, i) => {
    assert.deepEqual([column.length, column.byteOffset], [3, 0]);
    assert(isShared(column));
    assert.equal(backend.addressOf(column) % 64, 0);
    (column as Float64Array).fill((i === 3 ? BigInt(i) : i) as number);
  });
  Object.values(columns).forEach((column, i) =>
    assert((column as Float64Array).every((value) => Number(value) === i))
  );
  release(columns.id.subarray(1));
  assert(Object.values(columns).every((column) => column.length === 0 && !isShared(column)));
  release(columns.x);
});

test("table() takes no rows and no columns", () => {
  assert.deepEqual(table(0, { a: "f8" }).a.length, 0);
  assert.deepEqual(table(5, {}), {});
});

test("table() says what is wrong", () => {
  assert.throws(() => table(-1, { x: "f8" }), RangeError);
  assert.throws(() => table("3" as unknown as number, { x: "f8" }), TypeError);
  assert.throws(() => table([3] as unknown as number, { x: "f8" }), TypeError);
  assert.throws(() => table(3, { x: "f9" as "f8" }), {
    name: "TypeError",
    message: /^table\(\) column "x" does not know/,
  });
  assert.throws(() => table(2 ** 52, { x: "f8" }), { name: "RangeError", message: /column "x" wants/ });
  assert.throws(() => table(2 ** 50 - 1, { x: "f8", y: "f8" }), RangeError);
  for (const bad of [null, undefined, "f8", ["f8"]]) {
    assert.throws(() => table(3, bad as unknown as { x: "f8" }), {
      name: "TypeError",
      message: /wants an object of dtypes/,
    });
  }
});

test("a table may exceed 4 GiB although no column does", () => {
  const columns = table(2 ** 31, { a: "u1", b: "u1", c: "i1" });
  columns.a[2 ** 31 - 1] = 1;
  columns.c[2 ** 31 - 1] = -3;
  assert.deepEqual([columns.b.length, columns.b.at(-1), columns.c.at(-1)], [2 ** 31, 0, -3]);
  release(columns.b);
  assert.deepEqual([columns.a.length, columns.b.length, columns.c.length], [0, 0, 0]);
});
