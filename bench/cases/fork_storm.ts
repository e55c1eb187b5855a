/**
 * Children forked from a master that never rests: timers, an HTTP server that answers its own clients, allocation,
 * freshly compiled code. Every child allocates, compiles and answers; none may hang, none may be lost.
 * Arguments: children, workers a map.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import process from "node:process";
import type { AddressInfo } from "node:net";
import { MapReduce, range } from "../../mod.ts";
import { argument, quantile, report } from "./_bench.ts";

const children = argument(0, 20_000);
const np = argument(1, 8);
const DEADLINE_MS = 20_000;

let stopped = false;
const work = { requests: 0, failedRequests: 0, ticks: 0, compiled: 0 };

async function startServer(): Promise<Server> {
  const server = createServer((request, response) => {
    response.end(JSON.stringify({ path: request.url, pad: "x".repeat(500) }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

async function client(port: number): Promise<void> {
  while (!stopped) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/${work.requests}`);
      const { pad } = await answer.json() as { pad: string };
      if (pad.length !== 500) work.failedRequests++;
    } catch {
      work.failedRequests++;
    }
    work.requests++;
  }
}

const kept: unknown[] = [];
function allocate(): void {
  work.ticks++;
  kept[work.ticks % 50] = Array.from({ length: 2000 }, (_, k) => ({ k, text: "t" + k }));
}

function compile(): void {
  const f = new Function(
    "x",
    `let s = ${work.compiled}; for (let k = 0; k < 2000; k++) s += x ^ k; return s`,
  ) as (
    x: number,
  ) => number;
  for (let k = 0; k < 20; k++) f(k);
  work.compiled++;
}

function job(i: number): number {
  const objects = Array.from({ length: 5000 }, (_, k) => ({ k, text: "c" + k }));
  const f = new Function("x", `let s = 0; for (let k = 0; k < 1000; k++) s += k; return s + x`) as (
    x: number,
  ) => number;
  return f(i) + objects.length;
}

const server = await startServer();
const { port } = server.address() as AddressInfo;
const clients = Array.from({ length: 4 }, () => client(port));
const timers = [setInterval(allocate, 1), setInterval(compile, 2), setInterval(() => work.ticks++, 0)];

using pool = new MapReduce({ np });
const mapMs: number[] = [];
let hung = 0;
let lost = 0;
const reasons = new Set<string>();
const start = performance.now();
for (let from = 0; from < children; from += np) {
  const batch = range(from, Math.min(from + np, children), 1);
  const before = performance.now();
  // One chunk a worker, hence one child an item.
  const outcomes = await pool.map(job, batch, {
    schedule: "static",
    chunkSize: 1,
    jobTimeout: DEADLINE_MS,
    onError: "settle",
  });
  const elapsed = performance.now() - before;
  mapMs.push(elapsed);
  outcomes.forEach((outcome, k) => {
    if (outcome.status === "fulfilled" && outcome.value === 499_500 + 5000 + from + k) return;
    if (elapsed >= DEADLINE_MS) hung++;
    else lost++;
    reasons.add(outcome.status === "rejected" ? String(outcome.reason) : `wrong value ${outcome.value}`);
  });
  assert.equal(outcomes.length, Math.min(np, children - from));
}
const ms = performance.now() - start;
stopped = true;
timers.forEach((timer) => clearInterval(timer));
await Promise.all(clients);
server.close();

for (const reason of reasons) console.error(reason);
report({
  children,
  hung,
  lost,
  perSecond: children / ms * 1000,
  msPerChild: ms / children,
  slowestMapMs: Math.max(...mapMs),
  p99MapMs: quantile(mapMs, 0.99),
  requests: work.requests,
  failedRequests: work.failedRequests,
  ticks: work.ticks,
  compiled: work.compiled,
});
process.exitCode = hung + lost + work.failedRequests > 0 ? 1 : 0;
