import { argsort, empty, map } from "/tmp/wasm/mod.ts";
import fs from "node:fs";
import process from "node:process";
const what = process.argv[2];
const rt = process.versions.bun ? "bun" : "deno";
const committed = () => Number(/Committed_AS:\s+(\d+)/.exec(fs.readFileSync("/proc/meminfo", "utf8"))![1]) >> 10;
const status = () => { const s = fs.readFileSync("/proc/self/status", "utf8"); return ["VmSize", "VmRSS", "VmPTE"].map((k) => k + "=" + (Number(new RegExp(k + ":\\s+(\\d+)").exec(s)![1]) >> 10)).join(" "); };
if (what === "mem") {
  console.log(rt, "before", status(), "committed", committed());
  const { sortKernels } = await import("/tmp/wasm/src/sort/kernels.ts"); const memoryWindow = () => sortKernels()?.window;
  const t = performance.now(); const w = memoryWindow()!; console.log("window ms", (performance.now() - t).toFixed(2), "address % 2M", w.address % 2 ** 21);
  console.log(rt, "after window", status(), "committed", committed());
  const a = empty(3_000_000); for (let i = 0; i < a.length; i++) a[i] = Math.random();
  argsort(a, { np: 1 }); console.log(rt, "after argsort", status(), "committed", committed());
  argsort(a, { np: 2 }); console.log(rt, "after argsort 2", status(), "committed", committed());
  const lines = fs.readFileSync("/proc/self/smaps", "utf8").split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/).filter((x) => { const [s, e] = x.split(" ")[0]!.split("-").map((q) => parseInt(q, 16)); return s! < w.address + 2 ** 32 && e! > w.address; });
  for (const l of lines) console.log("  ", l.split("\n")[0], /Rss:\s+\d+ kB/.exec(l)?.[0], /VmFlags:.*/.exec(l)?.[0]);
} else if (what === "gc") {
  if (process.argv[3] !== "none") { const { sortTuning } = await import("/tmp/wasm/src/sort/limits.ts"); if (process.argv[3] === "ts") sortTuning.leastForKernels = Infinity; const a = empty(100_000); for (let i = 0; i < a.length; i++) a[i] = Math.random(); argsort(a, { np: 1 }); }
  const t = performance.now(); let keep: unknown[] = [];
  for (let i = 0; i < 3e6; i++) { keep.push({ i, s: [i] }); if (keep.length > 1e5) keep = []; if (i % 200 === 0) keep.push(new Uint8Array(20000)); }
  console.log(rt, "gc", process.argv[3], (performance.now() - t).toFixed(0), "ms");
} else if (what === "limit") {
  const a = empty(300_000); for (let i = 0; i < a.length; i++) a[i] = Math.random();
  const o = argsort(a, { np: Number(process.argv[3]) });
  let bad = 0; for (let i = 1; i < o.length; i++) if (!(a[o[i - 1]!]! <= a[o[i]!]!)) bad++;
  const { sortKernels } = await import("/tmp/wasm/src/sort/kernels.ts"); const memoryWindow = () => sortKernels()?.window;
  console.log(rt, "limit ok", bad === 0, "window", memoryWindow() !== undefined);
} else if (what === "rehearse") {
  const { sortKernels } = await import("/tmp/wasm/src/sort/kernels.ts"); const { rehearse } = await import("/tmp/wasm/src/sort/rehearsal.ts");
  let t = performance.now(); const k = sortKernels()!; const i = performance.now() - t; const r: string[] = [];
  for (const type of ["F8", "I8", "F4", "I4"] as const) { t = performance.now(); rehearse(k, type); r.push(type + " " + (performance.now() - t).toFixed(1)); }
  console.log(rt, "instantiate", i.toFixed(2), "rehearse ms", r.join(" "));
} else if (what === "coldfork") {
  // first call of the process with two processes, 30 processes
  const a = empty(3_000_000); for (let i = 0; i < a.length; i++) a[i] = Math.random();
  const t = performance.now(); argsort(a, { np: 2 }); console.log(rt, "coldfork", (performance.now() - t).toFixed(1));
}
