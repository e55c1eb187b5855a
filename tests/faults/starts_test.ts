/**
 * Rows 1–5, 22–24, 34 and 44: what may go wrong when a worker starts, and what a worker shares with the process that it
 * was forked from.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, readdirSync, readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { backend, c } from "../../ffi/libc.ts";
import { background, empty, MapReduce, range, UnsupportedError, WorkerExitError } from "../../mod.ts";
import {
  busyMs,
  collectGarbage,
  eventually,
  failure,
  indices,
  isRunning,
  killOther,
  pause,
  processInfo,
  realPid,
  scriptOutput,
  sleepSync,
  soon,
  SOON_MS,
  spinForever,
} from "../support.ts";
import { BusyMaster, type Chores, toil } from "./busy_master.ts";
import { fault } from "./rig.ts";

/** A child that is silent for so long is replaced. */
const START_LIMIT_MS = 1000;
/** For maps of a master that is busy otherwise. */
const BUSY_MS = 8000;

// Row 1: the engine

const FLAGS = Object.keys(backend.engineFlags);
const UNFLAGGED = Object.fromEntries(FLAGS.map((name) => [name, undefined]));

interface Report {
  readonly isReplaced: boolean;
  readonly threads: string[];
  /** The results, or why there are none. */
  readonly outcome: number[] | string;
}

async function report(
  program: string,
  arg: string,
  env: Record<string, string | undefined> = {},
): Promise<Report> {
  const path = fileURLToPath(new URL(`./programs/${program}`, import.meta.url));
  return JSON.parse(await scriptOutput(path, { args: [arg], env: { ...UNFLAGGED, ...env } })) as Report;
}

function namesFlags(outcome: Report["outcome"]): void {
  assert.match(String(outcome), /fork is not safe in this process/);
  for (const [name, { value }] of Object.entries(backend.engineFlags)) {
    assert.ok(String(outcome).includes(`${name}=${value}`), String(outcome));
  }
}

fault({
  row: 1,
  name: "a program started without engine flags replaces itself, then forks without threads of the engine",
  rounds: 5,
  soak: 100,
}, async () => {
  const { isReplaced, threads, outcome } = await report("start_report.ts", FLAGS[0]!);
  assert.deepEqual([isReplaced, outcome], [true, [0, 1, 4, 9]]);
  if (backend.threadsMayIdle) return;
  assert.deepEqual(threads.filter((name) => backend.unsafeThreads.includes(name)), []);
});

fault({
  row: 1,
  name: "a program that must not replace itself is refused to fork, and told the flags",
  rounds: 5,
  soak: 100,
}, async () => {
  const { isReplaced, outcome } = await report("start_report.ts", FLAGS[0]!, { SHAREDMEM_REEXEC: "0" });
  assert.equal(isReplaced, false);
  namesFlags(outcome);
});

fault({
  row: 1,
  name: "a Worker thread of a program started without engine flags is refused to fork, and told the flags",
  rounds: 3,
  soak: 100,
}, async () => namesFlags((await report("start_in_thread.ts", "")).outcome));

fault({
  row: 1,
  name: "a Worker thread of a program that has replaced itself forks",
  rounds: 3,
  soak: 100,
}, async () => assert.deepEqual((await report("start_in_thread.ts", "import")).outcome, [0, 1, 4, 9]));

// Rows 2–4: a busy master

/** Maps over `np` workers, one job each: every job ran once, each in a process of its own. */
async function mapOnce(np: number): Promise<void> {
  using pool = new MapReduce({ np });
  const runs = empty(np, "i4");
  const map = pool.map(
    (i) => {
      Atomics.add(runs, i, 1);
      return { sum: toil(i), pid: realPid() };
    },
    range(np),
    { schedule: "static" },
  );
  const results = await soon(map, "the map", BUSY_MS);
  assert.deepEqual(results.map(({ sum }) => sum), indices(np).map((i) => i + 499_500));
  assert.equal(new Set(results.map(({ pid }) => pid)).size, np);
  assert.deepEqual([...runs], indices(np).map(() => 1));
}

/** The runtime keeps its threads and their stacks for a while: the first rounds make more than any later one. */
function readersIn(round: number): number {
  return round < 2 ? 96 : 32;
}

async function mapsOfBusyMaster(chores: Chores, maps: number, np: number): Promise<void> {
  await using master = await BusyMaster.start(chores);
  for (let i = 0; i < maps; i++) await mapOnce(np);
  await master.goesOn();
}

fault({
  row: 2,
  name: "15 children of a master with timers, a server, allocation and fresh code each run their job once",
  rounds: 20,
  soak: 667,
  roundMs: 30_000,
}, () => mapsOfBusyMaster({ serves: true, compiles: true }, 5, 3));

fault({
  row: 3,
  name: "5 maps of a master that reads 32 files at a time run every job once",
  rounds: 20,
  soak: 500,
  roundMs: 30_000,
}, ({ index }) => mapsOfBusyMaster({ readers: readersIn(index) }, 5, 2));

fault({
  row: 4,
  name: "5 maps of a master with two threads that allocate run every job once",
  rounds: 6,
  soak: 500,
  roundMs: 60_000,
}, () => mapsOfBusyMaster({ threads: 2 }, 5, 2));

// Row 5: children that do not get as far as user code

/**
 * The next `count` children forked here meet `fate` before their start: the canary calls `JSON.stringify`, which is
 * replaced until this is disposed of.
 */
function trapStarts(count: number, fate: () => void): Disposable & { caught(): number } {
  const { stringify } = JSON;
  const master = realPid();
  const arrivals = empty(1, "i4");
  JSON.stringify = ((...values: Parameters<typeof stringify>): string => {
    if (realPid() !== master && Atomics.add(arrivals, 0, 1) < count) {
      fate();
      hang(); // what was to end did not
    }
    return stringify(...values);
  }) as typeof stringify;
  return {
    caught: () => Math.min(count, Atomics.load(arrivals, 0)),
    [Symbol.dispose]: () => void (JSON.stringify = stringify),
  };
}

/** In a child: waits to be killed, without using the processor. */
function hang(): never {
  for (let i = 0; i < 3000; i++) sleepSync(10);
  throw new Error("nobody came");
}

/** How a child can hang. */
const HANGS: Readonly<Record<string, () => void>> = {
  "sleeps for ever": hang,
  "spins for ever": spinForever,
  "is stopped": () => killOther(realPid(), "SIGSTOP"),
};
/** How it can end before its start. */
const EARLY_ENDS: readonly (() => void)[] = [
  () => killOther(realPid(), "SIGKILL"),
  () => killOther(realPid(), "SIGTERM"),
  () => c._exit(3),
];
/** Jobs of a map in which every worker has its share. */
const SHARED_OUT = { schedule: "static" } as const;

fault({
  row: 5,
  name: `a child that ${Object.keys(HANGS).join(" or ")} before its start is replaced, and its jobs run once`,
  rounds: 7,
  soak: 67,
}, async () => {
  using pool = new MapReduce({ np: 2 });
  const runs = empty(4 * Object.keys(HANGS).length, "i4");
  const started = performance.now();
  const maps = Object.entries(HANGS).map(([way, hang], k) => {
    using trap = trapStarts(1, hang);
    const map = pool.map((i) => Atomics.add(runs, 4 * k + i, 1), range(4), SHARED_OUT);
    // forked at the call, and trapped at once or within a moment
    return { way, map, trap };
  });
  for (const { way, map, trap } of maps) {
    assert.deepEqual(await soon(map, `the map with a child that ${way}`, START_LIMIT_MS + BUSY_MS), [
      0,
      0,
      0,
      0,
    ]);
    assert.equal(trap.caught(), 1);
  }
  assert.deepEqual([...runs], [...runs].map(() => 1));
  const elapsed = performance.now() - started;
  assert.ok(elapsed >= START_LIMIT_MS - 100, `nothing hung: all was over after ${elapsed} ms`);
});

fault({
  row: 5,
  name: "a child that hangs before its start is replaced while its master blocks in mapSync()",
  rounds: 2,
  soak: 50,
  blocks: true,
}, ({ index }) => {
  using pool = new MapReduce({ np: 2 });
  using trap = trapStarts(1, Object.values(HANGS)[index % 3]!);
  const runs = empty(4, "i4");
  assert.deepEqual(pool.mapSync((i) => Atomics.add(runs, i, 1), range(4), SHARED_OUT), [0, 0, 0, 0]);
  assert.deepEqual([...runs, trap.caught()], [1, 1, 1, 1, 1]);
});

fault({
  row: 5,
  name: "a child that dies before its start is replaced, and its jobs run once",
  rounds: 40,
  soak: 500,
}, async ({ index }) => {
  using pool = new MapReduce({ np: 2 });
  using trap = trapStarts(2, EARLY_ENDS[index % 3]!);
  const runs = empty(4, "i4");
  const started = performance.now();
  const map = pool.map((i) => Atomics.add(runs, i, 1), range(4), SHARED_OUT);
  assert.deepEqual(await soon(map, "the map", BUSY_MS), [0, 0, 0, 0]);
  assert.deepEqual([...runs, trap.caught()], [1, 1, 1, 1, 2]);
  // its end was seen, nobody waited for a sign of life
  assert.ok(performance.now() - started < START_LIMIT_MS, "too slow");
});

fault({
  row: 5,
  name: "children that hang or end before their start every time make an UnsupportedError, and no job runs",
  rounds: 3,
  soak: 21,
}, async ({ index }) => {
  using pool = new MapReduce({ np: 1 });
  const fates = [HANGS["sleeps for ever"]!, EARLY_ENDS[1]!, EARLY_ENDS[2]!];
  using trap = trapStarts(Infinity, fates[index % 3]!);
  const runs = empty(4, "i4");
  const map = pool.map((i) => Atomics.add(runs, i, 1), range(4));
  const error = await soon(failure(map, UnsupportedError), "the error", 3 * START_LIMIT_MS + SOON_MS);
  assert.match(error.message, /worker 0 did not start in 3 tries/);
  assert.deepEqual([...runs, trap.caught()], [0, 0, 0, 0, 3]);
});

// Rows 22–24: what children share with the process that they were forked from

fault({
  row: 22,
  name: "microtasks, ticks and timers that are pending at the fork run once, in the master",
  soak: 1000,
}, async ({ index }) => {
  const master = realPid();
  // for each kind: runs in the master, runs elsewhere
  const runs = empty(14, "i4");
  const note = (kind: number) => (): void => {
    Atomics.add(runs, 2 * kind + (realPid() === master ? 0 : 1), 1);
  };
  const gate = Promise.withResolvers<void>();
  const waiting = (async (note: () => void) => {
    await gate.promise;
    note();
  })(note(0));
  gate.resolve();
  const reaction = Promise.reject(new Error("pending")).catch(note(1));
  queueMicrotask(note(2));
  process.nextTick(note(3));
  setImmediate(note(4));
  setTimeout(note(5), 0);
  setTimeout(note(6), 2);
  using pool = new MapReduce({ np: 2 });
  const work = (i: number): number => {
    // what might turn a loop or empty a queue: built-ins with callbacks, a microtask and timers of its own, time
    if (index % 20 === 0) spawnSync("true");
    structuredClone([1, 2, 3].map((x) => ({ x })));
    queueMicrotask(() => {});
    process.nextTick(() => {});
    setTimeout(() => {}, 0);
    busyMs(3);
    return i;
  };
  const results = index % 2 === 0 ? pool.map(work, range(4)) : pool.mapSync(work, range(4));
  assert.deepEqual(await soon(Promise.resolve(results)), indices(4));
  await Promise.all([waiting, reaction]);
  const inMaster = (): number[] => [...runs].filter((_, at) => at % 2 === 0);
  await eventually(() => inMaster().every((count) => count > 0), "all that was pending");
  await pause(1);
  assert.deepEqual([...runs], Array.from(runs, (_, at) => at % 2 === 0 ? 1 : 0));
});

/** What jobs are told not to begin. */
const ASYNC_WORK: readonly ((url: string) => unknown)[] = [
  (url) => void fetch(url).then((response) => response.text()).catch(() => {}),
  () => void readFile(fileURLToPath(import.meta.url)).catch(() => {}),
  () => setTimeout(() => process.exit(9), 0),
  () => setInterval(() => process.exit(9), 1),
  (url) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => {}).write("GET / HTTP/1.0\r\n\r\n");
  },
  () => void Promise.resolve().then(() => process.exit(9)),
];

fault({
  row: 23,
  name: "a job that begins fetches, reads, sockets, timers and promises leaves its master's own unharmed",
  rounds: 40,
  soak: 500,
}, async () => {
  await using master = await BusyMaster.start({ serves: true, readers: 2 });
  const { url } = master;
  using pool = new MapReduce({ np: 2 });
  const map = pool.map(
    (i) => {
      ASYNC_WORK[i]!(url);
      busyMs(1);
      return i;
    },
    range(ASYNC_WORK.length),
    { chunkSize: 1 },
  );
  assert.deepEqual(await soon(map, "the map", BUSY_MS), indices(ASYNC_WORK.length));
  await master.goesOn();
});

/** What this process's or another's descriptors are, e.g. `pipe:[1234]`. */
function descriptors(pid: number | "self" = "self"): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return []; // the one that read the directory
    }
  });
}

fault({
  row: 24,
  name: "jobs start programs although their master has had many threads, which their processes do not have",
  rounds: 20,
  soak: 200,
}, async ({ index }) => {
  {
    await using master = await BusyMaster.start({ readers: readersIn(index) });
    await master.goesOn();
  }
  using pool = new MapReduce({ np: 2 });
  const map = pool.map(() => spawnSync("sh", ["-c", "echo told; exit 5"]), range(8), SHARED_OUT);
  for (const { status, stdout } of await soon(map, "the map", BUSY_MS)) {
    assert.deepEqual([status, stdout.toString()], [5, "told\n"]);
  }
});

/** In a job: starts programs that outlive it. */
const LEAVERS: Readonly<Record<string, () => number>> = {
  "spawnSync()": () =>
    Number(spawnSync("sh", ["-c", "sleep 60 </dev/null >/dev/null 2>&1 & echo $!"]).stdout.toString()),
  "spawn()": () => spawn("sleep", ["60"], { stdio: "ignore", detached: true }).pid!,
};
for (const [name, leave] of Object.entries(LEAVERS)) {
  fault({
    row: 24,
    name: `a program that a job leaves behind by ${name} neither delays the map nor holds its descriptors`,
    rounds: 20,
    soak: 200,
  }, async () => {
    const before = new Set(descriptors());
    using pool = new MapReduce({ np: 2 });
    const left = empty(2, "i4");
    try {
      const map = pool.map(
        (i) => {
          const own = descriptors();
          left[i] = leave();
          return own;
        },
        range(2),
        { schedule: "static" },
      );
      const lent = descriptors();
      const lists = await soon(map, "the map");
      const isOfMap = (link: string): boolean => /^(pipe|socket):|memfd/.test(link) && !before.has(link);
      const ofMap = new Set([...lent, ...lists.flat()].filter(isOfMap));
      // two doorbells, both ends of two socket pairs, at least
      assert.ok(ofMap.size >= 4, [...ofMap].join());
      for (const pid of left) {
        assert.ok(isRunning(pid), "the program is gone");
        assert.deepEqual(descriptors(pid).filter((link) => ofMap.has(link)), []);
      }
    } finally {
      for (const pid of left) if (pid !== 0) killOther(pid);
      await eventually(() => left.every((pid) => !isRunning(pid)), "the programs to end");
    }
  });
}

// Row 34: pools in jobs

const LEVELS = [2, 1, 2] as const;

/** In a job: maps on, one level below another; the innermost call `leaf`. */
function descend<T>(level: number, leaf: () => T): T[] {
  if (level === LEVELS.length) return [leaf()];
  using pool = new MapReduce({ np: LEVELS[level]! });
  return pool.mapSync(() => descend(level + 1, leaf), range(LEVELS[level]!), { schedule: "static" }).flat();
}

fault({
  row: 34,
  name: "pools in jobs of pools in jobs give all their results",
  rounds: 25,
  soak: 200,
}, async () => {
  using pool = new MapReduce({ np: LEVELS[0] });
  const map = pool.map(() => descend(1, realPid), range(LEVELS[0]), { schedule: "static" });
  const pids = (await soon(map, "the map", BUSY_MS)).flat();
  assert.equal(new Set(pids).size, 4);
});

fault({
  row: 34,
  name: "workers of workers of a worker die with it, and its master is told",
  rounds: 25,
  soak: 200,
}, async ({ index }) => {
  using pool = new MapReduce({ np: 1 });
  // the middle; how many innermost there are; these
  const pids = empty(4, "i4");
  const isKilledFromBelow = index % 2 === 1;
  const work = (): unknown => {
    pids[0] = realPid();
    return descend(1, () => {
      const at = Atomics.add(pids, 1, 1);
      pids[2 + at] = realPid();
      if (isKilledFromBelow && at === 1) killOther(pids[0]!);
      return hang();
    });
  };
  const map = isKilledFromBelow
    ? failure(() => pool.mapSync(work, [0]), WorkerExitError)
    : failure(pool.map(work, [0]), WorkerExitError);
  if (!isKilledFromBelow) {
    await eventually(() => pids[3] !== 0 && pids[2] !== 0, "the innermost workers");
    killOther(pids[0]!);
  }
  const error = await soon(map, "the report");
  assert.deepEqual([error.index, error.pid, error.signal], [0, pids[0], "SIGKILL"]);
  await eventually(() => !isRunning(pids[2]!) && !isRunning(pids[3]!), "the innermost to die", SOON_MS);
});

// Row 44: process ids that are given away again

const LAST_PID = "/proc/sys/kernel/ns_last_pid";
const MAX_TRIES = 20;

/** Starts a program of nobody's that has the process id of a dead worker; false when another process has it. */
function impersonate(pid: number): boolean {
  // from where the next process ids are taken, this program's own threads' among them
  const elsewhere = 1000 + (pid + 10_000) % 20_000;
  for (let i = 0; i < MAX_TRIES; i++) {
    const script = `echo ${pid - 1} > ${LAST_PID}; sleep 60 </dev/null >/dev/null 2>&1 & echo $!` +
      `; echo ${elsewhere + 100 * i} > ${LAST_PID}`;
    const stranger = Number(spawnSync("sh", ["-c", script]).stdout.toString());
    if (stranger === pid) return true;
    // another process on the machine was faster
    killOther(stranger);
  }
  return false;
}

/** The stranger was neither killed nor stopped; it is now killed. */
async function isUnharmed(pid: number): Promise<void> {
  const state = processInfo(pid)?.state;
  if (state !== undefined) killOther(pid);
  assert.ok(state === "S" || state === "R", `the stranger's state is ${state}`);
  await eventually(() => !isRunning(pid), "the stranger to end");
}

function canReusePids(): boolean {
  try {
    accessSync(LAST_PID, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** What may end a run while one of its workers is gone already. */
const ENDINGS = ["abort", "dispose", "timeout", "jobTimeout"] as const;
/** Long enough for a process id to be given away before. */
const REUSE_MS = 300;

/** Ample for a map of two jobs on a busy machine. */
const LIMIT_MS = 1000;
/** Process ids that somebody else on the machine was given first. */
let lost = 0;

if (canReusePids()) {
  fault({
    row: 44,
    name: "a stranger with the process id of a worker that has ended outlives the pool's end and every kill",
    rounds: 12,
    soak: 100,
  }, async ({ index }) => {
    const controller = new AbortController();
    const isTimed = index % 4 === 0;
    const limits = {
      signal: controller.signal,
      ...isTimed && { timeout: LIMIT_MS, jobTimeout: LIMIT_MS },
    };
    const pool = new MapReduce({ np: 2 });
    const pids = await soon(pool.map(realPid, range(2), { schedule: "static", ...limits }));
    const child = background(realPid);
    pids.push(await soon(child));
    const strangers = pids.filter(impersonate);
    assert.ok(strangers.length > 0, `none of the process ids ${pids} was to be had`);
    controller.abort();
    child.kill();
    if (isTimed) await pause(LIMIT_MS); // whatever timers there were
    pool[Symbol.dispose]();
    await collectGarbage();
    for (const pid of strangers) await isUnharmed(pid);
  });

  fault({
    row: 44,
    name: `a stranger with the process id of the first worker to end outlives ${
      ENDINGS.join(", ")
    } of the map`,
    rounds: 6,
    soak: 100,
  }, async ({ index }) => {
    const ending = ENDINGS[index % ENDINGS.length]!;
    const controller = new AbortController();
    const pool = new MapReduce({ np: 2 });
    const pids = empty(2, "i4");
    const map = pool.map(
      (i) => {
        pids[i] = realPid();
        if (i === 1) hang();
      },
      range(2),
      {
        schedule: "static",
        signal: controller.signal,
        ...ending === "timeout" && { timeout: REUSE_MS },
        ...ending === "jobTimeout" && { jobTimeout: REUSE_MS },
      },
    );
    const end = failure(map, Error);
    await eventually(
      () => pids.every((pid) => pid > 0) && processInfo(pids[0]!) === undefined,
      "worker 0's end",
    );
    const isImpersonated = impersonate(pids[0]!);
    if (!isImpersonated) lost++;
    if (ending === "abort") controller.abort();
    if (ending === "dispose") pool[Symbol.dispose]();
    await soon(end, `the end by ${ending}`, BUSY_MS);
    pool[Symbol.dispose]();
    if (isImpersonated) await isUnharmed(pids[0]!);
    assert.ok(lost <= 2 + index / 4, `${lost} of ${index + 1} process ids were not to be had`);
  });
}
