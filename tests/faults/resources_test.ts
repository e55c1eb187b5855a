/** Rows 31–33, 35–38 and 65: what maps leave behind, limits of the system, `/dev/shm`, steps of the clock. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import {
  background,
  empty,
  JobTimeoutError,
  MapReduce,
  range,
  release,
  SystemCallError,
  table,
  totalMemory,
  WorkerError,
  WorkerExitError,
  zeros,
} from "../../mod.ts";
import { run, runtimeCommand, type ScriptResult } from "../harness.ts";
import { collectGarbage, eventually, failure, indices, spinForever } from "../support.ts";
import { fault, isSoak } from "./rig.ts";

const isBun = "Bun" in globalThis;
const SQUARES = indices(8).map((i) => i * i);

/** All ways in which a map can go. */
const USES: readonly ((pool: MapReduce) => Promise<unknown>)[] = [
  async (pool) => assert.deepEqual(await pool.map((i) => i * i, range(8)), SQUARES),
  (pool) =>
    failure(
      pool.map((i) => {
        if (i === 3) throw new Error("3");
      }, range(8)),
      WorkerError,
    ),
  (pool) =>
    failure(pool.map((i) => i === 3 && process.kill(process.pid, "SIGKILL"), range(8)), WorkerExitError),
  async (pool) => {
    const controller = new AbortController();
    const map = assert.rejects(pool.map(spinForever, range(2), { signal: controller.signal }), /enough/);
    controller.abort(new Error("enough"));
    await map;
  },
  (pool) => failure(pool.map(spinForever, range(2), { timeout: 5 }), JobTimeoutError),
  async (pool) => {
    for await (const value of pool.imap((i) => i, range(1000))) if (value === 3) break;
  },
  async () => assert.equal(await background(() => 42), 42),
  async (pool) => {
    const nested = () => new MapReduce({ np: 1 }).mapSync((i) => i * i, range(8));
    assert.deepEqual(await pool.map(nested, range(1)), [SQUARES]);
  },
  async (pool) => {
    const work = (i: number) => {
      release(zeros(10_000));
      return zeros(10_000).fill(i);
    };
    for (const [i, x] of (await pool.map(work, range(3))).entries()) {
      assert.deepEqual([x.length, x[0], x.at(-1)], [10_000, i, i]);
      if (i > 0) release(x); // the first one is left to the collector
    }
  },
  async (pool) => {
    const [text] = await pool.map(() => "x".repeat(17 * 2 ** 20), range(1));
    assert.equal(text!.length, 17 * 2 ** 20);
  },
  (pool) => Promise.resolve(assert.deepEqual(pool.mapSync((i) => i * i, range(8)), SQUARES)),
];
const MAPS = isSoak ? 10_000 : 120;
const BASE = 2 * USES.length;
/** Rings and warm memory are kept for the next map, and the engine looks for dead arrays from time to time. */
const SHMEM_SLACK = 4 * 2 ** 20;
let shmemBefore = 0;

function sharedBytes(): number {
  return 1024 * Number(/^RssShmem:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))![1]);
}

fault({
  row: 31,
  name:
    "whatever becomes of maps, they leave no zombie, descriptor, mapping, shared page or name (rows 31–33)",
  rounds: MAPS,
  blocks: true,
}, async ({ index }) => {
  using pool = new MapReduce({ np: 2 });
  await USES[index % USES.length]!(pool);
  if (index !== BASE && index !== MAPS - 1) return;
  await collectGarbage();
  if (index === BASE) shmemBefore = sharedBytes();
  else await eventually(() => sharedBytes() <= shmemBefore + SHMEM_SLACK, `${shmemBefore} shared bytes`);
});

/** The command line of one of this suite's programs. */
function command(name: string, ...args: readonly string[]): string[] {
  const path = fileURLToPath(new URL(`programs/resource_${name}.ts`, import.meta.url));
  return runtimeCommand([path, ...args]);
}

/** What a program prints, by line, which must reach its end. */
function linesOf({ status, signal, stdout, stderr }: ScriptResult): string[] {
  const lines = stdout.trimEnd().split("\n");
  assert.deepEqual([status, signal, lines.at(-1)], [0, null, "done"], `${stdout}\n${stderr}`);
  return lines;
}

fault({
  row: 35,
  name:
    "a process with few descriptors left gets right results or an error that names the call, and leaks none",
  rounds: 1,
  soak: 10,
  roundMs: 60_000,
}, async () => {
  const result = await run([
    "bash",
    "-c",
    'ulimit -n 128; exec "$@"',
    "bash",
    ...command("limit", "descriptors"),
  ]);
  const steps = linesOf(result).slice(0, -1);
  assert.match(steps[0]!, /pipe2 failed: EMFILE/);
  assert.match(steps.at(-1)!, /: ok$/);
  assert.ok(steps.some((line) => /recvmsg failed: EMFILE/.test(line)), steps.join("\n"));
  for (const line of steps) {
    // a worker that has no room in its prologue tells it on stderr
    if (/did not start/.test(line)) assert.match(result.stderr, /(epoll_create1|eventfd) failed: EMFILE/);
    else assert.match(line, /: ok$| failed: EMFILE/);
  }
});

fault({
  row: 35,
  name: "a user who may start no more processes gets EAGAIN of fork, and the workers that were started end",
  rounds: 2,
  soak: 20,
}, async () => {
  const asNobody = ["setpriv", "--reuid=65534", "--clear-groups", ...command("limit", "processes")];
  const env = { HOME: "/tmp", DENO_DIR: "/tmp/deno-65534" };
  const steps = linesOf(await run(asNobody, { env })).slice(0, -1);
  assert.equal(steps.length, 2);
  for (const line of steps) assert.match(line, /SystemCallError: fork failed: EAGAIN/);
});

// V8 ends the process when it gets no memory for itself
if (isBun) {
  fault({
    row: 35,
    name: "a process without address space gets ENOMEM of mmap",
    rounds: 2,
    soak: 20,
  }, async () => {
    const steps = linesOf(await run(command("limit", "memory"))).slice(0, -1);
    assert.equal(steps.length, 2);
    for (const line of steps) assert.match(line, /SystemCallError: mmap failed: ENOMEM .* bytes/);
  });
}

fault({
  row: 35,
  name: "a process that may only write small files gets EFBIG for arrays that are made while workers run",
  rounds: 2,
  soak: 20,
}, async () => {
  const [alone, inJob, beside] = linesOf(await run(command("limit", "fileSize")));
  assert.match(alone!, /: ok$/);
  assert.match(inJob!, /WorkerError: .* SystemCallError: ftruncate failed: EFBIG/);
  assert.match(beside!, /SystemCallError: ftruncate failed: EFBIG/);
});

const DEVICES = ["null", "zero", "random", "urandom", "full", "tty"];
const SURROUNDINGS: readonly { row: number; name: string; shell: string }[] = [
  {
    row: 36,
    name: "full",
    shell: "mount -t tmpfs -o size=4m none /dev/shm; head -c 8M /dev/zero > /dev/shm/filler || true",
  },
  { row: 37, name: "of 64 MB", shell: "mount -t tmpfs -o size=64m none /dev/shm" },
  { row: 38, name: "read-only", shell: "mount -t tmpfs -o ro none /dev/shm" },
  { row: 38, name: "of mode 0755", shell: "mount -t tmpfs -o mode=0755 none /dev/shm" },
  {
    row: 38,
    name: "absent",
    shell: `mount -t tmpfs none /mnt; mkdir /mnt/dev; mount --rbind /dev /mnt/dev; mount -t tmpfs none /dev
for name in ${DEVICES.join(" ")}; do touch /dev/$name; mount --bind /mnt/dev/$name /dev/$name; done
ln -s /proc/self/fd /dev/fd; test ! -e /dev/shm`,
  },
];

for (const { row, name, shell } of SURROUNDINGS) {
  fault({
    row,
    name: `arrays of 200 MB and maps work, and leave nothing, where /dev/shm is ${name}`,
    rounds: 5,
    soak: 20,
  }, async () => {
    const inNamespace = [
      "unshare",
      "--mount",
      "bash",
      "-ec",
      `${shell}\nexec "$@"`,
      "bash",
      ...command("shm"),
    ];
    const { status, signal, stdout, stderr } = await run(inNamespace);
    assert.deepEqual([status, signal, stdout], [0, null, "left: \n"], stderr);
  });
}

fault({
  row: 36,
  name: "more memory than the machine has is ENOMEM at allocation, with the bytes asked for, never a signal",
  rounds: 5,
  soak: 20,
}, async () => {
  const length = 2 ** 28;
  const count = Math.ceil(2 * totalMemory() / (8 * length));
  const columns = Object.fromEntries(indices(count).map((i) => [`c${i}`, "f8"] as const));
  const error = await failure(() => table(length, columns), SystemCallError);
  assert.deepEqual([error.syscall, error.code], ["mmap", "ENOMEM"]);
  assert.match(error.message, new RegExp(`${count * 8 * length} bytes`));
  using pool = new MapReduce({ np: 1 });
  const inJob = await failure(pool.map(() => table(length, columns), range(1)), WorkerError);
  assert.match(`${inJob.cause}`, /mmap failed: ENOMEM/);
  if (!isBun) assert.throws(() => empty(count * length), SystemCallError);
});

fault({
  row: 65,
  name: "timeout and jobTimeout are exact while the clock jumps by an hour",
  rounds: 4,
  soak: 20,
}, async () => {
  linesOf(await run(command("clock")));
});
