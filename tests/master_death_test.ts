import assert from "node:assert/strict";
import { runScript, test } from "./harness.ts";
import { busyMs, isRunning } from "./support.ts";

/** A program whose workers spin; it prints their process ids, then `end` runs in it. */
function programWithWorkers(end: string, start = "pool.map(job, [0, 1, 2], { chunkSize: 1 })"): string {
  return `
    import { background, empty, MapReduce } from "@sharedmem/sharedmem";
    import { readlinkSync, writeSync } from "node:fs";
    import process from "node:process";
    const pool = new MapReduce({ np: 3 });
    const pids = empty(3, "i4");
    const job = (i) => {
      Atomics.store(pids, i, Number(readlinkSync("/proc/self")));
      const end = performance.now() + 20_000;
      while (performance.now() < end);
    };
    const map = ${start};
    map.catch(() => {});
    while (pids.some((pid) => pid === 0)) await new Promise((resolve) => setTimeout(resolve, 1));
    writeSync(1, pids.join(" ") + "\\n");
    ${end}
  `;
}

const ends: [string, string][] = [
  ["is killed", `process.kill(process.pid, "SIGKILL");`],
  ["is terminated", `process.kill(process.pid, "SIGTERM");`],
  ["is interrupted", `process.kill(process.pid, "SIGINT");`],
  ["crashes", `process.abort();`],
  ["exits", `process.exit(3);`],
  ["throws", `setTimeout(() => { throw new Error("uncaught"); });`],
];
for (const [how, end] of ends) {
  test(`no worker outlives a master that ${how}`, async () => {
    const { stdout, status } = await runScript(programWithWorkers(end), { timeoutMs: 15_000 });
    const pids = stdout.trim().split(" ").map(Number);
    assert.equal(pids.length, 3);
    assert.ok(pids.every((pid) => pid > 1));
    const deadline = performance.now() + 1000;
    while (pids.some(isRunning) && performance.now() < deadline) busyMs(1);
    assert.deepEqual(pids.filter(isRunning), [], "still running after a second");
    assert.notEqual(status, 0);
  });
}

test("no grandchild, and no background child, outlives a master that is killed", async () => {
  const nested = "pool.map(() => new MapReduce({ np: 3 }).mapSync(job, [0, 1, 2], { chunkSize: 1 }), [0])";
  const alone = "background(() => { job(0); }), rest = pool.map(job, [1, 2])";
  for (const start of [nested, alone]) {
    const script = programWithWorkers(`process.kill(process.pid, "SIGKILL");`, start);
    const { stdout } = await runScript(script, { timeoutMs: 15_000 });
    const pids = stdout.trim().split(" ").map(Number);
    assert.equal(pids.filter((pid) => pid > 1).length, 3);
    const deadline = performance.now() + 1000;
    while (pids.some(isRunning) && performance.now() < deadline) busyMs(1);
    assert.deepEqual(pids.filter(isRunning), []);
  }
});
