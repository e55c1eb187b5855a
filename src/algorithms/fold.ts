/**
 * Reductions: lanes of an array are folded to single values, by several processes, with a result that does not depend
 * on how many.
 *
 * An array is seen as `outer × length × inner`, lanes run along the middle. The work is cut into pieces by size alone:
 *
 * ```
 * lane          ├───────────────────────── length ─────────────────────────┤
 * cut in half,  ├─────────────┤├──────────────┤├─────────────┤├────────────┤   parts: a stretch each, or
 * again …              │               │               │             │        a few rows × some columns
 * partials             p0              p1              p2            p3       in shared memory
 *                       └──── join ────┘               └─── join ────┘        by the master, in the same tree
 *                               └───────────── join ─────────┘
 * ```
 *
 * Members of the crew claim groups of parts.
 *
 * @module
 */
import { makeData } from "../memory/arrays.ts";
import { constructorOf, type ShortDType, type TypedArray } from "../memory/dtype.ts";
import { releaseBuffer } from "../memory/segment.ts";
import { type CrewMember, crewSize, runCrew } from "./crew.ts";
import { type Lanes, Plan } from "./fold_plan.ts";
import { joinParts } from "./join_parts.ts";
import { PartWorker } from "./part_worker.ts";

/** Folds elements of one class, and is called with that class only. */
export type Kernel = (a: TypedArray, from: number, count: number) => number;

/** The kernel for an array's class, of those that have one. */
export function kernelFor(
  a: TypedArray,
  floats: (a: Float32Array, from: number, count: number) => number,
  ints: (a: Int32Array, from: number, count: number) => number,
  bytes: (a: Uint8Array, from: number, count: number) => number,
): Kernel | undefined {
  if (a instanceof Float32Array) return floats as unknown as Kernel;
  if (a instanceof Int32Array) return ints as unknown as Kernel;
  return a instanceof Uint8Array ? bytes as unknown as Kernel : undefined;
}

/** How lanes become values. */
export interface Fold {
  /** Type of the values: doubles for all elements that are numbers. */
  readonly type: "f8" | "i8" | "u8";
  /** Folds `count` > 0 elements that follow each other; they are doubles if `type` is `"f8"`. */
  line(a: TypedArray, from: number, count: number): number | bigint;
  /** The same for other classes that have a kernel of their own; `undefined` for those that have none. */
  direct?(a: TypedArray): Kernel | undefined;
  /** Folds rows into a row of values, element by element. */
  rows?(
    a: Float64Array,
    from: number,
    rows: number,
    stride: number,
    width: number,
    values: Float64Array,
    at: number,
  ): void;
  /** Folds the values of two neighbouring stretches. */
  join(left: number | bigint, right: number | bigint): number | bigint;
  /** Values are integers, whose sum is to be rounded once. */
  readonly isExact?: boolean;
  /** What folds is a function of the user's. */
  readonly isUserCode?: boolean;
}

/**
 * Folds every lane.
 *
 * @param data `outer × length × inner` elements, at least one in each lane
 * @param np the user's option
 * @param share elements that a process must have to be worth its start
 * @returns a value for each lane, `outer × inner`, in private memory or in a buffer that nobody else has
 */
export function foldLanes(
  data: TypedArray,
  lanes: Lanes,
  fold: Fold,
  np: number | undefined,
  share: number,
  what: string,
): TypedArray {
  const { outer, length, inner } = lanes;
  const size = crewSize(np, outer * length * inner, share, what);
  const plan = new Plan(lanes);
  const count = outer * plan.parts.length * inner;
  const makePartials = (isShared: boolean): TypedArray =>
    isShared ? makeData([count], fold.type, what, "anything") : new (constructorOf(fold.type))(count);
  let partials = makePartials(size > 1);
  const body = (member: CrewMember): void => {
    const worker = new PartWorker(data, lanes, plan, fold, partials);
    for (let claim = member.claim(0); claim < plan.claims; claim = member.claim(0)) worker.run(claim);
  };
  if (!runCrew(size, body, fold.isUserCode ? "user code" : "loops")) {
    partials = makePartials(false);
    runCrew(1, body);
  }
  if (plan.parts.length === 1 && size === 1) return partials;
  const values = joinParts(partials, lanes, plan, fold);
  if (size > 1) releaseBuffer(partials.buffer);
  return values;
}

/** An empty value of the type that results of an element type have. */
export function valueType(dtype: ShortDType): "f8" | "i8" | "u8" {
  return dtype === "i8" || dtype === "u8" ? dtype : "f8";
}
