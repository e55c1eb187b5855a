import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runScript, runtimeCommand, test } from "./harness.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Deno asks before anything, Bun never: a capability of the command line, which differs. */
const hasPermissions = runtimeCommand([]).includes("-A");

test("--allow-ffi, of what there is to allow, is enough for the README's examples, without a terminal to ask on", async () => {
  const readme = readFileSync(`${ROOT}README.md`, "utf8");
  const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);
  assert.ok(examples.length > 0);
  for (const example of examples) {
    // the same on less memory: 1 MiB of doubles in place of 1 GiB
    const source = example.replace("1 << 27, chunk = 1 << 20", "1 << 17, chunk = 1 << 10");
    const { status, stderr, stdout } = await runScript(source, { permissions: ["--allow-ffi"] });
    assert.deepEqual([status, stderr], [0, ""], stdout);
    assert.ok(stdout.length > 0);
  }
  const [total, sum] =
    (await runScript(examples[0]!.replace("1 << 27, chunk = 1 << 20", "1 << 17, chunk = 1 << 10"), {
      permissions: ["--allow-ffi"],
    })).stdout.trim().split(" ").map(Number);
  assert.ok(Math.abs(total! - 0.5) < 1e-4 && Math.abs(sum! - 0.5) < 1e-4);
});

if (hasPermissions) {
  test("without --allow-ffi the module imports, serves in the master, and says what is missing to fork", async () => {
    const { status, stdout, stderr } = await runScript(
      `
      import { MapReduce } from "@sharedmem/sharedmem";
      console.log((await new MapReduce({ np: 0 }).map((x) => x + 1, [1, 2])).join());
      try {
        await new MapReduce({ np: 2 }).map((x) => x, [1, 2]);
      } catch (error) {
        console.log(error.name, error.needs);
      }
      `,
      // Deno gives a Deno that it starts every permission, unless told one
      { permissions: ["--allow-env=NOTHING"] },
    );
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^2,3\nUnsupportedError .*--allow-ffi/);
  });

  test("errors, deaths, output, random numbers and arrays need no more than --allow-ffi", async () => {
    const { status, stdout, stderr } = await runScript(
      `
      import { availableMemory, background, cpuCount, empty, MapReduce, totalMemory } from "@sharedmem/sharedmem";
      import process from "node:process";
      using pool = new MapReduce({ np: 2 });
      const name = (error) => error.name;
      console.log(await pool.map(() => { throw new RangeError("x"); }, [1, 2]).catch(name));
      console.log(await pool.map(() => process.exit(3), [1, 2]).catch(name));
      console.log(await pool.map(() => process.kill(process.pid, "SIGKILL"), [1, 2]).catch(name));
      console.log(await pool.map(() => { for (;;); }, [1, 2], { jobTimeout: 50 }).catch(name));
      console.log(new Set(await pool.map(() => Math.random() + crypto.randomUUID(), [1, 2, 3])).size);
      console.log((await pool.map(() => empty(10).fill(4), [1]))[0][9], await background(() => 6));
      await pool.map(() => { console.log("said"); process.stdout.write("written\\n"); }, [1]);
      console.log(cpuCount() > 0 && totalMemory() > 0 && availableMemory() > 0);
      `,
      { permissions: ["--allow-ffi"] },
    );
    assert.deepEqual([status, stderr], [0, ""]);
    const lines = stdout.trim().split("\n");
    const names = ["WorkerError", "WorkerExitError", "WorkerExitError", "JobTimeoutError"];
    assert.deepEqual(lines, [...names, "3", "4 6", "said", "written", "true"]);
  });
}
