import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { sleepMs } from "../ffi/libc.ts";
import { statusOf } from "../ffi/status.ts";
import {
  attach,
  attachRaw,
  background,
  clear,
  create,
  isShared,
  list,
  MapReduce,
  type NdArray,
  range,
  release,
  unlink,
  zeros,
} from "../mod.ts";
import { segmentOf } from "../src/memory/segment.ts";
import { runScript, test } from "./harness.ts";
import { attempt, fileOf, isHeld, outputOf, RUNTIMES, withPrefix, withProgramPeer } from "./named_support.ts";
import { eventually, indices, isRunning, leavesNothing } from "./support.ts";

for (const [runtime, command] of Object.entries(RUNTIMES)) {
  test(`${runtime} attaches what this process made, both see each other's writes`, () =>
    withPrefix(async (prefix) => {
      const x = create(prefix, [20, 30], "f8");
      x.set(19, 29, 0.1);
      const big = create(`${prefix}.i8`, 2 ** 18, "i8").fill(-(2n ** 62n));
      const output = await outputOf(
        command,
        `
        const x = attach(args[0]), big = attach(args[0] + ".i8");
        console.log(x.shape.join(), x.get(19, 29), big.length, big[2 ** 18 - 1]);
        x.set(0, 0, Math.PI);
        big[0] = 5n;
        try { create(args[0], 3); } catch (error) { console.log(error.code); }
        console.log(clear({ prefix: args[0], all: true }).length);
        `,
        [prefix],
      );
      assert.equal(output, `20,30 0.1 262144 ${-(2n ** 62n)}n\nEEXIST\n0`);
      assert.deepEqual([x.get(0, 0), big[0]], [Math.PI, 5n]);
      release(x);
      release(big);
    }));

  test(`${runtime} makes an array; while it lives it is held, killed it leaves it stale`, () =>
    withPrefix((prefix) =>
      withProgramPeer(
        command,
        "const x = create(args[0], [3, 4], 'i4'); x.set(2, 3, 77);",
        [prefix],
        async (peer) => {
          assert.equal(isHeld(prefix), true);
          assert.equal(attempt(() => create(prefix, 1)), "EEXIST");
          assert.deepEqual(clear({ prefix, all: true }), []);
          await peer.kill();
          assert.equal(isHeld(prefix), false);
          const x = attach<NdArray<Int32Array>>(prefix);
          assert.equal(x.get(2, 3), 77);
          assert.deepEqual(clear({ prefix }), []);
          release(x);
          assert.deepEqual(clear({ prefix }), [prefix]);
        },
      )
    ));

  test(`what ${runtime} has attached outlives its maker, its name and its stale state`, () =>
    withPrefix(async (prefix) => {
      const x = create(prefix, 1000).fill(1);
      await withProgramPeer(command, "const x = attach(args[0]); x[999] = 2;", [prefix], async (peer) => {
        release(x);
        assert.equal(isHeld(prefix), true);
        assert.equal(attempt(() => create(prefix, 1)), "EEXIST");
        unlink(prefix);
        const y = create(prefix, 1000);
        assert.equal(y[999], 0);
        await peer.end();
        assert.equal(isHeld(prefix), true);
        release(y);
      });
    }));
}

test("workers see a named array made before the fork, and hold it until they end", () =>
  withPrefix(async (prefix) => {
    const x = create(prefix, 100, "i4");
    using pool = new MapReduce({ np: 2 });
    await pool.map((i) => x[i] = i + 1, range(100));
    assert.deepEqual([...x], indices(100).map((i) => i + 1));
    const flag = zeros(2, "i4");
    const child = background(() => {
      Atomics.store(flag, 0, 1);
      while (Atomics.load(flag, 1) === 0) sleepMs(1);
    });
    await eventually(() => Atomics.load(flag, 0) === 1, "the child");
    release(x);
    assert.equal(isHeld(prefix), true);
    Atomics.store(flag, 1, 1);
    await child;
    assert.equal(isHeld(prefix), false);
  }));

test("an array that a job creates, attaches or attaches raw arrives in the master by reference, held", () =>
  withPrefix((prefix) =>
    leavesNothing(async () => {
      using pool = new MapReduce({ np: 2 });
      const made = await pool.map((i) => create(`${prefix}.${i}`, [10, 10], "i4"), range(3));
      for (const [i, x] of made.entries()) {
        assert(isShared(x));
        x.set(9, 9, i + 1);
        assert.equal(isHeld(`${prefix}.${i}`), true);
        assert.equal(attempt(() => create(`${prefix}.${i}`, 1)), "EEXIST");
        const other = attach<NdArray<Int32Array>>(`${prefix}.${i}`);
        assert.equal(other.get(9, 9), i + 1);
        release(other);
      }
      const attached = await pool.map((i) => attach<NdArray<Int32Array>>(`${prefix}.${i}`), range(3));
      for (const [i, x] of attached.entries()) {
        assert.equal(x.get(9, 9), i + 1);
        x.set(0, 0, 10 + i);
        assert.equal(made[i]!.get(0, 0), 10 + i);
      }
      const [raw] = await pool.map(() => attachRaw(`sharedmem-${prefix}.2.npy`, 100, "i4", 4096), [0]);
      assert.equal(raw![99], 3);
      for (const x of [...made, ...attached, raw]) release(x);
      for (const i of range(3)) {
        assert.equal(isHeld(`${prefix}.${i}`), false);
        unlink(`${prefix}.${i}`);
      }
    })
  ));

test("items of a stream carry named arrays by reference, also those made after the fork", () =>
  withPrefix(async (prefix) => {
    using pool = new MapReduce({ np: 2 });
    const names = indices(6).map((i) => `${prefix}.${i}`);
    const made: Int32Array[] = [];
    const items = (function* () {
      for (const name of names) {
        made.push(create(name, 10, "i4"));
        yield made.at(-1)!;
      }
    })();
    const seen = [];
    for await (const result of pool.imap((x, job) => x[0] = job.index + 1, items)) seen.push(result);
    assert.deepEqual(seen, [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(made.map((x) => x[0]), seen);
    for (const x of made) release(x);
    assert.deepEqual(clear({ prefix }), names);
  }));

test("a readonly array travels as a copy of what its process sees", () =>
  withPrefix(async (prefix) => {
    const x = create(prefix, 300_000).fill(1);
    const mine = attach<Float64Array>(prefix, { readonly: true });
    mine[0] = 2;
    using pool = new MapReduce({ np: 1 });
    const [inherited, own] = await pool.map((i) => {
      if (i === 0) return mine;
      const own = attach<Float64Array>(prefix, { readonly: true });
      own[1] = 3;
      return own;
    }, range(2));
    assert.deepEqual([...inherited!.subarray(0, 2)], [2, 1]);
    assert.deepEqual([...own!.subarray(0, 2)], [1, 3]);
    inherited![5] = own![5] = 9;
    assert.deepEqual([x[5], mine[5], x[1]], [1, 1, 1]);
    release(x);
    release(mine);
  }));

test("nobody's array loses its name to eight that create, attach, clear and list at the same time", () =>
  withPrefix(async (prefix) => {
    const SIZE = 8;
    const ROUNDS = 200;
    using pool = new MapReduce({ np: SIZE, seed: 1 });
    const results = await pool.map(
      (rank, job) => {
        const bad: string[] = [];
        const counts = { made: 0, attached: 0, cleared: 0 };
        for (let round = 0; round < ROUNDS; round++) {
          const name = `${prefix}.${Math.floor(3 * job.random())}`;
          if (rank >= 5) {
            if (job.random() < 0.3) list();
            counts.cleared += clear({ prefix }).length;
            continue;
          }
          const isMaker = job.random() < 0.5;
          const x = attempt(() =>
            isMaker ? create(name, 100, "i4").fill(round + 1) : attach<Int32Array>(name)
          );
          if (typeof x === "string") {
            if (x !== (isMaker ? "EEXIST" : "ENOENT")) bad.push(x);
            continue;
          }
          counts[isMaker ? "made" : "attached"]++;
          const mine = statusOf(segmentOf(x.buffer)!.descriptor)!.identity;
          for (let look = 0; look < 3; look++) {
            if (statusOf(fileOf(name))?.identity !== mine) bad.push(`${name} was removed under ${rank}`);
            sleepMs(0.05);
          }
          if (x.length !== 100) bad.push(`${x.length} elements`);
          release(x);
        }
        return { bad, counts };
      },
      range(SIZE),
      { chunkSize: 1 },
    );
    assert.deepEqual(results.flatMap(({ bad }) => bad), []);
    const total = (key: "made" | "attached" | "cleared") =>
      results.reduce((sum, { counts }) => sum + counts[key], 0);
    for (const key of ["made", "attached", "cleared"] as const) {
      assert(total(key) > 10, `${key} ${total(key)}`);
    }
  }));

test("an array is whole as soon as it can be seen", () =>
  withPrefix(async (prefix) => {
    const SIZE = 4;
    const ROUNDS = 300;
    const done = zeros([], "i4");
    using pool = new MapReduce({ np: SIZE });
    const results = await pool.map(
      (rank) => {
        if (rank === 0) {
          for (let round = 0; round < ROUNDS; round++) {
            const x = create(prefix, [100, 100], "f8");
            sleepMs(0.1);
            unlink(prefix);
            release(x);
          }
          Atomics.store(done, 0, 1);
          return { seen: 1, bad: [] };
        }
        let seen = 0;
        const bad: string[] = [];
        while (Atomics.load(done, 0) === 0) {
          const x = attempt(() => attach<NdArray<Float64Array>>(prefix));
          if (typeof x === "string") {
            if (x !== "ENOENT") bad.push(x);
            continue;
          }
          seen++;
          if (x.data.length !== 10_000 || x.data.some((value) => value !== 0)) bad.push(`${x.data.length}`);
          release(x);
        }
        return { seen, bad };
      },
      range(SIZE),
      { chunkSize: 1 },
    );
    assert.deepEqual(results.flatMap(({ bad }) => bad), []);
    assert(results.every(({ seen }) => seen > 0));
  }));

test("the permission --allow-ffi alone is enough, and nobody is asked", async () => {
  await withPrefix(async (prefix) => {
    const { status, stdout, stderr } = await runScript(
      `
      import { attach, attachRaw, clear, create, list, unlink } from "@sharedmem/sharedmem/named";
      import { release } from "@sharedmem/sharedmem/arrays";
      const name = "${prefix}";
      const x = create(name, [2, 3], "i4", { persist: true });
      attach(name).set(1, 2, 5);
      console.log(x.get(1, 2), attachRaw("sharedmem-" + name + ".npy", 6, "i4", 4096)[5]);
      console.log(list().filter((array) => array.name === name).length, clear({ prefix: name, all: true }).length);
      unlink(name);
      release(create(name, 3));
      console.log(clear({ prefix: name }).join());
      `,
      { permissions: ["--allow-ffi"] },
    );
    assert.deepEqual([status, stderr], [0, ""], stdout);
    assert.equal(stdout, `5 5\n1 0\n${prefix}\n`);
  });
});

test("mode 0600 whatever the umask", () =>
  withPrefix(async (prefix) => {
    for (const [runtime, command] of Object.entries(RUNTIMES)) {
      for (const umask of ["0", "0777"]) {
        const name = `${prefix}.${runtime}.${umask}`;
        await outputOf(["sh", "-c", `umask ${umask}; exec "$@"`, "sh", ...command], "create(args[0], 3);", [
          name,
        ]);
        assert.equal(statSync(fileOf(name)).mode & 0o7777, 0o600);
      }
    }
  }));

test("a program that ends, and one that is killed while it creates, leave nothing half made", () =>
  withPrefix(async (prefix) => {
    const [command] = Object.values(RUNTIMES);
    await withProgramPeer(
      command!,
      `
      console.log("ready");
      for (let i = 0;; i++) { const x = create(args[0] + ".k", 1e6); x[0] = 1; unlink(args[0] + ".k"); release(x); }
      `,
      [prefix],
      async (peer) => {
        await peer.kill();
        assert(!isRunning(peer.pid));
        const left = list().filter(({ name }) => name === `${prefix}.k`);
        assert(left.every(({ isHeld, bytes }) => !isHeld && bytes === 8e6));
        assert.deepEqual(clear({ prefix }), left.map(({ name }) => name));
        assert(!existsSync(fileOf(`${prefix}.k`)));
      },
    );
  }));
