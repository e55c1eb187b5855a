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
  const { devDependencies } = JSON.parse(readFileSync(join(BENCH, "package.json"), "utf8"));
  const isThere = (name) => existsSync(join(BENCH, "node_modules", name));
  if (!Object.keys(devDependencies).every(isThere)) {
    console.error("bench: npm install in bench/ …");
    if (install([]) === undefined) return false;
  }
  // The compiled part of nodejs-polars asks for Node 22, so that npm 11 in Node 20 leaves it out; Bun and Deno run it.
  const native = `nodejs-polars-linux-${process.arch}-gnu`;
  if (!isThere(native)) install(["--no-save", `${native}@${devDependencies["nodejs-polars"]}`]);
  return true;
}

function install(args) {
  return output("npm", [
    "install",
    "--prefix",
    BENCH,
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    ...args,
  ]);
}

/** The compiled `peers/FILE`, or `undefined` without a compiler. */
export function compile(file, flags = ["-O2"]) {
  const program = join(mkdtempSync(join(tmpdir(), "sharedmem-bench-")), file.replace(/\.\w+$/, ""));
  const compiler = file.endsWith(".cpp") ? "g++" : "gcc";
  const compiled = output(compiler, [...flags, "-o", program, join(BENCH, "peers", file)]);
  return compiled === undefined ? undefined : program;
}

/** The system's own Python, when its NumPy is another than that of `python`. */
export function oldPython(python) {
  const file = "/usr/bin/python3";
  const found = existsSync(file) ? numpyVersion(file) : undefined;
  return found === undefined || found === numpyVersion(python) ? undefined : file;
}

function numpyVersion(python) {
  return python && output(python, ["-c", "import numpy; print(numpy.__version__)"]);
}

export function describeMachine() {
  const info = readFileSync("/proc/cpuinfo", "utf8");
  return {
    cpu: cpus()[0]?.model,
    // two generations of one name differ by 5 in how fast they do NumPy's AVX-512 sort
    family: info.match(/^cpu family\s*: (\d+)/m)?.[1],
    model: info.match(/^model\s*: (\d+)/m)?.[1],
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
    ":!bench/argsort.svg",
  ]);
  return changed ? hash + "+" : hash;
}

const PACKAGES = [
  "piscina",
  "tinypool",
  "workerpool",
  "poolifier",
  "multithreading",
  "numpy-ts",
  "nodejs-polars",
  "udsv",
  "papaparse",
  "csv-parse",
  "d3-dsv",
];

export function versions({ deno, bun, python, oldPython }) {
  const peers = PACKAGES.map((name) => {
    const file = join(BENCH, "node_modules", name, "package.json");
    return [name, existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).version : undefined];
  });
  return {
    deno: deno && output(deno, ["--version"])?.match(/deno (\S+)/)?.[1],
    bun: bun && output(bun, ["--version"]),
    node: process.version.slice(1),
    python: python && output(python, ["--version"])?.replace("Python ", ""),
    numpy: numpyVersion(python),
    "numpy of Debian": numpyVersion(oldPython),
    gcc: output("gcc", ["-dumpfullversion"]),
    ...Object.fromEntries(peers),
  };
}
