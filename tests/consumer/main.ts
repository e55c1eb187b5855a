import { empty, MapReduce, range, WorkerError } from "@sharedmem/sharedmem";
import { isShared, zeros } from "@sharedmem/sharedmem/arrays";
import { SharedMemError } from "@sharedmem/sharedmem/errors";
import { MapReduce as SameMapReduce } from "@sharedmem/sharedmem/map-reduce";
import { cpuCount } from "@sharedmem/sharedmem/system";
import assert from "node:assert/strict";

const x = empty(1000);
const sum = zeros([]);
assert(isShared(x));
assert.equal(SameMapReduce, MapReduce);
assert(cpuCount() >= 1);

using pool = new MapReduce({ np: 2 });
const parts: number[] = await pool.map((start) => {
  let part = 0;
  for (let i = start; i < start + 100; i++) part += x[i] = i;
  pool.critical(() => sum[0]! += part);
  return part;
}, range(0, 1000, 100));
assert.equal(parts.length, 10);
assert.equal(parts.reduce((a, b) => a + b), 499_500);
assert.equal(sum[0], 499_500);
assert.equal(x[999], 999);

await assert.rejects(
  pool.map(() => {
    throw new RangeError("out");
  }, range(4)),
  (error) => {
    assert(error instanceof WorkerError && error instanceof SharedMemError);
    assert(error.cause instanceof RangeError);
    return true;
  },
);
