import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { run, runtimeCommand, type ScriptResult, test } from "./harness.ts";
import { scriptOutput } from "./support.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TMP = `${ROOT}tests/tmp/engine_${process.pid}`;
/** Deno asks before anything, Bun never: a capability of the command line, which differs. */
const hasPermissions = runtimeCommand([]).includes("-A");

/** Writes a program below the project, where the package's name resolves, for the time of `body`. */
async function withFile<T>(name: string, source: string, body: (path: string) => Promise<T>): Promise<T> {
  mkdirSync(TMP, { recursive: true });
  const path = `${TMP}/${name}`;
  writeFileSync(path, source);
  try {
    return await body(path);
  } finally {
    rmSync(TMP, { recursive: true });
  }
}

/** Forks, and tells everything that a re-execution could lose. */
const REPORT = `
import { MapReduce } from "@sharedmem/sharedmem";
import process from "node:process";
import { readFileSync } from "node:fs";
using pool = new MapReduce({ np: 2 });
const squares = await pool.map((x) => x * x, [1, 2, 3]);
const stdin = process.argv.includes("read") ? readFileSync(0, "utf8") : "";
console.log(JSON.stringify({ squares, args: process.argv.slice(2), stdin, cwd: process.cwd(), pid: process.pid }));
process.exitCode = 42;
`;

interface Report {
  squares: number[];
  args: string[];
  stdin: string;
  cwd: string;
  pid: number;
}

function reportOf({ stdout, stderr }: ScriptResult): Report {
  const line = stdout.split("\n").find((line) => line.startsWith("{"));
  assert.ok(line !== undefined, `${stdout}\n${stderr}`);
  return JSON.parse(line) as Report;
}

const ARGS = ["read", "two words", "", "--flag=ü", "*", '"quoted"', "-A", "--", "last"];

test("importing the module keeps arguments, stdin, working directory and exit status of a script", async () => {
  await withFile("report.ts", REPORT, async (path) => {
    const stdin = "line 1\nline ü 2\n".repeat(20_000);
    const result = await run(runtimeCommand([path, ...ARGS]), { stdin, cwd: TMP });
    const report = reportOf(result);
    assert.deepEqual(report.squares, [1, 4, 9]);
    assert.deepEqual(report.args, ARGS);
    assert.equal(report.stdin.length, stdin.length);
    assert.ok(report.stdin === stdin);
    assert.equal(report.cwd, TMP);
    assert.deepEqual([result.status, result.stderr], [42, ""]);
  });
});

test("importing the module keeps the process id, which a shell and a supervisor know", async () => {
  await withFile("report.ts", REPORT, async (path) => {
    const command = ["sh", "-c", 'echo "$$"; exec "$@"', "-", ...runtimeCommand([path])];
    const result = await run(command);
    assert.equal(reportOf(result).pid, Number(result.stdout.split("\n")[0]));
  });
});

test("importing the module runs a script's own code once", async () => {
  const output = await scriptOutput(`
    import { MapReduce } from "@sharedmem/sharedmem";
    console.log("once");
    using pool = new MapReduce({ np: 2 });
    await pool.map(() => 1, [1, 2]);
    console.log("end");
  `);
  assert.equal(output, "once\nend\n");
});

test("without WebAssembly jobs fail as they do, and what runs in it elsewhere runs all the same", async () => {
  const output = await scriptOutput(`
    import { writeFileSync } from "node:fs";
    delete globalThis.WebAssembly;
    const { argsort, fromIter, loadtxt, MapReduce, WorkerError } = await import("@sharedmem/sharedmem");
    using pool = new MapReduce({ np: 1 });
    const n = 100_000;
    const order = argsort(fromIter(Array.from({ length: n }, (_, i) => i % 10), "f8"));
    console.log(order[1], order[n - 1]);
    const path = "${TMP}.txt";
    writeFileSync(path, "0.125 12345.5\\n".repeat(n));
    console.log(loadtxt(path).shape.join());
    const error = await pool.map(() => { throw new RangeError("mine"); }, [1]).catch((error) => error);
    console.log(error instanceof WorkerError, error.cause instanceof RangeError, error.cause.message);
  `);
  rmSync(`${TMP}.txt`);
  assert.equal(output, "10 99999\n100000,2\ntrue true mine\n");
});

test("importing the module late, after work and with await import(), works or runs the script anew", async () => {
  const output = await scriptOutput(`
    const { MapReduce } = await import("@sharedmem/sharedmem");
    using pool = new MapReduce({ np: 2 });
    console.log((await pool.map((x) => x + 1, [1, 2])).join());
  `);
  assert.equal(output, "2,3\n");
});

test("importing the module keeps descriptors that a launcher opened", async () => {
  const source = `
    import { MapReduce } from "@sharedmem/sharedmem";
    import { readFileSync } from "node:fs";
    using pool = new MapReduce({ np: 1 });
    await pool.map(() => 1, [1]);
    console.log(readFileSync("/proc/self/fd/7", "utf8").trim());
  `;
  await withFile("launched.ts", source, async (path) => {
    const command = [
      "bash",
      "-c",
      'exec 7< <(echo from the launcher); exec "$@"',
      "-",
      ...runtimeCommand([path]),
    ];
    const { stdout, stderr } = await run(command);
    assert.equal(stdout, "from the launcher\n", stderr);
  });
});

/** A file of tests for the runtime's own runner. */
const TEST_FILE = `
import { MapReduce } from "@sharedmem/sharedmem";
const { test } = "Bun" in globalThis ? await import("bun:test") : { test: (n, f) => Deno.test(n, f) };
using pool = new MapReduce({ np: 2 });
test("forks", async () => {
  const results = await pool.map((x) => x * x, [1, 2, 3]);
  if (results.join() !== "1,4,9") throw new Error(results.join());
  console.log("FORKED " + results.join());
});
test("fails when told", () => { if (process.env.FAIL) throw new Error("told to"); });
`.replace("using pool", "const pool").replace(
  "import { Map",
  'import process from "node:process";\nimport { Map',
);

test("importing the module works in the runtime's own test runner, and its status tells", async () => {
  await outside("inner_test.ts", TEST_FILE, async (path) => {
    const command = hasPermissions
      ? [process.execPath, "test", "-A", "--no-check", "--config", `${ROOT}deno.json`, path]
      : [process.execPath, "test", path];
    const cwd = dirname(path);
    const good = await run(command, { env: { FAIL: undefined }, cwd });
    assert.equal(good.status, 0, good.stdout + good.stderr);
    assert.match(good.stdout + good.stderr, /FORKED 1,4,9/);
    const bad = await run(command, { env: { FAIL: "1" }, cwd });
    assert.notEqual(bad.status, 0);
    assert.match(bad.stdout + bad.stderr, /told to/);
  });
});

/** As {@linkcode withFile}, elsewhere: the project's own runner keeps out of tests/tmp. */
async function outside(name: string, source: string, body: (path: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(`${tmpdir()}/sharedmem_`);
  try {
    const path = `${directory}/${name}`;
    writeFileSync(path, source.replace("@sharedmem/sharedmem", `${ROOT}mod.ts`));
    await body(path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

if (hasPermissions) {
  test("importing the module works in the runtime's own benchmark runner", async () => {
    const source = `
      import { MapReduce } from "${ROOT}mod.ts";
      using pool = new MapReduce({ np: 2 });
      const results = await pool.map((x) => x * x, [1, 2, 3]);
      Deno.bench({ name: "FORKED " + results.join(), n: 1, warmup: 0, fn: () => {} });
    `;
    await outside("inner_bench.ts", source, async (path) => {
      const options = ["-A", "--no-check", "--config", `${ROOT}deno.json`];
      const { status, stdout, stderr } = await run([process.execPath, "bench", ...options, path]);
      assert.equal(status, 0, stderr);
      assert.match(stdout, /FORKED 1,4,9/);
    });
  });
}

test("importing the module works from the command line's code argument", async () => {
  const code = REPORT.replaceAll("\n", " ");
  const command = hasPermissions ? [process.execPath, "eval", code] : [process.execPath, "-e", code];
  const result = await run(command, { cwd: ROOT });
  assert.deepEqual(reportOf(result).squares, [1, 4, 9]);
  assert.equal(result.status, 42);
});

test("importing the module works under each way to run a script", async () => {
  await withFile("report.ts", REPORT, async (path) => {
    const commands = hasPermissions
      ? [[process.execPath, "run", "-A", path, "x"], [
        process.execPath,
        "run",
        "-A",
        "--no-check",
        "--quiet",
        path,
        "x",
      ]]
      : [[process.execPath, path, "x"], [process.execPath, "run", path, "x"], [
        process.execPath,
        "--smol",
        path,
        "x",
      ]];
    for (const command of commands) {
      const result = await run(command);
      const { squares, args } = reportOf(result);
      assert.deepEqual([squares, args, result.status], [[1, 4, 9], ["x"], 42], command.join(" "));
    }
  });
});

test("importing the module in a program read from stdin works, or says that it cannot fork", async () => {
  const command = [process.execPath, ...hasPermissions ? ["run", "-A"] : ["run"], "-"];
  const source = `
    import { MapReduce } from ${JSON.stringify(`${ROOT}mod.ts`)};
    console.log("began");
    using pool = new MapReduce({ np: 2 });
    console.log(await pool.map((x) => x + 1, [1, 2]).then(String, (error) => error.name + ": " + error.message));
  `;
  const { status, stdout, stderr } = await run(command, { stdin: source, cwd: ROOT });
  // the text is read by then, and a second start would find nothing
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^began\n(2,3|UnsupportedError: .*)\n$/);
}, { timeoutMs: 20_000 });

if (!hasPermissions) {
  test("importing the module works in a compiled binary", async () => {
    await withFile("report.ts", REPORT, async (path) => {
      const binary = `${TMP}/report.bin`;
      const build = await run([process.execPath, "build", "--compile", path, "--outfile", binary]);
      assert.equal(build.status, 0, build.stderr);
      const result = await run([binary, ...ARGS], { stdin: "to the binary" });
      const { squares, args, stdin } = reportOf(result);
      assert.deepEqual([squares, args, stdin, result.status], [[1, 4, 9], ARGS, "to the binary", 42]);
    });
  });
}

test("the flags do not leak to programs that the user starts, nor into process.env", async () => {
  const clean = Object.fromEntries(
    ["DENO_V8_FLAGS", "SHAREDMEM_ENGINE", "MIMALLOC_SCAVENGER", ...BUN_FLAGS].map((
      name,
    ) => [name, undefined]),
  );
  const output = await scriptOutput(
    `
    import { MapReduce } from "@sharedmem/sharedmem";
    import { spawnSync } from "node:child_process";
    import process from "node:process";
    using pool = new MapReduce({ np: 1 });
    const { Bun, Deno } = globalThis;
    const print = () => {
      console.log(spawnSync("sh", ["-c", "env"]).stdout.toString());
      console.log(Bun ? Bun.spawnSync(["sh", "-c", "env"]).stdout.toString()
        : new TextDecoder().decode(new Deno.Command("sh", { args: ["-c", "env"] }).outputSync().stdout));
      console.log(Object.entries(process.env).map((pair) => pair.join("=")).join("\\n"));
    };
    print();
    await pool.map(print, [0]);
    `,
    { env: { ...clean, SEEN: "by all" } },
  );
  assert.equal(output.split("\n").filter((line) => line === "SEEN=by all").length, 6);
  assert.doesNotMatch(output, /^(DENO_V8_FLAGS|BUN_JSC|MIMALLOC|SHAREDMEM)/m);
});

const BUN_FLAGS = ["useConcurrentGC", "useConcurrentJIT", "numberOfGCMarkers", "useWarmUpMarkedBlocks"].map((
  name,
) => `BUN_JSC_${name}`);

test("the user's own engine flags are kept: for the script and for what it starts", async () => {
  const name = hasPermissions ? "DENO_V8_FLAGS" : "MIMALLOC_SCAVENGER";
  const value = hasPermissions ? "--stack-size=300" : "1";
  const source = `
    import { MapReduce } from "@sharedmem/sharedmem";
    import { spawnSync } from "node:child_process";
    import process from "node:process";
    using pool = new MapReduce({ np: 2 });
    const depth = (n) => { try { return depth(n + 1); } catch { return n; } };
    console.log(JSON.stringify({
      results: await pool.map((x) => x, [1, 2]),
      own: process.env.${name},
      child: spawnSync("sh", ["-c", "echo $${name}"]).stdout.toString().trim(),
      depth: depth(0),
    }));
  `;
  const report = async (value: string | undefined) =>
    JSON.parse(await scriptOutput(source, { env: { [name]: value } })) as Record<string, unknown>;
  const { results, own, child, depth } = await report(value);
  assert.deepEqual([results, own, child], [[1, 2], value, value]);
  const usual = await report(undefined);
  assert.deepEqual([usual.own, usual.child], [undefined, ""]);
  // less than a third of the usual stack: the flag has taken effect
  if (hasPermissions) {
    assert.ok((depth as number) < 0.6 * (usual.depth as number), `${depth} of ${usual.depth}`);
  }
});

test("SHAREDMEM_REEXEC=0 refuses to fork and names the flags", async () => {
  const source = `
    import { background, MapReduce } from "@sharedmem/sharedmem";
    using pool = new MapReduce({ np: 2 });
    for (const call of [() => pool.map((x) => x, [1, 2]), () => pool.mapSync((x) => x, [1, 2]), () => background(() => 1),
      async () => { for await (const _ of pool.imap((x) => x, [1, 2])); }]) {
      try {
        await call();
        console.log("forked");
      } catch (error) {
        console.log(error.name + "|" + error.message + "|" + error.needs);
      }
    }
  `;
  const output = await scriptOutput(source, { env: { SHAREDMEM_REEXEC: "0" } });
  const lines = output.trim().split("\n");
  assert.equal(lines.length, 4);
  for (const line of lines) {
    assert.match(line, /^UnsupportedError\|/);
    const flags = hasPermissions
      ? ["DENO_V8_FLAGS=--single-threaded-gc,", "--no-concurrent-recompilation"]
      : [...BUN_FLAGS, "MIMALLOC_SCAVENGER"];
    for (const flag of flags) assert.ok(line.includes(flag), line);
  }
});

test("SHAREDMEM_REEXEC=0 with the flags set by hand forks", async () => {
  // in Deno either no threads at all, or those that the package leaves idle
  const env = hasPermissions ? { DENO_V8_FLAGS: "--single-threaded" } : {
    ...Object.fromEntries(BUN_FLAGS.map((name) => [name, name.endsWith("Markers") ? "1" : "0"])),
    MIMALLOC_SCAVENGER: "0",
  };
  const output = await scriptOutput(
    `
    import { MapReduce } from "@sharedmem/sharedmem";
    using pool = new MapReduce({ np: 2 });
    console.log((await pool.map((x) => x + 1, [1, 2])).join());
    `,
    { env: { ...env, SHAREDMEM_REEXEC: "0" } },
  );
  assert.equal(output, "2,3\n");
});

test("finalizers run, though the engine was set up for forks", async () => {
  const output = await scriptOutput(`
    import { MapReduce } from "@sharedmem/sharedmem";
    using pool = new MapReduce({ np: 2 });
    await pool.map((x) => x, [1, 2]);
    let finalized = 0;
    const registry = new FinalizationRegistry(() => finalized++);
    const end = performance.now() + 20_000;
    while (finalized === 0 && performance.now() < end) {
      for (let i = 0; i < 300; i++) registry.register({ bytes: new Array(1000).fill(i) }, i);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    console.log(finalized > 0);
  `);
  assert.equal(output, "true\n");
});

test("a program that the script starts sets up its own engine", async () => {
  const inner = `
    import { MapReduce } from "@sharedmem/sharedmem";
    using pool = new MapReduce({ np: 2 });
    console.log("inner " + (await pool.map((x) => x + 1, [1, 2])).join());
  `;
  await withFile("inner.ts", inner, async (path) => {
    const output = await scriptOutput(`
      import { MapReduce } from "@sharedmem/sharedmem";
      import { spawnSync } from "node:child_process";
      using pool = new MapReduce({ np: 2 });
      const start = () => {
        const [command, ...args] = ${JSON.stringify(runtimeCommand([path]))};
        return spawnSync(command, args).stdout.toString();
      };
      console.log(start() + (await pool.map(start, [0])).join());
    `);
    assert.equal(output.trim().split("\n").filter((line) => line === "inner 2,3").length, 2);
  });
});

/** Prints whether the process was replaced: what its environment was at its start stays in its memory. */
const REEXEC_PROBE = `
import { readFileSync } from "node:fs";
const flags = /^(DENO_V8_FLAGS|BUN_JSC_useConcurrentGC)=/m;
console.log(flags.test(readFileSync("/proc/self/environ", "utf8").replaceAll("\\0", "\\n")) ? "re-executed" : "as started");
`;

test("@sharedmem/sharedmem/arrays alone does not re-execute, the whole module does", async () => {
  const arrays = `
    import { empty } from "@sharedmem/sharedmem/arrays";
    const x = empty(5);
    x[4] = 3;
    if (x.length !== 5) throw new Error();
    ${REEXEC_PROBE.trim()}
  `;
  assert.equal(await scriptOutput(arrays), "as started\n");
  const all = arrays.replace("@sharedmem/sharedmem/arrays", "@sharedmem/sharedmem");
  assert.equal(await scriptOutput(all), "re-executed\n");
});

test("a Worker may import the module, and is refused to fork with the reason", async () => {
  const worker = `
    import { MapReduce } from "@sharedmem/sharedmem";
    using pool = new MapReduce({ np: 2 });
    const outcome = await pool.map((x) => x + 1, [1, 2]).then(String, (error) => error.name + ": " + error.message);
    postMessage(outcome);
  `;
  await withFile("worker.ts", worker, async (path) => {
    const output = await scriptOutput(`
      const worker = new Worker(${JSON.stringify(`file://${path}`)}, { type: "module" });
      console.log(await new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data)));
      worker.terminate();
    `);
    assert.match(output, /^(2,3|UnsupportedError: .+)\n$/);
  });
});

test("the module's sub-paths that fork set up the engine", async () => {
  const output = await scriptOutput(`
    import { MapReduce } from "@sharedmem/sharedmem/map-reduce";
    using pool = new MapReduce({ np: 2 });
    console.log((await pool.map((x) => x + 1, [1, 2])).join());
    ${REEXEC_PROBE.trim()}
  `);
  assert.equal(output, "2,3\nre-executed\n");
});
