/**
 * A table of text, ten columns of doubles, parsed into shared memory; the file is in the page cache. Arguments: calls,
 * bytes, 0 for numbers of 17 digits or 1 for short ones, processes (0: as many as there are processors).
 *
 * @module
 */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import process from "node:process";
import { release } from "../../mod.ts";
import { loadtxt } from "../../src/files/mod.ts";
import { argument, median, report } from "./_bench.ts";
import { FIRST, textTable } from "./_text_table.ts";

const calls = argument(0, 3);
const bytes = argument(1, 500_000_000);
const kind = argument(2, 0) === 0 ? "long" : "short";
const np = argument(3, 0) || undefined;

const path = textTable(kind, bytes);
const times: number[] = [];
const processors: number[] = [];
for (let k = 0; k <= calls; k++) {
  // whatever has dropped out of the page cache is there again
  if (k === 0) readFileSync(path);
  const used = process.cpuUsage();
  const start = performance.now();
  const a = loadtxt(path, { delimiter: ",", ndmin: 2, np });
  times.push(performance.now() - start);
  const { user, system } = process.cpuUsage(used);
  processors.push((user + system) / 1000);
  assert.equal(a.shape[1], 10);
  assert.equal(a.data[0], FIRST[kind]);
  release(a);
}
const [firstMs, ...later] = times;
report({
  bytes: statSync(path).size,
  firstMs: firstMs!,
  totalMs: median(later.length > 0 ? later : times),
  // of the calling process alone
  processorMs: median(later.length > 0 ? processors.slice(1) : processors),
});
