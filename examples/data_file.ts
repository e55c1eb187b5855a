/**
 * A data file: NumPy writes it, it is sorted and binned here, and NumPy reads the results and compares them with its
 * own. Where there is no NumPy the file is written and looked through here. Exit status 1 when anything is wrong.
 *
 * deno run -A examples/data_file.ts, or bun examples/data_file.ts
 */
import { empty, histogram, load, save, sort, table } from "@sharedmem/sharedmem";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const PEOPLE = 2_000_000;
const BINS = 14;

const WRITE = `
import sys, numpy as np
heights = np.random.default_rng(1).normal(170, 9, ${PEOPLE})
heights[::1000] = np.nan  # nobody asked
np.save(sys.argv[1], heights)
print(np.__version__)
`;
const COMPARE = `
import sys, numpy as np
heights, ascending, bins = map(np.load, sys.argv[1:])
counts, edges = np.histogram(heights, bins=${BINS}, range=(130, 210))
assert np.array_equal(np.sort(heights), ascending, equal_nan=True)
assert np.array_equal(bins["count"], counts) and np.array_equal(bins["least"], edges[:-1])
`;

const folder = mkdtempSync(join(tmpdir(), "sharedmem-"));
const [heightsFile, ascendingFile, binsFile] = ["heights", "ascending", "bins"].map((name) =>
  join(folder, `${name}.npy`)
) as [string, string, string];
try {
  const numpy = python(WRITE, heightsFile);
  if (numpy === undefined) save(heightsFile, someHeights());

  const heights = load<Float64Array>(heightsFile); // in shared memory
  const [counts, edges] = histogram(heights, { bins: BINS, range: [130, 210] });
  sort(heights); // in place, NaN last
  save(ascendingFile, heights);
  const bins = table(BINS, { least: "f8", count: "u4" });
  bins.least.set(edges.subarray(0, BINS));
  bins.count.set(counts);
  save(binsFile, bins); // a structured array for NumPy

  print(bins);
  const isRight = numpy === undefined
    ? isAscending(load(ascendingFile)) && total(load<typeof bins>(binsFile).count) === total(counts)
    : python(COMPARE, heightsFile, ascendingFile, binsFile) !== undefined;
  const judge = numpy === undefined ? "no NumPy here: read back" : `NumPy ${numpy}, which wrote the file,`;
  console.log(`${isRight ? "ok    " : "FAILED"}  ${judge} ${isRight ? "finds the same" : "disagrees"}`);
  if (!isRight) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** What a Python script prints; `undefined` when it fails, or there is no Python with NumPy. */
function python(script: string, ...files: readonly string[]): string | undefined {
  for (const interpreter of ["python3", "/usr/bin/python3"]) {
    const { status, stdout, stderr } = spawnSync(interpreter, ["-c", script, ...files], { encoding: "utf8" });
    if (status === 0) return stdout.trim();
    if (stderr?.includes("AssertionError")) console.log(stderr.trim());
  }
  return undefined;
}

/** As NumPy would make them: normally distributed, some missing. */
function someHeights(): Float64Array {
  const heights = empty(PEOPLE);
  for (let i = 0; i < PEOPLE; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
    heights[i] = i % 1000 === 0 ? NaN : 170 + 9 * radius * Math.cos(2 * Math.PI * Math.random());
  }
  return heights;
}

function isAscending(a: Float64Array): boolean {
  const known = a.subarray(0, a.findIndex(Number.isNaN));
  return known.length === PEOPLE - PEOPLE / 1000 &&
    known.every((height, i) => i === 0 || height >= known[i - 1]!);
}

function total(counts: Uint32Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function print({ least, count }: { readonly least: Float64Array; readonly count: Uint32Array }): void {
  const most = count.reduce((a, b) => Math.max(a, b), 1);
  least.forEach((from, i) => {
    const bar = "█".repeat(Math.round(50 * count[i]! / most));
    console.log(`${from.toFixed(1).padStart(6)} cm ${String(count[i]).padStart(7)} ${bar}`);
  });
}
