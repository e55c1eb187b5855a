/**
 * Makes a Python with NumPy available, where the known answers of tests come from: does nothing where there is one,
 * installs Debian's `python3-numpy` where this is allowed to. Never fails: the tests that need it do, and say so.
 */
import { spawnSync } from "node:child_process";
import process from "node:process";

/** As `tests/numpy.ts` looks for it. */
const INTERPRETERS = ["python3", "/usr/bin/python3", "/usr/local/bin/python3"];
const INSTALL = ["install", "--yes", "--quiet=2", "--no-install-recommends", "python3-numpy"];
const LIMIT_MS = 300_000;

if (!hasNumpy()) {
  if (process.getuid?.() !== 0) give("this user may not install it");
  else {
    console.error("set-up: apt-get install python3-numpy");
    // the lists of a fresh container are empty
    const isInstalled = apt(INSTALL) || apt(["update", "--quiet=2"]) && apt(INSTALL);
    if (!isInstalled || !hasNumpy()) give("apt-get could not install it");
  }
}

function hasNumpy() {
  return INTERPRETERS.some((name) =>
    spawnSync(name, ["-c", "import numpy"], { stdio: "ignore" }).status === 0
  );
}

function apt(args) {
  const { status, error, stderr } = spawnSync("apt-get", args, {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
    timeout: LIMIT_MS,
  });
  if (status === 0) return true;
  console.error(
    `set-up: apt-get ${args[0]} failed: ${error?.message ?? stderr.trim().split("\n").slice(-3).join(" ")}`,
  );
  return false;
}

function give(reason) {
  console.error(
    `set-up: there is no Python with NumPy, and ${reason}: tests that compare with NumPy will fail`,
  );
}
