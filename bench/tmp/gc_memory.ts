import process from "node:process";
const m = process.argv[2]!;
const P: Record<string, [number, boolean]> = { n64: [1024, false], s64: [1024, true], n4g: [65536, false], s4g: [65536, true], n1: [1, false], n16: [256, false], s16: [256, true], n128: [2048, false], n256: [4096, false], n512: [8192, false], n1g: [16384, false], n2g: [32768, false] };
const keepM = P[m] ? new WebAssembly.Memory({ initial: P[m]![0], maximum: 65536, shared: P[m]![1] }) : undefined;
const b = keepM?.buffer;
const t = performance.now(); let keep: unknown[] = [];
for (let i = 0; i < 3e6; i++) { keep.push({ i, s: [i] }); if (keep.length > 1e5) keep = []; if (i % 200 === 0) keep.push(new Uint8Array(20000)); }
console.log("gc", m, (performance.now() - t).toFixed(0), "ms", b?.byteLength);
