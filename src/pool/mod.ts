/**
 * Maps closures over items on every core: `MapReduce` and what belongs to it.
 *
 * @example Two workers
 * ```ts
 * import { MapReduce } from "@sharedmem/sharedmem/map-reduce";
 * import assert from "node:assert/strict";
 *
 * using pool = new MapReduce({ np: 2 });
 * assert.deepEqual(await pool.map((x) => x * 2, [1, 2, 3]), [2, 4, 6]);
 * ```
 *
 * @module
 */
import "../process/engine_setup.ts";

export { type Background, background } from "./background.ts";
export type { Critical } from "./critical.ts";
export { getDebug, setDebug } from "./debug.ts";
export type { Items, StreamItems } from "./items.ts";
export type { Job, StarOption, StarWork, Work } from "./job.ts";
export type { ItemsOf, MapForm, MapMethod, Results } from "./map_method.ts";
export { MapReduce } from "./map_reduce.ts";
export type * from "./options.ts";
export type { Ordered } from "./ordered.ts";
export type { Progress, ProgressCallback, ProgressOption } from "../observe/progress.ts";
export type { Seed } from "./random.ts";
export { Range, range } from "./range.ts";
export type { WorkerLocal } from "./worker_place.ts";
