/** A master that never rests while it forks: timers, a server and its clients, files, allocation, code, threads. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { eventually, pause } from "../support.ts";

/** What a master does besides its timers. */
export interface Chores {
  /** Whether it serves HTTP to clients of its own. */
  readonly serves?: boolean;
  /** How many files it reads at a time, on the runtime's threads. */
  readonly readers?: number;
  /** Whether it allocates and compiles code that no cache has seen. */
  readonly compiles?: boolean;
  /** How many threads of its own (`Worker`) allocate. */
  readonly threads?: number;
}

const FILE = fileURLToPath(import.meta.url);
const THREAD = new URL("./programs/start_busy_thread.ts", import.meta.url);
const CLIENTS = 2;
const PAD = "x".repeat(500);

/** Compiles and runs code that no cache has seen, and allocates: `seed` + 0 + 1 + … + 999. */
export function toil(seed: number): number {
  const sum = Function(
    "n",
    `let s = ${seed}; for (let k = 0; k < n; k++) s += k; return s; // ${Math.random()}`,
  );
  const kept = Array.from({ length: 500 }, (_, k) => ({ k, text: `t${k}` }));
  return (sum as (n: number) => number)(1000) + kept.length - 500;
}

/** Its chores go on until it is disposed of; `await using` one in a round. */
export class BusyMaster {
  /** How often each chore was done. */
  readonly done = { ticks: 0, answers: 0, reads: 0, compilations: 0 };
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #loops: Promise<void>[] = [];
  readonly #threads: Worker[] = [];
  readonly #failures: unknown[] = [];
  #server: Server | undefined;
  #isOver = false;

  private constructor(compiles: boolean) {
    this.#timer = setInterval(() => {
      this.done.ticks++;
      if (compiles) this.done.compilations += toil(this.done.ticks) === this.done.ticks + 499_500 ? 1 : 0;
    }, 1);
  }

  /** A master at its chores. */
  static async start(
    { serves = false, readers = 0, compiles = false, threads = 0 }: Chores,
  ): Promise<BusyMaster> {
    const master = new BusyMaster(compiles);
    if (serves) await master.#serve();
    for (let i = 0; i < readers; i++) {
      master.#repeat(async () => {
        await readFile(FILE);
        master.done.reads++;
      });
    }
    await Promise.all(Array.from({ length: threads }, () => master.#startThread()));
    return master;
  }

  /** Waits until every chore that was begun has been done again since now, and none ever failed. */
  async goesOn(): Promise<void> {
    const before = { ...this.done };
    const isGoing = (chore: keyof typeof before): boolean =>
      before[chore] === 0 || this.done[chore] > before[chore];
    await eventually(
      () => (Object.keys(before) as (keyof typeof before)[]).every(isGoing),
      `the master's chores to go on after ${JSON.stringify(before)}`,
    );
    assert.deepEqual(this.#failures, []);
  }

  /** Ends all chores. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    clearInterval(this.#timer);
    await Promise.all(this.#loops);
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
    const server = this.#server;
    if (server === undefined) return;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  /** Where the master's server answers. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server!.address() as AddressInfo).port}/`;
  }

  async #serve(): Promise<void> {
    const server = createServer((_, response) => response.end(PAD));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    for (let i = 0; i < CLIENTS; i++) {
      this.#repeat(async () => {
        const text = await (await fetch(this.url)).text();
        assert.equal(text, PAD);
        this.done.answers++;
      });
    }
  }

  async #startThread(): Promise<void> {
    const thread = new Worker(THREAD);
    this.#threads.push(thread);
    await new Promise((resolve, reject) => thread.once("message", resolve).once("error", reject));
  }

  #repeat(chore: () => Promise<void>): void {
    this.#loops.push((async () => {
      while (!this.#isOver && this.#failures.length === 0) {
        await chore().catch((error) => this.#failures.push(error));
        await pause(0); // what ends on the spot would never let the event loop turn
      }
    })());
  }
}
