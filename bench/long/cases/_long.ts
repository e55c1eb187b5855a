/**
 * A long run: steps one after the other, and what the process holds meanwhile.
 *
 * ```
 * before ─▶ step 0 … n-1, sampled every 250 ms (and at rest, after each round) ─▶ a collection ─▶ after
 * ```
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { backend } from "../../../ffi/libc.ts";

/** What the process holds at one moment. */
export interface Sample {
  /** Since the first step. */
  readonly seconds: number;
  /** Steps done. */
  readonly done: number;
  /** Whether nothing runs and garbage is collected. */
  readonly atRest: boolean;
  /** Resident anonymous memory: heap and code. */
  readonly privateMiB: number;
  /** Resident shared memory: arrays and control memory of maps. */
  readonly sharedMiB: number;
  readonly descriptors: number;
  readonly mappings: number;
  /** Zombies count. */
  readonly children: number;
}

/** How a run is to go: `unit` is what the table calls a step. */
export interface Plan {
  readonly unit: string;
  /** Few large steps: a collection and a sample at rest after each. */
  readonly inRounds?: boolean;
}

const [steps = 0, limitSeconds = 0, intervalMs = 250, scale = 1] = process.argv.slice(2).map(Number);

/** `count` in a whole run, a share of it in a quick one. */
export function scaled(count: number): number {
  return Math.max(1, Math.round(count * scale));
}

/**
 * Runs the steps that the command line asks for, fewer when its time is over, and hands all to the driver. Its
 * arguments: steps, seconds (0: no limit), milliseconds from sample to sample, size of a step (1: whole).
 */
export async function longRun(
  { unit, inRounds = false }: Plan,
  step: (index: number) => Promise<void>,
): Promise<void> {
  const samples: Sample[] = [];
  let started = performance.now();
  let done = 0;
  function sample(atRest = false): Sample {
    const seconds = Number(((performance.now() - started) / 1000).toFixed(3));
    return { seconds, done, atRest, ...held() };
  }
  await rest();
  started = performance.now();
  const before = sample(true);
  const timer = setInterval(() => samples.push(sample()), intervalMs);
  while (done < steps && !(limitSeconds > 0 && performance.now() - started > 1000 * limitSeconds)) {
    try {
      await step(done);
    } catch (error) {
      console.error(`error in step ${done}: ${error instanceof Error ? error.message : String(error)}`);
      process.exit(1);
    }
    done++;
    if (inRounds) {
      await rest();
      samples.push(sample(true));
    }
  }
  clearInterval(timer);
  const seconds = (performance.now() - started) / 1000;
  await rest();
  const after = sample(true);
  console.log("BENCH " + JSON.stringify({ unit, steps, done, seconds, before, after, samples }));
}

/** Collects, and lets the finalizers of both engines have their turns. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    backend.collectGarbage();
    // as long as the module waits from one look for dead arrays to the next
    await new Promise((resolve) => setTimeout(resolve, 260));
  }
}

/**
 * From the files of /proc. Not from `smaps_rollup`: it calls a page of the heap shared while a forked child has it too.
 */
function held(): Omit<Sample, "seconds" | "done" | "atRest"> {
  const status = readFileSync("/proc/self/status", "utf8");
  const mebi = (field: string) =>
    Number((Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024).toFixed(1));
  return {
    privateMiB: mebi("RssAnon"),
    sharedMiB: mebi("RssShmem"),
    descriptors: readdirSync("/proc/self/fd").length,
    mappings: readFileSync("/proc/self/maps", "utf8").split("\n").length - 1,
    children: readdirSync("/proc/self/task").map(childrenOf).reduce((a, b) => a + b, 0),
  };
}

function childrenOf(thread: string): number {
  try {
    return readFileSync(`/proc/self/task/${thread}/children`, "utf8").split(" ").filter(Boolean).length;
  } catch {
    return 0; // a thread that has just ended
  }
}
