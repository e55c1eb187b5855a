import { GIBI } from "./task_list.mjs";

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

/** Jobs, sections, shared arrays under `map`, and what becomes of it all after a fault or a long time. */
export function addWorkers(list) {
  addJobs(list);
  addSections(list);
  addIntegral(list);
  list.ours("latency", "latency.ts", [list.pick(200, 40)], { rounds: list.pick(2, 1) });
  list.ours("waiting", "waiting.ts", [list.pick(2000, 1000)], { rounds: list.pick(2, 1) });
  list.ours("memory", "memory.ts", [list.pick(1000, 200), list.pick(1000, 200)], { rounds: 1 });
  list.ours("storm", "fork_storm.ts", [list.pick(20_000, 400)], { rounds: 1, timeoutMs: 600_000 });
}

function addJobs(list) {
  const pick = list.pick.bind(list);
  list.ours("dispatch", "dispatch.ts", [1_000_000, pick(10, 4)]);
  list.python("dispatch", "multiprocessing", "mp_pool.py", ["dispatch", 1_000_000, 3]);
  list.python("dispatch", "multiprocessing, chunksize 1", "mp_pool.py", [
    "chunksize1",
    pick(1_000_000, 100_000),
  ], { rounds: pick(2, 1) });
  addPools(list, "dispatch", "dispatch", pick(30_000, 10_000));
  list.ours("small", "dispatch.ts", [10_000, pick(100, 30)]);
  list.python("small", "multiprocessing", "mp_pool.py", ["dispatch", 10_000, 10]);
  list.ours("start", "start.ts", [pick(800, 300)]);
  list.python("start", "multiprocessing", "mp_pool.py", ["start", pick(30, 10)]);
  addPools(list, "start", "start", pick(10, 5));
  list.ours("objects", "objects.ts", [100_000, pick(10, 4)]);
  list.python("objects", "multiprocessing", "mp_pool.py", ["objects", 100_000, 3]);
  addPools(list, "objects", "objects", pick(30_000, 10_000));
  list.ours("compute", "compute.ts", [64, pick(4_000_000, 2_000_000), pick(3, 1)]);
}

function addPools(list, name, what, n) {
  if (!list.tools.peers) return;
  for (const [pool, runtimes] of JS_POOLS) {
    // Its destroy() never resolves in Deno after so short a life.
    const skip = what === "start" && pool === "poolifier" ? "deno" : "";
    for (const runtime of runtimes.filter((runtime) => runtime !== skip)) {
      list.javascript(name, pool, runtime, "js_pool.mjs", [pool, what, n], {
        rounds: what === "start" ? 1 : 2,
        timeoutMs: list.pick(45_000, 20_000),
      });
    }
  }
}

function addSections(list) {
  const milliseconds = list.pick(500, 300);
  for (const np of [1, 2]) {
    list.ours(`critical-${np}`, "critical.ts", [np, milliseconds]);
    list.python(`critical-${np}`, "multiprocessing.Lock", "mp_lock.py", [np, milliseconds]);
    list.compiled(`critical-${np}`, "C, CAS and exchange", "lock", [np, milliseconds]);
  }
  list.ours("ordered", "ordered.ts", [list.pick(1_000_000, 200_000)]);
  list.python("ordered", "multiprocessing.Condition", "mp_ordered.py", [list.pick(20_000, 5_000)]);
}

function addIntegral(list) {
  const elements = 2 ** 27;
  const options = { memory: 1.5 * GIBI };
  for (const np of [0, 2]) {
    list.ours(`integral-${np}`, "integral.ts", [np, list.pick(4, 2), elements], options);
  }
  list.numpy("integral-peers", "numpy_integral.py", [list.pick(3, 1), elements], options);
  list.compiled("integral-peers", "page faults", "faults", [8 * elements], options);
}
