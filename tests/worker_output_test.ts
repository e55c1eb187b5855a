import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { run, runScript, runtimeCommand, type ScriptResult, test } from "./harness.ts";
import { indices } from "./support.ts";

const TMP = fileURLToPath(new URL("tmp", import.meta.url));

const LINES = 1500;
const PRINTERS: [string, string][] = [
  ["console.log", "console.log(line)"],
  ["process.stdout.write", 'process.stdout.write(line + "\\n")'],
  ["console.error", "console.error(line)"],
  ["process.stderr.write", 'process.stderr.write(line + "\\n")'],
];
for (const [name, statement] of PRINTERS) {
  test(`${name}() in workers is neither lost nor doubled, through a pipe with a slow reader`, async () => {
    const source = `
      import { MapReduce, range } from "@sharedmem/sharedmem";
      import process from "node:process";
      const print = (line) => { ${statement}; };
      for (let k = 0; k < 20; k++) print("before " + k);
      using pool = new MapReduce({ np: 4 });
      await pool.map((i) => {
        for (let k = 0; k < ${LINES}; k++) print("job " + i + " line " + k + " " + "x".repeat(40));
      }, range(4), { chunkSize: 1 });
      for (let k = 0; k < 20; k++) print("after " + k);
    `;
    // far more than a pipe holds waits for the reader
    const { stdout, status } = await runPiped(source, "2>&1 | { sleep 0.4; cat; }");
    assert.equal(status, 0);
    const lines = stdout.trimEnd().split("\n");
    const expected = [
      ...indices(20).flatMap((k) => [`before ${k}`, `after ${k}`]),
      ...indices(4).flatMap((i) => indices(LINES).map((k) => `job ${i} line ${k} ${"x".repeat(40)}`)),
    ];
    assert.equal(lines.length, expected.length);
    assert.deepEqual(lines.sort(), expected.sort());
  });
}

/** Runs a program with its output going through a shell. */
async function runPiped(source: string, pipeline: string): Promise<ScriptResult> {
  const path = `${TMP}/piped_${process.pid}.ts`;
  mkdirSync(TMP, { recursive: true });
  writeFileSync(path, source);
  try {
    return await run(["bash", "-o", "pipefail", "-c", `"$@" ${pipeline}`, "-", ...runtimeCommand([path])]);
  } finally {
    rmSync(path);
  }
}

test("console.log() of long lines in workers loses no character", async () => {
  const source = `
    import { MapReduce, range } from "@sharedmem/sharedmem";
    using pool = new MapReduce({ np: 2 });
    await pool.map((i) => {
      for (let k = 0; k < 10; k++) console.log(String.fromCharCode(97 + i).repeat(100_000));
    }, range(4), { chunkSize: 1 });
  `;
  const { stdout } = await runPiped(source, "| { sleep 0.2; cat; }");
  for (const letter of "abcd") assert.equal(stdout.split(letter).length - 1, 1_000_000);
  assert.equal(stdout.split("\n").length - 1, 40);
});

test("console.log() before a worker's end is not lost, however it ends", async () => {
  const source = `
    import { MapReduce } from "@sharedmem/sharedmem";
    import process from "node:process";
    using pool = new MapReduce({ np: 1 });
    const ends = [() => process.exit(1), () => process.kill(process.pid, "SIGKILL"), () => { throw new Error("x"); }, () => 1];
    for (const [i, end] of ends.entries()) {
      await pool.map(() => { console.log("said", i); process.stdout.write("written " + i + "\\n"); end(); }, [0]).catch(() => {});
    }
    console.log("end");
  `;
  const { stdout, status } = await runScript(source);
  assert.equal(status, 0);
  const expected = ["end", ...indices(4).flatMap((i) => [`said ${i}`, `written ${i}`])];
  assert.deepEqual(stdout.trimEnd().split("\n").sort(), expected.sort());
});
