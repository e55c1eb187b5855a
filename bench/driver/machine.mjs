import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import process from "node:process";

export const BENCH = new URL("..", import.meta.url).pathname;
const ROOT = new URL("../..", import.meta.url).pathname;

/** The program of that name that the project has installed, else the one on the path, else `undefined`. */
export function program(name) {
  const own = join(ROOT, "node_modules/.bin", name);
  if (existsSync(own)) return own;
  return output("which", [name]);
}

function output(command, args) {
  try {
    return execFileSync(command, args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .trim();
  } catch {
    return undefined;
  }
}

/** What the peers need: the npm packages of bench/package.json. False when they cannot be had. */
export function installPeers() {
  if (existsSync(join(BENCH, "node_modules/piscina"))) return true;
  console.error("bench: npm install in bench/ …");
  return output("npm", ["install", "--prefix", BENCH, "--no-audit", "--no-fund"]) !== undefined;
}

/** The compiled `peers/NAME.c`, or `undefined` without a compiler. */
export function compile(name, flags = ["-O2"]) {
  const file = join(mkdtempSync(join(tmpdir(), "sharedmem-bench-")), name);
  const compiled = output("gcc", [...flags, "-o", file, join(BENCH, "peers", name + ".c")]);
  return compiled === undefined ? undefined : file;
}

export function describeMachine() {
  return {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    load: loadavg()[0],
  };
}

export function commit() {
  const hash = output("git", ["rev-parse", "--short", "HEAD"]);
  if (hash === undefined) return "none";
  // The bench's own output is no change of what was measured.
  const changed = output("git", [
    "status",
    "--porcelain",
    "--",
    ".",
    ":!bench/README.md",
    ":!bench/results.json",
    ":!bench/plot.svg",
  ]);
  return changed ? hash + "+" : hash;
}

export function versions({ deno, bun, python }) {
  const peers = ["piscina", "tinypool", "workerpool", "poolifier", "multithreading"].map((name) => {
    const file = join(BENCH, "node_modules", name, "package.json");
    return [name, existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).version : undefined];
  });
  return {
    deno: deno && output(deno, ["--version"])?.match(/deno (\S+)/)?.[1],
    bun: bun && output(bun, ["--version"]),
    node: process.version.slice(1),
    python: python && output(python, ["--version"])?.replace("Python ", ""),
    numpy: python && output(python, ["-c", "import numpy; print(numpy.__version__)"]),
    gcc: output("gcc", ["-dumpfullversion"]),
    ...Object.fromEntries(peers),
  };
}
