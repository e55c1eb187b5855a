import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { totalmem } from "node:os";
import process from "node:process";
import { affinityCount, getenv, readFile } from "../ffi/libc.ts";
import { cpuCount, cpuCountOf, type Machine } from "../src/process/cpu_count.ts";
import { memoryBudget } from "../src/memory/memory_budget.ts";
import { availableMemory, memoryInfo, totalMemory } from "../src/process/memory_info.ts";
import { test } from "./harness.ts";

const V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
const V1_MOUNTS = "22 1 0:5 / / rw - ext4 /dev/root rw\n" +
  "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n" +
  "36 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";
const MEMINFO = "MemTotal:       16000000 kB\nMemFree:         1000000 kB\nMemAvailable:   12000000 kB\n";
const GIB = 2 ** 30;

type Files = Readonly<Record<string, string>>;

function reader(files: Files): (path: string) => string | undefined {
  return (path) => files[path];
}

function count(variables: Files, affinity = 64, files: Files = {}): number {
  const machine: Machine = {
    getenv: (name) => variables[name],
    affinityCount: () => affinity,
    readFile: reader(files),
  };
  return cpuCountOf(machine);
}

function countV2(group: string, files: Files, mount = V2_MOUNT): number {
  return count({}, 64, { "/proc/self/cgroup": `0::${group}\n`, "/proc/self/mountinfo": mount, ...files });
}

function countV1(group: string, files: Files): number {
  const membership = `9:memory:/m\n4:cpu,cpuacct:${group}\n1:name=systemd:/\n0::/unused\n`;
  return count({}, 64, {
    "/proc/self/cgroup": membership,
    "/proc/self/mountinfo": V1_MOUNTS + V2_MOUNT,
    ...files,
  });
}

test("cpuCount() obeys the first variable that is a number", () => {
  assert.equal(count({}), 64);
  assert.equal(count({ OMP_NUM_THREADS: "3", PBS_NUM_PPN: "2", SLURM_CPUS_PER_TASK: "1" }), 3);
  assert.equal(count({ PBS_NUM_PPN: "5", SLURM_CPUS_PER_TASK: "7" }), 5);
  assert.equal(count({ SLURM_CPUS_PER_TASK: "7" }), 7);
  assert.equal(count({ OMP_NUM_THREADS: "4,2" }), 4);
  assert.equal(count({ OMP_NUM_THREADS: " 6 , 2" }), 6);
  for (const useless of ["", "x", "0", "-2", "1.5", "8abc", ",2", "0,4", "0x10"]) {
    assert.equal(count({ OMP_NUM_THREADS: useless, PBS_NUM_PPN: "9" }), 9, useless);
    assert.equal(count({ OMP_NUM_THREADS: useless }), 64, useless);
  }
});

test("cpuCount() is the least of its limits, and at least 1", () => {
  assert.equal(count({ OMP_NUM_THREADS: "100" }, 8), 8);
  assert.equal(count({ OMP_NUM_THREADS: "2" }, 8), 2);
  const files = {
    "/proc/self/cgroup": "0::/",
    "/proc/self/mountinfo": V2_MOUNT,
    "/sys/fs/cgroup/cpu.max": "300000 100000",
  };
  assert.equal(count({ OMP_NUM_THREADS: "5" }, 8, files), 3);
  assert.equal(count({ OMP_NUM_THREADS: "2" }, 8, files), 2);
  assert.equal(count({ OMP_NUM_THREADS: "5" }, 1, files), 1);
  assert.equal(count({}, 64, { ...files, "/sys/fs/cgroup/cpu.max": "1000 100000\n" }), 1);
});

test("cpuCount() obeys the quota of cgroup v2 and of the groups above", () => {
  assert.equal(countV2("/", { "/sys/fs/cgroup/cpu.max": "max 100000\n" }), 64);
  assert.equal(countV2("/", { "/sys/fs/cgroup/cpu.max": "150000 100000\n" }), 2);
  assert.equal(countV2("/a/b", { "/sys/fs/cgroup/a/b/cpu.max": "max 100000\n" }), 64);
  assert.equal(countV2("/a/b", { "/sys/fs/cgroup/a/b/cpu.max": "800000 100000\n" }), 8);
  const inner = {
    "/sys/fs/cgroup/a/b/cpu.max": "800000 100000\n",
    "/sys/fs/cgroup/a/cpu.max": "20000 10000\n",
  };
  assert.equal(countV2("/a/b", inner), 2);
  assert.equal(countV2("/other", inner), 64);
});

test("cpuCount() obeys the quota of cgroup v1 and of the groups above", () => {
  const top = "/sys/fs/cgroup/cpu,cpuacct";
  const files = (path: string, quota: string): Files => ({
    [`${top}${path}/cpu.cfs_quota_us`]: `${quota}\n`,
    [`${top}${path}/cpu.cfs_period_us`]: "100000\n",
  });
  assert.equal(countV1("/a", files("/a", "-1")), 64);
  assert.equal(countV1("/a", files("/a", "250000")), 3);
  assert.equal(countV1("/a/b", { ...files("/a/b", "-1"), ...files("/a", "400000") }), 4);
  // in a container without a namespace of its own the group's path is the host's, the mount the container's
  assert.equal(countV1("/docker/0123", files("", "200000")), 2);
});

test("cpuCount() finds control groups wherever they are mounted", () => {
  const nested = "30 23 0:26 /kubepods/pod\\0407 /mnt/the\\040groups rw - cgroup2 none rw\n";
  const files = {
    "/mnt/the groups/x/cpu.max": "300000 100000",
    "/mnt/the groups/cpu.max": "500000 100000",
    "/mnt/the groups7/cpu.max": "100000 100000",
  };
  assert.equal(countV2("/kubepods/pod 7/x", files, nested), 3);
  assert.equal(countV2("/kubepods/pod 7", files, nested), 5);
  // not below what is mounted: what can be seen holds
  assert.equal(countV2("/kubepods/pod 77", files, nested), 5);
  assert.equal(countV2("/../elsewhere", { "/sys/fs/cgroup/cpu.max": "100000 100000" }), 1);
});

test("cpuCount() does without what is missing or malformed", () => {
  assert.equal(
    count({}, 6, { "/proc/self/cgroup": "garbage\n::\n0::/\n", "/proc/self/mountinfo": "a b - c\n\n" }),
    6,
  );
  for (const text of ["", "abc", "100000", "0 100000", "100000 0", "-5 100000"]) {
    assert.equal(countV2("/", { "/sys/fs/cgroup/cpu.max": text }), 64, text);
  }
});

test("cpuCount() follows the affinity of the process", () => {
  const here: Machine = { getenv: () => undefined, affinityCount, readFile: () => undefined };
  // the kernel's own account: Cpus_allowed is a mask in hexadecimal, Cpus_allowed_list the same as 0-3,8
  const status = readFile("/proc/self/status") ?? "";
  const mask = /^Cpus_allowed:\s*([0-9a-f,]+)$/m.exec(status)?.[1] ?? "";
  const allowed = [...mask.replaceAll(",", "")].map((digit) =>
    Number("0112122312232334"[parseInt(digit, 16)])
  );
  const all = allowed.reduce((sum, bits) => sum + bits, 0);
  assert.equal(cpuCountOf(here), all);
  assert.equal(cpuCount(), cpuCountOf({ getenv, affinityCount, readFile }));

  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? "";
  const pid = String(process.pid);
  try {
    assert.equal(spawnSync("taskset", ["-acp", String(parseInt(list)), pid]).status, 0);
    assert.equal(cpuCountOf(here), 1);
    assert.equal(cpuCount(), 1);
  } finally {
    assert.equal(spawnSync("taskset", ["-acp", list, pid]).status, 0);
  }
  assert.equal(cpuCountOf(here), all);
});

test("memoryInfo() is the machine's memory where no group limits it", () => {
  const machine = { totalBytes: 16_000_000 * 1024, availableBytes: 12_000_000 * 1024 };
  assert.deepEqual(memoryInfo(reader({ "/proc/meminfo": MEMINFO })), machine);
  const v2 = { "/proc/meminfo": MEMINFO, "/proc/self/cgroup": "0::/a\n", "/proc/self/mountinfo": V2_MOUNT };
  assert.deepEqual(memoryInfo(reader({ ...v2, "/sys/fs/cgroup/a/memory.max": "max\n" })), machine);
  const v1 = {
    "/proc/meminfo": MEMINFO,
    "/proc/self/cgroup": "4:memory:/a\n",
    "/proc/self/mountinfo": V1_MOUNTS,
  };
  const none = { "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n" };
  assert.deepEqual(memoryInfo(reader({ ...v1, ...none })), machine);
});

test("memoryInfo() obeys cgroup v2 and the groups above, file caches not counted", () => {
  const files = {
    "/proc/meminfo": MEMINFO,
    "/proc/self/cgroup": "0::/a/b\n",
    "/proc/self/mountinfo": V2_MOUNT,
    "/sys/fs/cgroup/a/b/memory.max": `${4 * GIB}\n`,
    "/sys/fs/cgroup/a/b/memory.current": `${3 * GIB}\n`,
    "/sys/fs/cgroup/a/b/memory.stat": `anon 5\ninactive_file_x 7\ninactive_file ${GIB}\n`,
  };
  assert.deepEqual(memoryInfo(reader(files)), { totalBytes: 4 * GIB, availableBytes: 2 * GIB });
  const above = {
    "/sys/fs/cgroup/a/memory.max": `${5 * GIB}\n`,
    "/sys/fs/cgroup/a/memory.current": `${6 * GIB}\n`,
  };
  assert.deepEqual(memoryInfo(reader({ ...files, ...above })), { totalBytes: 4 * GIB, availableBytes: 0 });
  // a limit above what the machine has is none
  const vast = { ...files, "/sys/fs/cgroup/a/b/memory.max": `${64 * GIB}\n` };
  assert.deepEqual(memoryInfo(reader(vast)), {
    totalBytes: 16_000_000 * 1024,
    availableBytes: 12_000_000 * 1024,
  });
});

test("memoryInfo() obeys cgroup v1", () => {
  const group = "/sys/fs/cgroup/memory/a";
  const files = {
    "/proc/meminfo": MEMINFO,
    "/proc/self/cgroup": "4:memory:/a\n0::/\n",
    "/proc/self/mountinfo": V1_MOUNTS + V2_MOUNT,
    [`${group}/memory.limit_in_bytes`]: `${2 * GIB}\n`,
    [`${group}/memory.usage_in_bytes`]: `${2 * GIB}\n`,
    [`${group}/memory.stat`]: `inactive_file 1\ntotal_inactive_file ${GIB / 2}\n`,
  };
  assert.deepEqual(memoryInfo(reader(files)), { totalBytes: 2 * GIB, availableBytes: GIB / 2 });
});

test("totalMemory() and availableMemory() tell this machine's memory", () => {
  assert.ok(totalMemory() > 0 && totalMemory() <= totalmem(), `${totalMemory()} of ${totalmem()}`);
  assert.ok(availableMemory() > 0 && availableMemory() <= totalMemory());
  // what allocations go by
  assert.equal(memoryBudget().totalBytes, totalMemory());
});
