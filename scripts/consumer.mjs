/**
 * The package as others get it: the npm tarball installed in Bun, checked by tsc against the declarations in it, and
 * `jsr:@sharedmem/sharedmem` in Deno, by a link to this folder, with the one permission that users need.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bun, deno, readJson, ROOT, self, tsc } from "./paths.mjs";
import { runCommand } from "./run_command.mjs";

const TIMEOUT_MS = 120_000;
const NAME = "@sharedmem/sharedmem";
const { version } = readJson(join(ROOT, "deno.json"));
const { devDependencies } = readJson(join(ROOT, "package.json"));
const { packages } = readJson(join(ROOT, "package-lock.json"));

/** Runs all; gives the number that passed and the outputs of those that failed. */
export async function testConsumers() {
  const folder = mkdtempSync(join(tmpdir(), "sharedmem-consumer-"));
  try {
    const problems = [...await inBun(join(folder, "bun")), ...await inDeno(join(folder, "deno"))];
    return {
      passed: problems.filter((problem) => problem === "").length,
      failures: problems.filter(Boolean),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function inBun(cwd) {
  makeProject(cwd, {
    "package.json": {
      private: true,
      type: "module",
      dependencies: { [NAME]: "file:package.tgz" },
      devDependencies: { "@types/bun": devDependencies["@types/bun"] },
    },
    "tsconfig.json": {
      compilerOptions: {
        target: "esnext",
        module: "nodenext",
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        skipLibCheck: true,
        types: ["bun"],
      },
    },
  });
  return inTurn([
    [[...self, join(ROOT, "scripts", "pack.mjs"), join(cwd, "package.tgz")], ROOT],
    [[bun, "install", "--prefer-offline"], cwd],
    [[bun, "run", "main.ts"], cwd],
    [[...tsc, "-p", "."], cwd],
  ]);
}

function inDeno(cwd) {
  makeProject(cwd, {
    "deno.json": {
      links: [ROOT],
      imports: { [NAME]: `jsr:${NAME}@^${version}` },
      nodeModulesDir: "manual",
      lock: false,
    },
  });
  linkDependencies(cwd);
  return inTurn([
    [[deno, "run", "--no-prompt", "--allow-ffi", "main.ts"], cwd],
    [[deno, "check", "main.ts"], cwd],
  ]);
}

function makeProject(cwd, files) {
  mkdirSync(cwd);
  cpSync(join(ROOT, "tests", "consumer"), cwd, { recursive: true });
  for (const [name, value] of Object.entries(files)) writeFileSync(join(cwd, name), JSON.stringify(value));
}

/** What `deno install` would fetch: the packages that are needed at run time, and those that `deno check` wants. */
function linkDependencies(cwd) {
  for (const [path, { dev }] of Object.entries(packages)) {
    if (path === "" || dev && !/@types\/node$|undici-types$/.test(path)) continue;
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    symlinkSync(join(ROOT, path), join(cwd, path));
  }
}

/** Stops at the first that fails: the others build on it. */
async function inTurn(commands) {
  const problems = [];
  for (const [command, cwd] of commands) {
    const { output, problem } = await runCommand(command, { cwd, timeoutMs: TIMEOUT_MS });
    problems.push(problem && `${output}\n${problem}`);
    if (problem) break;
  }
  return problems;
}
