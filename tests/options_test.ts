import assert from "node:assert/strict";
import { suggestion } from "../src/describe.ts";
import type { Items } from "../src/pool/items.ts";
import {
  checkMapOptions,
  checkPoolOptions,
  type MapOptions,
  type MapReduceOptions,
  type ReduceOptions,
  type SettleOption,
} from "../src/pool/options.ts";
import { test } from "./harness.ts";

function mapError(options: unknown): Error {
  return thrown(() => checkMapOptions("map", options as MapOptions));
}

function poolError(options: unknown): Error {
  return thrown(() => checkPoolOptions(options as MapReduceOptions));
}

function thrown(call: () => void): Error {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  throw new assert.AssertionError({ message: "nothing was thrown" });
}

test("checkMapOptions() fills in the defaults", () => {
  const defaults = {
    reduce: undefined,
    schedule: "dynamic",
    chunkSize: undefined,
    star: false,
    minLength: 0,
    shared: undefined,
    timeout: Infinity,
    jobTimeout: Infinity,
    signal: undefined,
    onError: "throw",
    retries: 0,
    progress: false,
  };
  assert.deepEqual(checkMapOptions("map"), defaults);
  assert.deepEqual(checkMapOptions("map", {}), defaults);
  const unset = Object.fromEntries(Object.keys(defaults).map((name) => [name, undefined]));
  assert.deepEqual(checkMapOptions("map", unset as MapOptions), defaults);
});

test("checkMapOptions() keeps what is right", () => {
  const given: Required<MapOptions<number, string>> = {
    reduce: (result, index) => `${result} ${index}`,
    schedule: "guided",
    chunkSize: 1,
    star: true,
    minLength: 7,
    shared: { a: 1 },
    timeout: 0.5,
    jobTimeout: 1e12,
    signal: new AbortController().signal,
    onError: "settle",
    retries: 3,
    progress: () => {},
  };
  assert.deepEqual(checkMapOptions("map", given), given);
  assert.equal(checkMapOptions("map", { progress: true }).progress, true);
});

test("checkMapOptions() refuses wrong values, naming the option, what was wanted and what it got", () => {
  const cases: [string, unknown, string, RegExp][] = [
    ["reduce", 1, "TypeError", /^map: reduce must be a function, got a number \(1\)$/],
    [
      "schedule",
      "statc",
      "TypeError",
      /^map: schedule must be "dynamic" or "static" or "guided", got a string \("statc"\)$/,
    ],
    ["schedule", 1, "TypeError", /schedule/],
    [
      "chunkSize",
      0,
      "RangeError",
      /^map: chunkSize must be a whole number of at least 1, got a number \(0\)$/,
    ],
    ["chunkSize", 1.5, "RangeError", /chunkSize/],
    ["chunkSize", "4", "TypeError", /chunkSize .*got a string \("4"\)$/],
    ["star", 1, "TypeError", /^map: star must be a boolean/],
    ["minLength", -1, "RangeError", /^map: minLength .*at least 0, got a number \(-1\)$/],
    [
      "timeout",
      0,
      "RangeError",
      /^map: timeout must be a number of milliseconds above 0, got a number \(0\)$/,
    ],
    ["timeout", NaN, "RangeError", /\(NaN\)/],
    ["timeout", "1s", "TypeError", /timeout/],
    ["jobTimeout", -5, "RangeError", /^map: jobTimeout/],
    ["jobTimeout", null, "TypeError", /got null$/],
    [
      "signal",
      new AbortController(),
      "TypeError",
      /^map: signal must be an AbortSignal, got an object \(AbortController\)$/,
    ],
    ["signal", null, "TypeError", /got null$/],
    ["onError", "ignore", "TypeError", /^map: onError must be "throw" or "settle"/],
    ["retries", Infinity, "RangeError", /^map: retries/],
    ["retries", 1n, "TypeError", /a bigint \(1n\)/],
    ["progress", "bar", "TypeError", /^map: progress must be a boolean or a function/],
  ];
  for (const [option, value, name, message] of cases) {
    const error = mapError({ [option]: value });
    assert.equal(error.name, name, error.message);
    assert.match(error.message, message);
  }
});

test("checkMapOptions() suggests the name that was meant", () => {
  const meant: [string, string][] = [
    ["chunksize", "chunkSize"],
    ["chunk_size", "chunkSize"],
    ["chunk", "chunkSize"],
    ["minlength", "minLength"],
    ["reducer", "reduce"],
    ["shedule", "schedule"],
    ["retry", "retries"],
    ["job_timeout", "jobTimeout"],
    ["onerror", "onError"],
    ["timout", "timeout"],
  ];
  for (const [wrong, right] of meant) {
    const error = mapError({ [wrong]: 1 });
    assert.equal(error.name, "TypeError");
    assert.equal(error.message, `map: there is no option "${wrong}" (did you mean "${right}"?)`);
  }
  assert.match(mapError({ colour: 1 }).message, /"colour" \(there are: reduce, schedule, .*, progress\)$/);
  assert.match(mapError({ toString: 1 }).message, /there is no option "toString"/);
  assert.match(mapError({ np: 2 }).message, /there is no option "np"/);
  assert.match(suggestion("", ["np"]), /there are: np/);
});

test("checkMapOptions() refuses options that are no object", () => {
  assert.match(mapError(4).message, /^map: options must be an object, got a number \(4\)$/);
  assert.match(mapError(null).message, /got null$/);
  assert.match(mapError([]).message, /got an array of 0$/);
  assert.match(mapError((a: number) => a).message, /got a function: a reducer goes in \{ reduce \}$/);
});

test("checkPoolOptions() leaves to the caller what depends on the machine", () => {
  const nothing = { np: undefined, backend: undefined, shared: undefined, seed: undefined };
  assert.deepEqual(checkPoolOptions(), nothing);
  const given = { np: 0, backend: "worker", shared: 1, seed: 2n ** 64n - 1n } as const;
  assert.deepEqual(checkPoolOptions(given), given);
});

test("checkPoolOptions() refuses wrong values", () => {
  for (const np of [NaN, -1, 1.5, Infinity]) {
    assert.equal(poolError({ np }).name, "RangeError");
    assert.equal(
      poolError({ np }).message,
      `new MapReduce: np must be a whole number of at least 0, got a number (${np})`,
    );
  }
  for (const np of ["4", null, true, 2n]) assert.equal(poolError({ np }).name, "TypeError");
  assert.match(
    poolError({ backend: "thread" }).message,
    /backend must be "fork" or "worker" or "serial", got a string/,
  );
  assert.equal(poolError({ seed: 0.5 }).name, "RangeError");
  assert.equal(poolError({ seed: 2n ** 64n }).name, "RangeError");
  assert.equal(poolError({ seed: "abc" }).name, "TypeError");
  assert.match(poolError({ nproc: 2 }).message, /"nproc" \(did you mean "np"\?\)/);
  assert.match(poolError(4).message, /^new MapReduce: options must be an object, got a number \(4\)$/);
});

/** The overloads that the types are made for; only checked by the compiler. */
interface Mapper {
  <T, R, A>(
    work: (i: T) => R,
    items: Items<T>,
    options: ReduceOptions<R, A> & SettleOption,
  ): PromiseSettledResult<A>[];
  <T, R, A>(work: (i: T) => R, items: Items<T>, options: ReduceOptions<R, A>): A[];
  <T, R>(
    work: (i: T) => R,
    items: Items<T>,
    options: MapOptions<R> & SettleOption,
  ): PromiseSettledResult<R>[];
  <T, R>(work: (i: T) => R, items: Items<T>, options?: MapOptions<R>): R[];
}

function typesOnly(map: Mapper): void {
  const plain: number[] = map((i) => i + 1, [1]);
  const scheduled: number[] = map((i) => i + 1, new Float64Array(1), { schedule: "static" });
  const reduced: string[] = map((i) => i + 1, [1], { reduce: (result, index) => (result + index).toFixed() });
  const settled: PromiseSettledResult<number>[] = map((i) => i + 1, [1], { onError: "settle" });
  const both: PromiseSettledResult<string>[] = map((i) => i, [1], {
    onError: "settle",
    reduce: (r) => r.toFixed(),
  });
  // @ts-expect-error: results are numbers
  const wrong: string[] = map((i) => i + 1, [1], { onError: "throw" });
  // @ts-expect-error: reduced to strings
  const unreduced: number[] = map((i) => i, [1], { reduce: (result) => result.toFixed() });
  // @ts-expect-error: no such option
  map((i) => i, [1], { schedule: "static", chunksize: 1 });
  // @ts-expect-error: no such schedule
  map((i) => i, [1], { schedule: "auto" });
  void [plain, scheduled, reduced, settled, both, wrong, unreduced];
}
void typesOnly;
