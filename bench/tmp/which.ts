import "../../mod.ts";
import { runCrew } from "../../src/algorithms/crew.ts";
import { sortKernels, type KernelType } from "../../src/sort/kernels.ts";
import { rehearse } from "../../src/sort/rehearsal.ts";
const k = sortKernels()!;
const type = process.argv[2] as KernelType;
import process from "node:process";
rehearse(k, type, "indices"); rehearse(k, type, "values");
const N = 4096, E = 2 ** 23, P = E + 8 * N, OUT = P + 8 * N, ROW = OUT + 8 * N, CELLS = ROW + 64, OF = 2 ** 16, T = OF + 2 ** 17, S = T + 2 ** 21;
const { range, count, scatter } = k.elements[type];
const w = new Int32Array(k.window.memory.buffer);
const calls: Record<string, () => void> = {
  range: () => range(E, 0, N, 0, ROW),
  count: () => count(E, 0, N, 0, 32, 0, 31, 1, CELLS),
  scatter: () => { w.fill(0, T >> 2, (T >> 2) + 8); scatter(E, 0, N, 0, 32, 0, 31, OF, T, 1, OUT); },
  exact24: () => void k.pairs.sortExact(P, N, 24, OUT, S, N),
  exact12: () => void k.pairs.sortExact(P, N, 12, OUT, S, N),
  exact0: () => void k.pairs.sortExact(P, N, 0, OUT, S, N),
  few: () => void k.pairs.sortExact(P, 20, 24, OUT, S, N),
  inexact: () => void k.pairs.sortInexact(P, N, 30, OUT, S, N, E, -1),
  addRow: () => k.plan.addRow(P, N, OUT),
  joinCells: () => void k.plan.joinCells(OUT, N, 0, N, S, CELLS),
  addCells: () => k.plan.addCells(P, N, S, 0, N, OUT),
};
for (const [name, call] of Object.entries(calls)) {
  const ok = runCrew(2, ({ rank }) => { if (rank === 1) for (let i = 0; i < 3000; i++) call(); });
  if (!ok) console.log(type, name, ok);
}
