/**
 * Running the loops in WebAssembly until the engine has compiled them, before the first fork that uses them.
 *
 * A forked child has none of the engine's threads that compile. In Deno it goes on with slow code; in Bun a function that
 * was only interpreted so far waits for its compiler for ever. So every function is run here.
 *
 * @module
 */
import { COPIES, OF_CELL, SCRATCH, TABLE } from "./kernel_loops.ts";
import type { Kernels, KernelType } from "./kernels.ts";

const N = 2 ** 14;
/** So often is each loop run: in both engines enough for the best code. */
const ROUNDS = 24;
const ELEMENTS = COPIES;
const PAIRS = ELEMENTS + 8 * N;
const OUT = PAIRS + 8 * N;
const ROW = OUT + 8 * N;
const CELLS = ROW + 64;

const rehearsed = new Set<KernelType>();

/** Whether forked children may run the loops for elements of a type. */
export function isRehearsed(type: KernelType): boolean {
  return rehearsed.has(type);
}

/** Runs all loops for elements of a type, once a process; some 20 ms. */
export function rehearse({ window, pairs, elements }: Kernels, type: KernelType): void {
  if (rehearsed.has(type)) return;
  const words = new Int32Array(window.memory.buffer, ELEMENTS, 2 * N);
  const cursors = new Int32Array(window.memory.buffer, TABLE, 8);
  new Uint16Array(window.memory.buffer, OF_CELL, 2 ** 16).fill(0);
  const { range, count, scatter } = elements[type];
  for (let round = 0; round < ROUNDS; round++) {
    fillWords(words, 0x3ff00000);
    range(ELEMENTS, 0, N, 0, ROW);
    count(ELEMENTS, 0, N, 0, 32, 0, 16, 2 ** 16, CELLS);
    cursors.fill(0);
    scatter(ELEMENTS, 0, N, 0, 32, 0, 16, OF_CELL, TABLE, 1, PAIRS);
    if (rehearsed.size > 0) continue;
    const shuffled = new Int32Array(window.memory.buffer, PAIRS, 2 * N);
    fillWords(shuffled, 0);
    pairs.sortExact(PAIRS, N, 24, OUT, SCRATCH, N);
    pairs.sortExact(PAIRS, N, 12, OUT, SCRATCH, N);
    pairs.sortExact(PAIRS, N, 0, OUT, SCRATCH, N);
    pairs.sortInexact(PAIRS, N, 30, OUT, SCRATCH, N, ELEMENTS, -1);
    for (let at = 0; at < N; at += 512) {
      pairs.sortInexact(PAIRS + 8 * at, 512, 30, OUT, SCRATCH, N, ELEMENTS, -1);
    }
    cursors.fill(0);
    pairs.scatterKeys(ELEMENTS, 0, N, 32, 0, 16, OF_CELL, TABLE, PAIRS);
    fillWords(shuffled, 0);
    pairs.sortKeys(PAIRS, N, 30, 0, 32, 0, 0, OUT, SCRATCH, N);
  }
  rehearsed.add(type);
}

/** Lower words in no order; upper ones are doubles' or, as an index must be, count. */
function fillWords(words: Int32Array, upper: number): void {
  for (let i = 0; i < words.length / 2; i++) {
    words[2 * i] = Math.imul(i + 1, 0x9e3779b1);
    words[2 * i + 1] = upper + i;
  }
}
