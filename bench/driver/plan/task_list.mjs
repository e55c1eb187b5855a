import { join } from "node:path";
import { BENCH } from "../machine.mjs";

export const GIBI = 2 ** 30;

/**
 * The tasks of one run while they are collected: `{ name, who, command, rounds, timeoutMs, memory, input }`. `name` is
 * the case, `who` the competitor; `memory` the bytes whose pages the host must have given just before, or 0; `input`
 * the arguments of `cases/inputs.ts` that make the file it reads, which is then in the page cache.
 */
export class TaskList {
  /** @type {object[]} */
  tasks = [];

  constructor({ quick, full, rounds, tools }) {
    Object.assign(this, { quick, full, rounds, tools });
  }

  /** One of two sizes: the whole run's or the quick one's. */
  pick(whole, short) {
    return this.quick ? short : whole;
  }

  /** A case of ours, in each runtime that is there. */
  ours(name, file, args, options) {
    for (const runtime of this.runtimes()) {
      this.add(name, `sharedmem/${runtime}`, [
        ...this.run(runtime),
        join(BENCH, "cases", file),
        ...args,
      ], options);
    }
  }

  /** A peer in JavaScript, in one runtime. */
  javascript(name, who, runtime, file, args, options) {
    if (this.tools[runtime] === undefined) return;
    this.add(name, `${who}/${runtime}`, [...this.run(runtime), join(BENCH, "peers", file), ...args], options);
  }

  /** A peer in Python. */
  python(name, who, file, args, { interpreter = this.tools.python, ...options } = {}) {
    if (interpreter === undefined) return;
    this.add(name, who, [interpreter, join(BENCH, "peers", file), ...args], options);
  }

  /** A peer in Python that needs NumPy. */
  numpy(name, file, args, { who = "numpy", ...options } = {}) {
    if (this.tools.numpy) this.python(name, who, file, args, options);
  }

  /** A compiled peer. */
  compiled(name, who, tool, args, options) {
    if (this.tools[tool] !== undefined) this.add(name, who, [this.tools[tool], ...args], options);
  }

  add(name, who, command, options = {}) {
    this.tasks.push({
      timeoutMs: 120_000,
      memory: 0,
      name,
      who,
      ...options,
      rounds: Math.min(options.rounds ?? this.rounds, this.rounds),
      command: command.map(String),
    });
  }

  runtimes() {
    return ["bun", "deno"].filter((runtime) => this.tools[runtime] !== undefined);
  }

  run(runtime) {
    return runtime === "deno" ? [this.tools.deno, "run", "-A"] : [this.tools[runtime]];
  }
}
