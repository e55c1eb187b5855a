import { GIBI } from "./task_list.mjs";

/** The element types and kinds of data that `cases/argsort.ts` and its peers know, in their order. */
export const TYPES = ["f8", "f4", "i4", "i8", "u1"];
export const DATA = ["random", "sorted", "reversed", "few", "nan"];

/** Some processors do NumPy's AVX-512 sort slower than its AVX2 one, e.g. AMD's of family 25. */
const NO_AVX512 = { NPY_DISABLE_CPU_FEATURES: "X86_V4 AVX512_ICL AVX512_SPR AVX512_SKX AVX512F" };
const WARM = { memory: 1.5 * GIBI };
/** Parsers that take a minute for 500 MB, or do not hold so many rows, get a tenth of it. */
const PARSERS = [["udsv", 1], ["split", 1], ["papaparse", 10], ["csv-parse", 10], ["d3-dsv", 10]];

/** Sorting, sums, files and tables of text, each beside its peers. */
export function addArrays(list) {
  const lengths = list.pick([1e5, 1e6, 1e7, 1e8], [1e5, 1e6]);
  for (const type of TYPES) {
    for (const n of lengths) addSort(list, "argsort", type, "random", n);
  }
  for (const data of DATA.slice(1)) addSort(list, "argsort", "f8", data, list.pick(1e7, 1e6));
  for (const type of ["f8", "i4"]) {
    for (const n of list.pick([1e6, 1e7], [1e6])) addSort(list, "sort", type, "random", n);
  }
  for (const bytes of [8, 4]) {
    list.ours(`argsort_memory-f${bytes}`, "argsort_memory.ts", [list.pick(1e7, 3e6), bytes]);
  }
  addReduce(list);
  addFromFile(list);
  for (const kind of ["long", "short"]) addLoadtxt(list, kind);
}

/** The name of the case in `results.json`. */
export function sortCase(what, type, data, n) {
  return `${what}-${type}-${data}-${n}`;
}

function addSort(list, what, type, data, n) {
  const name = sortCase(what, type, data, n);
  const args = [what === "argsort" ? 0 : 1, TYPES.indexOf(type), n, DATA.indexOf(data)];
  const calls = Math.max(2, Math.min(20, Math.round(5e7 / n)));
  const memory = n < 1e7 ? 0 : n < 1e8 ? 1.5 * GIBI : 3 * GIBI;
  const main = type === "f8" && data === "random";
  const rounds = data !== "random" ? 2 : n < 1e8 ? undefined : main ? 2 : 1;
  list.ours(name, "argsort.ts", [...args, calls], { memory, rounds, timeoutMs: 240_000 });
  const theirs = {
    memory,
    rounds: main && n < 1e7 ? undefined : n < 1e8 && data === "random" ? 2 : 1,
    timeoutMs: 240_000,
  };
  const [later, stable] = numpyCalls(type, n);
  list.numpy(name, "numpy_argsort.py", [...args, later, stable], theirs);
  // it has none of either kind for bytes
  if (type !== "u1") {
    list.numpy(name, "numpy_argsort.py", [...args, later, -1], {
      ...theirs,
      who: "numpy without AVX-512",
      env: NO_AVX512,
    });
  }
  if (main) addSortPeers(list, name, what, args, n, memory);
}

/** Later calls of NumPy's default, and of its stable sort (-1: not even a first one): it takes 40 s for 1e8 doubles. */
function numpyCalls(type, n) {
  if (n < 1e7) return [9, 3];
  if (n < 1e8) return type === "f8" ? [3, 1] : [1, 0];
  return [0, type === "f8" || type === "u1" ? 0 : -1];
}

function addSortPeers(list, name, what, args, n, memory) {
  if (what === "argsort") {
    const calls = Math.max(2, Math.min(10, Math.round(3e7 / n)));
    const rounds = n < 1e8 ? undefined : 2;
    list.compiled(name, "C, partition + radix, 2 threads", "argsort", [n, 2, calls, 0], { memory, rounds });
    list.compiled(name, "C, LSD radix", "argsort", [n, 1, calls, 1], { memory, rounds: n < 1e8 ? 2 : 1 });
  }
  if (n > 1e7) return;
  const once = { memory, rounds: 1 };
  if (list.tools.oldPython !== undefined) {
    list.python(name, "numpy of Debian", "numpy_argsort.py", [...args, n < 1e7 ? 10 : 1, n < 1e7 ? 5 : 0], {
      ...once,
      interpreter: list.tools.oldPython,
    });
  }
  const calls = n < 1e7 ? 3 : 0;
  if (what === "sort") {
    for (const runtime of ["bun", "deno"]) {
      list.javascript(name, "Float64Array.sort", runtime, "js_sort.mjs", ["sort", n, 2], {
        memory,
        rounds: 2,
      });
    }
    return;
  }
  list.compiled(name, "C++, std::sort of indices", "argsort_std", [n, calls], once);
  const peers = list.tools.peers ? ["comparator", "numpy-ts", "nodejs-polars"] : ["comparator"];
  for (const peer of peers) {
    for (const runtime of ["bun", "deno"]) {
      list.javascript(name, peer, runtime, "js_sort.mjs", [peer, n, calls], once);
    }
  }
}

function addReduce(list) {
  const elements = list.pick(2 ** 27, 2 ** 22);
  const calls = list.pick(15, 5);
  list.ours("reduce", "reduce.ts", [calls, elements, 2], WARM);
  list.numpy("reduce", "numpy_reduce.py", [list.pick(7, 3), elements], WARM);
  for (const threads of [1, 2]) {
    const who = threads === 1 ? "C, reads, 1 thread" : `C, reads, ${threads} threads`;
    list.compiled("reduce", who, "read_bandwidth", [calls, 8 * elements, threads], WARM);
  }
}

function addFromFile(list) {
  const elements = list.pick(2 ** 27, 2 ** 22);
  const options = { ...WARM, input: [0, elements] };
  list.ours("from_file", "from_file.ts", [5, elements], options);
  list.numpy("from_file", "numpy_from_file.py", [list.pick(5, 3), elements], options);
}

function addLoadtxt(list, kind) {
  const bytes = list.full ? 5e8 : list.pick(1e8, 5e6);
  const kindAt = kind === "long" ? 0 : 1;
  const name = `loadtxt-${kind}`;
  const options = (size) => ({ memory: 1.5 * GIBI, input: [1 + kindAt, size], timeoutMs: 300_000 });
  list.ours(name, "loadtxt.ts", [3, bytes, kindAt], options(bytes));
  list.numpy(name, "numpy_loadtxt.py", [1, bytes, kindAt], { ...options(bytes), rounds: 1 });
  for (const [who, part] of PARSERS) {
    if (who !== "split" && !list.tools.peers) continue;
    const size = list.pick(bytes / part, bytes);
    for (const runtime of ["bun", "deno"]) {
      list.javascript(name, who, runtime, "js_csv.mjs", [who, 1, size, kindAt], {
        ...options(size),
        rounds: 1,
      });
    }
  }
}
