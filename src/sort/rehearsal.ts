/**
 * Running the loops in WebAssembly until the engine has compiled them as well as it can, before the first fork that uses
 * them.
 *
 * A forked child has none of the engine's threads that compile. In Bun, a function that was only interpreted before the
 * fork waits for its compiler for ever as soon as it has become hot, so every function is run here; with the flags that
 * make fork safe engines compile in the calling thread, when a loop has turned so often. In Deno each child would compile
 * for itself.
 *
 * @module
 */
import { COPIES, OF_CELL, SCRATCH, TABLE } from "./kernel_loops.ts";
import type { ElementKernels, Kernels, KernelType } from "./kernels.ts";

/** What the loops make. */
export type Product = "indices" | "values";

const N = 2 ** 12;
/**
 * Bun compiles for the last time after 50,000 turns of a loop, Deno after some 13,000,000 bytes of code. The shortest loops
 * turn once for 64 bytes.
 */
const ROUNDS = 20;
const RANGES = 16;
const ELEMENTS = COPIES;
const PAIRS = ELEMENTS + 8 * N;
const OUT = PAIRS + 8 * N;
const ROW = OUT + 8 * N;
const CELLS = ROW + 64;

const rehearsed = new Set<KernelType | Product | "plan">();

/** Whether forked children may run the loops that make this of elements of a type. */
export function isRehearsed(type: KernelType, product: Product): boolean {
  return rehearsed.has(type) && rehearsed.has(product);
}

/** Runs the loops that make this of elements of a type, once a process; some 10 ms. */
export function rehearse(kernels: Kernels, type: KernelType, product: Product): void {
  if (isRehearsed(type, product)) return;
  const { window, elements } = kernels;
  const words = new Int32Array(window.memory.buffer, ELEMENTS, 2 * N);
  const pairs = new Int32Array(window.memory.buffer, PAIRS, 2 * N);
  // lower words in no order; upper ones are those of doubles, or count as indices do
  for (let i = 0; i < N; i++) {
    words[2 * i] = pairs[2 * i] = Math.imul(i + 1, 0x9e3779b1);
    words[2 * i + 1] = 0x3ff00000 + i;
    pairs[2 * i + 1] = i;
  }
  new Uint16Array(window.memory.buffer, OF_CELL, 2).fill(0);
  const cursor = new Int32Array(window.memory.buffer, TABLE, 8);
  for (let round = 0; round < ROUNDS; round++) {
    if (!rehearsed.has("plan")) rehearsePlan(kernels);
    if (!rehearsed.has(type)) rehearseElements(elements[type], cursor);
    if (!rehearsed.has(product)) rehearseProduct(kernels, product, cursor);
  }
  rehearsed.add("plan").add(type).add(product);
}

function rehearsePlan({ plan, window }: Kernels): void {
  const cells = N;
  new Int32Array(window.memory.buffer, OUT, cells).fill(0);
  plan.addRow(PAIRS, cells, OUT);
  plan.joinCells(OUT, cells, 0, cells, SCRATCH, CELLS);
  plan.addCells(PAIRS, cells, SCRATCH, 0, cells, OUT);
}

function rehearseElements({ range, count, scatter }: ElementKernels, cursor: Int32Array): void {
  for (let k = 0; k < RANGES; k++) range(ELEMENTS, 0, N, 0, ROW);
  count(ELEMENTS, 0, N, 0, 32, 0, 31, 1, CELLS);
  cursor.fill(0);
  scatter(ELEMENTS, 0, N, 0, 32, 0, 31, OF_CELL, TABLE, 1, OUT);
}

function rehearseProduct({ pairs }: Kernels, product: Product, cursor: Int32Array): void {
  if (product === "indices") {
    // two digits, one digit, none; and those that are repaired
    pairs.sortExact(PAIRS, N, 24, OUT, SCRATCH, N);
    pairs.sortExact(PAIRS, N, 12, OUT, SCRATCH, N);
    pairs.sortExact(PAIRS, N, 0, OUT, SCRATCH, N);
    pairs.sortInexact(PAIRS, N, 30, OUT, SCRATCH, N, ELEMENTS, -1);
  } else {
    cursor.fill(0);
    pairs.scatterKeys(ELEMENTS, 0, N, 32, 0, 31, OF_CELL, TABLE, OUT);
    pairs.sortKeys(PAIRS, N, 30, 0, 32, 0, 0, OUT, SCRATCH, N);
  }
}
