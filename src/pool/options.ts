/**
 * The options of a pool and of its maps: types, checks, defaults.
 *
 * @module
 */
import { describe, suggestion } from "../describe.ts";
import type { ProgressOption } from "../observe/progress.ts";
import { checkSeed, type Seed } from "./random.ts";

/**
 * Where jobs run: in forked processes, in worker threads (where nothing can be captured), or in the master.
 */
export type Backend = "fork" | "worker" | "serial";

/** How items are handed to workers, as in OpenMP. */
export type Schedule = "dynamic" | "static" | "guided";

/** Options of `new MapReduce()`. */
export interface MapReduceOptions {
  /** The number of workers; default `cpuCount()`, 1 inside a job. 0 runs everything in the master. */
  np?: number;
  /** Where jobs run; default `"fork"`. */
  backend?: Backend;
  /** What maps that do not say otherwise hand to `job.shared`. */
  shared?: unknown;
  /**
   * Fixes the streams of `random()`: equal seeds give equal numbers. A different one in each pool by default.
   */
  seed?: Seed;
}

/**
 * Options of `map`, `mapSync`, `imap` and `imapUnordered`: `R` is what a job returns, `A` what `reduce` makes
 * of it.
 */
export interface MapOptions<R = unknown, A = R> {
  /**
   * Runs in the master with each result, one at a time, in order of arrival; its values are what `map`
   * returns, in input order.
   */
  reduce?: (result: R, index: number) => A;
  /**
   * `"dynamic"` (default): a worker that is free takes the next chunk. `"static"`: each has its share from
   * the start. `"guided"`: as dynamic, with chunks that shrink towards the end.
   */
  schedule?: Schedule;
  /**
   * Items a chunk, at least 1; under `"guided"` the smallest chunk. Default: under `"static"` one chunk a
   * worker, else chosen so that handing out does not dominate.
   */
  chunkSize?: number;
  /** Whether items are arrays of arguments: `work(...item, job)`. Default false. */
  star?: boolean;
  /** Fewer items than this run in the master; default 0. */
  minLength?: number;
  /**
   * What `job.shared` is. Under `fork` by copy on write, under `worker` cloned once per worker; shared arrays
   * always by reference.
   */
  shared?: unknown;
  /** Milliseconds for the whole map, more than 0; default `Infinity`. */
  timeout?: number;
  /** Milliseconds for each job, more than 0; default `Infinity`. A job past its time is killed. */
  jobTimeout?: number;
  /** Kills the workers and rejects with its reason when it is aborted. */
  signal?: AbortSignal;
  /**
   * `"throw"` (default): the first error wins, the other jobs are stopped. `"settle"`: everything runs,
   * results are as from `Promise.allSettled`.
   */
  onError?: "throw" | "settle";
  /** How often a job is run again when its worker died; default 0. Never for an exception. */
  retries?: number;
  /**
   * `true`: a bar on stderr when it is a terminal; or a function that is called with a `Progress`. Default
   * false.
   */
  progress?: ProgressOption;
}

/** {@linkcode MapOptions} with a `reduce`: what it returns, `A`, is what the map returns. */
export interface ReduceOptions<R, A> extends MapOptions<R, A> {
  /** Runs in the master with each result. */
  reduce: (result: R, index: number) => A;
}

/**
 * What makes failures results. With it and the two above, a map has four overloads, most particular first:
 * `ReduceOptions<R, A> & SettleOption` → `PromiseSettledResult<A>[]`, `ReduceOptions<R, A>` → `A[]`,
 * `MapOptions<R> & SettleOption` → `PromiseSettledResult<R>[]`, `MapOptions<R>` → `R[]`.
 */
export interface SettleOption {
  /** Everything runs; results are `{ status, value | reason }`. */
  onError: "settle";
}

/** Checked pool options; `undefined` where the default depends on the machine. */
export interface ResolvedPoolOptions {
  /** The number of workers. */
  readonly np: number | undefined;
  /** Where jobs run. */
  readonly backend: Backend | undefined;
  /** What maps hand to `job.shared`. */
  readonly shared: unknown;
  /** The seed of `random()`. */
  readonly seed: Seed | undefined;
}

/** Checked map options with their defaults; `undefined` where there is none. */
export interface ResolvedMapOptions<R, A> {
  /** Runs in the master with each result. */
  readonly reduce: ((result: R, index: number) => A) | undefined;
  /** How items are handed out. */
  readonly schedule: Schedule;
  /** Items a chunk; `undefined`: the scheduler chooses. */
  readonly chunkSize: number | undefined;
  /** Whether items are arrays of arguments. */
  readonly star: boolean;
  /** Fewer items than this run in the master. */
  readonly minLength: number;
  /** What `job.shared` is; `undefined`: the pool's. */
  readonly shared: unknown;
  /** Milliseconds for the whole map, `Infinity` for no limit. May be longer than a timer can be. */
  readonly timeout: number;
  /** Milliseconds for each job, `Infinity` for no limit. May be longer than a timer can be. */
  readonly jobTimeout: number;
  /** Kills the workers when aborted. */
  readonly signal: AbortSignal | undefined;
  /** What an error does. */
  readonly onError: "throw" | "settle";
  /** How often a job is run again when its worker died. */
  readonly retries: number;
  /** Who is told of progress. */
  readonly progress: ProgressOption;
}

/** Throws when `value` cannot be what `where` names. */
type Check = (value: unknown, where: string) => void;

type Checks<O> = Readonly<Record<keyof O, Check>>;

const POOL_CHECKS: Checks<MapReduceOptions> = {
  np: (value, where) => checkCount(value, where, 0),
  backend: (value, where) => checkOneOf(value, where, ["fork", "worker", "serial"]),
  shared: () => {},
  seed: checkSeed,
};

const MAP_CHECKS: Checks<MapOptions> = {
  reduce: (value, where) => checkThat(typeof value === "function", where, "a function", value),
  schedule: (value, where) => checkOneOf(value, where, ["dynamic", "static", "guided"]),
  chunkSize: (value, where) => checkCount(value, where, 1),
  star: checkBoolean,
  minLength: (value, where) => checkCount(value, where, 0),
  shared: () => {},
  timeout: checkDuration,
  jobTimeout: checkDuration,
  signal: (value, where) => checkThat(isAbortSignal(value), where, "an AbortSignal", value),
  onError: (value, where) => checkOneOf(value, where, ["throw", "settle"]),
  retries: (value, where) => checkCount(value, where, 0),
  progress: (value, where) => {
    checkThat(
      typeof value === "boolean" || typeof value === "function",
      where,
      "a boolean or a function",
      value,
    );
  },
};

/**
 * The options of `new MapReduce(options)`, checked.
 *
 * @throws {TypeError} when an option is unknown or of the wrong type
 * @throws {RangeError} when a number is out of range
 */
export function checkPoolOptions(
  options: MapReduceOptions = {},
  action = "new MapReduce",
): ResolvedPoolOptions {
  checkOptions(action, options, POOL_CHECKS);
  const { np, backend, shared, seed } = options;
  return { np, backend, shared, seed };
}

/**
 * The options of a map, checked, with their defaults.
 *
 * @param action the method's name, for messages
 * @throws {TypeError} when an option is unknown or of the wrong type
 * @throws {RangeError} when a number is out of range
 */
export function checkMapOptions<R, A = R>(
  action: string,
  options: MapOptions<R, A> = {},
): ResolvedMapOptions<R, A> {
  checkOptions(action, options, MAP_CHECKS);
  return {
    reduce: options.reduce,
    schedule: options.schedule ?? "dynamic",
    chunkSize: options.chunkSize,
    star: options.star ?? false,
    minLength: options.minLength ?? 0,
    shared: options.shared,
    timeout: options.timeout ?? Infinity,
    jobTimeout: options.jobTimeout ?? Infinity,
    signal: options.signal,
    onError: options.onError ?? "throw",
    retries: options.retries ?? 0,
    progress: options.progress ?? false,
  };
}

/**
 * Checks that `value` is a whole number of at least `least`; `where` says what it is for, e.g. `"map:
 * chunkSize"`.
 *
 * @throws {TypeError} when it is no number
 * @throws {RangeError} when it is not whole or too small
 */
export function checkCount(value: unknown, where: string, least: number): asserts value is number {
  if (Number.isSafeInteger(value) && value as number >= least) return;
  throw wrong(where, `a whole number of at least ${least}`, value);
}

function checkDuration(value: unknown, where: string): void {
  if (typeof value === "number" && value > 0) return;
  throw wrong(where, "a number of milliseconds above 0", value);
}

function checkBoolean(value: unknown, where: string): void {
  checkThat(typeof value === "boolean", where, "a boolean", value);
}

function checkOneOf(value: unknown, where: string, wanted: readonly string[]): void {
  if ((wanted as readonly unknown[]).includes(value)) return;
  const names = wanted.map((name) => `"${name}"`).join(" or ");
  throw new TypeError(`${where} must be ${names}, got ${describe(value)}`);
}

function checkThat(isRight: boolean, where: string, wanted: string, value: unknown): void {
  if (!isRight) throw new TypeError(`${where} must be ${wanted}, got ${describe(value)}`);
}

function wrong(where: string, wanted: string, value: unknown): TypeError | RangeError {
  const message = `${where} must be ${wanted}, got ${describe(value)}`;
  return typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

/** By its members: a signal from another realm is one too. */
function isAbortSignal(value: unknown): boolean {
  const signal = value as Partial<AbortSignal> | null;
  return typeof signal === "object" && typeof signal?.aborted === "boolean" &&
    typeof signal.addEventListener === "function";
}

function checkOptions(action: string, options: object, checks: Readonly<Record<string, Check>>): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const hint = typeof options === "function" && "reduce" in checks ? ": a reducer goes in { reduce }" : "";
    throw new TypeError(`${action}: options must be an object, got ${describe(options)}${hint}`);
  }
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined) {
      const hint = suggestion(name, Object.keys(checks));
      throw new TypeError(`${action}: there is no option ${JSON.stringify(name)}${hint}`);
    }
    if (value !== undefined) check(value, `${action}: ${name}`);
  }
}
