/**
 * Builds `src/sort/kernel_code.ts` from `kernels/sort.ts`; with `--check` it only tells whether they agree.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const ROOT = join(fileURLToPath(new URL(".", import.meta.url)), "..");
const TARGET = join(ROOT, "src", "sort", "kernel_code.ts");

/** The text of the file, from the sources as they are. */
export async function kernelCode() {
  const flags = ["-O3", "--noAssert", "--runtime", "stub", "--importMemory", "--initialMemory", "192"];
  flags.push("--maximumMemory", "65536", "--enable", "simd", "--enable", "bulk-memory");
  flags.push("--enable", "threads", "--sharedMemory");
  const outputs = {};
  const { error, stderr } = await asc.main(["sort.ts", "-o", "sort.wasm", "-t", "sort.wat", ...flags], {
    readFile: (name) => name === "sort.ts" ? readFileSync(join(ROOT, "kernels", name), "utf8") : null,
    writeFile: (name, contents) => void (outputs[name] = contents),
    listFiles: () => [],
  });
  if (error) throw new Error(`${error.message}\n${stderr}`);
  const [functions, exported] = [/^ \(func /gm, /^ \(export .*\(func /gm].map((kind) =>
    outputs["sort.wat"].match(kind).length
  );
  if (functions !== exported) {
    throw new Error(`${functions} functions, of which ${exported} are exported: inline the others`);
  }
  const lines = Buffer.from(outputs["sort.wasm"]).toString("base64").match(/.{1,100}/g);
  return [
    "/**",
    " * `kernels/sort.ts`, compiled by `node scripts/kernels.mjs`. Not edited by hand.",
    " *",
    " * @module",
    " */",
    "",
    "/** WebAssembly in base64. */",
    "export const KERNEL_CODE: string =",
    ...lines.map((line, at) => `  "${line}"${at === lines.length - 1 ? ";" : " +"}`),
    "",
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await kernelCode();
  if (!process.argv.includes("--check")) writeFileSync(TARGET, text);
  else if (readFileSync(TARGET, "utf8") !== text) {
    console.error("src/sort/kernel_code.ts is not what kernels/sort.ts makes: run node scripts/kernels.mjs");
    process.exitCode = 1;
  }
}
