/**
 * The sequential model: what may come of a program.
 *
 * Each job has an outcome that follows from its deeds and the options alone. What races (kills from outside, limits
 * of time, aborts, which of two errors comes first) adds outcomes that are allowed beside it, and turns exact counts
 * into bounds.
 */
import {
  type Deed,
  deedOf,
  LONG_MS,
  momentsOf,
  type Program,
  runsHere,
  SIGNALS,
  SLOTS,
  type Step,
} from "./program.ts";
import { NESTED, type Scene } from "./job.ts";
import { knownResultOf, show, thrownBy } from "./values.ts";

/** What was seen of a step. */
export interface Observation {
  /** What came, as text. */
  readonly values: readonly string[];
  /** What ended it instead of its end, as text. */
  readonly error: string | undefined;
  /** Whether the master took no more results. */
  readonly isLeft: boolean;
  readonly attempts: Int32Array;
  readonly passes: Int32Array;
  readonly log: readonly number[];
  /** The indices that `reduce` was called with. */
  readonly reduced: readonly number[];
  /** Iterators of items that were begun and not ended. */
  readonly openSources: number;
}

/** What must come of a job if nothing from outside interferes. */
interface Fate {
  readonly attempts: number;
  /** How often it dies. */
  readonly deaths: number;
  readonly isWell: boolean;
  /** Its value or its error. */
  readonly text: string;
  /** How often it comes through each section. */
  readonly passes: number;
  readonly logged: number;
  /** How often it dies in `critical`. */
  readonly abandons: number;
}

/** The text of the reason with which signals fire. */
export const ABORTED = "Error(aborted by the program)";
/** The text of what `reduce` throws. */
export const REDUCE_FAILED = "Error(reduce has failed)";
/** The text of what generators throw. */
export const SOURCE_FAILED = "Error(the items have failed)";

/** What `reduce` makes of a result. */
export function reduceText(index: number, value: unknown): string {
  return `${index} is ${show(value)}`;
}

/** The model of one step. */
export class StepModel {
  readonly #program: Program;
  readonly #step: Step;
  readonly #fates: Fate[] = [];
  readonly #isHere: boolean;
  /** How many items there are; generators that throw give fewer. */
  readonly #count: number;

  constructor(program: Program, step: Step) {
    this.#program = program;
    this.#step = step;
    this.#isHere = runsHere(program, step);
    this.#count = Math.min(step.count, step.sourceFailsAt ?? Infinity);
    const known = step.source === "endless generator" ? 64 : this.#count;
    for (let index = 0; index < known; index++) this.#fates.push(this.#simulate(index));
  }

  /** Whether a job may be ended for its time although it does its work. */
  get #isHurried(): boolean {
    return (this.#step.jobTimeout ?? Infinity) < LONG_MS;
  }

  /** Errors that any moment may bring. */
  get #interrupts(): string[] {
    const { timeout, abortAfter } = this.#step;
    const errors: string[] = [];
    if (timeout !== undefined) errors.push("JobTimeoutError -1");
    if (abortAfter !== undefined && abortAfter >= 0) errors.push(ABORTED);
    if (this.#program.disposeAfter !== undefined) errors.push("PoolClosedError");
    return errors;
  }

  /** Whether the run may stop workers in the middle of their jobs. */
  get mayStop(): boolean {
    const { settles, reduceThrowsAt, consume } = this.#step;
    if (this.#isHere) return false;
    return this.#interrupts.length > 0 || reduceThrowsAt !== undefined || consume !== undefined ||
      (!settles && (this.#fates.some(({ isWell }) => !isWell) || this.#isHurried)) ||
      (!settles && this.#program.kills.length > 0);
  }

  /** Whether workers may die in the middle of their jobs without ending the run. */
  get mayDie(): boolean {
    return this.#isHurried || this.#fates.some(({ deaths }) => deaths > 0);
  }

  /** How often deaths in `critical` may be told of: the least and the most. `seen` says whether the step ended well. */
  abandons(isWhole: boolean): [number, number] {
    const sure = this.#fates.reduce((sum, { abandons }) => sum + abandons, 0);
    const isExact = isWhole && !this.mayStop && !this.#isHurried;
    const isLoose = this.#step.nested === "outer critical" || this.#isHurried;
    return [isExact ? sure : 0, isLoose ? Infinity : sure];
  }

  /** What is wrong with what was seen; `kills` were sent by the master meanwhile. */
  check(seen: Observation, kills: number): string[] {
    const isWhole = seen.error === undefined && !seen.isLeft;
    return [
      ...this.#checkEnd(seen, kills),
      ...this.#checkValues(seen, kills),
      ...this.#checkAttempts(seen, kills, isWhole),
      ...this.#checkSections(seen, kills, isWhole),
      ...this.#checkReduced(seen, isWhole),
      ...seen.openSources === 0 ? [] : ["an iterator of items was left open"],
    ];
  }

  /** Plays all attempts of a job. */
  #simulate(index: number): Fate {
    const { retries = 0, nested } = this.#step;
    const moments = momentsOf(this.#step, index);
    let passes = 0, logged = 0, abandons = 0;
    for (let attempt = 0;; attempt++) {
      const deed = deedOf(this.#program, this.#step, [index, attempt]);
      const reached = deed === undefined ? moments : moments.slice(0, moments.indexOf(deed.at));
      if (reached.includes("in critical")) passes++;
      if (reached.includes("in ordered")) logged++;
      const isThrough = deed === undefined || deed.at === "end" || deed.at === "writing";
      if (isThrough && nested === "outer critical") passes += NESTED;
      const dies = deed?.what === "exit" || deed?.what === "signal";
      if ((dies || deed?.what === "spin") && deed?.at === "in critical") abandons++;
      if (dies && attempt < retries) continue;
      return {
        attempts: attempt + 1,
        deaths: dies ? attempt + 1 : attempt,
        isWell: deed === undefined,
        text: deed === undefined ? this.#valueText(index) : errorOf(deed),
        passes,
        logged,
        abandons,
      };
    }
  }

  #valueText(index: number): string {
    const value = knownResultOf(this.#step.result, index);
    return this.#step.reduce ? show(reduceText(index, value)) : show(value);
  }

  #fate(index: number): Fate {
    return this.#fates[index] ??= this.#simulate(index);
  }

  /** The texts that may stand for job `index` in the results. */
  #outcomes(index: number, kills: number): string[] {
    const { settles, retries = 0 } = this.#step;
    const fate = this.#fate(index);
    const outcomes: string[] = [];
    if (!settles) {
      if (fate.isWell) outcomes.push(fate.text);
      return outcomes;
    }
    // a job that never ends comes to its end by its time alone
    outcomes.push(fate.isWell ? `fulfilled ${fate.text}` : `rejected ${fate.text}`);
    if (this.#isHurried) outcomes.push(`rejected JobTimeoutError ${index}`);
    if (kills > 0 && kills + fate.deaths > retries) {
      outcomes.push(`rejected WorkerExitError ${index} SIGKILL`);
      // its last attempt may be one that dies by its own hand
      const last = deedOf(this.#program, this.#step, [index, retries]);
      const earlier = this.#step.deeds.find((deed) => deed.index === index);
      const deed = last ?? earlier;
      if (deed !== undefined) outcomes.push(`rejected ${errorOf(deed)}`);
    }
    return outcomes;
  }

  #checkEnd({ error, values, isLeft }: Observation, kills: number): string[] {
    const { settles, abortAfter, sourceFailsAt, reduceThrowsAt, method, consume, retries = 0 } = this.#step;
    const isStream = method.startsWith("imap");
    if (abortAfter === -1) {
      // a closed pool says so first, and `map` reads its items before it looks at the signal
      const others = isStream || sourceFailsAt === undefined
        ? this.#interrupts
        : [...this.#interrupts, SOURCE_FAILED];
      if (error === ABORTED || (error !== undefined && others.includes(error))) return [];
      return [`the signal had fired, but the step ended with ${error}`];
    }
    const interrupts = this.#interrupts;
    if (sourceFailsAt !== undefined && !isStream) {
      return error === SOURCE_FAILED || (error !== undefined && interrupts.includes(error))
        ? []
        : [`the items failed, but the step ended with ${error}`];
    }
    const failing = settles ? [] : this.#fates.filter(({ isWell }) => !isWell);
    const reduceFails = reduceThrowsAt !== undefined && reduceThrowsAt < this.#count &&
      this.#fate(reduceThrowsAt).isWell;
    const sourceFails = sourceFailsAt !== undefined;
    const endless = this.#isHurried
      ? 0
      : this.#fates.filter(({ text }, index) => text === `JobTimeoutError ${index}`).length;
    if (error === undefined) {
      const wanted = Math.min(this.#count, isStream ? consume ?? Infinity : Infinity);
      if (values.length !== wanted) return [`${values.length} results came, not ${wanted}`];
      if (isLeft) return [];
      if (failing.length > 0) return [`ended well, but had to fail with ${failing[0]!.text}`];
      // a kill ends a job that would not end by itself
      if (endless > kills) return ["ended well, although a job never ends"];
      // two that count on one job: kills may have made it a failure of its own
      if (reduceFails && kills === 0) return ["ended well, although reduce throws"];
      return sourceFails ? ["ended well, although the items failed"] : [];
    }
    const allowed = [...interrupts, ...failing.map(({ text }) => text)];
    if (reduceFails) allowed.push(REDUCE_FAILED);
    if (sourceFails) allowed.push(SOURCE_FAILED);
    if (allowed.includes(error)) {
      // in the master, and with one worker, jobs run in their order
      const isOneByOne = this.#isHere || (this.#program.np === 1 && kills === 0 && !this.#isHurried);
      const first = failing[0]?.text;
      const isLater = failing.some(({ text }) => text === error) && first !== error;
      if (isOneByOne && isLater && !this.#isHurried) return [`failed with ${error}, not with ${first}`];
      return [];
    }
    const [name, index, how] = error.split(" ");
    const isJob = Number(index) >= 0 && Number(index) <= this.#step.count;
    if (!settles && isJob && name === "JobTimeoutError" && this.#isHurried) return [];
    if (!settles && isJob && name === "WorkerExitError" && kills > 0) {
      // no job can die more often than its own deeds and the kills have it
      const most = kills + Math.max(0, ...this.#fates.map(({ deaths }) => deaths));
      if (most > retries || retries === 0) {
        if (how === "SIGKILL") return [];
        if (this.#step.deeds.some((deed) => deed.index === Number(index) && errorOf(deed) === error)) {
          return [];
        }
      }
    }
    return [`failed with ${error}; allowed: ${allowed.join(" | ") || "nothing"}`];
  }

  #checkValues({ values }: Observation, kills: number): string[] {
    const isByPosition = this.#step.method !== "imapUnordered";
    if (isByPosition) {
      for (const [index, text] of values.entries()) {
        if (index >= this.#count) return [`a result ${index}, of ${this.#count}`];
        const allowed = this.#outcomes(index, kills);
        if (!allowed.includes(text)) return [`result ${index} is ${text}, not ${allowed.join(" | ")}`];
      }
      return [];
    }
    const open = new Map<string, number[]>();
    const reach = Math.min(this.#count, SLOTS);
    for (let index = 0; index < reach; index++) {
      for (const text of this.#outcomes(index, kills)) {
        const of = open.get(text);
        if (of === undefined) open.set(text, [index]);
        else of.push(index);
      }
    }
    const taken = new Set<number>();
    // errors name their job, so they are matched first
    for (const text of [...values].sort().reverse()) {
      const index = open.get(text)?.find((each) => !taken.has(each));
      if (index === undefined) return [`a result ${text} that no job has left to give`];
      taken.add(index);
    }
    return [];
  }

  #checkAttempts({ attempts }: Observation, kills: number, isWhole: boolean): string[] {
    const isExact = isWhole && !this.#isHurried;
    let extra = 0;
    for (let index = 0; index < SLOTS; index++) {
      const had = attempts[index]!;
      if (had === 0 && (index >= this.#count || !isExact)) continue;
      const wanted = index < this.#count ? this.#fate(index).attempts : 0;
      if (had > wanted) extra += had - wanted;
      if (had < wanted && isExact && kills === 0) return [`job ${index} ran ${had} times, not ${wanted}`];
      if (had < 1 && isExact && kills > 0) {
        // killed just when it began, and out of tries
        if ((this.#step.retries ?? 0) === 0) extra++;
        else return [`job ${index} never ran`];
      }
    }
    return extra > kills ? [`jobs ran ${extra} times more often than they should, with ${kills} kills`] : [];
  }

  #checkSections(seen: Observation, kills: number, isWhole: boolean): string[] {
    const { log, passes } = seen;
    const isExact = isWhole && !this.#isHurried && kills === 0;
    let last = -1;
    for (const [at, index] of log.entries()) {
      if (index > last) last = index;
      // one that died after its turn has another when it is tried again
      else if (!log.slice(0, at).includes(index)) return [`ordered: job ${index} came after ${last}`];
    }
    const logged = new Int32Array(SLOTS);
    for (const index of log) logged[index]!++;
    for (let index = 0; index < Math.min(this.#count, SLOTS); index++) {
      if (!isExact && logged[index] === 0 && passes[index] === 0) continue;
      const fate = this.#fate(index);
      if (isExact && logged[index] !== fate.logged) {
        return [`ordered: job ${index} passed ${logged[index]} times, not ${fate.logged}`];
      }
      if (isExact && passes[index] !== fate.passes) {
        return [`critical: job ${index} passed ${passes[index]} times, not ${fate.passes}`];
      }
      if (logged[index]! > fate.logged + kills) {
        return [`ordered: job ${index} passed ${logged[index]} times`];
      }
    }
    return [];
  }

  #checkReduced({ reduced }: Observation, isWhole: boolean): string[] {
    if (new Set(reduced).size !== reduced.length) {
      return [`reduce was called twice with one index: ${reduced}`];
    }
    if (!this.#step.reduce || !isWhole || this.#isHurried) return [];
    const well = this.#fates.filter(({ isWell }) => isWell).length;
    return reduced.length <= well ? [] : [`reduce was called ${reduced.length} times for ${well} results`];
  }
}

/** What is allowed to be found in `critical`, see {@linkcode Scene}. */
export function dirtOf(program: Program, models: readonly StepModel[]): Scene["dirt"] {
  if (models.some((model) => model.mayStop) || program.steps.some(({ nested }) => nested !== "none")) {
    return "any";
  }
  return program.kills.length > 0 || models.some((model) => model.mayDie) ? "told" : "none";
}

/** The error that a deed makes, as text. */
function errorOf({ what, index, variant, at }: Deed): string {
  switch (what) {
    case "throw":
      return `WorkerError ${index} ${show(thrownBy(index, variant))}`;
    case "reenter":
      return `WorkerError ${index} DeadlockError in ${at.slice(3)}`;
    case "refuse":
      return `CodecError ${index}`;
    case "promise":
      return `AsyncJobError ${index}`;
    case "exit":
      return `WorkerExitError ${index} ${variant}`;
    case "signal":
      return `WorkerExitError ${index} ${SIGNALS[variant]}`;
    case "spin":
      return `JobTimeoutError ${index}`;
  }
}
