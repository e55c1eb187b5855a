/**
 * The three examples on real input: whether they are right, how long they take alone and in parallel, and where the
 * time goes. Exit status 1 when anything is wrong.
 *
 * deno run -A examples/demo.ts, or bun examples/demo.ts
 */
import { cpuCount, MapReduce, release } from "@sharedmem/sharedmem";
import { join } from "node:path";
import process from "node:process";
import { printedShort } from "./_printed_short.ts";
import { type Phases, timed } from "./_timed_pool.ts";
import { aJobThrows, aWorkerIsKilled, retry, settle } from "./failures.ts";
import { exact, type Integral, integrate, sums } from "./integral.ts";
import { add, commonest, countWords, textFiles, wordCount } from "./word_count.ts";

interface Row {
  readonly what: string;
  readonly parallel: Phases;
  readonly sequential: Phases;
}

const ROUNDS = 3;
/** A busy machine gets fewer rounds. */
const ROUNDS_MS = 4000;
const COLUMNS = ["total", "prepare", "start", "jobs", "between", "end", "reduce"] as const;

const np = cpuCount();
console.log(`${navigator.userAgent}, ${np} workers\n`);
const rows = [...await integrals(), await words()];
await failures();
printTable(rows);

/** What is given back after the first pair of runs may serve the others again. */
async function integrals(): Promise<Row[]> {
  const all: number[][] = [];
  const finish = (integral: Integral): void => {
    all.push(sums(integral));
    release(integral.xdx);
  };
  // in parallel first: what a machine pays only once must not count in its favour
  const [inParallel, parallel] = await timed(np, integrate);
  // the first array is still there, so that this one, too, comes from the kernel
  const [alone, sequential] = await timed(0, integrate);
  finish(inParallel);
  finish(alone);
  const again = await compare("integral again", async (workers) => {
    const [integral, phases] = await timed(workers, integrate);
    finish(integral);
    return phases;
  });
  const wrong = all.find((three) => three.some((sum) => sum !== exact));
  const [ofResults, shared, ofArray] = wrong ?? all[0]!;
  check(wrong === undefined, `integral, ${all.length} runs: sum of the results ${ofResults}`);
  console.log(
    `        shared scalar under critical ${shared}, sum of the array ${ofArray}, exactly ${exact}`,
  );
  return [{ what: "integral, fresh", parallel, sequential }, again];
}

/** The best of up to three runs in parallel and as many alone, by turns. */
async function compare(what: string, run: (workers: number) => Promise<Phases>): Promise<Row> {
  const started = performance.now();
  let parallel = await run(np);
  let sequential = await run(0);
  for (let round = 1; round < ROUNDS && performance.now() - started < ROUNDS_MS; round++) {
    parallel = quicker(parallel, await run(np));
    sequential = quicker(sequential, await run(0));
  }
  return { what, parallel, sequential };
}

function quicker(a: Phases, b: Phases): Phases {
  return mapMs(b) < mapMs(a) ? b : a;
}

async function words(): Promise<Row> {
  const folder = join(import.meta.dirname!, "../node_modules");
  const paths = textFiles(folder);
  const expected = new Map<string, number>();
  for (const path of paths) add(countWords(path), expected);

  let isEqual = paths.length > 0;
  const row = await compare("word count", async (workers) => {
    const [counts, phases] = await timed(workers, (pool) => wordCount(pool, paths));
    isEqual &&= counts.size === expected.size && [...expected].every(([word, n]) => counts.get(word) === n);
    return phases;
  });
  check(
    isEqual,
    `word count: ${paths.length} files, ${expected.size} different words, all as in a plain loop`,
  );
  console.log(`        ${commonest(expected, 10).map(([word, n]) => `${word} ${n}`).join(", ")}`);
  return row;
}

async function failures(): Promise<void> {
  using pool = new MapReduce({ np: 2 });
  const thrown = await aJobThrows(pool);
  check(
    thrown.index === 7 && thrown.cause instanceof RangeError,
    "a job that throws; what console.log(error) writes, cut:",
  );
  console.log(printedShort(thrown));
  const death = await aWorkerIsKilled(pool);
  check(death.index === 7 && death.signal === "SIGKILL", "a worker that is killed:");
  console.log(printedShort(death));
  const settled = (await settle(pool)).map(({ status }) => status === "rejected" ? "✗" : "✓").join(" ");
  check(settled === "✓ ✓ ✓ ✓ ✓ ✓ ✓ ✗ ✓ ✓", `{ onError: "settle" }: ${settled}`);
  const retried = await retry(pool);
  check(
    retried.length === 10 && retried.every((root, x) => root === Math.sqrt(x)),
    "{ retries: 1 }: all 10 results",
  );
}

function check(isRight: boolean, what: string): void {
  console.log(`${isRight ? "ok    " : "FAILED"}  ${what}`);
  if (!isRight) process.exitCode = 1;
}

function printTable(rows: readonly Row[]): void {
  console.log();
  printLine("milliseconds", ["np", ...COLUMNS, "speed-up"]);
  for (const { what, sequential, parallel } of rows) {
    const speedUp = `${(mapMs(sequential) / mapMs(parallel)).toFixed(2)}×`;
    printLine(what, ["0", ...milliseconds(sequential), ""]);
    printLine("", [`${np}`, ...milliseconds(parallel), speedUp]);
  }
  console.log(`
total      the sum of the next five; best of up to ${ROUNDS} runs, but for the fresh integral
prepare    the pool, and the kernel finding memory, which is not np's doing
           then, for the mean worker:
start      fork, until the first job
jobs       computing
between    taking jobs, handing over results; where np is 0, reduce
end        from the last job until all results are in the master
reduce     in the master, meanwhile
speed-up   of total less prepare
`);
}

function mapMs({ totalMs, prepareMs }: Phases): number {
  return totalMs - prepareMs;
}

function milliseconds(phases: Phases): string[] {
  return COLUMNS.map((column) => phases[`${column}Ms`]).map((ms) => ms.toFixed(ms < 10 ? 1 : 0));
}

function printLine(what: string, cells: readonly string[]): void {
  console.log(what.padEnd(21) + cells.map((cell) => cell.padStart(9)).join(""));
}
