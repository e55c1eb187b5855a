import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { MapReduce, range } from "../mod.ts";
import { END, INTENT, INTENT_END, NEXT, NO_INTENT, POS, slotAt } from "../src/pool/control.ts";
import { ChunkStarts, hadClaimed } from "../src/pool/lost_claims.ts";
import { test } from "./harness.ts";

/** Words of a run of two workers, of which worker 0 died with the intent to claim 40…50. */
function interrupted(next: number): Int32Array<ArrayBuffer> {
  const words = new Int32Array(slotAt(2));
  words[NEXT] = next;
  words[slotAt(0) + INTENT] = 40;
  words[slotAt(0) + INTENT_END] = 50;
  words[slotAt(1) + INTENT] = NO_INTENT;
  return words;
}

test("hadClaimed() is false when the counter has not passed the chunk", () => {
  assert.equal(hadClaimed(interrupted(40), 2, 0, 40, new ChunkStarts(), () => {}), false);
});

test("hadClaimed() is true when the counter has passed the chunk and nobody else has it", () => {
  assert.equal(hadClaimed(interrupted(50), 2, 0, 40, new ChunkStarts(), () => {}), true);
});

test("hadClaimed() is false when another worker holds the chunk", () => {
  const words = interrupted(50);
  words[slotAt(1) + POS] = 40;
  words[slotAt(1) + END] = 50;
  assert.equal(hadClaimed(words, 2, 0, 40, new ChunkStarts(), () => {}), false);
});

test("hadClaimed() is false when another worker's results of the chunk are still to be read", () => {
  const starts = new ChunkStarts();
  assert.equal(hadClaimed(interrupted(90), 2, 0, 40, starts, () => starts.add(40)), false);
});

test("ChunkStarts.has() remembers each beginning, and only those", () => {
  const starts = new ChunkStarts();
  const some = [0, 31, 32, 32767, 32768, 1_000_000];
  for (const index of some) starts.add(index);
  assert.deepEqual(some.map((index) => starts.has(index)), some.map(() => true));
  assert.deepEqual([1, 30, 33, 32766, 999_999].map((index) => starts.has(index)), Array(5).fill(false));
});

test(
  "MapReduce.map() loses and repeats nothing when workers are killed from outside at random times",
  async () => {
    using pool = new MapReduce({ np: 2 });
    let kills = 0;
    let killer: ReturnType<typeof setTimeout> | undefined;
    const kill = (): void => {
      killer = setTimeout(kill, 5 + 20 * Math.random());
      const children = readdirSync("/proc/self/task").flatMap((id) =>
        readFileSync(`/proc/self/task/${id}/children`, "utf8").split(" ").filter(Boolean)
      );
      const victim = children[Math.floor(Math.random() * children.length)];
      if (victim !== undefined) kills += Number(process.kill(Number(victim), "SIGKILL"));
    };
    kill();
    try {
      const n = 20_000;
      for (const schedule of ["dynamic", "guided", "static"] as const) {
        for (let round = 0; kills < 67 || round < 2; round++) {
          const settled = await pool.map((i: number) => Math.sqrt(i), range(n), {
            onError: "settle",
            schedule,
            ...(schedule === "static" ? { chunkSize: 7 } : {}),
          });
          const wrong = settled.findIndex((outcome, i) =>
            outcome === undefined ||
            (outcome.status === "fulfilled"
              ? outcome.value !== Math.sqrt(i)
              : outcome.reason.signal !== "SIGKILL")
          );
          assert.equal(wrong, -1, `job ${wrong} of ${schedule}: ${JSON.stringify(settled[wrong])}`);
          const lost = settled.filter(({ status }) => status === "rejected").length;
          assert(lost <= kills, `${lost} jobs were lost to ${kills} kills`);
        }
        kills = 0;
      }
    } finally {
      clearTimeout(killer);
    }
  },
  { timeoutMs: 60_000 },
);
