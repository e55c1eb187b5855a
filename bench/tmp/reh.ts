import "../../mod.ts";
import { Buffer } from "node:buffer";
import process from "node:process";
import { KERNEL_CODE } from "../../src/sort/kernel_code.ts";
import { sortKernels } from "../../src/sort/kernels.ts";
const t0 = performance.now();
const code = new Uint8Array(Buffer.from(KERNEL_CODE, "base64"));
const t1 = performance.now();
const m = new WebAssembly.Module(code);
const t2 = performance.now();
const mem = new WebAssembly.Memory({ initial: 192, maximum: 65536, shared: true });
const t3 = performance.now();
const inst = new WebAssembly.Instance(m, { env: { memory: mem } });
const t4 = performance.now();
const k = sortKernels()!;
const t5 = performance.now();
console.log(process.versions.bun ? "bun" : "deno", code.length, "b64", (t1 - t0).toFixed(2), "module", (t2 - t1).toFixed(2), "memory", (t3 - t2).toFixed(2), "instance", (t4 - t3).toFixed(2), "sortKernels", (t5 - t4).toFixed(2));
const N = 2 ** 14, E = 2 ** 23, P = E + 8 * N, OUT = P + 8 * N, ROW = OUT + 8 * N, CELLS = ROW + 64, OF = 2 ** 16, T = OF + 2 ** 17, S = T + 2 ** 21;
const w = new Int32Array(k.window.memory.buffer);
function fill(at: number, upper: number) { for (let i = 0; i < N; i++) { w[(at >> 2) + 2 * i] = Math.imul(i + 1, 0x9e3779b1); w[(at >> 2) + 2 * i + 1] = upper + i; } }
fill(E, 0x3ff00000);
const { range, count, scatter } = k.elements.F8;
const run = (name: string, f: () => void) => {
  const t: number[] = [];
  const s = performance.now();
  for (let i = 0; i < 30; i++) { const s = performance.now(); f(); t.push(performance.now() - s); }
  console.log("  ", name.padEnd(12), "sum30", (performance.now() - s).toFixed(2), t.slice(0, 16).map((x) => x.toFixed(2)).join(" "), "..", t.slice(-2).map((x) => x.toFixed(3)).join(" "));
};
run("range", () => range(E, 0, N, 0, ROW));
run("count", () => count(E, 0, N, 0, 32, 0, 16, 2 ** 16, CELLS));
run("scatter", () => { w.fill(0, T >> 2, (T >> 2) + 8); scatter(E, 0, N, 0, 32, 0, 16, OF, T, 1, P); });
run("fill", () => fill(P, 0));
run("sortExact24", () => void k.pairs.sortExact(P, N, 24, OUT, S, N));
run("sortExact12", () => void k.pairs.sortExact(P, N, 12, OUT, S, N));
run("sortInexact", () => void k.pairs.sortInexact(P, N, 30, OUT, S, N, E, -1));
run("sortInexact512", () => { for (let at = 0; at < N; at += 512) k.pairs.sortInexact(P + 8 * at, 512, 30, OUT, S, N, E, -1); });
run("fill", () => fill(P, 0));
run("sortKeys", () => void k.pairs.sortKeys(P, N, 30, 0, 32, 0, 0, OUT, S, N));
