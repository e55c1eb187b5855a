/** What the runtime prints of an error, cut. Not an example: the demo's eye. */
interface Console {
  inspect(value: unknown): string;
}

const FRAME = /^\s*at /;
const FIELD = /^\s*(index|rank|pid|signal|exitCode): /;
const OURS = /\/examples\//;

/**
 * What `console.log(error)` writes in this runtime, without the frames that lie in the package itself and the source
 * lines that belong to them; `…` stands for what is left out.
 */
export function printedShort(error: Error): string {
  const { Deno, Bun } = globalThis as { Deno?: Console; Bun?: Console };
  const lines = (Deno ?? Bun)!.inspect(error).split("\n");
  const kept = lines.map((line) => isWanted(line) ? line : "…");
  return kept.filter((line, at) => line !== "…" || kept[at - 1] !== "…").join("\n");
}

function isWanted(line: string): boolean {
  if (FRAME.test(line)) return OURS.test(line);
  return FIELD.test(line) || /^(\s*\[cause\]: )?\w*Error: /.test(line);
}
