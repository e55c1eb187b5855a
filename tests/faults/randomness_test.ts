/** Rows 59 and 60: chance differs from process to process without a seed, and never with one. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type Job, MapReduce, type MapReduceOptions, range } from "../../mod.ts";
import type { Seed } from "../../src/pool/random.ts";
import { collect, scriptOutput, soon } from "../support.ts";
import { draw, drawEverywhere, type Draws } from "./programs/random_draws.ts";
import { fault } from "./rig.ts";

const PROGRAM = fileURLToPath(new URL("./programs/random_draws.ts", import.meta.url));
const PROCESSES = 17;
const VALUES = 100;

/** All values ever seen, by their source. */
class Sightings {
  readonly #seen = new Map<string, Set<string>>();

  /** Notes what processes drew, none of which may have been seen before. */
  add(draws: readonly Draws[]): void {
    for (const { values } of draws) {
      for (const [source, drawn] of Object.entries(values)) {
        const seen = this.#seen.get(source) ?? new Set();
        this.#seen.set(source, seen);
        const size = seen.size;
        for (const value of drawn) seen.add(value);
        assert.equal(seen.size, size + VALUES, `${source} repeats ${size + VALUES - seen.size} values`);
      }
    }
  }
}

function checkProcesses(draws: readonly Draws[]): void {
  assert.equal(new Set(draws.map(({ pid }) => pid)).size, PROCESSES, "a worker ran two jobs");
}

const warm = new Sightings();
fault({
  row: 59,
  name: "16 children of a master that has drawn from every source, and the master, never draw the same",
  rounds: 3,
  soak: 50,
}, async () => {
  warm.add([draw(VALUES)]);
  const draws = await soon(drawEverywhere(VALUES), "the map", 9000);
  checkProcesses(draws);
  warm.add(draws);
});

const cold = new Sightings();
fault({
  row: 59,
  name: "16 children of a fresh program, the program and all programs before it never draw the same",
  rounds: 3,
  soak: 50,
}, async () => {
  const draws = JSON.parse(await scriptOutput(PROGRAM, { args: [String(VALUES)] })) as Draws[];
  checkProcesses(draws);
  cold.add(draws);
});

/**
 * The first two values of the jobs 0, 1 and 999, from a Python program with unbounded integers, written from the
 * papers on Philox and xoshiro.
 */
const STREAMS: readonly [Seed, readonly (readonly number[])[]][] = [
  [0, [
    [0.7963394130884194, 0.13128140747173744],
    [0.6448251673638213, 0.16897056996669013],
    [0.9771081201978813, 0.44870912565182086],
  ]],
  [42, [
    [0.05834490539698767, 0.6160295598191229],
    [0.8850745776750654, 0.755857117753253],
    [0.2732986128237065, 0.5387392064466453],
  ]],
  [-7, [
    [0.4765229160429437, 0.8561734732514898],
    [0.9849085812312727, 0.35038262973769096],
    [0.21142676833575513, 0.5553933143057196],
  ]],
  [2n ** 64n - 1n, [
    [0.7646868398956196, 0.34962159405120685],
    [0.6297085317027029, 0.38915267079092497],
    [0.7079438871740632, 0.5659501855763827],
  ]],
];
const JOBS = 1000;

const pair = (_: number, job: Job): number[] => [job.random(), job.random()];

/** The streams of a pool by every way of running jobs that it has. */
async function* everyWay(options: MapReduceOptions): AsyncGenerator<[string, number[][]]> {
  using pool = new MapReduce(options);
  for (const schedule of ["dynamic", "static", "guided"] as const) {
    yield [`map, ${schedule}`, await pool.map(pair, range(JOBS), { schedule })];
    yield [`mapSync, ${schedule}`, pool.mapSync(pair, range(JOBS), { schedule })];
  }
  const byPool = () => [pool.random(), pool.random()];
  yield ["pool.random", await pool.map(byPool, range(JOBS), { chunkSize: 7 })];
  yield ["imap", await collect(pool.imap(pair, range(JOBS)))];
}

fault({
  row: 60,
  name: "a seed and a job's index give the same stream, bit for bit, however the job is run",
  rounds: 2 * STREAMS.length,
  soak: 100,
}, async ({ index }) => {
  const [seed, known] = STREAMS[index % STREAMS.length]!;
  let expected: number[][] | undefined;
  const pools: MapReduceOptions[] = [0, 1, 2, 3].map((np) => ({ np, seed }));
  for (const options of [{ backend: "serial", seed } as const, ...pools]) {
    for await (const [way, streams] of everyWay(options)) {
      const where = `${JSON.stringify({ ...options, seed: String(seed) })}, ${way}`;
      assert.deepEqual([streams[0], streams[1], streams[999]], known, where);
      expected ??= streams;
      assert.deepEqual(streams, expected, where);
    }
  }
});
