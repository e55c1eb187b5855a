import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { run, runScript, runtimeCommand, test } from "./harness.ts";

/** Whether a process lives; a dead one may stay listed, in containers where nobody reaps it. */
function isRunning(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

test("runScript() gives status, output and input of a fresh process", async () => {
  const result = await runScript(
    `import process from "node:process";
    import { readFileSync } from "node:fs";
    console.log(readFileSync(0, "utf8") + process.argv.slice(2).join("+") + process.env.HARNESS);
    console.error("beside");
    process.exit(3);`,
    { args: ["a", "b c"], stdin: "in ", env: { HARNESS: "!" } },
  );
  assert.equal(result.stdout, "in a+b c!\n");
  assert.equal(result.stderr, "beside\n");
  assert.deepEqual([result.status, result.signal], [3, null]);
  assert(result.elapsedMs > 1 && result.elapsedMs < 30_000);
});

test("runScript() tells the signal that ended the process", async () => {
  const { status, signal } = await runScript(
    `import process from "node:process";\nprocess.kill(process.pid, "SIGKILL");`,
  );
  assert.deepEqual([status, signal], [null, "SIGKILL"]);
});

test("runScript() kills what does not end, with its children", async () => {
  const script = `import { spawn } from "node:child_process";
    const child = spawn("sleep", ["1000"], { stdio: "inherit" });
    console.log(child.pid);
    setInterval(() => {}, 1000);`;
  const late: Error = await runScript(script, { timeoutMs: 2_000 }).then(
    () => assert.fail("it ended"),
    (error) => error,
  );
  assert.match(late.message, /did not end within 2000 ms/);
  const child = /"stdout":"(\d+)/.exec(late.message)![1]!;
  assert.equal(isRunning(child), false);
});

test("runScript() runs programs that import the package by its own name", async () => {
  const { stdout, stderr, status } = await runScript(
    `import { CodecError } from "@sharedmem/sharedmem/errors";
    console.log(new CodecError("a.b", "is a function").message);`,
  );
  assert.deepEqual([stdout, status], ["a.b is a function\n", 0], stderr);
});

test("runtimeCommand() names the runtime by its absolute path", async () => {
  const [path, ...rest] = runtimeCommand(["--version"], []);
  assert.match(path!, /^\//);
  assert.equal(rest.at(-1), "--version");
  const { stdout } = await run([path!, "--version"]);
  assert.match(stdout, /\d+\.\d+\.\d+/);
});
