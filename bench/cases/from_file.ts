/**
 * A file of doubles, read and added up, the file in the page cache: mapped, as `fromFile()` does where it can, and read
 * into shared memory. Arguments: calls, elements of the file, which is made when it is not there.
 *
 * @module
 */
import assert from "node:assert/strict";
import { release } from "../../mod.ts";
import { sum } from "../../src/algorithms/mod.ts";
import { fromFile } from "../../src/files/mod.ts";
import { argument, median, report } from "./_bench.ts";
import { doublesFile } from "./_doubles_file.ts";

const calls = argument(0, 5);
const elements = argument(1, 2 ** 27);
const path = doublesFile(elements);
/** Exact: every partial sum is an integer below 2^53. */
const rest = elements % 1024;
const exact = (elements - rest) / 1024 * (1023 * 512) + rest * (rest - 1) / 2;

interface Times {
  readonly readMs: number;
  readonly totalMs: number;
}

function readAndSum(mmap: boolean): Times {
  const start = performance.now();
  const x = fromFile(path, "f8", { mmap });
  const readMs = performance.now() - start;
  const total = sum(x);
  const totalMs = performance.now() - start;
  assert.equal(total, exact);
  release(x);
  return { readMs, totalMs };
}

const first = readAndSum(true);
const mapped = Array.from({ length: calls }, () => readAndSum(true));
const read = Array.from({ length: calls }, () => readAndSum(false));
report({
  bytes: 8 * elements,
  firstMs: first.totalMs,
  mappedReadMs: median(mapped.map(({ readMs }) => readMs)),
  mappedMs: median(mapped.map(({ totalMs }) => totalMs)),
  copiedReadMs: median(read.map(({ readMs }) => readMs)),
  copiedMs: median(read.map(({ totalMs }) => totalMs)),
});
