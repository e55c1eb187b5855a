/** The code blocks of Markdown files and docstrings, as programs. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { ROOT } from "./paths.mjs";

const FENCE = /^[ \t]*(?:\* )?```(ts|typescript)( .*)?\n([\s\S]*?)\n[ \t]*(?:\* )?```/gm;

/** Every TypeScript block below `paths` but those marked `ignore`, as `{ name, code }`; a path must exist. */
export function documentedCode(paths) {
  return paths.flatMap(files).flatMap((path) => {
    const text = readFileSync(path, "utf8");
    return [...text.matchAll(FENCE)].filter(([, , attributes]) => !/\bignore\b/.test(attributes ?? "")).map(
      ({ 3: body, index }) => ({
        name: `${relative(ROOT, path)}:${text.slice(0, index).split("\n").length}`,
        code: path.endsWith(".md") ? body : body.replace(/^[ \t]*\* ?/gm, ""),
      }),
    );
  });
}

function files(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).sort().flatMap((name) => files(join(path, name))).filter((file) =>
    file.endsWith(".ts")
  );
}
