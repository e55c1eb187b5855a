import assert from "node:assert/strict";
import process from "node:process";
import { c } from "../ffi/libc.ts";
import { empty, MapReduce, range } from "../mod.ts";
import { type CrewMember, crewSize, crewTuning, runCrew } from "../src/algorithms/crew.ts";
import { isForkedChild, self } from "../src/process/identity.ts";
import { test } from "./harness.ts";
import {
  childrenOf,
  eventually,
  isRunning,
  leavesNothing,
  noChildren,
  realPid,
  sleepSync,
  spinForever,
} from "./support.ts";

const SIZES = [1, 2, 3, 5];

for (const size of SIZES) {
  test(`runCrew(${size}) runs the body once in each process, with the caller as rank 0`, async () => {
    const pids = empty(size, "i4").fill(0);
    const sizes = empty(size, "i4").fill(0);
    await leavesNothing(() => {
      assert.equal(
        runCrew(size, ({ rank, size }) => {
          pids[rank] = realPid();
          sizes[rank] = size;
        }),
        true,
      );
      assert.deepEqual(childrenOf(), []);
    });
    assert.equal(pids[0], realPid());
    assert.equal(new Set(pids).size, size);
    assert.deepEqual([...sizes], new Array(size).fill(size));
  });

  test(`barrier() of ${size} lets nobody on before all have come`, () => {
    const ROUNDS = 200;
    const counts = empty([], "i4").fill(0);
    const wrong = empty([], "i4").fill(0);
    const isWhole = runCrew(size, (member) => {
      for (let round = 1; round <= ROUNDS; round++) {
        Atomics.add(counts, 0, 1);
        member.barrier();
        if (Atomics.load(counts, 0) !== round * size) Atomics.add(wrong, 0, 1);
        member.barrier();
      }
    });
    assert.deepEqual([isWhole, counts[0], wrong[0]], [true, ROUNDS * size, 0]);
  });

  test(`claim() of ${size} gives each number to one process, of fifteen counters`, () => {
    const COUNT = 500;
    const taken = empty(15 * COUNT, "i4").fill(0);
    const body = (member: CrewMember): void => {
      for (let counter = 0; counter < 15; counter++) {
        for (let at = member.claim(counter); at < COUNT; at = member.claim(counter)) {
          Atomics.add(taken, counter * COUNT + at, 1);
        }
      }
    };
    assert.equal(runCrew(size, body), true);
    assert.ok(taken.every((times) => times === 1));
  });
}

test("barrier() wakes members that wait long", () => {
  const seen = empty(3, "i4").fill(0);
  const isWhole = runCrew(3, (member) => {
    sleepSync(20 * member.rank);
    member.barrier();
    seen[member.rank] = 1;
    member.barrier();
    if (member.rank === 0) sleepSync(30);
    member.barrier();
    if (seen.every((flag) => flag > 0)) seen[member.rank] = 2;
  });
  assert.deepEqual([isWhole, ...seen], [true, 2, 2, 2]);
});

test("runCrew() is false when a child is killed in a barrier, 100 times, and leaves nothing", async () => {
  await leavesNothing(() => {
    for (let round = 0; round < 100; round++) {
      const victim = 1 + (round % 2);
      const isWhole = runCrew(3, (member) => {
        member.barrier();
        if (member.rank === victim && round % 3 === 0) c.kill(realPid(), 9);
        if (member.rank === 0 && round % 3 !== 0) {
          // by now it sleeps there, or is about to
          if (round % 3 === 1) sleepSync(1);
          c.kill(childrenOf()[victim - 1]!.pid, 9);
        }
        member.barrier();
        if (member.rank === 0 || member.rank === victim) member.barrier();
        else spinForever();
      });
      assert.equal(isWhole, false);
      assert.deepEqual(childrenOf(), []);
    }
  }, 1);
}, { timeoutMs: 120_000 });

test("runCrew() is false when a child dies after the last barrier, or throws, or exits", () => {
  const ends = [
    () => c.kill(realPid(), 9),
    () => c._exit(0),
    () => {
      throw new Error("in a child");
    },
    () => process.exit(0),
  ];
  for (const end of ends) {
    const isWhole = runCrew(2, (member) => {
      member.barrier();
      if (member.rank === 1) end();
    }, "user code");
    assert.deepEqual([isWhole, childrenOf()], [false, []]);
  }
});

test("runCrew() throws what the caller's own part throws, with no child left", () => {
  const body = ({ rank }: CrewMember): void => {
    if (rank === 0) throw new RangeError("mine");
    spinForever();
  };
  assert.throws(() => runCrew(3, body), { name: "RangeError", message: "mine" });
  assert.deepEqual(childrenOf(), []);
  assert.throws(() => runCrew(1, body), { message: "mine" });
});

test("user code in a crew has random numbers, an identity and an exit of its own", () => {
  const draws = empty([3, 2]);
  const pids = empty([3], "i4").fill(0);
  const isWhole = runCrew(3, ({ rank }) => {
    draws.data[2 * rank] = Math.random();
    draws.data[2 * rank + 1] = crypto.getRandomValues(new Uint32Array(1))[0]!;
    pids[rank] = self.pid;
    assert.equal(self.pid, realPid());
  }, "user code");
  assert.equal(isWhole, true);
  assert.equal(new Set(draws.data).size, 6);
  assert.equal(new Set(pids).size, 3);
});

test("leaves know who they are, and that they are children", () => {
  const seen = empty([3, 2], "i4");
  const isWhole = runCrew(3, ({ rank }) => {
    seen.data[2 * rank] = Number(self.pid === realPid());
    seen.data[2 * rank + 1] = Number(isForkedChild());
  });
  assert.deepEqual([isWhole, [...seen.data]], [true, [1, 0, 1, 1, 1, 1]]);
});

test("runCrew() does not wait for a child that somebody stopped", () => {
  const isWhole = runCrew(2, (member) => {
    if (member.rank === 1) c.kill(realPid(), 19);
    member.barrier();
  });
  assert.deepEqual([isWhole, childrenOf()], [false, []]);
});

test("runCrew() keeps a child that happens to sleep when the caller comes back from long work", () => {
  const isWhole = runCrew(2, (member) => {
    const end = performance.now() + (member.rank === 0 ? 700 : 300);
    while (performance.now() < end);
    if (member.rank === 1) sleepSync(600);
  });
  assert.deepEqual([isWhole, childrenOf()], [true, []]);
});

test("runCrew() does not wait for a child that sleeps for ever, unless user code may", () => {
  const flag = empty(1, "i4").fill(0);
  for (const work of ["loops", "user code"] as const) {
    const start = performance.now();
    const isWhole = runCrew(2, (member) => {
      if (member.rank === 1) sleepSync(work === "loops" ? 60_000 : 1500);
      member.barrier();
      flag[0]! += member.rank;
    }, work);
    assert.deepEqual([isWhole, childrenOf()], [work !== "loops", []]);
    assert.ok(performance.now() - start < 20_000);
  }
  assert.equal(flag[0], 1);
});

test("runCrew() waits as long as it takes for a child that works, and children wait for the caller", () => {
  const busy = (ms: number): void => {
    for (const end = performance.now() + ms; performance.now() < end;);
  };
  const isWhole = runCrew(3, (member) => {
    if (member.rank === 1) busy(1200);
    member.barrier();
    if (member.rank === 0) busy(1200);
    member.barrier();
  });
  assert.equal(isWhole, true);
});

test("runCrew() leaves the workers of a running map alone", async () => {
  using pool = new MapReduce({ np: 2 });
  const map = pool.map((i: number) => (sleepSync(1), i), range(300), { chunkSize: 1 });
  let crews = 0;
  let isOver = false;
  map.finally(() => isOver = true);
  while (!isOver) {
    const wantsDeath = crews % 2 === 1;
    const isWhole = runCrew(2, (member) => {
      if (wantsDeath && member.rank === 1) c._exit(9);
      member.barrier();
    });
    assert.equal(isWhole, !wantsDeath);
    crews++;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.deepEqual(await map, Array.from({ length: 300 }, (_, i) => i));
  assert.ok(crews > 3);
  await noChildren();
});

test("runCrew() works in a job, and in several at once", async () => {
  using pool = new MapReduce({ np: 2 });
  const sums = await pool.map(
    (i: number) => {
      const out = empty(3, "i4").fill(0);
      let isWhole = true;
      for (let round = 0; round < 5; round++) {
        isWhole &&= runCrew(3, (member) => {
          member.barrier();
          Atomics.add(out, member.rank, i);
          member.barrier();
        });
      }
      return [isWhole, ...out];
    },
    range(6),
    { chunkSize: 1 },
  );
  assert.deepEqual(sums, Array.from({ length: 6 }, (_, i) => [true, 5 * i, 5 * i, 5 * i]));
  await noChildren();
});

test("children of a crew die with their master", async () => {
  using pool = new MapReduce({ np: 1 });
  const pids = empty(2, "i4").fill(0);
  const map = pool.map(() => {
    runCrew(2, (member) => {
      pids[member.rank] = realPid();
      member.barrier();
      if (member.rank === 0) c.kill(realPid(), 9);
      spinForever();
    });
  }, [0]);
  await assert.rejects(map);
  assert.ok(pids[1]! > 0);
  await eventually(() => !isRunning(pids[1]!), "the death of the child");
});

test("crewSize() follows np, the threshold and where it runs", async () => {
  assert.equal(crewSize(2, 1000, 100), 2);
  assert.equal(crewSize(7, 1000, 100), 7);
  assert.equal(crewSize(70, 1000, 100), 10);
  assert.equal(crewSize(2, 199, 100), 1);
  assert.equal(crewSize(0, 1000, 1), 1);
  assert.equal(crewSize(1, 1000, 1), 1);
  assert.ok(crewSize(undefined, 1000, 1) >= 1);
  using pool = new MapReduce({ np: 1 });
  assert.deepEqual(await pool.map(() => [crewSize(undefined, 1000, 1), crewSize(2, 1000, 1)], [0]), [[1, 2]]);
  crewTuning.minItemsPerMember = 10;
  assert.equal(crewSize(2, 20, 1000), 2);
  crewTuning.minItemsPerMember = undefined;
  assert.throws(() => crewSize(-1, 1, 1, "sum()"), {
    name: "RangeError",
    message: "sum() wants an np that is an integer from 0 on, got -1",
  });
  assert.throws(() => crewSize("2" as unknown as number, 1, 1, "sum()"), {
    name: "TypeError",
    message: 'sum() wants a number of processes as np, got a string ("2")',
  });
  assert.throws(() => crewSize(1.5, 1, 1), RangeError);
});
