/**
 * Counts the words of every text below a folder, a file a job, and shows the ten commonest.
 *
 * deno run -A examples/word_count.ts folder, or bun examples/word_count.ts folder; default node_modules
 */
import { MapReduce } from "@sharedmem/sharedmem";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

export function textFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(md|txt|ts|js)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The job: it reads its file itself, and the `Map` that it returns comes back as one. */
export function countWords(path: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [word] of readFileSync(path, "utf8").toLowerCase().matchAll(/\p{L}+/gu)) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

export async function wordCount(pool: MapReduce, paths: readonly string[]): Promise<Map<string, number>> {
  const words = new Map<string, number>();
  await pool.map(countWords, paths, {
    reduce: (counts) => add(counts, words), // in the master, while the workers go on
  });
  return words;
}

export function add(counts: ReadonlyMap<string, number>, to: Map<string, number>): void {
  for (const [word, count] of counts) to.set(word, (to.get(word) ?? 0) + count);
}

export function commonest(words: ReadonlyMap<string, number>, howMany: number): [string, number][] {
  return [...words].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, howMany);
}

if (import.meta.main) {
  const paths = textFiles(process.argv[2] ?? "node_modules");
  using pool = new MapReduce();
  const words = await wordCount(pool, paths);
  console.log(`${paths.length} files, ${words.size} different words`);
  for (const [word, count] of commonest(words, 10)) console.log(`${count}`.padStart(8), word);
}
