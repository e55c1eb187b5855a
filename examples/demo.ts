/**
 * The three examples on real input: are they right, how long do they take, alone and in parallel, and where does the
 * time go. Exit status 1 when anything is wrong.
 *
 * deno run -A examples/demo.ts, or bun examples/demo.ts
 */
import { cpuCount, type MapReduce, MapReduce as Pool, release } from "@sharedmem/sharedmem";
import { join } from "node:path";
import process from "node:process";
import { aJobThrows, aWorkerIsKilled, retry, settle } from "./failures.ts";
import { exact, integrate, sums } from "./integral.ts";
import { printedShort } from "./_printed_short.ts";
import { type Phases, timed } from "./_timed_pool.ts";
import { add, commonest, countWords, textFiles, wordCount } from "./word_count.ts";

interface Row {
  readonly what: string;
  readonly sequential: Phases;
  readonly parallel: Phases;
}

const ROUNDS = 3;
const np = cpuCount();
const rows: Row[] = [];

console.log(`\n${navigator.userAgent}, np = ${np}\n`);
await integral();
await words();
await failures();
printTable();

function check(isRight: boolean, what: string): void {
  console.log(`${isRight ? "ok    " : "FAILED"}  ${what}`);
  if (!isRight) process.exitCode = 1;
}

async function integral(): Promise<void> {
  // the parallel run first, so that what the machine pays only once does not count in its favour
  for (const what of ["integral", "integral, again"]) {
    const [inParallel, parallel] = await timed(np, integrate);
    // again: may get the memory that the first one released; first: must not
    if (rows.length > 0) release(inParallel.xdx);
    const [alone, sequential] = await timed(0, integrate);
    for (const [name, result] of Object.entries({ parallel: inParallel, sequential: alone })) {
    }
    rows.push({ what, sequential, parallel });
  }
}
