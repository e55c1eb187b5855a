// does a forked child with cold wasm hang? uses package crew
import { runCrew } from "/tmp/wasm/src/algorithms/crew.ts";
import "/tmp/wasm/src/process/engine_setup.ts";
import fs from "node:fs";
import process from "node:process";
const mode = process.argv[2];
const mod = new WebAssembly.Module(fs.readFileSync("/tmp/wasm/tests/tmp/sort.wasm"));
let t0 = performance.now();
const memory = new WebAssembly.Memory({ initial: 65536, maximum: 65536 });
console.log("memory ms", performance.now() - t0);
t0 = performance.now();
const ex = new WebAssembly.Instance(mod, { env: { memory } }).exports as any;
console.log("instance ms", performance.now() - t0, Object.keys(ex).length);
const N = 1 << 16;
const run = (tag: string, reps: number) => {
  const t: number[] = [];
  for (let k = 0; k < reps; k++) { const s = performance.now(); ex.rangeF8(1 << 20, 0, N, 0, 65536); t.push((performance.now() - s) * 1e6 / N); }
  console.log(tag, t.slice(0, 6).map((x) => x.toFixed(2)).join(" "), "...", t.slice(-4).map((x) => x.toFixed(2)).join(" "), "sum ms", (t.reduce((a, b) => a + b) * N / 1e6).toFixed(2));
};
const x = new Float64Array(memory.buffer, 1 << 20, N); for (let i = 0; i < N; i++) x[i] = Math.random();
if (mode !== "cold") run("parent", mode === "luke" ? 3 : 200);
for (const t of fs.readdirSync("/proc/self/task")) console.log("thread", fs.readFileSync(`/proc/self/task/${t}/comm`, "utf8").trim());
const ok = runCrew(2, (m) => { if (m.rank === 1) run("child", 8000); m.barrier(); });
console.log("ok", ok);
run("parent after", 100);
