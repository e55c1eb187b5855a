/** Rows 39 and 42: named arrays whose making or attaching fails. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { attach, clear, create, FormatError, list, release, SystemCallError, unlink } from "../../mod.ts";
import { makeHeader } from "../../src/npy/header.ts";
import { failWith, type Native, replaced } from "../named_calls.ts";
import { fileOf, withPrefix } from "../named_support.ts";
import { fault } from "./rig.ts";

const EINTR = 4;
const ENOMEM = 12;
const EMFILE = 24;

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

fault({
  row: 39,
  name: "memory is reserved in pieces as often as signals interrupt it",
  rounds: 100,
  soak: 1000,
}, ({ random }) =>
  withPrefix((prefix) => {
    const share = 0.9 * random();
    let interrupted = 0;
    replaced({
      posix_fallocate: (original) => (...values) => {
        if (random() < share) return ++interrupted, EINTR;
        return original(...values);
      },
    }, () => {
      const x = create(prefix, 50_000);
      const { size, blocks } = statSync(fileOf(prefix));
      assert.ok(512 * blocks >= size && size === 404_096, `interrupted ${interrupted} times`);
      release(x.fill(1));
      unlink(prefix);
    });
  }));

fault({
  row: 42,
  name: "an attach that fails leaves the owner's array, and no descriptor",
  rounds: 100,
  soak: 1000,
}, ({ random, index }) =>
  withPrefix((prefix) => {
    const x = create(prefix, [10, 10], "i4");
    x.data.fill(5);
    const before = descriptors();
    const call = ["mmap", "statx", "read", "pread", "flock", "open"][Math.floor(6 * random())]!;
    let left = Math.floor(2 * random());
    let hasFailed = false;
    const failing = (original: Native): Native => (...values) => {
      if (left-- !== 0) return original(...values);
      hasFailed = true;
      return failWith(ENOMEM);
    };
    replaced({ [call]: failing }, () => {
      try {
        release(index % 2 === 0 ? attach(prefix) : attach(prefix, { readonly: true }));
      } catch (error) {
        assert.ok(hasFailed && error instanceof SystemCallError, String(error));
      }
    });
    assert.equal(descriptors(), before);
    assert.ok(x.data.every((value) => value === 5));
    assert.equal(list().find(({ name }) => name === prefix)?.isHeld, true);
    release(x);
  }));

fault({
  row: 42,
  name: "a create that fails leaves no file, mapping or descriptor, whichever call fails",
  rounds: 60,
  soak: 600,
}, ({ random, index }) =>
  withPrefix((prefix) => {
    const names = [
      "open",
      "fchmod",
      "ftruncate",
      "mmap",
      "write",
      "flock",
      "linkat",
      "statx",
      "unlink",
    ];
    const call = names[index % names.length]!;
    let left = Math.floor(3 * random());
    const before = descriptors();
    release(create(prefix, 10));
    const failing = (original: Native): Native => (...values) => {
      if (left-- !== 0) return original(...values);
      return failWith(ENOMEM);
    };
    replaced({ [call]: failing }, () => {
      try {
        release(create(prefix, 3 * 2 ** 17));
      } catch (error) {
        assert.ok(error instanceof SystemCallError, String(error));
      }
    });
    assert.equal(descriptors(), before);
    const files = readdirSync("/dev/shm").filter((file) => file.includes(prefix));
    assert.ok(files.length === 0 || files[0] === `sharedmem-${prefix}.npy`, files.join());
    assert.ok(!readdirSync("/dev/shm").some((file) => file.startsWith(".sharedmem-named-")));
    clear({ prefix });
  }));

fault({
  row: 42,
  name: "a header that promises more than the file has costs no memory and no mapping",
  rounds: 20,
}, () =>
  withPrefix((prefix) => {
    const before = readFileSync("/proc/self/maps", "utf8").match(/sharedmem-/g)?.length ?? 0;
    for (const shape of [[2 ** 40], [2 ** 20, 2 ** 20], [2 ** 52]]) {
      writeFileSync(fileOf(prefix), makeHeader({ descr: "<f8", fortran: false, shape }, 4096), {
        mode: 0o600,
      });
      assert.throws(() => attach(prefix), FormatError);
    }
    assert.equal(readFileSync("/proc/self/maps", "utf8").match(/sharedmem-/g)?.length ?? 0, before);
  }));

fault({
  row: 42,
  name: "without a descriptor left create, attach, list and clear say so; what there is stays usable",
  rounds: 20,
}, ({ index }) =>
  withPrefix((prefix) => {
    const x = create(prefix, 10).fill(1);
    release(create(`${prefix}.stale`, 10));
    const failing = (): Native => () => failWith(EMFILE);
    const calls = [
      () => create(`${prefix}.b`, 1),
      () => attach(prefix),
      () => list(),
      () => clear({ prefix }),
    ];
    replaced({ open: failing }, () => assert.throws(calls[index % calls.length]!, { code: "EMFILE" }));
    assert.deepEqual([x[9], clear({ prefix })], [1, [`${prefix}.stale`]]);
    release(x);
  }));
