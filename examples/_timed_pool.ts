/** A pool that notes where the time of its map goes. Not an example: the demo's instrument. */
import { type Items, type Job, type MapOptions, MapReduce, table } from "@sharedmem/sharedmem";

/**
 * Milliseconds. The middle four are those of the mean worker and, with `prepareMs`, add up to `totalMs`; `reduceMs`
 * is what the master was busy with meanwhile.
 */
export interface Phases {
  readonly totalMs: number;
  /** Before the map: the pool, and memory for arrays. */
  readonly prepareMs: number;
  /** From the call of the map to a worker's first job: fork and start-up. */
  readonly startMs: number;
  /** In jobs: computing. */
  readonly jobsMs: number;
  /** Between jobs: taking the next one, handing over the result. */
  readonly betweenMs: number;
  /** After a worker's last job, until all results are in the master: waiting for others, reading the last results. */
  readonly endMs: number;
  readonly reduceMs: number;
}

type AnyMap = (work: Work, items: Items<unknown>, options?: MapOptions) => Promise<unknown[]>;
type Work = (item: unknown, job: Job) => unknown;

/** Runs `use` with a pool of `np` workers for one map, and says where the time went. */
export async function timed<R>(np: number, use: (pool: MapReduce) => Promise<R>): Promise<[R, Phases]> {
  const rows = Math.max(np, 1);
  // shared: each worker writes its row, and performance.now() counts from the same moment in all
  const worker = table(rows, { first: "f8", last: "f8", busy: "f8" });
  for (const column of Object.values(worker)) column.fill(0);
  let called = 0;
  let reduceMs = 0;

  const started = performance.now();
  using pool = new MapReduce({ np });
  const map = pool.map as AnyMap;
  const timedMap: AnyMap = (work, items, { reduce, ...options } = {}) => {
    const timedWork: Work = (item, job) => {
      const from = performance.now();
      const result = work(item, job);
      const to = performance.now();
      const { rank } = job;
      worker.first[rank] ||= from;
      worker.last[rank] = to;
      worker.busy[rank]! += to - from;
      return result;
    };
    const timedReduce: typeof reduce = reduce && ((result, index) => {
      const from = performance.now();
      const reduced = reduce(result, index);
      reduceMs += performance.now() - from;
      return reduced;
    });
    called = performance.now();
    return map(timedWork, items, timedReduce ? { ...options, reduce: timedReduce } : options);
  };
  const result = await use(Object.assign(pool, { map: timedMap as typeof pool.map }));
  const ended = performance.now();

  const ranks = [...worker.first.keys()].filter((rank) => worker.first[rank]! > 0);
  const mean = (value: (rank: number) => number): number =>
    ranks.reduce((sum, rank) => sum + value(rank), 0) / ranks.length;
  const first = mean((rank) => worker.first[rank]!);
  const last = mean((rank) => worker.last[rank]!);
  const jobsMs = mean((rank) => worker.busy[rank]!);
  return [result, {
    totalMs: ended - started,
    prepareMs: called - started,
    startMs: first - called,
    jobsMs,
    betweenMs: last - first - jobsMs,
    endMs: ended - last,
    reduceMs,
  }];
}
