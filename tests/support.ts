/** What the contract tests of the pool share: waiting with a deadline, processes seen through `/proc`, leaks. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";
import v8 from "node:v8";
import vm from "node:vm";
import { runScript, type ScriptOptions } from "./harness.ts";

const DEADLINE_MS = 10_000;
/** Within this time an error or a death must surface; the promise is 50 ms, the machine may be busy. */
export const SOON_MS: number = 2000;
const SLEEPER = new Int32Array(new SharedArrayBuffer(4));

/** A process as the kernel sees it. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  /** `Z` for a zombie. */
  readonly state: string;
  readonly name: string;
}

/** Blocks until `isDone`, which looks at shared memory. For jobs. */
export function spinUntil(
  isDone: () => boolean,
  what = "the other side",
  deadlineMs: number = DEADLINE_MS,
): void {
  const end = performance.now() + deadlineMs;
  while (!isDone()) if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}`);
}

/** Blocks until the flag is at least `least`. For jobs. */
export function spinUntilAtLeast(flags: Int32Array, at: number, least: number): void {
  spinUntil(() => Atomics.load(flags, at) >= least, `flag ${at} to become ${least}`);
}

/** Never returns. For jobs that must be stopped from outside; gives up when nobody does. */
export function spinForever(): never {
  spinUntil(() => false, "being stopped", 30_000);
  throw new Error("unreachable");
}

/** Keeps the processor busy. */
export function busyMs(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Blocks without using the processor. Stands for work, never for synchronisation. */
export function sleepSync(ms: number): void {
  Atomics.wait(SLEEPER, 0, 0, ms);
}

/** Gives the event loop `ms`. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits in the master until `isDone`. */
export async function eventually(
  isDone: () => boolean,
  what: string,
  deadlineMs: number = DEADLINE_MS,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!isDone()) {
    if (performance.now() > end) assert.fail(`waited ${deadlineMs} ms for ${what}`);
    await pause(2);
  }
}

/** `promise`, which must settle within `deadlineMs`. */
export async function soon<T>(
  promise: PromiseLike<T>,
  what = "the promise",
  deadlineMs: number = SOON_MS,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: `${what} took longer than ${deadlineMs} ms` })),
      deadlineMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

type Class<E> = abstract new (...values: never[]) => E;

/** The error that `call` throws or rejects with, which must be of `type`. */
export async function failure<E extends Error>(
  call: PromiseLike<unknown> | (() => unknown),
  type: Class<E>,
): Promise<E> {
  try {
    await (typeof call === "function" ? call() : call);
  } catch (error) {
    assert.ok(error instanceof type, `wanted ${type.name}, got ${describe(error)}`);
    return error;
  }
  assert.fail(`wanted ${type.name}, nothing was thrown`);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? String(error) : String(error);
}

/** The calling process's id from the kernel, which no runtime can have cached. */
export function realPid(): number {
  return Number(readlinkSync("/proc/self"));
}

/** Sends a signal to a process that has another id than the caller's, wherever it is called. */
export function killOther(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  process.kill(pid, signal);
}

/** All processes, those that vanish meanwhile left out. */
export function processes(): ProcessInfo[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) =>
    processInfo(Number(name)) ?? []
  );
}

/** A process; `undefined` when there is none. */
export function processInfo(pid: number): ProcessInfo | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // the name may hold blanks and parentheses
    const end = stat.lastIndexOf(")");
    const [state, parent] = stat.slice(end + 2).split(" ");
    return { pid, parent: Number(parent), state: state!, name: stat.slice(stat.indexOf("(") + 1, end) };
  } catch {
    return undefined;
  }
}

/** The children of a process, zombies too. */
export function childrenOf(pid: number = realPid()): ProcessInfo[] {
  return processes().filter((info) => info.parent === pid);
}

/** Whether a process runs; a zombie does not. */
export function isRunning(pid: number): boolean {
  const state = processInfo(pid)?.state;
  return state !== undefined && state !== "Z" && state !== "X";
}

/** Waits until this process has no child, zombies counted. */
export async function noChildren(deadlineMs: number = SOON_MS): Promise<void> {
  const end = performance.now() + deadlineMs;
  let left = childrenOf();
  while (left.length > 0) {
    if (performance.now() > end) assert.fail(`children are left: ${JSON.stringify(left)}`);
    await pause(2);
    left = childrenOf();
  }
}

/** Collects what nobody holds, so that finalizers can run. */
export async function collectGarbage(): Promise<void> {
  const { Bun } = globalThis as { Bun?: { gc(isSync: boolean): void } };
  for (let i = 0; i < 3; i++) {
    if (Bun !== undefined) Bun.gc(true);
    else gcOfV8()();
    await pause(1);
  }
}

let gc: (() => void) | undefined;

function gcOfV8(): () => void {
  if (gc === undefined) {
    v8.setFlagsFromString("--expose-gc");
    gc = vm.runInNewContext("gc") as () => void;
  }
  return gc;
}

/** What a pool must give back. */
interface Resources {
  readonly children: number;
  readonly descriptors: number;
  /** Mappings of shared memory. */
  readonly shared: number;
  /** All mappings; engines add and drop some of their own. */
  readonly mappings: number;
  readonly shm: readonly string[];
}

/** The mappings of this process, a line each. */
function mappings(): string[] {
  return readFileSync("/proc/self/maps", "utf8").trimEnd().split("\n");
}

/** How many mappings of shared memory this process has. */
export function sharedMappings(): number {
  return mappings().filter((line) => /^\S+ ..[-x]s /.test(line)).length;
}

function resources(): Resources {
  return {
    children: childrenOf().length,
    descriptors: readdirSync("/proc/self/fd").length,
    shared: sharedMappings(),
    mappings: mappings().length,
    shm: readdirSync("/dev/shm"),
  };
}

/** Engines grow their heaps and their threads' stacks by some mappings, whoever runs. */
const MAPPINGS_SLACK = 64;

/**
 * Runs `body` `warmUps` times, for what is allocated once, then once more, and asserts that this left nothing: no
 * child, zombies counted, no descriptor, no mapping of shared memory, no name in `/dev/shm`.
 */
export async function leavesNothing(body: () => Promise<void> | void, warmUps = 2): Promise<void> {
  for (let i = 0; i < warmUps; i++) await body();
  await collectGarbage();
  const before = resources();
  await body();
  const end = performance.now() + 5000;
  for (;;) {
    await collectGarbage();
    const after = resources();
    const added = after.shm.filter((name) => !before.shm.includes(name));
    const isClean = after.children <= before.children && after.descriptors <= before.descriptors &&
      after.shared <= before.shared && after.mappings <= before.mappings + MAPPINGS_SLACK &&
      added.length === 0;
    if (isClean) return;
    if (performance.now() > end) {
      assert.fail(`left behind: ${JSON.stringify({ before, after, added, children: childrenOf() })}`);
    }
    await pause(20);
  }
}

/** 0 … n-1. */
export function indices(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** What an async iterable gives, in order. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of source) values.push(value);
  return values;
}

/** What a script prints in a fresh process, which must end well. */
export async function scriptOutput(script: string, options: ScriptOptions = {}): Promise<string> {
  const { status, signal, stdout, stderr } = await runScript(script, options);
  assert.deepEqual([status, signal], [0, null], `${stdout}\n${stderr}`);
  return stdout;
}
