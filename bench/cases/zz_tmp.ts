/**
 * The integral of x dx over 128 Mi doubles in a fresh shared array, in chunks of 1 Mi: fill, then sum.
 * Arguments: np, later calls, elements.
 *
 * @module
 */
import assert from "node:assert/strict";
import { empty, MapReduce, range, release } from "../../mod.ts";
import { argument, median, repeat, report } from "./_bench.ts";

const np = argument(0, 2);
const calls = argument(1, 3);
const n = argument(2, 128 * 1024 * 1024);
const CHUNK = 1024 * 1024;
const dx = 1 / n;

function fill(x: Float64Array, from: number, to: number, n: number, dx: number): void {
  for (let k = from; k < to; k++) x[k] = k / n * dx;
}

function sumOf(x: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let k = from; k < to; k++) sum += x[k] as number;
  return sum;
}

async function integrate(): Promise<number> {
  const start = performance.now();
  const x = empty(n);
  const sum = empty(1);
  using pool = new MapReduce({ np });
  const parts = await pool.map((from) => {
    const to = Math.min(from + CHUNK, n);
    fill(x, from, to, n, dx);
    const part = sumOf(x, from, to);
    pool.critical(() => {
      sum[0] = (sum[0] as number) + part;
    });
    return part;
  }, range(0, n, CHUNK));
  const ms = performance.now() - start;
  const exact = (n - 1) / 2 / n;
  close(parts.reduce((a, b) => a + b, 0), exact);
  close(sum[0] as number, exact);
  assert.equal(x[n - 1], (n - 1) / n * dx);
  release(x);
  release(sum);
  return ms;
}

function close(got: number, want: number): void {
  assert.ok(Math.abs(got - want) < 1e-9, `the integral is ${got}, not ${want}`);
}

const firstMs = await integrate();
const later = await repeat(calls, integrate);
report({ np, firstMs, ...later });
