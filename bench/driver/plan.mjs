import { join } from "node:path";
import { BENCH } from "./machine.mjs";

const MEBI = 1024 * 1024;

// Where each pool works at all: tinypool never answers in Deno, workerpool in Bun, multithreading in Node 20.
const JS_POOLS = [
  ["piscina", ["node", "bun", "deno"]],
  ["piscina-tuned", ["node", "bun", "deno"]],
  ["tinypool", ["node", "bun"]],
  ["workerpool", ["node", "deno"]],
  ["poolifier", ["node", "bun", "deno"]],
  ["multithreading", ["bun", "deno"]],
  ["by-hand", ["node", "bun", "deno"]],
];

/**
 * Every process of one run: `{ name, who, command, rounds, timeoutMs, memory }`. `name` is the case, `who` the
 * competitor; `memory` asks that the host has given the pages of 1.5 GiB just before.
 */
export function plan({ quick, rounds, tools }) {
  const tasks = [];
  const pick = (full, short) => quick ? short : full;

  function ours(name, file, args, options = {}) {
    for (const runtime of ["bun", "deno"]) {
      if (tools[runtime] === undefined) continue;
      add(name, `sharedmem/${runtime}`, [...run(runtime), join(BENCH, "cases", file), ...args], options);
    }
  }
  function run(runtime) {
    return runtime === "deno" ? [tools.deno, "run", "-A"] : [tools[runtime]];
  }
  function python(name, who, file, args, options = {}) {
    if (tools.python === undefined || (options.numpy && !tools.numpy)) return;
    add(name, who, [tools.python, join(BENCH, "peers", file), ...args], options);
  }
  /** The places of names in the lists of `cases/argsort.ts`. */
  function sorts(name, what, types, kinds, lengths) {
    for (const n of lengths) {
      // calls of some seconds in all
      const calls = Math.max(2, Math.min(20, Math.round(3e7 / n)));
      for (const type of types) {
        for (const kind of kinds) {
          const title = `${name}-${type}-${kind}-${n}`;
          const typeAt = ["f8", "f4", "i4", "i8", "u1"].indexOf(type);
          const kindAt = ["random", "sorted", "reversed", "few", "nan"].indexOf(kind);
          const args = [what, typeAt, n, kindAt, calls];
          ours(title, "argsort.ts", args, { memory: n >= 1e8 });
          python(title, "numpy", "numpy_argsort.py", args, { numpy: true, memory: n >= 1e8 });
          if (type !== "f8" || kind !== "random") continue;
          if (what === 0 && tools.argsort !== undefined) {
            add(title, "C, partition and LSD", [tools.argsort, n, 2, calls], { memory: n >= 1e8 });
          }
          if (n > 1e7) continue;
          for (const runtime of ["bun", "deno"].filter((runtime) => tools[runtime] !== undefined)) {
            const command = [...run(runtime), join(BENCH, "peers/js_sort.mjs"), what, n, n > 1e6 ? 0 : 2];
            add(title, `${what === 0 ? "comparator" : "Float64Array.sort"}/${runtime}`, command, {
              rounds: 1,
            });
          }
        }
      }
    }
  }
  function pools(name, what, n) {
    if (!tools.peers) return;
    for (const [pool, runtimes] of JS_POOLS) {
      // Its destroy() never resolves in Deno after so short a life.
      const skip = what === "start" && pool === "poolifier" ? "deno" : "";
      for (const runtime of runtimes.filter((runtime) => runtime !== skip && tools[runtime] !== undefined)) {
        const command = [...run(runtime), join(BENCH, "peers/js_pool.mjs"), pool, what, n];
        add(name, `${pool}/${runtime}`, command, {
          rounds: what === "start" ? 1 : 2,
          timeoutMs: pick(45_000, 20_000),
        });
      }
    }
  }
  function add(name, who, command, options) {
    const limit = options.rounds ?? rounds;
    tasks.push({
      timeoutMs: 120_000,
      memory: false,
      name,
      who,
      ...options,
      rounds: Math.min(limit, rounds),
      command: command.map(String),
    });
  }

  ours("dispatch", "dispatch.ts", [1_000_000, pick(10, 4)]);
  python("dispatch", "multiprocessing", "mp_pool.py", ["dispatch", 1_000_000, 3]);
  python("dispatch", "multiprocessing, chunksize 1", "mp_pool.py", ["chunksize1", pick(1_000_000, 100_000)], {
    rounds: pick(2, 1),
  });
  pools("dispatch", "dispatch", pick(30_000, 10_000));
  ours("small", "dispatch.ts", [10_000, pick(100, 30)]);
  python("small", "multiprocessing", "mp_pool.py", ["dispatch", 10_000, 10]);
  ours("start", "start.ts", [pick(800, 300)]);
  python("start", "multiprocessing", "mp_pool.py", ["start", pick(30, 10)]);
  pools("start", "start", pick(10, 5));
  ours("objects", "objects.ts", [100_000, pick(10, 4)]);
  python("objects", "multiprocessing", "mp_pool.py", ["objects", 100_000, 3]);
  pools("objects", "objects", pick(30_000, 10_000));
  for (const np of [1, 2]) {
    ours(`critical-${np}`, "critical.ts", [np, pick(500, 300)]);
    python(`critical-${np}`, "multiprocessing.Lock", "mp_lock.py", [np, pick(500, 300)]);
    if (tools.lock !== undefined) {
      add(`critical-${np}`, "C, CAS and exchange", [tools.lock, np, pick(500, 300)], {});
    }
  }
  ours("ordered", "ordered.ts", [pick(1_000_000, 200_000)]);
  python("ordered", "multiprocessing.Condition", "mp_ordered.py", [pick(20_000, 5_000)]);
  ours("compute", "compute.ts", [64, pick(4_000_000, 2_000_000), pick(3, 1)]);
  const elements = 128 * MEBI;
  for (const np of [0, 2]) {
    ours(`integral-${np}`, "integral.ts", [np, pick(4, 2), elements], { memory: true });
  }
  python("integral-peers", "numpy", "numpy_integral.py", [pick(3, 1), elements], {
    memory: true,
    numpy: true,
  });
  if (tools.faults !== undefined) {
    add("integral-peers", "page faults", [tools.faults, 8 * elements], { memory: true });
  }
  sorts("argsort", 0, ["f8", "f4", "i4", "i8", "u1"], ["random"], pick([1e5, 1e6, 1e7, 1e8], [1e5, 1e6]));
  sorts("argsort", 0, ["f8"], ["sorted", "reversed", "few", "nan"], pick([1e7], [1e6]));
  sorts("sort", 1, ["f8", "i4"], ["random"], pick([1e6, 1e7], [1e6]));
  ours("latency", "latency.ts", [pick(200, 40)], { rounds: pick(2, 1) });
  ours("waiting", "waiting.ts", [pick(2000, 1000)], { rounds: pick(2, 1) });
  ours("memory", "memory.ts", [pick(1000, 200), pick(1000, 200)], { rounds: 1 });
  ours("storm", "fork_storm.ts", [pick(20_000, 400)], { rounds: 1, timeoutMs: 600_000 });
  return tasks;
}
