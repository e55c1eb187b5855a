import { execFileSync } from "node:child_process";
import { closeSync, openSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BENCH } from "./machine.mjs";

const BLOCK = Buffer.allocUnsafeSlow(2 ** 24);

/** The files that the tasks read, made once before anything is timed, and removed after. */
export class Inputs {
  #run;
  #paths = new Map();
  #made = [];

  /** @param run the command that runs a case of ours */
  constructor(run) {
    this.#run = run;
  }

  /** Sees to it that the task's file, if it has one, is there and in the page cache. */
  ready({ input }) {
    if (input === undefined) return;
    const path = this.#paths.get(String(input)) ?? this.#make(input);
    const fd = openSync(path);
    while (readSync(fd, BLOCK) > 0);
    closeSync(fd);
  }

  /** Removes the files that were not there before. */
  remove() {
    for (const path of this.#made) rmSync(path, { force: true });
  }

  #make(input) {
    const [command, ...args] = [...this.#run, join(BENCH, "cases/inputs.ts"), ...input.map(String)];
    const { path, made } = JSON.parse(execFileSync(command, args, { encoding: "utf8" }));
    this.#paths.set(String(input), path);
    if (made) this.#made.push(path);
    return path;
  }
}
