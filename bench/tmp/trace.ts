import { argsort, empty } from "../../mod.ts";
import process from "node:process";
import { c } from "../../ffi/libc.ts";
import { KernelIndices, KernelPartition } from "../../src/sort/kernel_loops.ts";
import { TypedIndices, TypedPartition } from "../../src/sort/typed_loops.ts";
import { MemoryWindow } from "../../src/memory/window.ts";
import { CrewMember } from "../../src/algorithms/crew.ts";
import { sortTuning } from "../../src/sort/limits.ts";
import * as seg from "../../src/memory/segment.ts";
if (process.env["SM_KERNELS"] === "never") sortTuning.leastForKernels = Infinity;
const n = Number(process.argv[2] ?? 1e7),
  calls = Number(process.argv[3] ?? 8),
  np = Number(process.argv[4] ?? 2);
const a = empty(n);
let state = 2463534242;
function word(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}
for (let i = 0; i < n; i++) a[i] = (word() + word() / 2 ** 32) / 2 ** 32;
const names = ["map", "claim0", "range", "count", "prepare", "scatter", "sortBucket", "barrier", "clear"];
const log = empty([2, names.length, 3]).data; // first start, last end, sum
const master = c.getpid();
const wrap = (proto: any, key: string, name = key) => {
  const f = proto[key];
  if (f === undefined) return;
  const at = names.indexOf(name);
  proto[key] = function (...args: any[]) {
    const s = performance.now();
    const r = f.apply(this, args);
    const e = performance.now();
    const row = ((c.getpid() === master ? 0 : 1) * names.length + at) * 3;
    if (log[row] === 0) log[row] = s;
    log[row + 1] = e;
    log[row + 2] += e - s;
    return r;
  };
};
import * as Rh from "../../src/sort/with_loops.ts"; void Rh;
wrap(MemoryWindow.prototype, "map");
wrap(MemoryWindow.prototype, "clear");
for (const P of [KernelPartition, TypedPartition]) {
  wrap(P.prototype, "range");
  wrap(P.prototype, "count");
  wrap(P.prototype, "prepare");
}
for (const P of [KernelIndices, TypedIndices]) {
  wrap(P.prototype, "scatter");
  wrap(P.prototype, "sortBucket");
  if (P === TypedIndices) wrap(P.prototype, "prepare");
}
wrap(CrewMember.prototype, "barrier");
wrap(CrewMember.prototype, "claim", "claim0");
for (let k = 0; k < calls; k++) {
  log.fill(0);
  const s = performance.now();
  argsort(a, { np });
  const e = performance.now();
  if (k < calls - 2 && k > 0) continue;
  console.log(
    process.versions.bun ? "bun" : "deno",
    process.env["SM_KERNELS"] ?? "auto",
    "call",
    k,
    "total",
    (e - s).toFixed(2),
  );
  for (const rank of np > 1 ? [0, 1] : [0]) {
    console.log(
      "  rank",
      rank,
      names.map((name, at) => {
        const r = (rank * names.length + at) * 3;
        return log[r] === 0
          ? ""
          : `${name} ${(log[r]! - s).toFixed(2)}..${(log[r + 1]! - s).toFixed(2)} (${
            log[r + 2]!.toFixed(2)
          })`;
      }).filter(Boolean).join(" | "),
    );
  }
}
