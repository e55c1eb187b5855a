/**
 * Running the loops in WebAssembly until the engine has compiled them as well as it can, before the first fork that uses
 * them: short calls for Bun (`web_assembly.ts`; should one be left, `crew.ts` notices after half a second), longer ones
 * for Deno, which compiles after some 13,000,000 bytes of code.
 *
 * @module
 */
import { COPIES, OF_CELL, SCRATCH, TABLE } from "./kernel_loops.ts";
import { REHEARSAL_CALLS } from "../web_assembly.ts";
import type { ElementKernels, Kernels, KernelType } from "./kernels.ts";

/** What the loops make. */
export type Product = "indices" | "values";

const LONG_CALLS = 20;
const N = 2 ** 12;
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
  const cursor = new Int32Array(window.memory.buffer, TABLE, 8).fill(0);
  for (let call = 0; call < REHEARSAL_CALLS + LONG_CALLS; call++) {
    const n = call < REHEARSAL_CALLS ? 1 : N;
    if (!rehearsed.has("plan")) rehearsePlan(kernels, n);
    if (!rehearsed.has(type)) rehearseElements(elements[type], n, cursor);
    if (!rehearsed.has(product)) rehearseProduct(kernels, product, n, cursor);
  }
  rehearsed.add("plan").add(type).add(product);
}

function rehearsePlan({ plan }: Kernels, cells: number): void {
  plan.addRow(PAIRS, cells, OUT);
  plan.joinCells(OUT, cells, 0, cells, SCRATCH, CELLS);
  plan.addCells(PAIRS, cells, SCRATCH, 0, cells, OUT);
}

function rehearseElements({ range, count, scatter }: ElementKernels, n: number, cursor: Int32Array): void {
  range(ELEMENTS, 0, n, 0, ROW);
  count(ELEMENTS, 0, n, 0, 32, 0, 31, 1, CELLS);
  cursor[2] = cursor[6] = 0;
  scatter(ELEMENTS, 0, n, 0, 32, 0, 31, OF_CELL, TABLE, 1, OUT);
}

function rehearseProduct({ pairs }: Kernels, product: Product, n: number, cursor: Int32Array): void {
  if (product === "indices") {
    pairs.sortPairs(PAIRS, n, 30, 0, ELEMENTS, -1, OUT, SCRATCH, n);
  } else {
    cursor[2] = 0;
    pairs.scatterKeys(ELEMENTS, 0, n, 32, 0, 31, OF_CELL, TABLE, OUT);
    pairs.sortKeys(PAIRS, n, 30, 0, 32, 0, 0, OUT, SCRATCH, n);
  }
}
