/** What the tests of named arrays share: names of their own, programs of either runtime. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { clear, isShared, list, type NdArray, release, SystemCallError, type TypedArray } from "../mod.ts";
import { run, type ScriptOptions } from "./harness.ts";

export const SHM = "/dev/shm";
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DEADLINE_MS = 30_000;

/** The command lines that run a program in each runtime. */
export const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  deno: [`${ROOT}node_modules/.bin/deno`, "run", "-A", "--no-check"],
  bun: [`${ROOT}node_modules/.bin/bun`, "run"],
};

/** The file of a named array. */
export function fileOf(name: string): string {
  return `${SHM}/sharedmem-${name}.npy`;
}

/** Whether anyone holds the array of that name; `undefined` when there is none. */
export function isHeld(name: string): boolean | undefined {
  return list().find((array) => array.name === name)?.isHeld;
}

/** The code of the system's refusal, which `call` must meet. */
export function refusalOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof SystemCallError, String(error));
    return error.code;
  }
  assert.fail("nothing was thrown");
}

/** Runs `body` with the beginning of names that nobody else uses; afterwards nothing may be left of them but what it made. */
export async function withPrefix(body: (prefix: string) => void | Promise<void>): Promise<void> {
  const prefix = `test-${randomUUID().slice(0, 13)}`;
  try {
    await body(prefix);
  } finally {
    for (const file of readdirSync(SHM)) {
      if (file.includes(prefix)) rmSync(`${SHM}/${file}`, { recursive: true, force: true });
    }
  }
  assert.deepEqual(clear({ prefix }), []);
}

/** `call`'s value, or the code of the system's refusal. */
export function attempt<T>(call: () => T): T | string {
  try {
    return call();
  } catch (error) {
    if (error instanceof SystemCallError) return error.code;
    throw error;
  }
}

/** Releases arrays, each of which must be shared. */
export function releaseAll(...arrays: (TypedArray | NdArray)[]): void {
  for (const array of arrays) {
    assert(isShared(array));
    release(array);
  }
}

/** A program's text with imports in front. */
function programOf(source: string): string {
  return `import * as lib from "@sharedmem/sharedmem";
const { attach, attachRaw, clear, create, list, release, unlink } = lib;
import process from "node:process";
import assert from "node:assert/strict";
const args = process.argv.slice(2);
${source}
`;
}

let programs = 0;

/** Calls `use` with the path of a file of that text, below the project, where its own name resolves. */
async function withProgram<T>(source: string, use: (path: string) => Promise<T>): Promise<T> {
  mkdirSync(`${ROOT}tests/tmp`, { recursive: true });
  const path = `${ROOT}tests/tmp/named_${process.pid}_${programs++}.ts`;
  writeFileSync(path, programOf(source));
  try {
    return await use(path);
  } finally {
    rmSync(path, { force: true });
  }
}

/** What a program prints, which must end well; it has everything of the package and `args`. */
export async function outputOf(
  runtime: readonly string[],
  source: string,
  args: readonly string[] = [],
  options: ScriptOptions = {},
): Promise<string> {
  return await withProgram(source, async (path) => {
    const { status, signal, stdout, stderr } = await run([...runtime, path, ...args], options);
    assert.deepEqual([status, signal], [0, null], `${stdout}\n${stderr}`);
    return stdout.trim();
  });
}

/** A program that runs until it is told to end or is killed. */
export interface Peer {
  readonly pid: number;
  /** What it has printed so far, on both outputs. */
  readonly output: string;
  /** Ends it by its own doing. */
  end(): Promise<void>;
  /** Ends it by a signal. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** Runs `use` beside a program that has printed `ready` and then waits for its input to end. */
export async function withPeer(
  command: readonly string[],
  use: (peer: Peer) => void | Promise<void>,
): Promise<void> {
  const child = spawn(command[0]!, command.slice(1), { stdio: ["pipe", "pipe", "pipe"], detached: true });
  let output = "";
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.stdin.on("error", () => {});
  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${command.join(" ")} is not ready: ${output}`)),
      DEADLINE_MS,
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (/^ready$/m.test(output)) {
          clearTimeout(timer);
          resolve();
        }
      });
    }
    child.once("error", reject).once("close", () => {
      clearTimeout(timer);
      reject(new Error(`${command.join(" ")} ended: ${output}`));
    });
  });
  try {
    await ready;
    await use({
      pid: child.pid!,
      get output() {
        return output;
      },
      end: () => {
        child.stdin.end();
        return exited;
      },
      kill: (signal = "SIGKILL") => {
        // not `child.kill`: Deno's closes the pipes first, and the program might see its input end
        process.kill(child.pid!, signal);
        return exited;
      },
    });
  } finally {
    try {
      process.kill(-child.pid!, "SIGKILL");
    } catch {
      // it has ended
    }
    await exited;
  }
}

/** {@linkcode withPeer} of a program's text, which is told by `ready()` that it is ready, and lives on. */
export async function withProgramPeer(
  runtime: readonly string[],
  source: string,
  args: readonly string[],
  use: (peer: Peer) => void | Promise<void>,
): Promise<void> {
  const living = `${source}
console.log("ready");
process.stdin.resume().on("end", () => process.exit(0));
`;
  await withProgram(living, (path) => withPeer([...runtime, path, ...args], use));
}
