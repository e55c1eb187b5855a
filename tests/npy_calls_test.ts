import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { AT_FDCWD, EINTR, EMFILE, ENOMEM, ENOSPC } from "../ffi/constants.ts";
import {
  copy,
  FormatError,
  load,
  type Loadable,
  type NdArray,
  release,
  save,
  SystemCallError,
  table,
} from "../mod.ts";
import { fromFile } from "../src/files/from_file.ts";
import { toFile } from "../src/files/to_file.ts";
import { test } from "./harness.ts";
import { failed, inFolder, namesIn, type Native, withCall } from "./npy_support.ts";
import { failure } from "./support.ts";

const EIO = 5;

/** What can fail and how; `close` has worked even when it says that it was interrupted. */
const FAILURES = {
  open: EMFILE,
  statx: ENOMEM,
  pread: EIO,
  read: EIO,
  write: ENOSPC,
  close: EINTR,
  mmap: ENOMEM,
  madvise: ENOMEM,
  fchmod: EIO,
  rename: EIO,
  readlink: ENOMEM,
  getrandom: EIO,
} as const;

const LONG = 1000;

/** What a user does; each looks at its own result. */
const ACTIONS: Readonly<Record<string, (folder: string) => void>> = {
  "load()": (folder) => {
    const a = load<NdArray>(`${folder}a.npy`);
    assert.deepEqual([a.shape, a.get(1, 1)], [[2, LONG], LONG + 1]);
    release(a);
  },
  "load() of a table": (folder) => {
    const { x } = load<{ x: Float64Array }>(`${folder}t.npy`);
    assert.equal(x[2], 5);
    release(x);
  },
  "load() with mmap": (folder) => {
    for (const mmap of ["c", "r+"] as const) {
      const a = load<NdArray>(`${folder}a.npy`, { mmap });
      assert.equal(a.get(1, 1), LONG + 1);
      release(a);
    }
  },
  "fromFile()": (folder) => {
    for (const mmap of [true, false]) {
      const x = fromFile(`${folder}b`, "i4", { mmap });
      assert.deepEqual([...x], [7, 8]);
      release(x);
    }
  },
  "save() of what is there": (folder) => {
    save(`${folder}a.npy`, copy([[1, 2], [3, 4]]).transpose(1, 0));
  },
  "save() of a new file": (folder) => {
    rmSync(`${folder}new.npy`, { force: true });
    save(`${folder}new.npy`, [1, 2]);
  },
  "toFile()": (folder) => toFile(`${folder}b`, Int32Array.of(7, 8)),
};

/** Files a user sees, by their contents. */
function contents(folder: string): Map<string, string> {
  return new Map(namesIn(folder).map((name) => [name, readFileSync(folder + name, "latin1")]));
}

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

function fileMappings(folder: string): number {
  return readFileSync("/proc/self/maps", "utf8").split("\n").filter((line) => line.includes(folder)).length;
}

for (const [what, action] of Object.entries(ACTIONS)) {
  test(`${what}: every system call may fail once; an error says so, and nothing is left behind`, async () => {
    await inFolder(async (folder) => {
      const prepare = (): void => {
        const rows = [0, LONG].map((from) => Float64Array.from({ length: LONG }, (_, i) => from + i));
        const a = copy(rows);
        save(`${folder}a.npy`, a);
        release(a);
        const t = table(3, { x: "f8", id: "u1" });
        t.x.set([3, 4, 5]);
        save(`${folder}t.npy`, t as Loadable as typeof t);
        toFile(`${folder}b`, Int32Array.of(7, 8));
      };
      prepare();
      action(folder);
      let sites = 0;
      let errors = 0;
      for (const [name, errno] of Object.entries(FAILURES) as [keyof typeof FAILURES, number][]) {
        for (let k = 1;; k++) {
          prepare();
          const open = descriptors();
          const before = contents(folder);
          let calls = 0;
          const failing = (native: (...values: unknown[]) => number, ...values: unknown[]): number => {
            if (++calls !== k) return native(...values);
            if (name === "close") native(...values);
            return failed(errno);
          };
          const outcome = withCall(name, failing, () => {
            try {
              action(folder);
              return undefined;
            } catch (error) {
              return error;
            }
          });
          if (calls < k) break;
          sites++;
          const where = `${name} number ${k}`;
          assert.equal(descriptors(), open, `descriptors after ${where}`);
          assert.equal(fileMappings(folder), 0, `mappings after ${where}`);
          assert.ok(namesIn(folder).every((file) => !file.endsWith(".tmp")), `names after ${where}`);
          if (outcome === undefined) continue;
          errors++;
          assert.ok(
            outcome instanceof SystemCallError || outcome instanceof FormatError,
            `${where}: ${outcome}`,
          );
          // of the random name no file knows
          const isNamed = name === "getrandom" || outcome.message.includes(folder);
          assert.ok(isNamed, `${where}: ${outcome.message}`);
          // a save that fails has changed nothing
          for (const [file, text] of contents(folder)) {
            if (before.has(file)) assert.ok(text === before.get(file), `${file} after ${where}`);
          }
        }
      }
      assert.ok(sites >= 5 && errors >= 3, `${sites} calls, ${errors} errors`);
      await failure(() => load(`${folder}none`), SystemCallError);
    });
  });
}

test("save() waits out interruptions when it opens what is there, and names the error of statx", async () => {
  await inFolder((folder) => {
    const path = `${folder}a.npy`;
    save(path, [1]);
    let calls = 0;
    const interrupted = (native: Native, ...values: unknown[]) =>
      ++calls % 2 === 1 ? failed(EINTR) : native(...values);
    withCall("open", interrupted, () => save(path, [1, 2]));
    assert.ok(calls >= 4, `${calls}`);
    assert.deepEqual([...load<Float64Array>(path)], [1, 2]);
    // what comes after must not hide why the look at the descriptor failed
    const blind = (native: Native, ...values: unknown[]) =>
      values[0] === AT_FDCWD ? native(...values) : failed(ENOMEM);
    const unread = () => failed(EIO);
    withCall("statx", blind, () =>
      withCall("readlink", unread, () => {
        assert.throws(() => save(path, [3]), { name: "SystemCallError", syscall: "statx", errno: ENOMEM });
      }));
    assert.deepEqual(namesIn(folder), ["a.npy"]);
  });
});
