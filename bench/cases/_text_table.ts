/**
 * The file that `loadtxt` and its peers read: ten columns separated by commas, made when it is not there.
 *
 * @module
 */
import { closeSync, existsSync, openSync, renameSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** `long`: about 17 digits; `short`: two behind the point. */
export type Kind = "long" | "short";

/** The first number of the file, to see that it was read. */
export const FIRST: Readonly<Record<Kind, number>> = { long: 0.25, short: 25 };

const ROWS = 50_000;
const COLUMNS = 10;

/** Where the file of about that many bytes is, or will be. */
export function textPath(kind: Kind, bytes: number): string {
  return join(tmpdir(), `sharedmem_loadtxt_${kind}_${bytes}.csv`);
}

/** The path of the file of about that many bytes; one block of rows again and again. */
export function textTable(kind: Kind, bytes: number): string {
  const path = textPath(kind, bytes);
  // it is there whole or not at all
  if (existsSync(path)) return path;
  let state = 2463534242;
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.3) / 2 ** 32;
  };
  const show = (x: number): string => kind === "long" ? String(x + random() / 2 ** 32) : (100 * x).toFixed(2);
  const lines = Array.from(
    { length: ROWS },
    () => Array.from({ length: COLUMNS }, () => show(random())).join(),
  );
  lines[0] = lines[0]!.replace(/^[^,]*/, String(FIRST[kind]));
  const block = new TextEncoder().encode(lines.join("\n") + "\n");
  const temporary = `${path}.${process.pid}`;
  const fd = openSync(temporary, "w");
  const blocks = Math.max(1, Math.round(bytes / block.length));
  for (let k = 0; k < blocks; k++) writeSync(fd, block);
  closeSync(fd);
  renameSync(temporary, path);
  return path;
}
