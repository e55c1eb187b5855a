/**
 * The file that `from_file` and its peer read: the doubles 0, 1 … 1023, again and again, made when it is not there.
 *
 * @module
 */
import { existsSync, renameSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { empty, release } from "../../mod.ts";
import { toFile } from "../../src/files/mod.ts";

/** Where the file of so many doubles is, or will be. */
export function doublesPath(elements: number): string {
  return join(tmpdir(), `sharedmem_from_file_${elements}.bin`);
}

/** The path of the file of so many doubles. */
export function doublesFile(elements: number): string {
  const path = doublesPath(elements);
  if (existsSync(path) && statSync(path).size === 8 * elements) return path;
  const x = empty(elements);
  for (let i = 0; i < elements; i++) x[i] = i % 1024;
  const temporary = `${path}.${process.pid}`;
  toFile(temporary, x);
  release(x);
  renameSync(temporary, path);
  return path;
}
