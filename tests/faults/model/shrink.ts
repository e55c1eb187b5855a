/** Makes a failing program smaller while it still fails. */
import type { Program, Step } from "./program.ts";
import { complaintsOf } from "./runner.ts";

/** What fails may race: it gets this many tries. */
const TRIES = 8;
const BUDGET_MS = 20_000;
const HANG_MS = 3000;

/** A smaller program that still fails, found within about 20 s, and its complaints. */
export async function shrink(program: Program, complaints: string[]): Promise<[Program, string[]]> {
  const end = performance.now() + BUDGET_MS;
  let best: [Program, string[]] = [program, complaints];
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (const candidate of smallerOnes(best[0])) {
      if (performance.now() > end) return best;
      const found = await failureOf(candidate);
      if (found.length === 0) continue;
      best = [candidate, found];
      isSmaller = true;
      break;
    }
  }
  return best;
}

async function failureOf(program: Program): Promise<string[]> {
  for (let i = 0; i < TRIES; i++) {
    const complaints = await complaintsOf(program, HANG_MS);
    if (complaints.length > 0) return complaints;
  }
  return [];
}

function* smallerOnes(program: Program): Generator<Program> {
  const { steps, kills, disposeAfter, isConcurrent } = program;
  if (steps.length > 1) {
    for (const at of steps.keys()) {
      yield { ...program, steps: steps.toSpliced(at, 1) };
    }
  }
  if (kills.length > 0) yield { ...program, kills: kills.slice(1) };
  if (disposeAfter !== undefined) yield { ...program, disposeAfter: undefined };
  if (isConcurrent && steps.length > 1) yield { ...program, isConcurrent: false };
  for (const [at, step] of steps.entries()) {
    for (const smaller of smallerSteps(step)) yield { ...program, steps: steps.with(at, smaller) };
  }
}

/** What a step can do without. */
const DISPENSABLE = [
  "schedule",
  "chunkSize",
  "minLength",
  "retries",
  "reduceThrowsAt",
  "sourceFailsAt",
  "abortAfter",
  "workMs",
  "settles",
] as const;

function* smallerSteps(step: Step): Generator<Step> {
  const { count, deeds } = step;
  for (const at of deeds.keys()) yield { ...step, deeds: deeds.toSpliced(at, 1) };
  const isCounted = step.source !== "endless generator";
  if (isCounted && count > 1) {
    yield { ...step, count: count >> 1 };
    yield { ...step, count: count - 1 };
  }
  if (step.sections !== "none" && !deeds.some(({ at }) => at.startsWith("in "))) {
    yield { ...step, sections: "none" };
  }
  if (step.skips > 0) yield { ...step, skips: 0 };
  if (step.nested !== "none") yield { ...step, nested: "none" };
  if (step.reduce && step.reduceThrowsAt === undefined) yield { ...step, reduce: undefined };
  for (const name of DISPENSABLE) if (step[name] !== undefined) yield { ...step, [name]: undefined };
  if (step.result !== "number") yield { ...step, result: "number" };
  if (!step.star && isCounted && !step.sourceFailsAt && step.source !== "array") {
    yield { ...step, source: "array" };
  }
}
