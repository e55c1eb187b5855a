/** Rows 14–17 and 20: jobs that end their process, by a crash, for want of memory or by leaving. */
import assert from "node:assert/strict";
import process from "node:process";
import { backend, c, cString, readFile } from "../../ffi/libc.ts";
import { empty, MapReduce, range, WorkerError, WorkerExitError } from "../../mod.ts";
import { failure, indices, realPid, soon } from "../support.ts";
import { fault } from "./rig.ts";

const { setrlimit, exit: exitOfLibc } = backend.bind({
  // int setrlimit(int resource, const struct rlimit *rlim)
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  // void exit(int status)
  exit: { parameters: ["i32"], result: "void" },
});
/** All address space, and the part of it that is private and writable: what an engine has reserved counts in one. */
const MEMORY_LIMITS = [[9, "VmSize"], [2, "VmData"]] as const; // RLIMIT_AS, RLIMIT_DATA
const O_WRONLY = 1;
const [PROT_READ, MAP_SHARED] = [1, 1];
const MIB = 2 ** 20;
/** An engine that crashes may first print where; nothing may take longer. */
const HANG_MS = 9000;

/** In a job: what an engine prints when it crashes is of no use to who reads the test's output. */
function silence(): void {
  c.dup3(c.open(cString("/dev/null"), O_WRONLY, 0), 2, 0);
}

/** The error of a map whose job 3 ends its process by `end`, after which the same pool runs another map. */
async function deathBy(end: () => unknown): Promise<WorkerExitError> {
  using pool = new MapReduce({ np: 2 });
  const victim = empty(1, "i4");
  const map = pool.map(
    (i: number) => {
      if (i !== 3) return i;
      silence();
      victim[0] = realPid();
      return end();
    },
    range(6),
    { chunkSize: 1 },
  );
  const error = await soon(failure(map, WorkerExitError), "the report", HANG_MS);
  assert.deepEqual([error.index, error.pid], [3, victim[0]]);
  assert.deepEqual(await soon(pool.map((i: number) => i, range(4)), "the next map", HANG_MS), indices(4));
  return error;
}

fault({
  row: 14,
  name: "a job that reads where there is no memory is reported as killed by SIGSEGV",
  rounds: 50,
  soak: 100,
}, async ({ index }) => {
  // once by an instruction of the engine's, once by one of the C library's
  const read = index % 2 === 0 ? () => new Uint8Array(backend.viewAt(8, 8))[0] : () => c.strlen(8);
  const error = await deathBy(read);
  assert.deepEqual([error.signal, error.exitCode], ["SIGSEGV", null]);
  assert.match(error.message, /SIGSEGV in job 3: a crash in native code/);
});

fault({
  row: 15,
  name: "a job that reads a mapped file which was truncated is reported as killed by SIGBUS, with a hint",
  rounds: 50,
  soak: 100,
}, async () => {
  const error = await deathBy(() => {
    const fd = c.memfd_create(cString("truncated"), 0);
    c.ftruncate(fd, 4096);
    const address = c.mmap(0, 4096, PROT_READ, MAP_SHARED, fd, 0);
    const bytes = new Uint8Array(backend.viewAt(address, 4096));
    const before = bytes[0];
    c.ftruncate(fd, 0);
    return [before, bytes[0]];
  });
  assert.deepEqual([error.signal, error.exitCode], ["SIGBUS", null]);
  assert.match(error.message, /truncated, or its file system is full/);
});

/** In a job: from now on the kernel gives this process no more than `bytes` beside what it has. */
function limitMemory(bytes: number): void {
  const status = readFile("/proc/self/status")!;
  for (const [resource, name] of MEMORY_LIMITS) {
    const now = 1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)![1]);
    const limit = BigInt(now + bytes);
    assert.equal(setrlimit(resource, BigUint64Array.of(limit, limit)), 0);
  }
}

/** How engines end when they give up. */
function gaveUp(error: WorkerExitError): void {
  assert.ok(["SIGABRT", "SIGTRAP"].includes(error.signal!), error.message);
  assert.match(error.message, /the engine gave up, usually because its heap limit was reached/);
}

fault(
  { row: 16, name: "a job that calls process.abort() is reported with a hint", rounds: 5, soak: 50 },
  async () => {
    gaveUp(await deathBy(() => process.abort()));
  },
);

fault({
  row: 16,
  name: "a job whose engine finds no memory for its heap is reported with a hint",
  rounds: 5,
  soak: 50,
}, async () => {
  gaveUp(
    await deathBy(() => {
      limitMemory(MIB);
      // small objects only: an array that finds no memory throws
      let head: object = {};
      for (;;) head = { head, a: 0, b: 0, c: 0, d: 0, e: 0, f: 0, g: 0, h: 0, i: 0, j: 0, k: 0, l: 0 };
    }),
  );
});

fault({
  row: 17,
  name: "a job that eats private memory up to its limit fails alone",
  rounds: 2,
  soak: 50,
}, async () => {
  using pool = new MapReduce({ np: 2 });
  const settled = await soon(
    pool.map(
      (i: number) => {
        if (i !== 3) return i;
        silence();
        limitMemory(350 * MIB);
        const kept: Uint8Array[] = [];
        for (;;) kept.push(new Uint8Array(MIB).fill(1));
      },
      range(6),
      { chunkSize: 1, onError: "settle" },
    ),
    "the map",
    HANG_MS,
  );
  const { reason } = settled[3] as PromiseRejectedResult;
  // engines throw where they can and give up where they cannot
  if (reason instanceof WorkerError) assert.ok(reason.cause instanceof RangeError, String(reason.cause));
  else gaveUp(reason as WorkerExitError);
  const others = settled.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
  assert.deepEqual(others, [0, 1, 2, 4, 5]);
});

fault({
  row: 17,
  name: "the kernel, when memory runs out, prefers a worker to its master",
  rounds: 20,
}, async () => {
  using pool = new MapReduce({ np: 2 });
  const adjustment = (): number => Number(readFile("/proc/self/oom_score_adj"));
  const wanted = Math.min(1000, adjustment() + 500);
  const map = pool.map(adjustment, [0, 1], { chunkSize: 1 });
  assert.deepEqual(await soon(map, "the map", HANG_MS), [wanted, wanted]);
});

type Exit = (status: number) => unknown;

const { Deno } = globalThis as { Deno?: { exit: Exit } };
const EXITS: Readonly<Record<string, Exit>> = {
  "process.exit": (status) => process.exit(status),
  "process.reallyExit": (status) => (process as unknown as { reallyExit: Exit }).reallyExit(status),
  ...Deno && { "Deno.exit": (status: number) => Deno.exit(status) },
  "the C library's _exit": (status) => c._exit(status),
  "the C library's exit": exitOfLibc,
};
for (const [name, exit] of Object.entries(EXITS)) {
  fault({
    row: 20,
    name: `a job that calls ${name} ends its worker alone, with that status`,
    rounds: 51,
    soak: 150,
  }, async ({ index }) => {
    const status = [0, 1, 7][index % 3]!;
    const calls = empty(1, "i4");
    const note = (): void => void Atomics.add(calls, 0, 1);
    const events = ["exit", "beforeExit"];
    for (const event of events) process.on(event, note);
    globalThis.addEventListener("unload", note);
    try {
      const error = await deathBy(() => exit(status));
      assert.deepEqual([error.signal, error.exitCode], [null, status]);
      assert.match(error.message, new RegExp(`exited with status ${status} in job 3`));
      assert.equal(calls[0], 0, "a listener of the master ran in a worker");
    } finally {
      for (const event of events) process.off(event, note);
      globalThis.removeEventListener("unload", note);
    }
  });
}
