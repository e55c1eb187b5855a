/** Draws a program from a seed. */
import { generator } from "../rig.ts";
import {
  type Deed,
  LONG_MS,
  type Mishap,
  type Moment,
  momentsOf,
  type Program,
  type ResultKind,
  runsHere,
  type SectionsUse,
  SIGNALS,
  SLOTS,
  type Source,
  type Step,
} from "./program.ts";

const ALWAYS = 99;
/** Short enough to be reached often, long enough for a worker to start. */
const SHORT_JOB_MS = 40;

/** Draws from a reproducible stream. */
class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = generator(`program ${seed}`);
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.#random() < p;
  }

  /** A whole number, 0 ≤ x < `end`. */
  below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  /** One of `values`, each as likely as the others. */
  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  /** `value()` with probability `p`. */
  maybe<T>(p: number, value: () => T): T | undefined {
    return this.chance(p) ? value() : undefined;
  }
}

/** The program of `seed`, always the same. */
export function generate(seed: number): Program {
  const dice = new Dice(seed);
  const frame = {
    seed,
    np: dice.of([0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3, 4]),
    backend: dice.chance(0.03) ? "serial" as const : "fork" as const,
  };
  const steps = Array.from({ length: dice.of([1, 1, 1, 1, 1, 1, 2, 2, 2, 3]) }, () => aStep(dice, frame));
  return {
    ...frame,
    isConcurrent: dice.chance(0.4) &&
      !(steps.some(spins) && steps.some(({ method }) => method === "mapSync")),
    steps,
    kills: dice.chance(0.1) ? Array.from({ length: 1 + dice.below(2) }, () => dice.below(15)) : [],
    disposeAfter: dice.maybe(0.02, () => dice.below(12)),
  };
}

/** A job that never ends may hold `critical`: while a mapSync waits for that, no timer of the master ends the job. */
function spins({ deeds }: Step): boolean {
  return deeds.some(({ what }) => what === "spin");
}

function aStep(dice: Dice, frame: Pick<Program, "seed" | "np" | "backend">): Step {
  const method = dice.of(["map", "map", "mapSync", "imap", "imap", "imapUnordered"] as const);
  const isStream = method === "imap" || method === "imapUnordered";
  const consume = isStream ? dice.maybe(0.3, () => dice.below(12) + 1) : undefined;
  const sources: Source[] = [
    "array",
    "range",
    "set",
    "generator",
    "typed array",
    "shared array",
    "objects",
    "array-like",
  ];
  if (isStream) sources.push("async generator", "generator");
  if (consume !== undefined) sources.push("endless generator", "endless generator");
  const source = dice.of(sources);
  const nested = dice.chance(0.06) ? dice.of(["own", "outer critical"] as const) : "none";
  const count = source === "endless generator"
    ? SLOTS
    : nested !== "none"
    ? 1 + dice.below(4)
    : dice.chance(0.1)
    ? dice.below(3)
    : 1 + dice.below(40);
  const base: Step = {
    method,
    source,
    count,
    consume,
    nested,
    sourceFailsAt: source.endsWith("generator") && source !== "endless generator"
      ? dice.maybe(0.1, () => dice.below(count + 1))
      : undefined,
    sections: dice.chance(0.5) ? "none" : dice.of<SectionsUse>([
      "critical",
      "critical",
      "ordered",
      "ordered",
      "critical, then ordered",
      "ordered, then critical",
      "critical in ordered",
    ]),
    skips: dice.chance(0.3) ? 2 + dice.below(3) : 0,
    workMs: dice.maybe(0.15, () => (1 + dice.below(10)) / 10),
    result: aResult(dice),
    deeds: [],
    schedule: dice.maybe(0.5, () => dice.of(["dynamic", "static", "guided"] as const)),
    chunkSize: dice.maybe(0.4, () => dice.of([1, 1, 2, 3, 7, 100])),
    minLength: dice.maybe(0.1, () => dice.below(20)),
    star: source === "array" || source === "generator" ? dice.maybe(0.3, () => true) : undefined,
    settles: dice.maybe(0.4, () => true),
    retries: dice.maybe(0.4, () => 1 + dice.below(3)),
  };
  return withFaults(dice, frame, base);
}

function aResult(dice: Dice): ResultKind {
  if (dice.chance(0.04)) return dice.of(["big string", "big array"]);
  return dice.of([
    "number",
    "number",
    "odd number",
    "string",
    "object",
    "typed array",
    "shared array",
    "undefined",
    "bigint",
    "error",
    "random",
    "mixed",
    "mixed",
  ]);
}

function withFaults(dice: Dice, frame: Pick<Program, "seed" | "np" | "backend">, base: Step): Step {
  const program: Program = { ...frame, isConcurrent: false, kills: [], steps: [] };
  const isHere = runsHere(program, base);
  const deeds: Deed[] = [];
  const indices = new Set<number>();
  if (base.count > 0 && dice.chance(0.5)) {
    const reach = Math.min(base.count, 40);
    for (let n = 1 + dice.below(3); n > 0; n--) indices.add(dice.below(reach));
  }
  for (const index of indices) deeds.push(aDeed(dice, base, index));
  // a job that never ends needs somebody who ends it
  const isSpinning = !isHere && base.count > 0 && dice.chance(0.04);
  const ender = isSpinning ? dice.of(["jobTimeout", "jobTimeout", "timeout", "abort"] as const) : undefined;
  if (isSpinning) {
    const index = dice.below(Math.min(base.count, 40));
    const kept = deeds.filter((deed) => deed.index !== index);
    deeds.splice(0, deeds.length, ...kept, { ...aDeed(dice, base, index, "spin"), times: ALWAYS });
  }
  const isBlocking = base.method === "mapSync";
  const reduce = dice.maybe(0.2, () => true);
  return {
    ...base,
    deeds,
    reduce,
    reduceThrowsAt: reduce && !isSpinning && base.count > 0
      ? dice.maybe(0.1, () => dice.below(Math.min(base.count, 40)))
      : undefined,
    timeout: ender === "timeout" || (ender === "abort" && isBlocking)
      ? 10 + dice.below(30)
      : dice.maybe(0.03, () => 3 + dice.below(30)),
    jobTimeout: ender === "jobTimeout" ? SHORT_JOB_MS : dice.maybe(0.05, () => LONG_MS),
    abortAfter: ender === "abort" && !isBlocking
      ? 5 + dice.below(30)
      : dice.maybe(0.06, () => dice.chance(0.3) || isBlocking ? -1 : dice.below(20)),
  };
}

function aDeed(dice: Dice, step: Step, index: number, wanted?: Mishap): Deed {
  const what = wanted ??
    dice.of<Mishap>(["throw", "throw", "exit", "exit", "signal", "signal", "refuse", "promise", "reenter"]);
  const isDeadly = what === "exit" || what === "signal" || what === "spin";
  const moments = momentsOf(step, index).filter((moment) => {
    if (what === "reenter") return moment === "in critical" || moment === "in ordered";
    if (what === "refuse" || what === "promise") return moment === "end";
    return isDeadly || moment !== "writing";
  });
  // without a section there is nothing to enter again
  if (moments.length === 0) return aDeed(dice, step, index, "throw");
  return {
    index,
    what,
    at: dice.of<Moment>(moments),
    times: isDeadly && dice.chance(0.7) ? 1 + dice.below(2) : ALWAYS,
    variant: dice.below(what === "signal" ? SIGNALS.length : 9),
  };
}
