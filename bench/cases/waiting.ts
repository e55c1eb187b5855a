/**
 * What the master burns while it waits for one long job, and whether its event loop goes on. Argument: milliseconds.
 *
 * @module
 */
import assert from "node:assert/strict";
import process from "node:process";
import { MapReduce } from "../../mod.ts";
import { argument, report } from "./_bench.ts";

const jobMs = argument(0, 2000);
const TICK_MS = 100;

using pool = new MapReduce({ np: 1 });
await pool.map((i) => i, [0]);

let ticks = 0;
let lateMs = 0;
let last = performance.now();
const timer = setInterval(() => {
  const now = performance.now();
  lateMs = Math.max(lateMs, now - last - TICK_MS);
  last = now;
  ticks++;
}, TICK_MS);
const cpuBefore = process.cpuUsage();
const start = performance.now();
const results = await pool.map((ms) => {
  const until = performance.now() + ms;
  while (performance.now() < until);
  return ms;
}, [jobMs]);
const wallMs = performance.now() - start;
const { user, system } = process.cpuUsage(cpuBefore);
clearInterval(timer);

assert.deepEqual(results, [jobMs]);
assert.ok(ticks >= jobMs / TICK_MS / 2, `the event loop stood still: ${ticks} ticks`);
const cpuMs = (user + system) / 1000;
report({ wallMs, cpuMs, cpuPercent: 100 * cpuMs / wallMs, ticks, lateMs });
