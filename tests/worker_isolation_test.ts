import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import nodeCrypto from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import process from "node:process";
import { gzip } from "node:zlib";
import { empty, MapReduce, range, WorkerExitError } from "../mod.ts";
import { test } from "./harness.ts";
import {
  busyMs,
  failure,
  indices,
  isRunning,
  pause,
  realPid,
  scriptOutput,
  sleepSync,
  soon,
  spinForever,
  spinUntilAtLeast,
} from "./support.ts";

const { Deno } = globalThis as {
  Deno?: { pid: number; kill(pid: number, signal?: string): void; exit(status: number): never };
};

/** Runs `work` as a job, in a child. */
async function inChild<T>(work: () => T): Promise<T> {
  using pool = new MapReduce({ np: 1 });
  return (await soon(pool.map(work, [0]), "the job", 10_000))[0]!;
}

test("a job that kills process.pid kills itself, not the master", async () => {
  const killers: (() => void)[] = [
    () => process.kill(process.pid, "SIGKILL"),
    () => process.kill(process.pid, 9),
    ...(Deno ? [() => Deno.kill(Deno.pid, "SIGKILL"), () => Deno.kill(process.pid, "SIGKILL")] : []),
    () => spawnSync("kill", ["-9", String(realPid())]),
  ];
  for (const kill of killers) {
    using pool = new MapReduce({ np: 2 });
    const map = pool.map(
      (i: number) => {
        if (i === 1) {
          kill();
          spinForever();
        }
      },
      range(3),
      { chunkSize: 1 },
    );
    const error = await soon(failure(map, WorkerExitError), String(kill));
    assert.deepEqual([error.index, error.signal], [1, "SIGKILL"]);
  }
  const error = await soon(
    failure(inChild(() => (process.kill(process.pid), spinForever())), WorkerExitError),
  );
  assert.equal(error.signal, "SIGTERM");
});

test("process.kill() in a job still reaches others, and tells whether they are there", async () => {
  const outcomes = await inChild(() => [
    process.kill(process.ppid, 0),
    errorCode(() => process.kill(4_194_304, 0)),
    errorCode(() => process.kill(process.pid, "SIGNOTHING" as NodeJS.Signals)) !== "none",
  ]);
  assert.deepEqual(outcomes, [true, "ESRCH", true]);
});

function errorCode(call: () => unknown): string | undefined {
  try {
    call();
    return "none";
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

test("process ids in a job are the worker's where the runtime lets them be redefined", async () => {
  const master = realPid();
  const ids = await inChild(() => ({
    real: realPid(),
    isRedefinable: Object.getOwnPropertyDescriptor(process, "pid")?.configurable ?? true,
    pid: process.pid,
    ppid: process.ppid,
    deno: Deno?.pid,
    parent: Number(readFileSync("/proc/self/stat", "utf8").split(") ")[1]!.split(" ")[1]),
  }));
  assert.notEqual(ids.real, master);
  assert.equal(ids.parent, master);
  if (ids.isRedefinable) assert.equal(ids.pid, ids.real);
  if (Deno) assert.equal(ids.deno, ids.real);
  assert.equal(process.pid, master);
});

/** Every source of random values, a few of each. */
function randomValues(): string[] {
  const { crypto } = globalThis;
  const hex = (bytes: Uint8Array) =>
    bytes.reduce((text, byte) => text + byte.toString(16).padStart(2, "0"), "");
  return indices(20).flatMap(() => [
    `m${Math.random()}`,
    crypto.randomUUID(),
    hex(crypto.getRandomValues(new Uint8Array(8))),
    hex(crypto.getRandomValues(new Uint8Array(300))),
    hex(nodeCrypto.randomBytes(8)),
    hex(nodeCrypto.randomBytes(256)),
    `i${nodeCrypto.randomInt(2 ** 47)}`,
    nodeCrypto.randomUUID(),
    hex(nodeCrypto.randomFillSync(new Uint8Array(16))),
  ]);
}

test("no random value repeats from worker to worker, to the master, to the next map", async () => {
  for (const warmUps of [0, 1, 7]) {
    const all: string[] = [];
    for (let i = 0; i < warmUps; i++) all.push(...randomValues());
    using pool = new MapReduce({ np: 8 });
    for (let round = 0; round < 2; round++) {
      const met = empty(1, "i4");
      const lists = await pool.map(
        () => {
          Atomics.add(met, 0, 1);
          spinUntilAtLeast(met, 0, 8);
          return randomValues();
        },
        range(8),
        { chunkSize: 1 },
      );
      all.push(...lists.flat(), ...randomValues());
    }
    assert.equal(new Set(all).size, all.length);
  }
});

test("no random value repeats when the master has drawn none before, nor from run to run", async () => {
  const source = (isWarm: boolean) => `
    import { MapReduce, range } from "@sharedmem/sharedmem";
    import nodeCrypto from "node:crypto";
    const draw = () => Array.from({ length: 10 }, () => [
      "m" + Math.random(), crypto.randomUUID(), "g" + crypto.getRandomValues(new Uint8Array(8)),
      "b" + nodeCrypto.randomBytes(8).toString("hex"), "i" + nodeCrypto.randomInt(2 ** 47), nodeCrypto.randomUUID(),
    ]).flat();
    const all = ${isWarm} ? draw() : [];
    using pool = new MapReduce({ np: 4 });
    const lists = await pool.map(draw, range(16), { chunkSize: 1 });
    all.push(...lists.flat(), ...draw());
    console.log(JSON.stringify(all));
  `;
  const all: string[] = [];
  for (const isWarm of [false, false, true]) {
    all.push(...JSON.parse(await scriptOutput(source(isWarm))) as string[]);
  }
  assert.equal(all.length, (2 * 17 + 18) * 60);
  assert.equal(new Set(all).size, all.length);
});

test("Math.random() in workers is uniform", async () => {
  using pool = new MapReduce({ np: 2 });
  const values = (await pool.map(() => Array.from({ length: 5000 }, Math.random), range(4))).flat();
  assert.ok(values.every((x) => x >= 0 && x < 1));
  const bins = new Float64Array(20);
  for (const x of values) bins[Math.floor(20 * x)]!++;
  assert.ok(bins.every((count) => Math.abs(count - 1000) < 200), bins.join());
});

const HANDLED = ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR2"] as const;
test("signal handlers of the master neither run nor swallow the signal in a worker", async () => {
  const source = `
    import { empty, MapReduce } from "@sharedmem/sharedmem";
    import process from "node:process";
    import { readlinkSync } from "node:fs";
    let heard = [];
    const signals = ${JSON.stringify(HANDLED)};
    for (const signal of signals) process.on(signal, () => { heard.push(signal); console.log("handler", signal); });
    using pool = new MapReduce({ np: 2 });
    for (const signal of signals) {
      const pid = empty(1, "i4");
      const map = pool.map((i) => {
        if (i === 0) Atomics.store(pid, 0, Number(readlinkSync("/proc/self")));
        const end = performance.now() + 8000;
        while (performance.now() < end);
      }, [0, 1], { chunkSize: 1 }).catch((error) => error);
      while (pid[0] === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      process.kill(pid[0], signal);
      const error = await map;
      console.log(error.name, error.signal, error.index);
    }
    console.log(heard.length);
    process.kill(process.pid, "SIGTERM");
    while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    console.log("the master hears");
    process.exit(0);
  `;
  const lines = (await scriptOutput(source, { timeoutMs: 30_000 })).trim().split("\n");
  const died = HANDLED.map((signal) => `WorkerExitError ${signal} 0`);
  assert.deepEqual(lines, [...died, "0", "handler SIGTERM", "the master hears"]);
});

test("exit listeners of the master run once, in the master", async () => {
  const source = `
    import { background, MapReduce } from "@sharedmem/sharedmem";
    import process from "node:process";
    import { writeSync } from "node:fs";
    process.on("exit", (code) => writeSync(1, "exit " + code + "\\n"));
    process.on("beforeExit", () => writeSync(1, "beforeExit\\n"));
    globalThis.addEventListener?.("unload", () => writeSync(1, "unload\\n"));
    globalThis.addEventListener?.("beforeunload", () => writeSync(1, "beforeunload\\n"));
    using pool = new MapReduce({ np: 2 });
    const exits = [() => process.exit(3), () => process.reallyExit?.(3) ?? process.exit(3),
      () => (globalThis.Deno ?? process).exit(3), () => { throw new Error("x"); }, () => 1,
      () => process.kill(process.pid, "SIGTERM")];
    for (const exit of exits) await pool.map(exit, [1, 2, 3]).catch(() => {});
    await background(() => 1);
    await background(() => process.exit(1)).catch(() => {});
    writeSync(1, "end\\n");
  `;
  const lines = (await scriptOutput(source)).trim().split("\n");
  assert.equal(lines[0], "end");
  assert.equal(lines.filter((line) => line === "exit 0").length, 1);
  for (const name of ["beforeExit", "unload", "beforeunload"]) {
    assert.ok(lines.filter((line) => line === name).length <= 1, lines.join());
  }
  assert.deepEqual(lines.filter((line) => /^exit [^0]/.test(line)), []);
});

test("sockets used in a job leave the master's server unharmed", async () => {
  let served = 0;
  const server = http.createServer((_, response) => response.end(`hello ${++served}`));
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as net.AddressInfo).port));
  });
  const get = () =>
    new Promise<string>((resolve, reject) => {
      http.get({ port, host: "127.0.0.1", agent: false }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => text += part).on(
          "end",
          () => resolve(text),
        );
      }).on("error", reject);
    });
  try {
    await get();
    using pool = new MapReduce({ np: 3 });
    for (let round = 0; round < 10; round++) {
      const map = pool.map(
        (i: number) => {
          for (let k = 0; k < 3; k++) {
            net.connect(port, "127.0.0.1").on("error", () => {}).write("GET / HTTP/1.0\r\n\r\n");
            net.createServer().on("error", () => {}).listen(0);
            setTimeout(() => {}, 1);
          }
          fetch(`http://127.0.0.1:${port}/`).catch(() => {});
          busyMs(2);
          return i;
        },
        range(6),
        { chunkSize: 1 },
      );
      const texts = await soon(Promise.all([get(), get(), get()]), "the server during the map", 5000);
      assert.ok(texts.every((text) => /^hello \d+$/.test(text)));
      assert.deepEqual(await soon(map, "the map", 5000), indices(6));
    }
    const before = served;
    for (let i = 0; i < 30; i++) assert.match(await soon(get(), "the server after the maps"), /^hello/);
    assert.ok(served >= before + 30);
  } finally {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }
});

test("maps go on while the master's thread pool, timers and collector are busy", async () => {
  const stop = new AbortController();
  const bytes = new Uint8Array(200_000).fill(7);
  const isGoing = () => !stop.signal.aborted;
  const chores: (() => Promise<unknown>)[] = [
    () => readFile("/proc/self/maps"),
    () => new Promise((resolve) => gzip(bytes, resolve)),
    () => new Promise((resolve) => nodeCrypto.pbkdf2("a", "b", 2000, 32, "sha256", resolve)),
    () => crypto.subtle.digest("SHA-256", bytes),
    () => pause(1),
    () => {
      const compiled = Function("n", "return Array.from({ length: n }, (_, i) => ({ i }))") as (
        n: number,
      ) => unknown;
      return Promise.resolve(compiled(20_000));
    },
  ];
  const busy = chores.map(async (chore) => {
    while (isGoing()) {
      await chore();
      await pause(0); // some end on the spot and would never let the event loop turn
    }
  });
  try {
    using pool = new MapReduce({ np: 2 });
    for (let round = 0; round < 60; round++) {
      const results = await soon(
        pool.map((i: number) => JSON.stringify({ i }), range(6), { chunkSize: 1 }),
        `round ${round}`,
        10_000,
      );
      assert.deepEqual(results, indices(6).map((i) => `{"i":${i}}`));
    }
  } finally {
    stop.abort();
    await Promise.all(busy);
  }
});

test("timers and promises of the master run once, in the master", async () => {
  using pool = new MapReduce({ np: 2 });
  const runs = empty(2, "i4");
  const timer = setTimeout(() => Atomics.add(runs, 0, 1), 10);
  const pending = Promise.resolve().then(() => Atomics.add(runs, 1, 1));
  const map = pool.map(
    () => {
      const end = performance.now() + 40;
      while (performance.now() < end) sleepSync(1);
    },
    range(4),
    { chunkSize: 1 },
  );
  await Promise.all([map, pending]);
  await pause(30);
  clearTimeout(timer);
  assert.deepEqual(Array.from(runs), [1, 1]);
});

test("what a job does to globals and modules stays in its worker", async () => {
  const name = "__contract_test_global";
  const globals = globalThis as unknown as Record<string, unknown>;
  using pool = new MapReduce({ np: 1 });
  assert.deepEqual(
    await pool.map((i: number) => globals[name] = (globals[name] as number ?? 0) + i + 1, [0, 1]),
    [1, 3],
  );
  assert.equal(globals[name], undefined);
  const exit = process.exit;
  await pool.map(() => 1, [1]);
  assert.equal(process.exit, exit);
});

test("a job may use files, programs, regular expressions, compiled code, big buffers and the stack's depth", async () => {
  const results = await inChild(() => [
    readFileSync("/proc/self/comm", "utf8").length > 0,
    spawnSync("echo", ["hi"]).stdout.toString(),
    spawnSync("sh", ["-c", "exit 5"]).status,
    /(\d+)-(\d+)/.exec("12-34")?.[2],
    (Function("x", "return x * 3") as (x: number) => number)(4),
    new Uint8Array(64e6).fill(1)[63e6],
    new Intl.NumberFormat("en").format(1234567.5),
    structuredClone(new Map([["a", [1]]])).get("a"),
    depth(0) > 1000,
    nodeCrypto.createHash("sha256").update("abc").digest("hex").slice(0, 8),
    new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)) instanceof WebAssembly.Module,
  ]);
  assert.deepEqual(results, [true, "hi\n", 5, "34", 12, 1, "1,234,567.5", [1], true, "ba7816bf", true]);
});

function depth(level: number): number {
  try {
    return depth(level + 1);
  } catch {
    return level;
  }
}

test("a job's child process does not hold the master's descriptors", async () => {
  using pool = new MapReduce({ np: 2 });
  // a program that outlives the job must not keep the map waiting
  const pids = await soon(
    pool.map(() => {
      const { stdout } = spawnSync("sh", ["-c", "sleep 3 >/dev/null 2>&1 </dev/null & echo $!"]);
      return Number(stdout.toString());
    }, [0, 1]),
    "the map",
    2500,
  );
  for (const pid of pids) if (isRunning(pid)) process.kill(pid, "SIGKILL");
});

test("a worker is preferred by the kernel when memory runs out", async () => {
  const score = () => Number(readFileSync("/proc/self/oom_score_adj", "utf8"));
  const own = score();
  const workers = await inChild(score);
  assert.ok(workers > own || own === 1000, `${workers} against ${own}`);
});
