/** Rows 27–30: what ends a master ends its workers, and nothing else does. */
import assert from "node:assert/strict";
import process from "node:process";
import { runScript } from "../harness.ts";
import { pause } from "../support.ts";
import { Master, program } from "./programs/master_process.ts";
import { fault } from "./rig.ts";

const WORKERS = 8;
const KILL_WITHIN_US = 200;
const KILL_WITHIN_MS = 100;

fault({
  row: 27,
  name: "no worker outlives a master that is killed within 200 µs of a fork",
  rounds: 20,
  soak: 700,
  roundMs: 60_000,
}, async ({ random }) => {
  const fork = 1 + Math.floor(random() * WORKERS);
  using master = new Master("master_forks.ts", [String(fork), String(random() * KILL_WITHIN_US)]);
  const end = await master.ended();
  assert.deepEqual(end, { status: null, signal: "SIGKILL", stdout: "", stderr: "" });
});

const KINDS = ["maps", "map", "mapSync", "nested", "background"];

fault({
  row: 27,
  name: "no worker outlives a master that is killed at any time, with pools in jobs and background tasks too",
  rounds: 2 * KINDS.length,
  soak: 300,
  roundMs: 60_000,
}, async ({ index, random }) => {
  using master = new Master("master_map.ts", [KINDS[index % KINDS.length]!]);
  await master.prints("ready\n");
  await pause(random() * KILL_WITHIN_MS);
  process.kill(master.pid, "SIGKILL");
  const end = await master.ended();
  assert.deepEqual(end, { status: null, signal: "SIGKILL", stdout: "ready\n", stderr: "" });
});

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;
const WAYS = SIGNALS.flatMap((signal) => ["map", "mapSync"].map((kind) => ({ signal, kind })));

fault({
  row: 28,
  name: `${SIGNALS.join(", ")} to the group end a master that maps or blocks in mapSync, without a word`,
  rounds: WAYS.length,
  soak: 50 * WAYS.length,
  roundMs: 60_000,
}, async ({ index }) => {
  const { signal, kind } = WAYS[index % WAYS.length]!;
  using master = new Master("master_map.ts", [kind]);
  await master.prints("ready\n");
  process.kill(-master.pid, signal);
  const end = await master.ended();
  assert.deepEqual(end, { status: null, signal, stdout: "ready\n", stderr: "" }, kind);
});

fault({
  row: 28,
  name:
    "a user's own signal handlers run once, in the master alone, and its map tells which signal ended a worker",
  rounds: WAYS.length,
  soak: 50 * WAYS.length,
  roundMs: 60_000,
}, async ({ index }) => {
  const { signal, kind } = WAYS[index % WAYS.length]!;
  using master = new Master("master_map.ts", [kind, "handled"]);
  await master.prints("ready\n");
  process.kill(-master.pid, signal);
  const { stdout, ...end } = await master.ended();
  assert.deepEqual(end, { status: 7, signal: null, stderr: "" }, `${signal} ${kind} ${stdout}`);
  const lines = ["ready", `${signal} in ${master.pid}`, `a worker ended by ${signal}`];
  assert.deepEqual(stdout.trimEnd().split("\n").sort(), lines.sort());
});

fault({
  row: 29,
  name: "a master that was started with SIGINT ignored, and its workers, ignore it and end by SIGTERM",
  rounds: 5,
  soak: 50,
  roundMs: 60_000,
}, async ({ index }) => {
  using master = new Master("master_map.ts", [index % 2 === 0 ? "map" : "mapSync"], 'trap "" INT');
  await master.prints("ready\n");
  assert.equal(master.processes().length, 1 + WORKERS);
  process.kill(-master.pid, "SIGINT");
  await pause(100); // nothing tells that nothing happened
  assert.equal(master.processes().length, 1 + WORKERS, "SIGINT ended some");
  process.kill(-master.pid, "SIGTERM");
  const end = await master.ended();
  assert.deepEqual(end, { status: null, signal: "SIGTERM", stdout: "ready\n", stderr: "" });
});

fault({
  row: 30,
  name: "workers of a Worker thread that is terminated die, and the main thread's map does not notice",
  rounds: 1,
  soak: 5,
  roundMs: 60_000,
}, async () => {
  const { status, stdout, stderr } = await runScript(program("master_threads.ts"), { args: ["20"] });
  assert.deepEqual([status, stdout, stderr], [0, "done\n", ""]);
});
