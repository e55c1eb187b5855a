/** Where things are, for the scripts of this folder; they run in Node, Deno and Bun. */
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
export const TEMPORARY = join(ROOT, "tests", "tmp");
/** Deno's own declarations, for tsc and editors, see runtimes.d.ts. */
export const DENO_TYPES = join(ROOT, "node_modules", ".cache", "deno.d.ts");

export const deno = join(ROOT, "node_modules", ".bin", "deno");
export const bun = join(ROOT, "node_modules", ".bin", "bun");
/** The command line that runs a script in the runtime that runs this one. */
export const self = "Deno" in globalThis ? [process.execPath, "run", "-A"] : [process.execPath];
export const tsc = [...self, join(ROOT, "node_modules", "typescript", "bin", "tsc")];

/** The environment of the programs started here. */
export const environment = {
  ...process.env,
  PATH: join(ROOT, "node_modules", ".bin") + delimiter + process.env.PATH,
  NO_COLOR: "1",
  DENO_NO_UPDATE_CHECK: "1",
};

export function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}
