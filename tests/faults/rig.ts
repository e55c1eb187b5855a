/**
 * The rig of the fault suite: each row injects a fault many times and states what must hold; the rig states what
 * must always hold.
 *
 * ```
 * resources before ─▶ round 0 … n-1 ─▶ resources after ─▶ the next map ─▶ a line in faults.jsonl
 *                     │  a fault is injected, the row's own assertions
 *                     └─ the event loop turned, no child is left
 * ```
 *
 * Rows are numbered as in `docs/reliability.md`. The gate runs each as often as `rounds` says (100 where anything
 * races, in each of two runtimes), `SOAK=1` as often as `soak` does. What races draws its times from `random`, whose seed is printed when a
 * row fails and is taken from `SEED`.
 */
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { MapReduce, range } from "../../mod.ts";
import { test } from "../harness.ts";
import { indices, leavesNothing, noChildren, pause, soon } from "../support.ts";

/** Whether this is a soak: rows run as often as the matrix says. */
export const isSoak: boolean = process.env.SOAK === "1";

const RECORD = fileURLToPath(new URL("../tmp/faults.jsonl", import.meta.url));
const runtime = "Bun" in globalThis ? "bun" : "deno";
/** No round may take longer: that is a hang. */
const ROUND_MS = 10_000;

/** One row of the matrix, or a part of one. */
export interface Fault {
  /** Its number in the matrix. */
  readonly row: number;
  /** What happens and what holds then, as a sentence. */
  readonly name: string;
  /** Rounds in the gate, in each runtime; 100 unless said. */
  readonly rounds?: number;
  /** Rounds of a soak; as in the gate unless said. */
  readonly soak?: number;
  /** For rounds that block the event loop for good reason, `mapSync` among them. */
  readonly blocks?: boolean;
  /** How long one round may take; 10 s unless said. */
  readonly roundMs?: number;
}

/** What a round is given. */
export interface Round {
  /** Its number, from 0. */
  readonly index: number;
  /** 0 ≤ x < 1, the same for the same seed, row name and round. */
  random(): number;
}

/** Registers a row: a test that runs `round` many times, and what must hold after any fault. */
export function fault(
  { row, name, rounds = 100, soak = rounds, blocks = false, roundMs = ROUND_MS }: Fault,
  round: (round: Round) => Promise<void> | void,
): void {
  const count = isSoak ? soak : rounds;
  const seed = Number(process.env.SEED ?? Math.trunc(Math.random() * 2 ** 31));
  test(`row ${row}: ${name}`, async () => {
    const started = performance.now();
    const one = async (index: number): Promise<void> => {
      const random = generator(`${seed} ${name} ${index}`);
      try {
        const turns = blocks ? undefined : countTurns();
        await soon(Promise.resolve(round({ index, random })), `round ${index}`, roundMs);
        // a round without a single wait has nothing to show
        if (turns !== undefined) assert.ok(await turns() > 0, "the event loop did not turn");
        await noChildren();
      } catch (error) {
        throw new Error(`round ${index} of ${count}, SEED=${seed}: ${(error as Error).message}`, {
          cause: error,
        });
      }
    };
    // the first rounds allocate what is kept; the rest must leave nothing behind, taken together
    const last = Math.max(0, count - 2);
    let next = 0;
    await leavesNothing(async () => {
      const end = next < Math.min(2, count - 1) ? next + 1 : next + Math.max(1, last);
      for (; next < Math.min(end, count); next++) await one(next);
    });
    await nextMapWorks();
    record({ row, name, rounds: count, ms: Math.round(performance.now() - started) });
  }, { timeoutMs: Math.max(120_000, count * roundMs) });
}

/** Counts the turns of the event loop from now on; the call ends the count. */
function countTurns(): () => Promise<number> {
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  return async () => {
    if (turns === 0) await pause(1);
    clearInterval(timer);
    return turns;
  };
}

async function nextMapWorks(): Promise<void> {
  using pool = new MapReduce({ np: 2 });
  assert.deepEqual(
    await soon(pool.map((i) => 2 * i, range(100)), "the next map"),
    indices(100).map((i) => 2 * i),
  );
}

/** A reproducible generator: an FNV-1a hash of the text, stepped by SplitMix32. */
export function generator(text: string): () => number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return () => {
    state = state + 0x9e3779b9 | 0;
    let z = Math.imul(state ^ state >>> 16, 0x21f0aaad);
    z = Math.imul(z ^ z >>> 15, 0x735a2d97);
    return ((z ^ z >>> 15) >>> 0) / 2 ** 32;
  };
}

/** Notes what ran, for `docs/reliability.md`. */
export function record(entry: { row: number; name: string; rounds: number; ms: number }): void {
  mkdirSync(fileURLToPath(new URL("../tmp", import.meta.url)), { recursive: true });
  appendFileSync(RECORD, JSON.stringify({ runtime, soak: isSoak, ...entry }) + "\n");
}
