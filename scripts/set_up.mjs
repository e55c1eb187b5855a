/**
 * Makes a clone ready for use: the packages of package.json, with Deno and Bun among them, and Deno's declarations.
 * Does nothing when that has been done. Runs in Node, and in Deno or Bun for those who have only these.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { bun, deno, DENO_TYPES, environment, readJson, ROOT, self } from "./paths.mjs";

if (!isInstalled()) {
  const [command, ...args] = installer();
  console.error(`set-up: ${command} ${args.join(" ")}`);
  run(command, args, { stdio: ["ignore", 2, 2] });
}
putInPlace(deno, "deno/install.cjs");
putInPlace(bun, "bun/install.js");
if (!existsSync(DENO_TYPES) || statSync(DENO_TYPES).mtimeMs < statSync(deno).mtimeMs) {
  const types = run(deno, ["types"]);
  mkdirSync(dirname(DENO_TYPES), { recursive: true });
  writeFileSync(DENO_TYPES, types);
}

/** Whether every package is there in the version that package.json, where all are exact, asks for. */
function isInstalled() {
  const { dependencies, devDependencies } = readJson(join(ROOT, "package.json"));
  return Object.entries({ ...dependencies, ...devDependencies }).every(([name, version]) =>
    readJson(join(ROOT, "node_modules", name, "package.json"))?.version === version
  );
}

function installer() {
  if ("Bun" in globalThis) return [process.execPath, "install", "--no-save"];
  if ("Deno" in globalThis && spawnSync("npm", ["--version"]).error) return [process.execPath, "install"];
  // not `ci`: it refuses a lock file without deno's packages for every platform, and the registry lacked some
  return ["npm", "install", "--no-save", "--no-audit", "--no-fund"];
}

/** Installers refuse to run install scripts by themselves; some binaries then work all the same. */
function putInPlace(runtime, script) {
  const works = spawnSync(runtime, ["--version"], { stdio: "ignore" }).status === 0;
  if (works) return;
  const [command, ...flags] = self;
  run(command, [...flags, join(ROOT, "node_modules", script)]);
  run(runtime, ["--version"]);
}

function run(command, args, options = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    cwd: ROOT,
    env: environment,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
    ...options,
  });
  if (status === 0) return stdout;
  console.error(
    `set-up: ${command} ${args.join(" ")} failed: ${error ?? signal ?? `status ${status}`}\n${stderr ?? ""}`,
  );
  process.exit(1);
}
