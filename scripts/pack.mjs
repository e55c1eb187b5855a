/**
 * Makes the tarball for npm: `node scripts/pack.mjs <file.tgz>`.
 *
 * `deno pack` leaves what deno.json's `imports` names out of the dependencies (https://github.com/denoland/deno/issues/36017).
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { deno, environment, readJson, ROOT } from "./paths.mjs";

const tarball = resolve(process.argv[2] ?? "sharedmem.tgz");
const folder = mkdtempSync(join(tmpdir(), "sharedmem-pack-"));
try {
  run(deno, "pack", "--allow-dirty", "--output", tarball);
  run("tar", "-xzf", tarball, "-C", folder);
  const path = join(folder, "package", "package.json");
  writeFileSync(path, JSON.stringify({ ...readJson(path), dependencies: dependencies() }, undefined, 2));
  run("tar", "-czf", tarball, "-C", folder, "package");
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function dependencies() {
  const { imports } = readJson(join(ROOT, "deno.json"));
  return Object.fromEntries(
    Object.values(imports).map((specifier) => {
      const [, name, range] = /^npm:(.+)@(.+)$/.exec(specifier);
      return [name, range];
    }),
  );
}

function run(command, ...args) {
  execFileSync(command, args, { cwd: ROOT, env: environment, stdio: "inherit" });
}
