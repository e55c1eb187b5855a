import { bucketsOf, cursorsOf } from "/tmp/wasm/src/sort/buckets.ts";
import { bucketsOf as b0, cursorsOf as c0 } from "/work/main/src/sort/buckets.ts";
const parts = 8, stride = 65536 + 16, rows = new Int32Array(parts * stride);
for (let i = 0; i < rows.length; i++) rows[i] = 19 + (i % 5) - 2;
for (let p = 0; p < parts; p++) rows[p * stride + 65536] = 0;
const window = { base: 0, top: 0, cellShift: 15, cells: 65000, nanCell: 65536, rest: 31 } as any;
const t: string[] = [], u: string[] = [];
for (let k = 0; k < 12; k++) {
  let s = performance.now(); let b = bucketsOf(window, rows, parts, stride, 32768); let m = performance.now(); cursorsOf(b, window, rows, parts, stride); t.push((m - s).toFixed(2) + "+" + (performance.now() - m).toFixed(2));
  s = performance.now(); b = b0(window, rows, parts, stride, 32768); m = performance.now(); c0(b, window, rows, parts, stride); u.push((m - s).toFixed(2) + "+" + (performance.now() - m).toFixed(2));
}
console.log("new", t.join(" ")); console.log("old", u.join(" "));
