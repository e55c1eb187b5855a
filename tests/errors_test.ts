import assert from "node:assert/strict";
import { AsyncJobError, CodecError, empty, MapReduce, range, SharedMemError, WorkerError } from "../mod.ts";
import { test } from "./harness.ts";
import {
  failure,
  indices,
  leavesNothing,
  noChildren,
  realPid,
  soon,
  SOON_MS,
  spinForever,
  spinUntilAtLeast,
} from "./support.ts";

/** The WorkerError of a map whose job 2 throws what `make` makes. */
async function thrownInJob(make: () => unknown): Promise<WorkerError> {
  using pool = new MapReduce({ np: 2 });
  const map = pool.map(
    (i: number) => {
      if (i === 2) throw make();
      return i;
    },
    range(4),
    { chunkSize: 1 },
  );
  return await soon(failure(map, WorkerError));
}

test("WorkerError tells the job, the rank, the process and the cause", async () => {
  using pool = new MapReduce({ np: 2 });
  const pids = empty(1, "i4");
  const map = pool.map(
    (i: number, job) => {
      if (i === 3) {
        pids[0] = realPid();
        throw new RangeError(`rank ${job.rank}`);
      }
    },
    range(10),
    { chunkSize: 1 },
  );
  const error = await soon(failure(map, WorkerError));
  assert.equal(error.name, "WorkerError");
  assert.equal(error.index, 3);
  assert.equal(error.pid, pids[0]);
  assert.notEqual(error.pid, realPid());
  assert.equal((error.cause as Error).message, `rank ${error.rank}`);
  assert.equal(error.lossy, false);
  assert.ok(error instanceof SharedMemError && error instanceof Error);
  assert.match(error.message, /\b3\b.*rank \d/s);
});

test("WorkerError.cause is of the built-in class that was thrown", async () => {
  const classes = [Error, RangeError, TypeError, SyntaxError, ReferenceError, URIError, EvalError];
  for (const type of classes) {
    const { cause, lossy } = await thrownInJob(() => new type(`a ${type.name}`));
    assert.ok(cause instanceof type, type.name);
    assert.equal(Object.getPrototypeOf(cause), type.prototype);
    assert.deepEqual([cause.name, cause.message, lossy], [type.name, `a ${type.name}`, false]);
  }
});

test("WorkerError.cause is what the engine threw", async () => {
  const nothing = undefined as unknown as { x: number };
  const throwers: [() => unknown, abstract new (message: string) => Error][] = [
    [() => nothing.x, TypeError],
    [() => JSON.parse("{"), SyntaxError],
    [() => new Array(-1), RangeError],
    [() => decodeURIComponent("%"), URIError],
    [() => Function("return notThere")(), ReferenceError],
    [() => recurse(), RangeError],
    [() => BigInt(1.5), RangeError],
  ];
  for (const [run, type] of throwers) {
    const { cause } = await thrownInJob(() => {
      run();
      return new Error("nothing was thrown");
    });
    assert.ok(cause instanceof type, `${type.name}: ${cause}`);
  }
});

function recurse(): number {
  return recurse() + 1;
}

test("WorkerError.cause keeps own data, cause and errors", async () => {
  const make = () => {
    const inner = Object.assign(new TypeError("inner", { cause: { code: 5 } }), { when: new Date(0) });
    const error = new AggregateError([new RangeError("first"), "second", inner], "all failed", {
      cause: inner,
    });
    return Object.assign(error, {
      code: "E_ALL",
      detail: { list: [1, undefined, 3n], at: new Map([["a", 1]]) },
    });
  };
  const { cause, lossy } = await thrownInJob(make);
  const expected = make();
  assert.ok(cause instanceof AggregateError);
  const got = cause as typeof expected;
  assert.deepEqual([got.message, got.code, got.detail], [expected.message, expected.code, expected.detail]);
  assert.equal(got.errors.length, 3);
  assert.ok(got.errors[0] instanceof RangeError && got.errors[0].message === "first");
  assert.equal(got.errors[1], "second");
  const inner = got.cause as TypeError & { when: Date };
  assert.ok(inner instanceof TypeError && inner.message === "inner");
  assert.deepEqual([inner.when, inner.cause], [new Date(0), { code: 5 }]);
  assert.equal(lossy, false);
});

class QuotaError extends RangeError {
  override readonly name = "QuotaError";
  readonly used: number;
  constructor(used: number) {
    super(`used ${used}`);
    this.used = used;
  }
}

test("WorkerError.cause of a user's class keeps its built-in class, name, message and data", async () => {
  const { cause } = await thrownInJob(() => new QuotaError(12));
  assert.ok(cause instanceof RangeError);
  const { name, message, used } = cause as QuotaError;
  assert.deepEqual([name, message, used], ["QuotaError", "used 12", 12]);
});

function failingWork(): never {
  throw new Error("where am I"); // the line that stacks must show
}

test("WorkerError.workerStack and the cause's stack point at the user's line", async () => {
  const reference = (() => {
    try {
      failingWork();
    } catch (error) {
      return (error as Error).stack!;
    }
  })()!;
  const place = /errors_test\.ts:(\d+)/.exec(reference)!;
  const { workerStack, cause } = await thrownInJob(() => failingWork());
  for (const stack of [workerStack, (cause as Error).stack!]) {
    assert.match(stack, /failingWork/);
    assert.ok(stack.includes(`errors_test.ts:${place[1]}`), stack);
  }
});

test("WorkerError carries values that are no errors", async () => {
  const values: unknown[] = ["a string", 42, -0, NaN, undefined, null, true, 10n, { code: 1, list: [1, 2] }, [
    "x",
  ]];
  for (const value of values) {
    const { cause, lossy } = await thrownInJob(() => value);
    assert.deepEqual([cause, lossy], [value, false]);
  }
});

test("WorkerError is lossy when something of the original cannot travel", async () => {
  const makers: [string, () => unknown][] = [
    ["a function in its data", () => Object.assign(new RangeError("kept"), { f: () => 1, code: 3 })],
    ["a symbol in its data", () => Object.assign(new RangeError("kept"), { s: Symbol("s"), code: 3 })],
    [
      "a getter that throws",
      () =>
        Object.defineProperty(Object.assign(new RangeError("kept"), { code: 3 }), "bad", {
          enumerable: true,
          get: () => {
            throw new Error("hostile");
          },
        }),
    ],
    [
      "a cause that cannot travel",
      () => Object.assign(new RangeError("kept", { cause: () => 1 }), { code: 3 }),
    ],
  ];
  for (const [name, make] of makers) {
    const { cause, lossy } = await thrownInJob(make);
    assert.ok(cause instanceof RangeError, name);
    assert.deepEqual(
      [cause.message, (cause as RangeError & { code: number }).code, lossy],
      ["kept", 3, true],
      name,
    );
  }
  for (const value of [Symbol("s"), () => 1, { f: () => 1 }]) {
    assert.equal((await thrownInJob(() => value)).lossy, true);
  }
});

test("WorkerError survives hostile errors", async () => {
  const hostile = (name: string) => () =>
    Object.defineProperty(new Error("x"), name, {
      get: () => {
        throw new Error("hostile");
      },
    });
  const makers: (() => unknown)[] = [
    ...["message", "name", "stack", "cause", "constructor", "toString"].map(hostile),
    () => {
      const error = new Error("itself");
      error.cause = error;
      return error;
    },
    () => {
      const first = new Error("a");
      first.cause = new Error("b", { cause: first });
      return first;
    },
    () => Object.assign(new Error("wide"), { all: indices(100_000) }),
    () => new Error("m".repeat(3e6)),
    () => deep(500),
    () =>
      new Proxy({}, {
        get: () => {
          throw new Error("trap");
        },
        ownKeys: () => {
          throw new Error("trap");
        },
      }),
    () => Object.create(null),
    () => Object.setPrototypeOf(new Error("no prototype"), null),
  ];
  for (const make of makers) {
    const error = await thrownInJob(make);
    assert.equal(error.index, 2, String(make));
  }
  const { cause } = await thrownInJob(makers[6]!);
  assert.equal((cause as Error).cause, cause);
});

function deep(levels: number): Error {
  let error = new Error("bottom");
  for (let i = 0; i < levels; i++) error = new Error(`level ${i}`, { cause: error });
  return error;
}

test("MapReduce.map() rejects at once when a job throws, and stops the others", async () => {
  using pool = new MapReduce({ np: 2 });
  const times = empty(2);
  for (let round = 0; round < 25; round++) {
    const begun = empty(1, "i4");
    const map = pool.map(
      (i: number) => {
        if (i === 1) {
          Atomics.store(begun, 0, 1);
          spinForever();
        }
        spinUntilAtLeast(begun, 0, 1);
        times[0] = performance.timeOrigin + performance.now();
        throw new Error("first");
      },
      [0, 1],
      { chunkSize: 1 },
    );
    const error = await soon(failure(map, WorkerError));
    const elapsedMs = performance.timeOrigin + performance.now() - times[0]!;
    assert.ok(elapsedMs < SOON_MS, `${elapsedMs} ms`);
    assert.equal(error.index, 0);
    await noChildren();
  }
  assert.deepEqual(await pool.map((x: number) => x + 1, range(5)), [1, 2, 3, 4, 5]);
}, { timeoutMs: 60_000 });

test("MapReduce.map() stays usable after 60 failures", async () => {
  using pool = new MapReduce({ np: 2 });
  for (let round = 0; round < 60; round++) {
    const bad = round % 6;
    const map = pool.map((i: number) => {
      if (i === bad) throw new RangeError(`at ${i}`);
      return i;
    }, range(6));
    const error = await failure(map, WorkerError);
    assert.equal(error.index, bad);
  }
  assert.deepEqual(await pool.map((x: number) => x, range(6)), indices(6));
}, { timeoutMs: 60_000 });

test("CodecError names the job and the path of what cannot be carried", async () => {
  using pool = new MapReduce({ np: 2 });
  const results: [unknown, string, RegExp][] = [
    [{ a: [1, 2, { callback: () => 1 }] }, "result.a[2].callback", /^result\.a\[2\]\.callback is a function/],
    [() => 1, "result", /^result is a function/],
    [Symbol("x"), "result", /^result is a symbol/],
    [[0, Symbol.iterator], "result[1]", /^result\[1\] is a symbol/],
    [{ "two words": () => 1 }, 'result["two words"]', /^result\["two words"\] is a function/],
    [{ deep: { deeper: [[class {}]] } }, "result.deep.deeper[0][0]", /is a (function|class)/],
  ];
  for (const [result, path, message] of results) {
    const error = await soon(failure(pool.map((i: number) => i === 1 ? result : i, range(3)), CodecError));
    assert.deepEqual([error.name, error.index, error.path], ["CodecError", 1, path]);
    assert.match(error.message, message);
    assert.ok(error instanceof SharedMemError);
  }
  assert.deepEqual(await pool.map((x: number) => x, range(3)), indices(3));
});

test("CodecError tells of a Map's function, a set's symbol and a getter that throws", async () => {
  using pool = new MapReduce({ np: 2 });
  const hostile = () => ({
    get x() {
      throw new RangeError("hostile");
    },
  });
  const makers: (() => unknown)[] = [
    () => new Map([["k", () => 1]]),
    () => new Set([Symbol("s")]),
    () => ({ list: [hostile()] }),
    () => new WeakMap(),
    () => Promise.withResolvers,
  ];
  for (const make of makers) {
    const error = await soon(failure(pool.map(make, [1]), CodecError));
    assert.equal(error.index, 0);
    assert.match(error.path, /^result/);
  }
});

test("AsyncJobError is thrown at once for a promise or a thenable, and names the worker backend", async () => {
  using pool = new MapReduce({ np: 2 });
  const works: ((i: number) => unknown)[] = [
    async (i) => await Promise.resolve(i),
    () => new Promise(() => {}),
    () => Promise.reject(new Error("unheard")),
    (i) => ({ then: (resolve: (i: number) => void) => resolve(i) }),
  ];
  for (const work of works) {
    const error = await soon(failure(pool.map(work, range(10)), AsyncJobError));
    assert.equal(error.name, "AsyncJobError");
    assert.match(error.message, /worker/);
    assert.match(error.message, /backend/);
    assert.throws(() => pool.mapSync(work, range(10)), AsyncJobError);
  }
  assert.deepEqual(await pool.map((x: number) => x, range(3)), indices(3));
});

test("errors leave nothing behind", async () => {
  await leavesNothing(async () => {
    using pool = new MapReduce({ np: 2 });
    for (let i = 0; i < 5; i++) {
      await pool.map(() => assert.fail("x"), range(4)).catch(() => {});
      await pool.map(() => () => 1, range(4)).catch(() => {});
      await pool.map(() => Promise.resolve(), range(4)).catch(() => {});
    }
  });
});

test("WorkerError is thrown where jobs run in the master, with the original as cause", async () => {
  for (const pool of [new MapReduce({ np: 0 }), new MapReduce({ backend: "serial" })]) {
    const thrown = new RangeError("here");
    const map = pool.map((i: number) => {
      if (i === 1) throw thrown;
    }, range(3));
    const error = await failure(map, WorkerError);
    assert.deepEqual([error.index, error.pid], [1, realPid()]);
    assert.equal(error.cause, thrown);
  }
});
