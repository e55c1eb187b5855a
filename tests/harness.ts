/** One set of tests for both runtimes. Beside `ffi/`, the only place that names one. */
import "../src/process/engine_setup.ts"; // before the first test runs, or a re-execution would run it twice
import { spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

type Body = () => void | Promise<void>;

/** How a program that a test started has ended. */
export interface ScriptResult {
  /** Its exit status, `null` when a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly elapsedMs: number;
}

/** How a program that a test starts is run. */
export interface ScriptOptions {
  readonly args?: readonly string[];
  /** What it reads; nothing by default. */
  readonly stdin?: string | Uint8Array;
  /** Added to the environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** It and its children are killed after this time, and the call rejects; 60 s by default. */
  readonly timeoutMs?: number;
  /** Flags that a runtime with permissions gets instead of `-A`, e.g. `["--allow-ffi"]`. */
  readonly permissions?: readonly string[];
}

const TIMEOUT_MS = 60_000;
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const isBun = "Bun" in globalThis;
const register = isBun ? bunTest((await import("bun:test")).test) : denoTest;
let scripts = 0;

/** Registers a test; it fails when it takes longer than `timeoutMs`. */
export function test(
  name: string,
  body: Body,
  { timeoutMs = TIMEOUT_MS }: { timeoutMs?: number } = {},
): void {
  register(name, body, timeoutMs);
}

function bunTest(register: (name: string, body: Body, timeoutMs: number) => void): typeof register {
  return register;
}

function denoTest(name: string, fn: Body, timeout: number): void {
  Deno.test({ name, fn, timeout });
}

/** The command line that runs a program in the present runtime, e.g. `runtimeCommand(["a.ts", "x"])`. */
export function runtimeCommand(args: readonly string[], permissions: readonly string[] = ["-A"]): string[] {
  return [process.execPath, "run", ...(isBun ? [] : ["--no-prompt", ...permissions]), ...args];
}

/**
 * Runs a program in a fresh process: the path of a file, or source text, recognised by a line break, which may
 * import "@sharedmem/sharedmem".
 */
export async function runScript(script: string, options: ScriptOptions = {}): Promise<ScriptResult> {
  const isSource = script.includes("\n");
  const path = isSource ? `${ROOT}tests/tmp/${process.pid}_${scripts++}.ts` : script;
  if (isSource) {
    // below the project, where its own name resolves
    mkdirSync(`${ROOT}tests/tmp`, { recursive: true });
    writeFileSync(path, script);
  }
  try {
    return await run(runtimeCommand([path, ...options.args ?? []], options.permissions), options);
  } finally {
    if (isSource) rmSync(path, { force: true });
  }
}

/** Runs any command line as {@linkcode runScript} does. */
export function run(command: readonly string[], options: ScriptOptions = {}): Promise<ScriptResult> {
  const { stdin = "", env, cwd = ROOT, timeoutMs = TIMEOUT_MS } = options;
  const started = performance.now();
  const child = spawn(command[0]!, command.slice(1), {
    cwd,
    env: { ...process.env, NO_COLOR: "1", ...env },
    detached: true, // a process group of its own, which can be killed whole
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => output[name] += text);
  }
  child.stdin.on("error", () => {}); // it may end without reading
  child.stdin.end(stdin);
  const { promise, resolve, reject } = Promise.withResolvers<ScriptResult>();
  let isLate = false;
  const deadline = setTimeout(() => {
    isLate = true;
    process.kill(-child.pid!, "SIGKILL");
  }, timeoutMs);
  child.on("error", reject);
  child.on("close", (status, signal) => {
    clearTimeout(deadline);
    const result = { status, signal, ...output, elapsedMs: performance.now() - started };
    if (isLate) {
      reject(new Error(`${command.join(" ")} did not end within ${timeoutMs} ms: ${JSON.stringify(result)}`));
    } else resolve(result);
  });
  return promise;
}
