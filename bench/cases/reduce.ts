/**
 * sum, min, max, mean and dot of doubles, and what is made of them, warm: calls as a user writes them, results checked.
 * Arguments: calls, elements, np.
 *
 * @module
 */
import assert from "node:assert/strict";
import { bincount, dot, empty, histogram, max, mean, min, sum } from "../../mod.ts";
import { argument, median, repeat, report } from "./_bench.ts";

const calls = argument(0, 9);
const elements = argument(1, 2 ** 27);
const np = argument(2, 2);

const x = empty(elements);
for (let i = 0; i < elements; i++) x[i] = i % 1024;
// exact: every partial sum is an integer below 2^53
const rest = elements % 1024;
const whole = (elements - rest) / 1024;
const exact = whole * (1023 * 512) + rest * (rest - 1) / 2;
const greatest = Math.min(1023, elements - 1);
const smaller = x.subarray(0, Math.min(elements, 2 ** 25));
const ints = empty(smaller.length, "i4");
ints.set(smaller);

async function measured(
  call: () => unknown,
  check: (value: never) => void,
): Promise<readonly [number, number]> {
  const times = await repeat(calls, () => {
    const start = performance.now();
    const value = call();
    const elapsedMs = performance.now() - start;
    check(value as never);
    return Promise.resolve(elapsedMs);
  });
  return [times[0]!, median(times.slice(1))];
}

const [sumFirstMs, sumMs] = await measured(() => sum(x, { np }), (value) => assert.equal(value, exact));
const [minFirstMs, minMs] = await measured(() => min(x, { np }), (value) => assert.equal(value, 0));
const [maxFirstMs, maxMs] = await measured(() => max(x, { np }), (value) => assert.equal(value, greatest));
const [, meanMs] = await measured(() => mean(x, { np }), (value) => assert.equal(value, exact / elements));
const [, dotMs] = await measured(() => dot(x, x, { np }), (value) => assert(value > exact));
const [, histogramMs] = await measured(
  () => histogram(smaller, { bins: 64, range: [0, 1024], np })[0],
  (hist: Uint32Array) => assert.equal(sum(hist), smaller.length),
);
const [, bincountMs] = await measured(
  () => bincount(ints, { np }),
  (counts: Uint32Array) => assert.equal(sum(counts), ints.length),
);
const gigabytes = 8 * elements / 1e9;
report({
  bytes: 8 * elements,
  np,
  sumFirstMs,
  sumMs,
  sumGBs: gigabytes / sumMs * 1e3,
  minFirstMs,
  minMs,
  minGBs: gigabytes / minMs * 1e3,
  maxFirstMs,
  maxMs,
  maxGBs: gigabytes / maxMs * 1e3,
  meanMs,
  dotMs,
  histogramNs: histogramMs / smaller.length * 1e6,
  bincountNs: bincountMs / ints.length * 1e6,
});
