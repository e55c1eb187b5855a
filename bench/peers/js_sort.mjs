// What users write today: js_sort.mjs WHAT N CALLS. 0: Uint32Array.sort with a comparator, 1: Float64Array.sort.
import process from "node:process";

const [what, n, calls] = process.argv.slice(2).map(Number);
let state = 2463534242;
function word() {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}
const input = Float64Array.from({ length: n }, () => (word() + word() / 2 ** 32) / 2 ** 32);
const times = [];
for (let call = 0; call <= calls; call++) {
  const a = input.slice();
  const start = performance.now();
  if (what === 0) Uint32Array.from({ length: n }, (_, i) => i).sort((i, j) => a[i] - a[j]);
  else a.sort();
  times.push((performance.now() - start) * 1e6 / n);
}
const later = times.slice(calls > 0 ? 1 : 0).sort((x, y) => x - y);
console.log(
  "BENCH " + JSON.stringify({
    coldNs: times[0],
    medianNs: later[later.length >> 1],
    minNs: later[0],
  }),
);
