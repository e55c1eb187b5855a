/** What a random program of the fuzz is made of: plain data, so that it can be printed, shrunk and run again. */

/** Where the items of a call come from; item `i` is always `3 * i + 1`, whatever carries it. */
export type Source =
  | "array"
  | "range"
  | "set"
  | "generator"
  | "typed array"
  | "shared array"
  | "objects"
  | "array-like"
  | "async generator"
  | "endless generator";

/** What jobs return. */
export type ResultKind =
  | "number"
  | "odd number"
  | "string"
  | "object"
  | "typed array"
  | "shared array"
  | "big string"
  | "big array"
  | "undefined"
  | "bigint"
  | "error"
  | "random"
  | "mixed";

/** The sections that jobs pass, in this order. */
export type SectionsUse =
  | "none"
  | "critical"
  | "ordered"
  | "critical, then ordered"
  | "ordered, then critical"
  | "critical in ordered";

/** A moment of a job. */
export type Moment = "start" | "in critical" | "in ordered" | "end" | "writing";

/** What goes wrong in a job. */
export type Mishap = "throw" | "reenter" | "refuse" | "promise" | "exit" | "signal" | "spin";

/** A mishap of one job. */
export interface Deed {
  readonly index: number;
  readonly what: Mishap;
  readonly at: Moment;
  /** It happens in this many attempts, then no more. */
  readonly times: number;
  /** Which thrown value, exit status or signal. */
  readonly variant: number;
}

/** One call. */
export interface Step {
  readonly method: "map" | "mapSync" | "imap" | "imapUnordered";
  readonly source: Source;
  readonly count: number;
  /** A generator throws instead of giving this item. */
  readonly sourceFailsAt?: number | undefined;
  readonly sections: SectionsUse;
  /** Every so many jobs one enters no section; 0: all enter. */
  readonly skips: number;
  /** How long each job is busy, so that what comes at any time finds it at work. */
  readonly workMs?: number | undefined;
  /** A map inside of each job: on a pool of its own, or one whose jobs enter the outer pool's critical. */
  readonly nested: "none" | "own" | "outer critical";
  readonly result: ResultKind;
  readonly deeds: readonly Deed[];
  readonly schedule?: "dynamic" | "static" | "guided" | undefined;
  readonly chunkSize?: number | undefined;
  readonly minLength?: number | undefined;
  readonly star?: boolean | undefined;
  readonly reduce?: boolean | undefined;
  readonly reduceThrowsAt?: number | undefined;
  readonly settles?: boolean | undefined;
  readonly retries?: number | undefined;
  readonly timeout?: number | undefined;
  readonly jobTimeout?: number | undefined;
  /** Results that are consumed before the loop is left; all unless said. */
  readonly consume?: number | undefined;
  /** Milliseconds until the signal fires; -1: it has fired before the call. */
  readonly abortAfter?: number | undefined;
}

/** A program: calls on one pool, one after the other or all at once. */
export interface Program {
  readonly seed: number;
  readonly np: number;
  readonly backend: "fork" | "serial";
  readonly isConcurrent: boolean;
  readonly steps: readonly Step[];
  /** When the master kills one of its children, in milliseconds from the beginning. */
  readonly kills: readonly number[];
  /** When the pool is disposed under way. */
  readonly disposeAfter?: number | undefined;
}

/** The signals of the deed "signal", by its variant; those for which an engine writes a long report are left out. */
export const SIGNALS = ["SIGKILL", "SIGTERM", "SIGHUP", "SIGUSR1"] as const;
/** No index of a job is as large, however far `imap` looks ahead. */
export const SLOTS = 1024;
/** Job times from here on are never reached by a job that does its work. */
export const LONG_MS = 5000;

/** Whether the master itself runs the jobs of `step`. */
export function runsHere({ np, backend }: Program, { method, source, count, minLength }: Step): boolean {
  if (np === 0 || backend === "serial" || count === 0) return true;
  const isIndexed = method === "map" || method === "mapSync" ||
    !["set", "generator", "async generator", "endless generator"].includes(source);
  return isIndexed && count < (minLength ?? 0);
}

/** The moments of job `index` in their order. */
export function momentsOf({ sections, skips }: Step, index: number): Moment[] {
  const inside: Record<SectionsUse, Moment[]> = {
    "none": [],
    "critical": ["in critical"],
    "ordered": ["in ordered"],
    "critical, then ordered": ["in critical", "in ordered"],
    "ordered, then critical": ["in ordered", "in critical"],
    "critical in ordered": ["in ordered", "in critical"],
  };
  const isSkipped = skips > 0 && index % skips === skips - 1;
  return ["start", ...isSkipped ? [] : inside[sections], "end", "writing"];
}

/** What befalls job `index` in its `attempt`-th attempt, counted from 0. */
export function deedOf(program: Program, step: Step, [index, attempt]: [number, number]): Deed | undefined {
  const deed = step.deeds.find((each) => each.index === index);
  if (deed === undefined || attempt >= deed.times) return undefined;
  if (!momentsOf(step, index).includes(deed.at)) return undefined;
  // the master must survive, and takes any value
  const isForWorkers = ["exit", "signal", "spin", "refuse"].includes(deed.what);
  return isForWorkers && runsHere(program, step) ? undefined : deed;
}

/** The program as text that a person can read. */
export function programText(program: Program): string {
  const { np, backend, isConcurrent, steps, kills, disposeAfter, seed } = program;
  const lines = [`program ${seed}: pool of np ${np}${backend === "serial" ? ", serial" : ""}`];
  if (kills.length > 0) lines.push(`  the master kills a child after ${kills.join(" and ")} ms`);
  if (disposeAfter !== undefined) lines.push(`  the pool is disposed after ${disposeAfter} ms`);
  if (isConcurrent && steps.length > 1) lines.push("  all at once:");
  for (const step of steps) {
    const { method, source, count, deeds, sections, skips, nested, result, ...options } = step;
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    lines.push(
      `  ${method} over ${count} items (${source}) → ${result}` +
        given.map(([name, value]) => `, ${name} ${value}`).join(""),
    );
    if (sections !== "none") {
      lines.push(`    jobs pass: ${sections}${skips > 0 ? `, but for each ${skips}th` : ""}`);
    }
    if (nested !== "none") lines.push(`    each job maps: ${nested}`);
    for (const { index, what, at, times, variant } of deeds) {
      lines.push(`    job ${index}: ${what} (${variant}) at "${at}"${times < 99 ? `, ${times} times` : ""}`);
    }
  }
  return lines.join("\n");
}
