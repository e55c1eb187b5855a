/** Rows 25 and 26: what jobs print arrives whole and once. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runtimeCommand } from "../harness.ts";
import { indices, pause, scriptOutput } from "../support.ts";
import { lineOf } from "./programs/job_line.ts";
import { fault, isSoak } from "./rig.ts";

const WORKERS = 8;
const LINES = (isSoak ? 1_000_000 : 20_000) / WORKERS;
function program(name: string): string {
  return fileURLToPath(new URL(`programs/${name}`, import.meta.url));
}

fault({
  row: 25,
  name: `none of ${
    WORKERS * LINES
  } lines of up to 4 KiB that 8 workers print through a slow pipe is torn, lost or doubled`,
  rounds: 1,
  roundMs: isSoak ? 1_800_000 : 60_000,
}, async () => {
  const command = runtimeCommand([program("job_lines.ts"), String(WORKERS), String(LINES)]);
  const child = spawn(command[0]!, command.slice(1), { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<unknown[]>((resolve) => child.once("close", (...end) => resolve(end)));
  const seen = new Uint8Array(WORKERS * LINES);
  let count = 0;
  let rest = "";
  child.stdout.setEncoding("latin1");
  for await (const chunk of child.stdout) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const [job, k] = line.split(":", 2).map(Number) as [number, number];
      // the whole line, so that a piece of another cannot hide in it
      assert.equal(line, lineOf(job, k), `line ${count}`);
      seen[job * LINES + k]!++;
      count++;
    }
    // the pipe runs full meanwhile
    await pause(1);
  }
  assert.equal(rest, "");
  assert.deepEqual(await ended, [0, null]);
  assert.equal(count, WORKERS * LINES);
  assert.ok(seen.every((times) => times === 1), "a line came twice, another never");
});

fault({
  row: 26,
  name: "none of 12,000 lines that jobs write right before they end, throw, exit or are killed is lost",
  rounds: 1,
  soak: 20,
  roundMs: 60_000,
}, async () => {
  const [rounds, jobs, lines] = [30, 4, 100];
  const output = await scriptOutput(program("job_writes.ts"), { args: [rounds, jobs, lines].map(String) });
  const expected = indices(rounds).flatMap((round) =>
    indices(jobs).flatMap((job) => indices(lines).map((k) => `${round}:${job}:${k}`))
  );
  const written = output.trimEnd().split("\n");
  assert.equal(written.length, expected.length);
  assert.deepEqual(written.sort(), expected.sort());
});
