/** Faults at a chosen moment of a worker's life, from a chosen side. */
import process from "node:process";
import { empty, type Job, type MapReduce } from "../../mod.ts";
import { killOther, realPid, spinForever } from "../support.ts";

/** A moment of a worker's life that a job can bring about. */
export type Phase =
  | "first job"
  | "between jobs"
  | "in critical"
  | "in ordered"
  | "while writing a result"
  | "last job";

/** All of them. */
export const PHASES: readonly Phase[] = [
  "first job",
  "between jobs",
  "in critical",
  "in ordered",
  "while writing a result",
  "last job",
];

/** Who injects the fault. */
export type Side = "the job" | "the master";

/** Kills a worker when it says that it is at the moment wanted. */
export class Assassin {
  /** 0: nobody is there yet; then the victim's process id. */
  readonly victim: Int32Array = empty(1, "i4");
  #timer: ReturnType<typeof setInterval> | undefined;

  /** In a job: says that this process is to die now, by `signal`, and waits for it. */
  strike(side: Side, signal: NodeJS.Signals = "SIGKILL"): never {
    if (side === "the job") process.kill(process.pid, signal);
    Atomics.store(this.victim, 0, realPid());
    return spinForever();
  }

  /** In the master: waits beside the event loop for a victim and kills it once. */
  watch(signal: NodeJS.Signals = "SIGKILL"): void {
    this.#timer = setInterval(() => {
      const pid = Atomics.exchange(this.victim, 0, 0);
      if (pid !== 0) killOther(pid, signal);
    }, 0);
  }

  /** Ends the watch. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Runs in a job: calls `strike` at `phase` if this job is the one of `index`; returns the job's result otherwise. */
export function atPhase(
  phase: Phase,
  pool: MapReduce,
  job: Job,
  index: number,
  strike: () => never,
): unknown {
  if (job.index !== index) return pool.ordered(() => pool.critical(() => job.index));
  switch (phase) {
    case "in critical":
      return pool.critical(strike);
    case "in ordered":
      return pool.ordered(strike);
    case "while writing a result":
      // the encoder reads the getter when part of the result is in the ring already
      return {
        before: "x".repeat(100_000),
        get after(): never {
          return strike();
        },
      };
    default:
      return strike();
  }
}
