/**
 * Builds `src/…/kernel_code.ts` from `kernels/*.ts`; with `--check` it only tells whether they agree.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const ROOT = join(fileURLToPath(new URL(".", import.meta.url)), "..");
/** Each source, the folder of `src/` that its code goes to, and flags. */
const MODULES = [
  {
    name: "sort",
    folder: "sort",
    // its memory is made by src/memory/window.ts
    flags: ["--importMemory", "--initialMemory", "192", "--maximumMemory", "65536"].concat(
      ["--enable", "threads", "--sharedMemory"],
    ),
  },
  { name: "text", folder: "text", flags: ["--initialMemory", "32", "--maximumMemory", "32"] },
];

/** The text of a file of code, from the sources as they are. */
async function kernelCode({ name, flags }) {
  const outputs = {};
  const common = ["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd", "--enable", "bulk-memory"];
  const { error, stderr } = await asc.main(
    [`${name}.ts`, "-o", "code.wasm", "-t", "code.wat", ...common, ...flags],
    {
      readFile: (path) => path === `${name}.ts` ? readFileSync(join(ROOT, "kernels", path), "utf8") : null,
      writeFile: (path, contents) => void (outputs[path] = contents),
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`${error.message}\n${stderr}`);
  const [functions, exported] = [/^ \(func /gm, /^ \(export .*\(func /gm].map((kind) =>
    outputs["code.wat"].match(kind).length
  );
  if (functions !== exported) {
    throw new Error(`${functions} functions, of which ${exported} are exported: inline the others`);
  }
  const lines = Buffer.from(outputs["code.wasm"]).toString("base64").match(/.{1,100}/g);
  return [
    "/**",
    ` * \`kernels/${name}.ts\`, compiled by \`node scripts/kernels.mjs\`. Not edited by hand.`,
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

for (const module of MODULES) {
  const target = join(ROOT, "src", module.folder, "kernel_code.ts");
  const text = await kernelCode(module);
  if (!process.argv.includes("--check")) writeFileSync(target, text);
  else if (readFileSync(target, "utf8") !== text) {
    console.error(`${target} is not what kernels/${module.name}.ts makes: run node scripts/kernels.mjs`);
    process.exitCode = 1;
  }
}
