/** The loops in WebAssembly give what those in TypeScript give, and leave nothing mapped. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { argsort, copy, empty, sort, type TypedArray } from "../mod.ts";
import { sortKernels } from "../src/sort/kernels.ts";
import { sortTuning } from "../src/sort/limits.ts";
import { withCrews } from "./algorithms_support.ts";
import { runScript, test } from "./harness.ts";
import { filled, FILLS, words } from "./sort_support.ts";

const { leastForKernels } = sortTuning;

function withLeast<T>(least: number, body: () => T): T {
  sortTuning.leastForKernels = least;
  try {
    return body();
  } finally {
    sortTuning.leastForKernels = leastForKernels;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function assertSame(a: TypedArray, what: string, np: number): void {
  const results = [0, Infinity].map((least) =>
    withLeast(least, () => {
      const order = argsort(a, { np }) as Uint32Array;
      const inPlace = copy(a);
      sort(inPlace, { np });
      return [order, inPlace];
    })
  );
  for (const at of [0, 1]) {
    const [kernels, typed] = [results[0]![at]!, results[1]![at]!];
    assert.equal(Buffer.compare(bytesOf(kernels), bytesOf(typed)), 0, `${what} ${["argsort", "sort"][at]}`);
  }
}

test("loops in WebAssembly and TypeScript agree on all kinds of data", () => {
  let seed = 1;
  for (const dtype of ["f8", "i8", "u8", "f4", "i4", "u4"] as const) {
    for (const [name, fill] of Object.entries(FILLS)) {
      for (const n of [25, 400, 5000, 30_000, 250_000]) {
        const a = filled(dtype, n, fill, seed++);
        for (const np of [1, 2]) withCrews(() => assertSame(a, `${dtype} ${name} ${n} np ${np}`, np));
      }
    }
  }
});

test("loops in WebAssembly and TypeScript agree on keys that differ in few bits, anywhere", () => {
  const next = words(5);
  for (let round = 0; round < 120; round++) {
    const n = 40 + next() % 20_000;
    const a = empty(n);
    const bits = new Uint32Array(a.buffer, 0, 2 * n);
    const [low, high, lowMask, highMask] = [
      next(),
      next() & 0xffefffff,
      next() >>> next() % 32,
      next() >>> next() % 32,
    ];
    for (let i = 0; i < n; i++) {
      bits[2 * i] = low ^ (next() & lowMask);
      bits[2 * i + 1] = (high ^ (next() & highMask)) & 0xffefffff;
    }
    assertSame(a, `f8 round ${round}`, 1);
    assertSame(new BigInt64Array(a.buffer, 0, n), `i8 round ${round}`, 1);
  }
});

test("the window of WebAssembly keeps nothing mapped after a call", () => {
  const a = filled("f8", 300_000, FILLS["random"]!, 3);
  const shared = copy(a) as Float64Array;
  withLeast(0, () => {
    for (const np of [1, 2]) {
      withCrews(() => argsort(shared, { np }));
      withCrews(() => sort(shared, { np }));
    }
  });
  const window = sortKernels()?.window;
  assert.ok(window !== undefined);
  const from = window.address;
  const inside = readFileSync("/proc/self/maps", "utf8").split("\n").filter((line) => {
    const [start, end] = line.split(" ")[0]!.split("-").map((part) => parseInt(part, 16));
    return start! < from + 2 ** 32 && end! > from &&
      / ..-s /.test(line.replace(/(r|-)(w|-)(x|-)s/, " ..-s "));
  });
  assert.deepEqual(inside, []);
});

/** Sorts in a fresh process; prints how many crews broke. */
const FIRST_FORK = `
import { argsort, empty, sort } from "../../mod.ts";
import { CrewBlock } from "../../src/algorithms/crew_block.ts";
import { hookMethods } from "../sort_support.ts";
import process from "node:process";
const [dtype, first, n] = [process.argv[2], process.argv[3], 3_000_000];
const broken = empty(1, "i4").fill(0);
hookMethods([CrewBlock], ["fail"], () => Atomics.add(broken, 0, 1));
const isBig = dtype === "i8" || dtype === "u8";
for (const values of [2 ** 53, 2 ** 22, 4096, 50]) {
  const a = empty(n, dtype);
  for (let i = 0; i < n; i++) {
    const value = Math.floor(Math.random() * values);
    a[i] = isBig ? BigInt(value) : dtype[0] === "f" ? value / 3 : value;
  }
  const calls = [() => argsort(a, { np: 2 }), () => sort(a, { np: 2 })];
  if (first === "sort") calls.reverse();
  for (const call of calls) call();
}
console.log(broken[0]);
`;

test(
  "children run no loop that is not compiled before the first fork: none waits for a compiler",
  async () => {
    for (const dtype of ["f8", "i8", "f4", "i4"]) {
      for (const first of ["argsort", "sort"]) {
        const { stdout, stderr } = await runScript(FIRST_FORK, { args: [dtype, first], timeoutMs: 60_000 });
        assert.deepEqual([stdout.trim(), stderr], ["0", ""], `${dtype}, ${first} first`);
      }
    }
  },
  { timeoutMs: 300_000 },
);
