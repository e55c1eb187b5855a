// node|bun|deno js_pool.mjs POOL dispatch|objects|start N: one pool, one job, results checked, one line of figures.
import assert from "node:assert/strict";
import process from "node:process";
import { pools } from "./pools.mjs";
import { object, one } from "./tasks.mjs";

const [name, what, size] = process.argv.slice(2);
const n = Number(size);
const PER_MESSAGE = 1000;
const create = pools[name];
assert.ok(create, `no pool ${name}`);

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function singles(pool, task, n) {
  const promises = new Array(n);
  for (let i = 0; i < n; i++) promises[i] = pool.run(task, i);
  return Promise.all(promises);
}

async function batched(pool, task, n) {
  const promises = [];
  for (let i = 0; i < n; i += PER_MESSAGE) promises.push(pool.run(task, [i, Math.min(i + PER_MESSAGE, n)]));
  return (await Promise.all(promises)).flat();
}

async function timed(body, check) {
  const start = performance.now();
  const results = await body();
  const ms = performance.now() - start;
  check(results);
  return ms;
}

function checkNumbers(results) {
  results.forEach((value, i) => value === one(i) || assert.fail(`result ${i} is ${value}`));
}

function checkObjects(results) {
  for (const i of [0, 1, results.length - 1]) assert.deepEqual(results[i], object(i));
  results.forEach((value, i) => value.i === i || assert.fail(`result ${i} is ${JSON.stringify(value)}`));
}

async function burst(single, batch, check, batchedN) {
  const start = performance.now();
  const pool = await create(2);
  await pool.prepare?.();
  const results = await singles(pool, single, n);
  const allInMs = performance.now() - start;
  check(results);
  assert.equal(results.length, n);
  const warmMs = await timed(() => singles(pool, single, n), check);
  const batches = [];
  for (let k = 0; k < 4; k++) batches.push(await timed(() => batched(pool, batch, batchedN), check));
  await pool.close();
  const batchedMs = median(batches.slice(1));
  return {
    n,
    allInPerSecond: n / allInMs * 1000,
    perSecond: n / Math.min(warmMs, allInMs) * 1000,
    batchedN,
    batchedMs,
    batchedPerSecond: batchedN / batchedMs * 1000,
  };
}

async function starts() {
  await import(name === "by-hand" ? "node:worker_threads" : name.replace("-tuned", ""));
  const times = [];
  for (let k = 0; k < n; k++) {
    times.push(
      await timed(async () => {
        const pool = await create(2);
        const results = await Promise.all([pool.run("one", 1), pool.run("one", 2)]);
        await pool.close();
        return results;
      }, (results) => assert.deepEqual(results, [3, 5])),
    );
  }
  return { coldMs: times[0], warmMs: median(times), warmMinMs: Math.min(...times) };
}

// Deno ends a program whose pool has dropped its handles while a promise still waits.
setInterval(() => {}, 1000);

let figures;
if (what === "dispatch") figures = await burst("one", "batch", checkNumbers, 1_000_000);
else if (what === "objects") figures = await burst("object", "objects", checkObjects, 100_000);
else if (what === "start") figures = await starts();
else assert.fail(`nothing called ${what}`);
console.log("BENCH " + JSON.stringify(figures));
process.exit(0);
