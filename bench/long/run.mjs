// node bench/long/run.mjs [--quick] [--only NAME] [--runtime bun|deno] [--unlimited] [--write] [--tables]
// Runs every long case in both runtimes, judges whether it stayed flat, writes results.json, README.md's table, the plot.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { commit, describeMachine, program, versions } from "../driver/machine.mjs";
import { measure } from "../driver/spawn.mjs";
import { insertTables } from "../driver/tables.mjs";
import { LONG, plan } from "./plan.mjs";
import { plot, thin } from "./plot.mjs";
import { tables } from "./tables.mjs";
import { judge } from "./verdict.mjs";

const RESULTS = join(LONG, "results.json");
const README = join(LONG, "README.md");
const PLOT = join(LONG, "..", "long.svg");
/** Others may give memory back meanwhile. */
const MEMORY_WAIT_MS = 60_000;

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    runtime: { type: "string", default: "" },
    unlimited: { type: "boolean", default: false },
    write: { type: "boolean" },
    tables: { type: "boolean", default: false },
  },
});
// A quick run is for seeing that everything works: its figures do not replace those of a whole one.
const write = options.write ?? !options.quick;

// What this run does not measure (--only, --runtime) stays as the last run left it.
const results = write && existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, "utf8")) : { cases: {} };
const failed = options.tables ? [] : await runAll();

save();
for (const text of Object.values(tables(results))) console.log(`\n${text}`);
for (const line of failed) console.error(`FAILED ${line}`);
process.exitCode = failed.length === 0 ? 0 : 1;

function save() {
  if (!write) return;
  writeFileSync(RESULTS, serialise(results));
  writeFileSync(README, insertTables(readFileSync(README, "utf8"), tables(results)));
  writeFileSync(PLOT, plot(results));
}

/** As the project's formatter likes it: a line a point. */
function serialise(results) {
  const text = JSON.stringify(results, undefined, 2);
  return text.replace(/\[\s+([-\d.e,\s]+?)\s+\]/g, (_, list) => `[${list.split(/,\s+/).join(", ")}]`) + "\n";
}

async function runAll() {
  const groups = plan(options);
  if (groups.length === 0) {
    throw new RangeError(`no run is called ${options.only}* in ${options.runtime || "any runtime"}`);
  }
  const { deno, bun, node } = versions({ deno: program("deno"), bun: program("bun") });
  Object.assign(results, { machine: describeMachine(), versions: { deno, bun, node } });
  const stamp = { commit: commit(), quick: options.quick };
  const failed = [];
  const started = performance.now();
  for (const group of groups) {
    Object.assign(stamp, { date: new Date().toISOString().slice(0, 16) + "Z", load: describeMachine().load });
    const outcomes = await Promise.all(group.map(runOne));
    for (const { name, runtime, failure, figures } of outcomes) {
      const result = failure === undefined ? summary(figures) : { flat: false, reasons: [failure] };
      (results.cases[name] ??= {})[runtime] = { ...stamp, ...result };
      const line = `${name}, ${runtime}: ${result.flat ? "flat" : result.reasons.join("; ")}`;
      console.error(line + (figures === undefined ? "" : `, ${figures.seconds.toFixed(0)} s`));
      if (!result.flat) failed.push(line);
    }
    // what is done is kept if the rest is interrupted
    save();
  }
  console.error(`${((performance.now() - started) / 1000).toFixed(0)} s in all`);
  return failed;
}

async function runOne({ name, runtime, command, timeoutMs, needsMiB }) {
  if (!await hasMemory(needsMiB)) {
    return { name, runtime, failure: `${needsMiB} MiB of memory are not available` };
  }
  return { name, runtime, ...await measure(command, { timeoutMs }) };
}

async function hasMemory(needsMiB) {
  const end = performance.now() + MEMORY_WAIT_MS;
  while (performance.now() < end) {
    const [, kibi] = /MemAvailable:\s+(\d+)/.exec(readFileSync("/proc/meminfo", "utf8"));
    if (kibi / 1024 >= needsMiB) return true;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return false;
}

function summary({ unit, steps, done, seconds, before, after, samples }) {
  const verdict = judge({ steps, done, before, after, samples });
  const most = Math.max(...samples.map(({ sharedMiB }) => sharedMiB));
  return { unit, steps, done, seconds, before, after, most, ...verdict, points: thin(samples) };
}
