/**
 * Makes a clone ready for use: the packages of package.json, with Deno and Bun among them, and Deno's declarations.
 * Does nothing when that has been done. Runs in Node, and in Deno or Bun for those who have only these.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { bun, deno, DENO_TYPES, environment, readJson, ROOT } from "./paths.mjs";

if (!isInstalled()) {
  const [command, ...args] = installer();
  console.error(`set-up: ${command} ${args.join(" ")}`);
  run(command, args, { stdio: ["ignore", 2, 2] });
  // without npm's install scripts, the first call of each puts its binary in place
  for (const runtime of [deno, bun]) run(runtime, ["--version"]);
}
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
  if ("Deno" in globalThis) return [process.execPath, "install"];
  if ("Bun" in globalThis) return [process.execPath, "install", "--no-save"];
  // not `ci`, which refuses a lock file that lacks optional packages of other platforms, as npm writes it now and then
  return ["npm", "install", "--no-save", "--no-audit", "--no-fund"];
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
