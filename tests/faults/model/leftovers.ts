/** What many programs have left behind, taken together. Children are looked for after each. */
import { readdirSync, readFileSync } from "node:fs";
import { releaseWarm } from "../../../src/memory/warm_memory.ts";
import { collectGarbage } from "../../support.ts";

const LIMIT_MS = 10_000;

interface Held {
  readonly descriptors: number;
  /** Mappings of shared memory without a name. */
  readonly mappings: number;
  readonly shm: number;
}

/** Runs `body` and says what it has left behind when all garbage is collected; nothing if all is well. */
export async function leftoversOf(body: () => Promise<void>): Promise<string[]> {
  const before = await held();
  await body();
  const end = performance.now() + LIMIT_MS;
  for (;;) {
    const after = await held();
    const more = (Object.keys(after) as (keyof Held)[]).filter((name) => after[name] > before[name]);
    if (more.length === 0) return [];
    if (performance.now() > end) return more.map((name) => `${after[name]} ${name}, ${before[name]} before`);
  }
}

async function held(): Promise<Held> {
  await collectGarbage();
  // memory that is kept for the next array is no leak
  releaseWarm();
  const maps = readFileSync("/proc/self/maps", "utf8").split("\n");
  return {
    descriptors: readdirSync("/proc/self/fd").length,
    mappings: maps.filter((line) => /^\S+ ..[-x]s .*\(deleted\)$/.test(line)).length,
    shm: readdirSync("/dev/shm").length,
  };
}
