import { existsSync } from "node:fs";
import { join } from "node:path";
import { program } from "../driver/machine.mjs";

export const LONG = new URL(".", import.meta.url).pathname;

/**
 * Every long run: what it is, how many steps, how long at most where the count cannot be promised in time, and
 * whether both runtimes go side by side (where each keeps one core busy).
 */
export const CASES = {
  numbers: { what: "maps of 10⁷ jobs, numbers", steps: 8 },
  objects: { what: "maps of 10⁶ jobs, objects", steps: 8 },
  maps: { what: "10⁵ maps, 10 % fail, 2 % killed", steps: 100_000, limitSeconds: 270, together: true },
  pools: { what: "10⁴ pools, 1 in 7 forgotten", steps: 10_000, limitSeconds: 120, together: true },
  results: { what: "1 GiB array, 1 GiB of strings", steps: 4 },
  large: { what: "8 GiB filled, summed, released", steps: 4, needsMiB: 11_000 },
};

/** Of the counts. */
const QUICK = 0.01;
const MANY_STEPS = 100;
/** A run that takes longer hangs. */
const HANG_SECONDS = 400;

/**
 * The processes of a run, in groups that go side by side: `{ name, runtime, command, timeoutMs, needsMiB }`. A quick
 * one makes a hundredth of the many steps, or the few steps a hundredth as large.
 */
export function plan({ quick, only, runtime, unlimited }) {
  const runtimes = ["bun", "deno"].filter((one) => one.startsWith(runtime));
  return Object.entries(CASES).filter(([name]) => name.startsWith(only))
    .flatMap(([name, one]) => {
      const { steps, together = false, needsMiB = 0 } = one;
      const limitSeconds = unlimited ? 0 : one.limitSeconds ?? 0;
      const isMany = steps >= MANY_STEPS;
      const count = quick && isMany ? steps * QUICK : steps;
      const size = quick && !isMany ? QUICK : 1;
      const tasks = runtimes.map((runtime) => ({
        name,
        runtime,
        needsMiB: needsMiB * size,
        timeoutMs: unlimited ? 2 ** 31 - 1 : 1000 * (limitSeconds + HANG_SECONDS),
        command: [
          ...run(runtime),
          join(LONG, "cases", name + ".ts"),
          ...[count, limitSeconds, quick ? 25 : 250, size].map(String),
        ],
      }));
      return together ? [tasks] : tasks.map((task) => [task]);
    });
}

function run(runtime) {
  const path = program(runtime);
  if (path === undefined || !existsSync(path)) {
    throw new Error(`${runtime} is not installed: npm install`);
  }
  return runtime === "deno" ? [path, "run", "-A"] : [path];
}
