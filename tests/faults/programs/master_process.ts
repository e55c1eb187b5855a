/** Starts programs that are masters in processes of their own, and finds what is left of them. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { run, runtimeCommand, type ScriptOptions, type ScriptResult } from "../../harness.ts";
import { eventually, isRunning } from "../../support.ts";

/** In the environment of a program and of all that it forks: tells whose they are, whatever becomes of their parents. */
const MARK = "SHAREDMEM_TEST_MASTER";
const LEFT_MS = 1000;
const END_MS = 20_000;
/** No program's death is worth a core file. */
const SHELL = ["sh", "-c", 'ulimit -c 0; eval "$0"; exec "$@"'];

/** The path of a program beside this file. */
export function program(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** How a program ended. */
export interface End {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs, in a process group of its own. */
export class Master {
  readonly pid: number;
  readonly #exited: Promise<unknown>;
  readonly #closed: Promise<End>;
  readonly #mark = newMark();
  #stdout = "";

  /** Starts a program of this folder after the commands `shell`, in the same process. */
  constructor(name: string, args: readonly string[] = [], shell = "") {
    const command = [...SHELL, shell, ...runtimeCommand([program(name), ...args])];
    const child = spawn(command[0]!, command.slice(1), {
      env: { ...process.env, NO_COLOR: "1", [MARK]: this.#mark },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.pid = child.pid!;
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => this.#stdout += text);
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#exited = promise;
    child.once("exit", resolve).once("error", reject);
    this.#closed = new Promise((resolve) => {
      child.once("close", (status, signal) => resolve({ status, signal, stdout: this.#stdout, stderr }));
    });
  }

  /** Waits until it has printed `text`. */
  async prints(text: string): Promise<void> {
    const isPrinted = () => this.#stdout.includes(text);
    const end = this.#closed.then((end) => isPrinted() || assert.fail(`it ended: ${JSON.stringify(end)}`));
    await Promise.race([eventually(isPrinted, `"${text}" to be printed`, END_MS), end]);
  }

  /** The process ids of it and of its workers. */
  processes(): number[] {
    return marked(this.#mark);
  }

  /** Waits until it has ended; a second later all its workers must be gone. */
  async ended(): Promise<End> {
    await this.#exited;
    await noneLeft(this.#mark);
    // only now: a worker that is left would hold the output open
    return await this.#closed;
  }

  /** Ends it and its workers, whatever happened. */
  [Symbol.dispose](): void {
    for (const pid of marked(this.#mark)) kill(pid);
  }
}

/** Runs a command line to its end, after which nothing of it may be left. */
export async function runMarked(
  command: readonly string[],
  options: ScriptOptions = {},
): Promise<ScriptResult> {
  const mark = newMark();
  try {
    return await run(command, { timeoutMs: END_MS, ...options, env: { ...options.env, [MARK]: mark } });
  } finally {
    await noneLeft(mark);
  }
}

/** What a program said on stderr must be at most one message for its user. */
export function isCalm(stderr: string): void {
  assert.doesNotMatch(stderr, /has crashed|panic|Segmentation|Assertion|Unhandled|[/\\](src|ffi)[/\\]/i);
  assert.ok(stderr.trim().split("\n").length <= 1, stderr);
}

function newMark(): string {
  return randomUUID();
}

async function noneLeft(mark: string): Promise<void> {
  try {
    await eventually(() => marked(mark).length === 0, "the program's processes to be gone", LEFT_MS);
  } finally {
    for (const pid of marked(mark)) kill(pid);
  }
}

/** The processes that have this mark; zombies have no environment. */
function marked(mark: string): number[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").includes(`${MARK}=${mark}`) && isRunning(pid);
    } catch {
      return false; // it went meanwhile
    }
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it went meanwhile
  }
}
