/** What jobs of the fuzz do, and the shared memory in which they leave traces. */
import process from "node:process";
import { empty, type Job, MapReduce } from "../../../mod.ts";
import { busyMs, spinForever } from "../../support.ts";
import {
  type Deed,
  deedOf,
  type Moment,
  momentsOf,
  type Program,
  SIGNALS,
  SLOTS,
  type Step,
} from "./program.ts";
import { POOL_SEED, resultOf, thrownBy } from "./values.ts";

const MAX_STEPS = 4;
const HEADER = 4;
const STEP_WORDS = 4 * SLOTS + 1;
/** Entries that the log of `ordered` has room for. */
const LOG_ENTRIES = 2 * SLOTS;
/** Jobs of a nested map. */
export const NESTED = 2;

/** Complaints of jobs about what they were given. */
export const COMPLAINTS = [
  "two were in critical at once, or one died there and nobody could tell",
  "a job got an item, index or rank that is not its own",
  "a nested map gave a wrong result",
] as const;

/** Traces that jobs leave: what happened in whichever process. */
export class Board {
  readonly #words: Int32Array = empty(HEADER + MAX_STEPS * STEP_WORDS, "i4");

  /** Forgets everything. */
  reset(): void {
    this.#words.fill(0);
  }

  /** How often a body of `critical` has changed the count, by its own reading and writing. */
  get count(): number {
    return this.#words[0]!;
  }

  /** What jobs complained about. */
  get complaints(): string[] {
    return COMPLAINTS.filter((_, at) => (this.#words[1]! & 1 << at) !== 0);
  }

  /** A job complains. */
  complain(at: number): void {
    Atomics.or(this.#words, 1, 1 << at);
  }

  /** A body of `critical`: reads, takes some time, writes. `isDirty` judges traces of one who never came out. */
  changeCount(isDirty: () => boolean, body: () => void): void {
    const words = this.#words;
    const ticket = Atomics.add(words, 3, 1) + 1;
    if (words[2] !== 0 && isDirty()) this.complain(0);
    words[2] = ticket;
    try {
      const before = words[0]!;
      body();
      // long enough for another to be seen, if one is let in
      for (let i = 0; i < 500; i++) if (Atomics.load(words, 2) !== ticket) this.complain(0);
      words[0] = before + 1;
    } finally {
      words[2] = 0;
    }
  }

  /** How often each job of a step was begun. */
  attempts(step: number): Int32Array {
    return this.#words.subarray(this.#at(step), this.#at(step) + SLOTS);
  }

  /** How often each job of a step came through `critical`. */
  passes(step: number): Int32Array {
    return this.#words.subarray(this.#at(step) + SLOTS, this.#at(step) + 2 * SLOTS);
  }

  /** The jobs of a step that were in `ordered`, as they came. */
  log(step: number): number[] {
    const at = this.#at(step) + 2 * SLOTS;
    return Array.from(this.#words.subarray(at + 1, at + 1 + this.#words[at]!));
  }

  /** A body of `ordered` writes itself down; it may be lost unless it `isAlone` there. */
  enterLog(step: number, index: number, isAlone: boolean): void {
    const at = this.#at(step) + 2 * SLOTS;
    const words = this.#words;
    // one that is tried again after its turn may come beside a later one
    const length = isAlone ? words[at]! : Atomics.add(words, at, 1);
    if (length >= LOG_ENTRIES) return;
    words[at + 1 + length] = index;
    if (isAlone) words[at] = length + 1;
  }

  #at(step: number): number {
    return HEADER + step * STEP_WORDS;
  }
}

/** Where a job finds everything. */
export interface Scene {
  readonly pool: MapReduce;
  readonly board: Board;
  readonly program: Program;
  readonly step: Step;
  /** The number of the step. */
  readonly at: number;
  /**
   * What one who is let into `critical` may find there: all in order, traces of a death that `abandoned` tells of, or
   * of a worker that its own run has stopped, of which nobody tells.
   */
  readonly dirt: "none" | "told" | "any";
}

/** Runs a job: the steps of {@linkcode momentsOf}, at one of which its deed may happen. */
export function runJob(scene: Scene, item: unknown, job: Job): unknown {
  const { pool, board, program, step, at } = scene;
  const { index } = job;
  const isOwn = index >= 0 && index < SLOTS && item === itemOf(index);
  if (!isOwn || job.local.rank !== job.rank || job.rank < 0 || job.rank >= Math.max(1, program.np)) {
    board.complain(1);
    return "not my item";
  }
  const attempt = Atomics.add(board.attempts(at), index, 1);
  const deed = deedOf(program, step, [index, attempt]);
  const moments = momentsOf(step, index);
  const isAt = (moment: Moment): void => {
    if (deed?.at === moment) commit(deed, pool);
  };
  const critical = (): void => {
    pool.critical(() => board.changeCount(() => isWrong(scene), () => isAt("in critical")));
    Atomics.add(board.passes(at), index, 1);
  };
  const ordered = (body: () => void): void =>
    pool.ordered(() => {
      isAt("in ordered");
      board.enterLog(at, index, step.retries === undefined);
      body();
    });
  isAt("start");
  if (step.workMs !== undefined) busyMs(step.workMs);
  if (step.sections === "critical in ordered" && moments.includes("in ordered")) ordered(critical);
  else {
    for (const moment of moments) {
      if (moment === "in critical") critical();
      if (moment === "in ordered") ordered(() => {});
    }
  }
  if (step.nested !== "none") nest(scene, index);
  if (deed?.at === "end") {
    if (deed.what === "refuse") return () => index;
    if (deed.what === "promise") return Promise.resolve(index);
    isAt("end");
  }
  if (deed?.at === "writing") {
    return {
      before: "x".repeat(deed.variant * 20_000),
      get after(): unknown {
        return commit(deed, pool);
      },
    };
  }
  return resultOf(step.result, index, () => job.random());
}

/** The item of job `index`. */
export function itemOf(index: number): number {
  return 3 * index + 1;
}

function isWrong({ pool, dirt }: Scene): boolean {
  return dirt === "none" || (dirt === "told" && pool.critical.abandoned === 0);
}

function commit({ what, index, variant, at }: Deed, pool: MapReduce): void {
  switch (what) {
    case "throw":
      throw thrownBy(index, variant);
    case "reenter":
      if (at === "in critical") pool.critical(() => {});
      else pool.ordered(() => {});
      return;
    case "exit":
      return process.exit(variant);
    case "signal":
      process.kill(process.pid, SIGNALS[variant]!);
      return spinForever();
    case "spin":
      return spinForever();
    case "promise":
    case "refuse":
  }
}

function nest(scene: Scene, index: number): void {
  const { pool, board, step, at } = scene;
  using inner = new MapReduce({ np: 1 + index % 2, seed: POOL_SEED });
  const results = inner.mapSync((x: number) => {
    if (step.nested === "outer critical") {
      pool.critical(() => board.changeCount(() => isWrong(scene), () => {}));
      Atomics.add(board.passes(at), index, 1);
    }
    return x * index;
  }, [10, 20].slice(0, NESTED));
  if (results.length !== NESTED || results.some((x, i) => x !== 10 * (i + 1) * index)) board.complain(2);
}
