import assert from "node:assert/strict";
import { indexedItems, type Items, MAX_ITEMS, type StreamItems, streamItems } from "../src/pool/items.ts";
import { range } from "../src/pool/range.ts";
import { test } from "./harness.ts";

function contents<T>(items: Items<T>): T[] {
  const indexed = indexedItems(items, "map");
  return Array.from({ length: indexed.length }, (_, index) => indexed.at(index));
}

function* squares(): Generator<number> {
  for (let i = 0; i < 4; i++) yield i * i;
}

async function* later(): AsyncGenerator<string> {
  yield "a";
  await Promise.resolve();
  yield "b";
}

test("indexedItems() copies nothing that can be indexed", () => {
  const array = [1, 2, 3];
  const typed = new Float64Array([1.5, 2.5]);
  const alike = { length: 2, 0: "x", 1: "y" };
  const views = [indexedItems(array, "map"), indexedItems(typed, "map"), indexedItems(alike, "map")] as const;
  array[1] = 20;
  typed[1] = 25;
  alike[1] = "z";
  assert.deepEqual([views[0].at(1), views[1].at(1), views[2].at(1)], [20, 25, "z"]);
  assert.deepEqual(views.map((items) => [items.kind, items.length]), [["indexed", 3], ["indexed", 2], [
    "indexed",
    2,
  ]]);
  array.push(4);
  assert.equal(views[0].length, 3);
});

test("indexedItems() reads every iterable as JavaScript does", () => {
  assert.deepEqual(contents([]), []);
  assert.deepEqual(contents(squares()), [0, 1, 4, 9]);
  assert.deepEqual(contents(new Set([3, 1, 3])), [3, 1]);
  assert.deepEqual(contents(new Map([["a", 1]])), [["a", 1]]);
  assert.deepEqual(contents("a💥b"), ["a", "💥", "b"]);
  assert.deepEqual(contents(new BigInt64Array([5n, -1n])), [5n, -1n]);
  assert.deepEqual(contents(range(10, 0, -4)), [10, 6, 2]);
  assert.deepEqual(contents({ length: 0 }), []);
  // a length beside an iterator: the iterator counts, as in for…of
  assert.deepEqual(contents({ length: 9, [Symbol.iterator]: squares }), [0, 1, 4, 9]);
  (function (..._values: number[]): void {
    assert.deepEqual(contents(arguments), [7, 8]);
  })(7, 8);
});

test("indexedItems() gives undefined for the holes of a sparse array", () => {
  // deno-lint-ignore no-sparse-arrays
  assert.deepEqual(contents([1, , 3]), [1, undefined, 3]);
  const vast: number[] = [];
  vast.length = MAX_ITEMS;
  assert.equal(indexedItems(vast, "map").at(MAX_ITEMS - 1), undefined);
});

test("indexedItems() refuses what is no sequence, saying what it got", () => {
  const refused: [unknown, RegExp][] = [
    [5, /^map: items must be iterable or array-like, got a number \(5\): use range\(n\)/],
    [undefined, /got undefined$/],
    [null, /got null$/],
    [true, /got a boolean \(true\)$/],
    [{}, /got an object$/],
    [{ length: -1 }, /got an object$/],
    [{ length: "3" }, /got an object$/],
    [{ length: 1.5 }, /got an object$/],
    [function work(_a: number, _b: number) {}, /got a function \(work\): the function comes first/],
    [Promise.resolve([1]), /got an object \(Promise\): await it first$/],
    [new DataView(new ArrayBuffer(8)), /got an object \(DataView\)$/],
    [new ArrayBuffer(8), /got an object \(ArrayBuffer\)$/],
    [later(), /got an async iterable: use imap/],
  ];
  for (const [items, message] of refused) {
    assert.throws(() => indexedItems(items as Items<unknown>, "map"), { name: "TypeError", message });
  }
});

test("indexedItems() refuses more items than indices can count", () => {
  assert.equal(indexedItems(range(MAX_ITEMS), "map").length, MAX_ITEMS);
  for (const items of [range(MAX_ITEMS + 1), { length: MAX_ITEMS + 1 }, new Array(MAX_ITEMS + 1)]) {
    assert.throws(() => indexedItems(items, "map"), {
      name: "RangeError",
      message: /^map: at most 2147483647 items, got 2147483648/,
    });
  }
});

test("streamItems() keeps what can be indexed and streams the rest", async () => {
  assert.equal(streamItems([1], "imap").kind, "indexed");
  assert.equal(streamItems(range(3), "imap").kind, "indexed");
  assert.equal(streamItems(new Uint8Array(2), "imap").kind, "indexed");

  let taken = 0;
  const endless = streamItems(
    (function* () {
      for (;;) yield taken++;
    })(),
    "imap",
  );
  assert.equal(taken, 0);
  assert.ok(endless.kind === "iterator");
  assert.deepEqual(endless.iterator.next(), { value: 0, done: false });
  assert.equal(taken, 1);

  const slow = streamItems(later(), "imap");
  assert.ok(slow.kind === "async");
  assert.deepEqual(await slow.iterator.next(), { value: "a", done: false });
  assert.deepEqual(await slow.iterator.next(), { value: "b", done: false });
  assert.equal((await slow.iterator.next()).done, true);
});

test("streamItems() refuses what is no sequence, saying what it got", () => {
  assert.throws(() => streamItems(5 as unknown as StreamItems<number>, "imapUnordered"), {
    name: "TypeError",
    message: /^imapUnordered: items must be iterable, async iterable or array-like, got a number \(5\)/,
  });
  assert.throws(() => streamItems({ length: MAX_ITEMS + 1 }, "imap"), RangeError);
});

test("indexedItems() and streamItems() refuse an array that was released, which would pass for empty", () => {
  const released = new Float64Array([1, 2]);
  structuredClone(released.buffer, { transfer: [released.buffer] });
  for (const read of [indexedItems, streamItems]) {
    assert.throws(() => read(released, "map"), { name: "TypeError", message: /map: items .*released/ });
  }
  assert.equal(indexedItems(new Float64Array(0), "map").length, 0);
});
