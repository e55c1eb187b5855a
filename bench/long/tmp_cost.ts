import { MapReduce, range } from "../../mod.ts";
const pool = new MapReduce({ np: 2 });
const one = new MapReduce({ np: 1 });
for (const [name, p, n] of [["np2 2", pool, 2], ["np2 100", pool, 100], ["np1 2", one, 2]] as const) {
  for (let k = 0; k < 100; k++) await p.map((i) => i, range(n));
  const t = performance.now();
  for (let k = 0; k < 200; k++) await p.map((i) => i, range(n));
  console.log(name, (performance.now() - t) / 200);
}
let t = performance.now();
let s = 0;
const r = await pool.map((i) => 2 * i, range(10_000_000));
console.log("1e7", performance.now() - t, r.length);
t = performance.now();
const o = await pool.map((i) => ({ i, s: "x" + i, v: [i, i + 1] }), range(1_000_000), { reduce: (v) => { s += v.i; return 0; } });
console.log("1e6 obj", performance.now() - t, o.length, s);
