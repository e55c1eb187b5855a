/** Rows 43–46 and 66: makers that are killed, process ids that come back, files and readers of other users, Python. */
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import process from "node:process";
import { sleepMs } from "../../ffi/libc.ts";
import {
  attach,
  background,
  clear,
  create,
  list,
  MapReduce,
  type NdArray,
  range,
  release,
  SystemCallError,
  unlink,
  zeros,
} from "../../mod.ts";
import { run, runtimeCommand } from "../harness.ts";
import { fileOf, withPeer, withPrefix } from "../named_support.ts";
import { pythonWithNumpy } from "../numpy.ts";
import { eventually } from "../support.ts";
import { program } from "./programs/master_process.ts";
import { fault } from "./rig.ts";

const NOBODY = 65534;
const AS_NOBODY = ["setpriv", `--reuid=${NOBODY}`, "--clear-groups"];
const NOBODYS = { HOME: "/tmp", DENO_DIR: "/tmp/deno-65534" };

function entryOf(name: string): { isHeld: boolean } | undefined {
  return list().find((array) => array.name === name);
}

fault({
  row: 43,
  name: "what a killed maker leaves is stale and whole, and nobody's who has it attached is removed",
  rounds: 50,
  soak: 1000,
}, ({ random }) =>
  withPrefix(async (prefix) => {
    const flag = zeros([], "i4");
    const child = background(() => {
      const kept = create(`${prefix}.kept`, [50, 50], "i4");
      kept.data.fill(9);
      for (let i = 0;; i++) {
        const x = create(`${prefix}.${i % 3}`, 5000, "i4");
        Atomics.store(flag, 0, 1);
        unlink(`${prefix}.${i % 3}`);
        release(x);
      }
    });
    await eventually(() => Atomics.load(flag, 0) === 1, "the maker");
    const held = attach<NdArray<Int32Array>>(`${prefix}.kept`);
    sleepMs(3 * random());
    child.kill();
    await child.catch(() => {});
    const left = list().filter(({ name }) => name.startsWith(prefix));
    assert.ok(
      left.every(({ name, isHeld, bytes }) => name.endsWith("kept") ? isHeld : !isHeld && bytes === 20_000),
    );
    const removed = clear({ prefix });
    assert.deepEqual(removed, left.map(({ name }) => name).filter((name) => !name.endsWith("kept")));
    assert.ok(held.data.every((value) => value === 9));
    assert.throws(() => create(`${prefix}.kept`, 1), { code: "EEXIST" });
    release(held);
    release(create(`${prefix}.kept`, 1));
    assert.deepEqual(clear({ prefix }), [`${prefix}.kept`]);
  }));

fault({
  row: 43,
  name: "eight janitors beside a user who comes and goes: what he has keeps its name",
  rounds: 2,
  soak: 10,
  roundMs: 60_000,
}, () =>
  withPrefix(async (prefix) => {
    const done = zeros([], "i4");
    using pool = new MapReduce({ np: 9 });
    const counts = await pool.map(
      (rank) => {
        let removed = 0;
        if (rank > 0) {
          while (Atomics.load(done, 0) === 0) removed += clear({ prefix }).length;
          return removed;
        }
        for (let round = 0; round < 100; round++) {
          const x = create(prefix, 10, "i4").fill(round);
          const y = attach<Int32Array>(prefix);
          release(x);
          const z = attach<Int32Array>(prefix);
          assert.equal(z[9], round);
          release(y);
          assert.equal(entryOf(prefix)?.isHeld, true);
          release(z);
        }
        Atomics.store(done, 0, 1);
        return 0;
      },
      range(9),
      { chunkSize: 1 },
    );
    const total = counts.reduce((a, b) => a + b) + clear({ prefix }).length;
    // some were taken over by the next create() before a janitor came
    assert.ok(total > 0 && total <= 100, `${total} removed`);
  }));

fault({
  row: 44,
  name: "another process with the maker's process id is not taken for it, and not touched",
  rounds: 2,
  soak: 100,
  roundMs: 60_000,
}, () =>
  withPrefix(async (prefix) => {
    const script = `
"$@" "make" & maker=$!
wait $maker
echo $((maker - 1)) > /proc/sys/kernel/ns_last_pid
sleep 60 & stranger=$!
echo "same $((maker == stranger))"
"$@" "look"
kill -0 $stranger && echo "alive"
kill -KILL $stranger`;
    const { status, stdout, stderr } = await run([
      ...["unshare", "--pid", "--fork", "--mount-proc", "bash", "-c", script, "bash"],
      ...runtimeCommand([program("named_stranger.ts"), prefix]),
    ]);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, `made\nsame 1\nheld false, removed ${prefix}\nalive\n`);
  }));

/** What others can have put where an array is expected; all but the last two are another user's. */
const HOSTILE: Readonly<Record<string, (path: string) => void | Promise<void>>> = {
  "belongs to the user 65534": (path) => {
    writeFileSync(path, readFileSync(`${path}.good`), { mode: 0o666 });
    chmodSync(path, 0o666);
    chownSync(path, NOBODY, NOBODY);
  },
  "is a symbolic link (of the user 65534)": async (path) => {
    await run([...AS_NOBODY, "ln", "-s", `${path}.good`, path]);
  },
  "is a FIFO (of the user 65534)": async (path) => {
    await run([...AS_NOBODY, "mkfifo", "-m", "666", path]);
  },
  "is a directory (of the user 65534)": (path) => {
    mkdirSync(path);
    chownSync(path, NOBODY, NOBODY);
  },
  "is a socket (of the user 0)": (path) =>
    new Promise((resolve) => {
      const server = createServer().listen(path, () => {
        // closing it would remove the name
        linkSync(path, `${path}.socket`);
        server.close(() => {
          linkSync(`${path}.socket`, path);
          resolve();
        });
      });
    }),
  "is a symbolic link (of the user 0)": (path) => symlinkSync(`${path}.good`, path),
  "may be written by other users (mode 0666)": (path) => {
    writeFileSync(path, readFileSync(`${path}.good`));
    chmodSync(path, 0o666);
  },
};

for (const [what, put] of Object.entries(HOSTILE)) {
  fault({
    row: 45,
    name: `a file that ${what} is refused with these words, and stays as it is`,
    rounds: 5,
    soak: 50,
  }, () =>
    withPrefix(async (prefix) => {
      const path = fileOf(prefix);
      release(create(`${prefix}.good`, 10).fill(3));
      writeFileSync(`${path}.good`, readFileSync(fileOf(`${prefix}.good`)), { mode: 0o600 });
      await put(path);
      const { ino, mode, uid } = lstatSync(path);
      const calls = [
        () => attach(prefix),
        () => attach(prefix, { readonly: true }),
        () => create(prefix, 10),
        () => unlink(prefix),
      ];
      for (const call of calls) {
        assert.throws(call, (error) => {
          assert.ok(error instanceof SystemCallError, String(error));
          assert.ok(error.message.includes(`refuses ${path}: it ${what}`), error.message);
          return true;
        });
      }
      assert.equal(entryOf(prefix), undefined);
      assert.deepEqual(clear({ prefix, all: true }), [`${prefix}.good`]);
      const after = lstatSync(path);
      assert.deepEqual([after.ino, after.mode, after.uid], [ino, mode, uid]);
    }));
}

fault({
  row: 46,
  name: "another user cannot read, attach, take over, unlink or clear what is ours, and is told whose it is",
  rounds: 2,
  soak: 50,
  roundMs: 60_000,
}, () =>
  withPrefix(async (prefix) => {
    const x = create(prefix, 10).fill(5);
    release(create(`${prefix}.stale`, 10));
    const cat = await run([...AS_NOBODY, "cat", fileOf(prefix)]);
    assert.match(cat.stderr, /Permission denied/);
    const { status, stdout, stderr } = await run([
      ...AS_NOBODY,
      ...runtimeCommand([program("named_stranger.ts"), prefix, "refused"]),
    ], { env: NOBODYS });
    assert.equal(status, 0, stderr);
    const lines = stdout.trimEnd().split("\n");
    assert.equal(lines.length, 9);
    for (const line of lines.slice(0, 8)) {
      assert.match(line, /^EACCES .* refuses .*: it belongs to the user 0, wanted 65534/);
    }
    assert.equal(lines[8], "listed 0, removed 0");
    assert.ok(x.every((value) => value === 5));
    assert.deepEqual(clear({ prefix }), [`${prefix}.stale`]);
    release(x);
  }));

fault({
  row: 66,
  name: "Python that has an array mapped is killed: the array is as Python left it",
  rounds: 3,
  soak: 200,
  roundMs: 60_000,
}, ({ index }) =>
  withPrefix(async (prefix) => {
    const x = create(prefix, [10, 10]);
    const attaching = index % 2 === 0
      ? `a = np.load(sys.argv[1], mmap_mode="r+")`
      : `a = np.memmap(sys.argv[1], dtype="<f8", mode="r+", offset=4096, shape=(10, 10))`;
    const source = `import sys\nimport numpy as np\n${attaching}\na[...] = np.arange(100).reshape(10, 10)
print("ready", flush=True)\nsys.stdin.read()`;
    await withPeer([pythonWithNumpy(), "-c", source, fileOf(prefix)], async (peer) => {
      assert.equal(x.get(9, 9), 99);
      await peer.kill();
    });
    assert.ok(x.data.every((value, i) => value === i));
    assert.equal(entryOf(prefix)?.isHeld, true);
    assert.equal(process.getuid!(), lstatSync(fileOf(prefix)).uid);
    release(x);
  }));
