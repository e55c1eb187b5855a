// One small interface over every JavaScript pool: `run(name, data)` gives a promise, `close()` ends the workers,
// `prepare()` does what a pool needs before a burst.
// Each is set up as its own README advises for two threads.

const url = (file) => new URL(file, import.meta.url);
const path = (file) => url(file).pathname;

async function piscina(np, options = {}) {
  const { Piscina } = await import("piscina");
  const pool = new Piscina({ filename: url("tasks.mjs").href, minThreads: np, maxThreads: np, ...options });
  return { run: (name, data) => pool.run(data, { name }), close: () => pool.destroy() };
}

async function tinypool(np) {
  const { default: Tinypool } = await import("tinypool");
  const pool = new Tinypool({ filename: url("tasks.mjs").href, minThreads: np, maxThreads: np });
  return { run: (name, data) => pool.run(data, { name }), close: () => pool.destroy() };
}

async function workerpool(np) {
  const { default: lib } = await import("workerpool");
  const pool = lib.pool(path("worker_workerpool.mjs"), {
    minWorkers: np,
    maxWorkers: np,
    workerType: "thread",
  });
  return { run: (name, data) => pool.exec(name, [data]), close: () => pool.terminate() };
}

async function poolifier(np) {
  const { FixedThreadPool } = await import("poolifier");
  const pool = new FixedThreadPool(np, path("worker_poolifier.mjs"), {
    errorHandler: (e) => console.error(e),
  });
  return { run: (name, data) => pool.execute(data, name), close: () => pool.destroy() };
}

async function multithreading(np) {
  const { initRuntime, move, shutdown, spawn } = await import("multithreading");
  initRuntime({ maxWorkers: np });
  // Its functions are sent as source: they must be written where they are spawned.
  const spawners = {
    one: (i) => spawn(move(i), (i) => i * 2 + 1),
    batch: (range) =>
      spawn(move(range), ([from, to]) => {
        const results = new Array(to - from);
        for (let i = from; i < to; i++) results[i - from] = i * 2 + 1;
        return results;
      }),
    object: (i) => spawn(move(i), (i) => ({ i, s: "item " + i, v: [i, i + 0.5] })),
    objects: (range) =>
      spawn(move(range), ([from, to]) => {
        const results = new Array(to - from);
        for (let i = from; i < to; i++) results[i - from] = { i, s: "item " + i, v: [i, i + 0.5] };
        return results;
      }),
  };
  async function run(name, data) {
    const outcome = await spawners[name](data).join();
    if (!outcome.ok) throw outcome.error;
    return outcome.value;
  }
  // A cold burst loses tasks in Deno: every function goes to every worker first.
  async function prepare() {
    for (const [name, data] of [["one", 0], ["object", 0], ["batch", [0, 1]], ["objects", [0, 1]]]) {
      for (let k = 0; k < 3; k++) await Promise.allSettled(Array.from({ length: np }, () => run(name, data)));
    }
  }
  return { run, prepare, close: () => shutdown() };
}

async function byHand(np) {
  const { Worker } = await import("node:worker_threads");
  const waiting = new Map();
  const workers = Array.from({ length: np }, () => new Worker(url("worker_by_hand.mjs")));
  for (const worker of workers) {
    worker.on("message", ({ id, value }) => {
      const resolve = waiting.get(id);
      waiting.delete(id);
      resolve(value);
    });
  }
  let next = 0;
  return {
    run: (name, data) =>
      new Promise((resolve) => {
        const id = next++;
        waiting.set(id, resolve);
        workers[id % np].postMessage({ id, name, data });
      }),
    close: () => Promise.all(workers.map((worker) => worker.terminate())),
  };
}

export const pools = {
  "piscina": piscina,
  "piscina-tuned": (np) => piscina(np, { concurrentTasksPerWorker: 64, atomics: "async" }),
  "tinypool": tinypool,
  "workerpool": workerpool,
  "poolifier": poolifier,
  "multithreading": multithreading,
  "by-hand": byHand,
};
