// node bench/run.mjs [--quick] [--full] [--only NAME] [--who NAME] [--rounds N] [--[no-]write] [--tables]
// Runs every case and its peers, interleaved over several rounds; writes results.json, README.md's tables, the plots.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import {
  BENCH,
  commit,
  compile,
  describeMachine,
  installPeers,
  oldPython,
  program,
  versions,
} from "./driver/machine.mjs";
import { Inputs } from "./driver/inputs.mjs";
import { plan } from "./driver/plan.mjs";
import { plotArgsort } from "./driver/plot_argsort.mjs";
import { plot } from "./driver/plot.mjs";
import { measure } from "./driver/spawn.mjs";
import { summarise } from "./driver/stats.mjs";
import { insertTables, tables } from "./driver/tables.mjs";

const RESULTS = join(BENCH, "results.json");
const README = join(BENCH, "README.md");

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    who: { type: "string", default: "" },
    rounds: { type: "string" },
    write: { type: "boolean" },
    tables: { type: "boolean", default: false },
  },
  allowNegative: true,
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
if (!Number.isInteger(rounds) || rounds < 1) {
  throw new RangeError(`--rounds must be a positive integer, got ${options.rounds}`);
}
// A quick run is for seeing that everything works: its figures do not replace those of a whole one.
const write = options.write ?? !options.quick;

// What this run does not measure (--only) stays as the last run left it.
const results = write && existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, "utf8")) : { cases: {} };
const failed = options.tables ? [] : await runAll();

const made = tables(results);
for (const [name, text] of Object.entries(made)) console.log(`\n## ${name}\n\n${text}`);
if (write) {
  writeFileSync(RESULTS, JSON.stringify(results, undefined, 1) + "\n");
  writeFileSync(README, insertTables(readFileSync(README, "utf8"), made));
  writeFileSync(join(BENCH, "plot.svg"), plot(results));
  writeFileSync(join(BENCH, "argsort.svg"), plotArgsort(results));
}
for (const { name, who, failure } of failed) console.error(`FAILED ${name}, ${who}: ${failure}`);
process.exitCode = failed.some(({ who }) => who.startsWith("sharedmem/")) ? 1 : 0;

async function runAll() {
  const tools = {
    deno: program("deno"),
    bun: program("bun"),
    node: process.execPath,
    python: program("python3"),
    peers: installPeers(),
  };
  const compiled = {
    faults: compile("faults.c"),
    lock: compile("lock.c"),
    argsort: compile("argsort.c", ["-O3", "-march=native", "-pthread"]),
    argsort_std: compile("argsort_std.cpp", ["-O3", "-march=native"]),
    read_bandwidth: compile("read_bandwidth.c", ["-O2", "-pthread"]),
  };
  Object.assign(tools, compiled, { oldPython: oldPython(tools.python) });
  const found = versions(tools);
  tools.numpy = found.numpy !== undefined;
  Object.assign(results, { machine: describeMachine(), versions: found });

  const tasks = plan({ ...options, rounds, tools }).filter(({ name, who }) =>
    name.startsWith(options.only) && who.includes(options.who)
  );
  if (tasks.length === 0) {
    throw new RangeError(`no case is called ${options.only}* and run by *${options.who}*`);
  }
  const inputs = new Inputs(tools.bun === undefined ? [tools.deno, "run", "-A"] : [tools.bun]);
  const outcomes = new Map(tasks.map((task) => [task, []]));
  const started = performance.now();
  for (let round = 0; round < rounds; round++) {
    // Each round the other way round: nobody is always after the same neighbour.
    const order = round % 2 === 0 ? tasks : tasks.toReversed();
    for (const task of order.filter((task) => round < task.rounds)) {
      // Some peers hang now and then; waiting for them once is enough.
      if (outcomes.get(task).some(({ hung }) => hung)) continue;
      inputs.ready(task);
      if (task.memory > 0 && tools.faults !== undefined) {
        execFileSync(tools.faults, [String(task.memory), "warm"]);
      }
      const before = performance.now();
      const outcome = await measure(task.command, task);
      outcomes.get(task).push(outcome);
      const seconds = ((performance.now() - before) / 1000).toFixed(1);
      console.error(
        `${round + 1}/${rounds} ${task.name}, ${task.who}: ${seconds} s ${outcome.failure ?? "ok"}`,
      );
    }
  }
  inputs.remove();
  for (const file of Object.values(compiled)) {
    if (file !== undefined) rmSync(dirname(file), { recursive: true });
  }
  console.error(`${((performance.now() - started) / 1000).toFixed(0)} s in all`);

  const stamp = { date: new Date().toISOString().slice(0, 16) + "Z", commit: commit(), quick: options.quick };
  for (const [{ name, who }, list] of outcomes) {
    const figures = list.map(({ figures }) => figures).filter((figures) => figures !== undefined);
    const failures = list.map(({ failure }) => failure).filter((failure) => failure !== undefined);
    results.cases[name] ??= {};
    results.cases[name][who] = { ...stamp, rounds: figures.length, failures, figures: summarise(figures) };
  }
  return [...outcomes].flatMap(([task, list]) =>
    list.filter(({ failure }) => failure !== undefined).map(({ failure }) => ({ ...task, failure }))
  );
}
