import { argsort, empty, sort } from "../../mod.ts";
import process from "node:process";
import { sortTuning } from "../../src/sort/limits.ts";
if (process.env["SM_KERNELS"] === "never") sortTuning.leastForKernels = Infinity;
const [n, np, calls] = process.argv.slice(2, 5).map(Number) as [number, number, number];
const dtype = (process.argv[5] ?? "f8") as "f8", what = process.argv[6] ?? "argsort";
const a = empty([n], dtype) as unknown as Float64Array;
let state = 2463534242;
function word(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}
if (dtype === "f8" || dtype as string === "f4") {
  for (let i = 0; i < n; i++) a[i] = (word() + word() / 2 ** 32) / 2 ** 32;
} else {
  const w = new Uint32Array(a.buffer, a.byteOffset, a.byteLength / 4);
  for (let i = 0; i < w.length; i++) w[i] = word();
}
// OUT: the result in memory that is kept, as C does
const out = what === "out" ? empty([n], "u4") : undefined!;
const input = what === "sort" ? a.slice() : a;
const t: number[] = [];
for (let k = 0; k < calls; k++) {
  if (what === "sort") a.set(input);
  const s = performance.now();
  if (what === "sort") sort(a, { np });
  else if (what === "out") argsort(a, { np, out });
  else argsort(a, { np });
  t.push((performance.now() - s) * 1e6 / n);
}
const later = t.slice(calls > 20 ? 20 : Math.min(3, calls >> 1)).sort((x, y) => x - y);
console.log(
  JSON.stringify({
    rt: process.versions.bun ? "bun" : "deno",
    k: process.env["SM_KERNELS"] ?? "wasm",
    what,
    dtype,
    n,
    np,
    cold: +t[0]!.toFixed(2),
    second: +t[1]!.toFixed(2),
    later: +later[later.length >> 1]!.toFixed(2),
    min: +later[0]!.toFixed(2),
  }),
);
