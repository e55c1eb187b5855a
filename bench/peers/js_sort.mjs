// What users write or install today: js_sort.mjs WHO N CALLS; WHO: comparator, numpy-ts and nodejs-polars give the
// indices that sort random doubles, sort sorts them with Float64Array.sort. ns per element.
import process from "node:process";

const [who, ...sizes] = process.argv.slice(2);
const [n, calls] = sizes.map(Number);
let state = 2463534242;
function word() {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}
const input = Float64Array.from({ length: n }, () => (word() + word() / 2 ** 32) / 2 ** 32);

/** Each gives what is called, and what reads the `i`th index of its result. */
const sorters = {
  comparator: () => ({
    sort: (a) => Uint32Array.from({ length: n }, (_, i) => i).sort((i, j) => a[i] - a[j]),
    at: (order, i) => order[i],
  }),
  async "numpy-ts"() {
    const { argsort, asarray, configureWasm } = await import("numpy-ts");
    // the 256 MiB it starts with do not do for 1e7
    configureWasm({ maxMemory: 2 ** 30 });
    return { prepare: asarray, sort: argsort, at: (order, i) => Number(order.data[i]) };
  },
  async "nodejs-polars"() {
    const { default: polars } = await import("nodejs-polars");
    let indices;
    return {
      prepare: (a) => polars.Series("a", a),
      sort: (series) => series.argSort(),
      at: (order, i) => (indices ??= order.toArray())[i],
    };
  },
  sort: () => ({ sort: (a) => a.sort() }),
};

const { prepare = (a) => a, sort, at } = await sorters[who]();
const times = [];
for (let call = 0; call <= calls; call++) {
  const a = prepare(input.slice());
  const start = performance.now();
  const order = sort(a);
  times.push((performance.now() - start) * 1e6 / n);
  const step = Math.max(1, Math.floor(n / 1e6));
  for (let i = step; call === 0 && i < n; i += step) {
    const [x, y] = at === undefined
      ? [order[i - 1], order[i]]
      : [input[at(order, i - 1)], input[at(order, i)]];
    if (!(x <= y)) throw new Error(`${who} did not sort: ${x} before ${y} at ${i}`);
  }
}
const later = times.slice(calls > 0 ? 1 : 0).sort((x, y) => x - y);
console.log(
  "BENCH " + JSON.stringify({
    coldNs: times[0],
    ...(calls > 0 ? { medianNs: later[later.length >> 1] } : {}),
    minNs: later[0],
  }),
);
