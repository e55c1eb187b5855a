/**
 * Runs into a limit of the system: each line of the output tells the outcome of one step. Arguments: the limit.
 * Whatever fails must leave neither a child nor a descriptor, and everything works again when there is room.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";
import { empty, MapReduce, range, release, SharedMemError, zeros } from "../../../mod.ts";
import { childrenOf, collectGarbage, eventually, noChildren } from "../../support.ts";

const LONG = 17 * 2 ** 20;

/** A map whose workers send new arrays and a long text. */
async function map(np: number): Promise<void> {
  using pool = new MapReduce({ np });
  const results = await pool.map(
    (i) => i === 0 ? "x".repeat(LONG) : zeros(1000).fill(i),
    range(Math.max(np, 6)),
  );
  assert.equal((results[0] as string).length, LONG);
  for (const [i, made] of (results as Float64Array[]).entries()) {
    if (i === 0) continue;
    assert.ok(made.length === 1000 && made.every((value) => value === i), `array ${i}`);
    release(made);
  }
}

async function step(what: string, action: () => Promise<void> | void): Promise<void> {
  const before = descriptors();
  let outcome = "ok";
  try {
    await action();
  } catch (error) {
    assert.ok(error instanceof SharedMemError, `${error} ${(error as Error).stack}`);
    outcome = `${error} | ${error.cause}`;
  }
  console.log(`${what}: ${outcome}`);
  await noChildren();
  if (descriptors() > before) await collectGarbage();
  await eventually(() => descriptors() <= before, `${what}: the descriptors to be closed`, 2000);
}

/** How many are open of the kinds that maps use. Deno opens a pair of stream sockets some time after its start. */
function descriptors(): number {
  // a list needs one itself
  const spare = fillers.pop();
  if (spare !== undefined) closeSync(spare);
  const names = readdirSync("/proc/self/fd");
  const sockets = readFileSync("/proc/net/unix", "utf8");
  if (spare !== undefined) fillers.push(openSync("/dev/null", "r"));
  return names.filter((name) => {
    let target: string;
    try {
      target = readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      return false; // the list's own
    }
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    // 0005 is SOCK_SEQPACKET
    if (inode !== undefined) return new RegExp(` 0005 \\d+ +${inode}$`, "m").test(sockets);
    return /^pipe:|memfd/.test(target);
  }).length;
}

/** Sets a limit of this process. */
function limit(option: string): void {
  const { status, stderr } = spawnSync("prlimit", ["--pid", String(process.pid), option]);
  assert.equal(status, 0, String(stderr));
}

const fillers: number[] = [];

const LIMITS: Record<string, () => Promise<void>> = {
  async descriptors() {
    for (let spare = 1; spare <= 24; spare++) {
      try {
        for (;;) fillers.push(openSync("/dev/null", "r"));
      } catch {
        for (let i = 0; i < spare; i++) closeSync(fillers.pop()!);
      }
      await step(`${spare} descriptors`, () => map(2));
    }
    for (const fd of fillers.splice(0)) closeSync(fd);
  },
  async processes() {
    const threads = readdirSync("/proc/self/task").length;
    // prlimit must be able to start when this is over
    limit(`--nproc=${threads + 4}:`);
    for (let i = 0; i < 2; i++) await step("10 workers", () => map(10));
    limit("--nproc=10000:");
  },
  async memory() {
    const bytes = 1024 * Number(/^VmSize:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))![1]);
    limit(`--as=${bytes + 2 ** 26}:`);
    await step("an array of 200 MB", () => release(empty(25e6)));
    await step("16 workers", () => map(16));
    limit("--as=unlimited:");
  },
  async fileSize() {
    limit(`--fsize=${2 ** 20}:`);
    await step("an array in the master", () => release(empty(1e6)));
    await step("arrays of a job", async () => {
      using pool = new MapReduce({ np: 2 });
      release((await pool.map(() => zeros(1e6), range(1)))[0]!);
    });
    await step("an array in the master while workers run", async () => {
      using pool = new MapReduce({ np: 2 });
      const done = pool.map((i) => i, range(100));
      try {
        release(empty(1e6));
      } finally {
        await done;
      }
    });
    limit("--fsize=unlimited:");
  },
};

await map(2); // what is loaded at the first use needs descriptors and memory of its own
await LIMITS[process.argv[2]!]!();
await map(2);
assert.deepEqual(childrenOf(), []);
console.log("done");
