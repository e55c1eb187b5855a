/** Runs one program of the fuzz and says what was wrong with what came of it. */
import { readdirSync, readFileSync } from "node:fs";
import {
  AsyncJobError,
  CodecError,
  DeadlockError,
  empty,
  type Job,
  JobTimeoutError,
  type MapOptions,
  MapReduce,
  PoolClosedError,
  range,
  SharedMemError,
  WorkerError,
  WorkerExitError,
} from "../../../mod.ts";
import { generator } from "../rig.ts";
import { eventually, killOther, pause, processInfo, soon } from "../../support.ts";
import { dirtOf, type Observation, reduceText, StepModel } from "./expect.ts";
import { Board, itemOf, runJob, type Scene } from "./job.ts";
import type { Program, Step } from "./program.ts";
import { POOL_SEED, show } from "./values.ts";

/** A map that blocks cannot be given up from outside, so it gets a limit that nothing reaches but a hang. */
const BLOCKED_MS = 10_000;
/** One that outlives its program may leave traces on its board: boards are used in turn. */
const boards = Array.from({ length: 4 }, () => new Board());
let programs = 0;

type AnyMap = (
  work: (...values: unknown[]) => unknown,
  items: unknown,
  options: MapOptions,
) => Promise<unknown[]> | unknown[] | AsyncGenerator<unknown>;

/** What is wrong with a run of `program`, which must end within `deadlineMs`; nothing if all is well. */
export async function complaintsOf(program: Program, deadlineMs = 15_000): Promise<string[]> {
  const board = boards[programs++ % boards.length]!;
  board.reset();
  const run = new ProgramRun(program, board);
  let complaints: string[];
  try {
    complaints = await soon(run.complaints(), "the program", deadlineMs);
  } catch (error) {
    complaints = [error instanceof Error ? error.message : String(error)];
    for (const pid of ownChildren()) killOther(pid);
    await eventually(() => ownChildren().length === 0, "the end of the children").catch(() => {});
  }
  const left = ownChildren().map((pid) => `${pid} ${processInfo(pid)?.state}`);
  if (left.length > 0) complaints.push(`children are left: ${left}`);
  return complaints;
}

/** One run of a program. */
class ProgramRun {
  readonly #program: Program;
  readonly #board: Board;
  readonly #models: readonly StepModel[];
  readonly #pool: MapReduce;
  readonly #random: () => number;
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  #kills = 0;

  constructor(program: Program, board: Board) {
    this.#program = program;
    this.#board = board;
    this.#models = program.steps.map((step) => new StepModel(program, step));
    this.#pool = new MapReduce({ np: program.np, backend: program.backend, seed: POOL_SEED });
    this.#random = generator(`run ${program.seed}`);
  }

  async complaints(): Promise<string[]> {
    const { steps, kills, disposeAfter, isConcurrent } = this.#program;
    using pool = this.#pool;
    try {
      for (const ms of kills) this.#after(ms, () => this.#kill());
      if (disposeAfter !== undefined) this.#after(disposeAfter, () => pool[Symbol.dispose]());
      const seen: Observation[] = [];
      if (isConcurrent) seen.push(...await Promise.all(steps.map((step, at) => this.#run(step, at))));
      else for (const [at, step] of steps.entries()) seen.push(await this.#run(step, at));
      const complaints = seen.flatMap((each, at) =>
        this.#models[at]!.check(each, this.#kills).map((text) => `step ${at}: ${text}`)
      );
      complaints.push(...this.#checkTogether(seen));
      for (const timer of this.#timers) clearTimeout(timer);
      if (disposeAfter === undefined) complaints.push(...await this.#probe(seen));
      return complaints;
    } finally {
      for (const timer of this.#timers) clearTimeout(timer);
    }
  }

  /** What the steps share: the count and the lock. */
  #checkTogether(seen: readonly Observation[]): string[] {
    const board = this.#board;
    const complaints = [...board.complaints];
    const isCalm = this.#kills === 0 && !this.#models.some((model) => model.mayStop || model.mayDie);
    const passes = seen.reduce((sum, each) => sum + each.passes.reduce((a, b) => a + b), 0);
    if (board.count < passes || (isCalm && board.count !== passes)) {
      complaints.push(`critical: the count is ${board.count} after ${passes} bodies`);
    }
    let least = 0, most = this.#kills;
    for (const [at, { error, isLeft }] of seen.entries()) {
      const [from, to] = this.#models[at]!.abandons(error === undefined && !isLeft);
      least += from;
      most += to;
    }
    const { abandoned } = this.#pool.critical;
    if (this.#kills === 0 && abandoned < least || abandoned > most) {
      complaints.push(`critical.abandoned is ${abandoned}, not ${least} to ${most}`);
    }
    return complaints;
  }

  /** After faults the pool must work as before. */
  async #probe(seen: readonly Observation[]): Promise<string[]> {
    const pool = this.#pool;
    const { np, isConcurrent } = this.#program;
    // a step that has another after it needs no probe
    const last = isConcurrent ? seen : seen.slice(-1);
    const isCalm = last.every(({ error, isLeft }) => error === undefined && !isLeft);
    if (np === 0 || (isCalm && this.#kills === 0)) return [];
    const got = await pool.map((i: number) => pool.ordered(() => pool.critical(() => i)), range(2));
    return show(got) === "[0,1]" ? [] : [`the pool does not work afterwards: ${show(got)}`];
  }

  async #run(step: Step, at: number): Promise<Observation> {
    const board = this.#board;
    const sources = { open: 0 };
    const values: string[] = [];
    const reduced: number[] = [];
    let error: string | undefined;
    let isLeft = false;
    try {
      const call = this.#call(step, at, [sources, reduced]);
      const show = step.settles ? settledText : valueText;
      if (Symbol.asyncIterator in call) {
        for await (const value of call) {
          values.push(show(value));
          if (values.length !== step.consume) continue;
          isLeft = true;
          break;
        }
      } else for (const value of await call) values.push(show(value));
    } catch (thrown) {
      error = errorText(thrown);
    }
    // one that is asked for an item when the stream ends may end itself a moment later
    for (let tries = 0; sources.open > 0 && tries < 50; tries++) await pause(1);
    return {
      values,
      error,
      isLeft,
      attempts: board.attempts(at).slice(),
      passes: board.passes(at).slice(),
      log: board.log(at),
      reduced,
      openSources: sources.open,
    };
  }

  #call(
    step: Step,
    at: number,
    [sources, reduced]: [{ open: number }, number[]],
  ): ReturnType<AnyMap> {
    const pool = this.#pool;
    const program = this.#program;
    const scene: Scene = {
      pool,
      board: this.#board,
      program,
      step,
      at,
      dirt: dirtOf(program, this.#models),
    };
    const { schedule, chunkSize, minLength, star, retries, jobTimeout, reduceThrowsAt } = step;
    const timeout = step.timeout ?? (step.method === "mapSync" ? BLOCKED_MS : undefined);
    const options: Record<string, unknown> = {
      schedule,
      chunkSize,
      minLength,
      star,
      retries,
      jobTimeout,
      timeout,
      onError: step.settles ? "settle" : undefined,
      signal: this.#signal(step.abortAfter),
    };
    if (step.reduce) {
      options.reduce = (value: unknown, index: number): string => {
        reduced.push(index);
        if (index === reduceThrowsAt) throw new Error("reduce has failed");
        return reduceText(index, value);
      };
    }
    const work = (...values: unknown[]): unknown => {
      const job = values.at(-1) as Job;
      const item = values[0];
      if (star && (values.length !== 3 || values[1] !== "tag")) return "wrong arguments";
      return runJob(scene, typeof item === "object" ? (item as { v: unknown }).v : item, job);
    };
    return (pool[step.method] as unknown as AnyMap)(work, itemsOf(step, sources), options as MapOptions);
  }

  #signal(after: number | undefined): AbortSignal | undefined {
    if (after === undefined) return undefined;
    const controller = new AbortController();
    const abort = (): void => controller.abort(new Error("aborted by the program"));
    if (after < 0) abort();
    else this.#after(after, abort);
    return controller.signal;
  }

  #after(ms: number, action: () => void): void {
    this.#timers.push(setTimeout(action, ms));
  }

  #kill(): void {
    const children = ownChildren();
    if (children.length === 0) return;
    this.#kills++;
    // whoever is listed is not reaped before this call is over
    killOther(children[Math.floor(this.#random() * children.length)]!);
  }
}

function itemsOf(step: Step, sources: { open: number }): unknown {
  const { source, count, star, sourceFailsAt } = step;
  const wrap = (index: number): unknown => star ? [itemOf(index), "tag"] : itemOf(index);
  const make = (index: number): unknown => {
    if (index === sourceFailsAt) throw new Error("the items have failed");
    return wrap(index);
  };
  const end = sourceFailsAt === undefined ? count : count + 1;
  function* generate(): Generator<unknown> {
    sources.open++;
    try {
      for (let index = 0; source === "endless generator" || index < end; index++) yield make(index);
    } finally {
      sources.open--;
    }
  }
  async function* generateLater(): AsyncGenerator<unknown> {
    for (const item of generate()) {
      await undefined;
      yield item;
    }
  }
  const list = (): number[] => Array.from({ length: count }, (_, index) => itemOf(index));
  switch (source) {
    case "array":
      return Array.from({ length: count }, (_, index) => wrap(index));
    case "range":
      return range(1, 3 * count + 1, 3);
    case "set":
      return new Set(list());
    case "typed array":
      return Float64Array.from(list());
    case "shared array": {
      const array = empty(count, "i4");
      array.set(list());
      return array;
    }
    case "objects":
      return list().map((v) => ({ v, text: "t".repeat(v) }));
    case "array-like":
      return { ...list(), length: count };
    case "async generator":
      return generateLater();
    default:
      return generate();
  }
}

function valueText(value: unknown): string {
  return show(value);
}

function settledText(value: unknown): string {
  const { status, ...outcome } = value as PromiseSettledResult<unknown>;
  if ("value" in outcome) return `${status} ${show(outcome.value)}`;
  return `${status} ${errorText((outcome as PromiseRejectedResult).reason)}`;
}

function errorText(error: unknown): string {
  if (error instanceof WorkerError) {
    const { cause, index } = error;
    const section = cause instanceof DeadlockError ? cause.message.split(" ")[0] : undefined;
    return `WorkerError ${index} ${section === undefined ? show(cause) : `DeadlockError in ${section}`}`;
  }
  if (error instanceof WorkerExitError) {
    return `WorkerExitError ${error.index} ${error.signal ?? error.exitCode}`;
  }
  if (error instanceof JobTimeoutError || error instanceof CodecError || error instanceof AsyncJobError) {
    return `${error.name} ${error.index}`;
  }
  if (error instanceof PoolClosedError) return error.name;
  return error instanceof SharedMemError ? `${error.name}: ${error.message}` : show(error);
}

/** The children of this process, by the thread that forked them. */
function ownChildren(): number[] {
  return readdirSync("/proc/self/task").flatMap((thread) => {
    try {
      return readFileSync(`/proc/self/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(
        Number,
      );
    } catch {
      return []; // a thread that has ended meanwhile
    }
  });
}
