/** What the tests of files share: a folder of their own, bytes of an array, failing system calls. */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { backend, c } from "../ffi/libc.ts";
import type { NdArray } from "../mod.ts";
import { itemBytes, type ShortDType, type TypedArray } from "../src/memory/dtype.ts";

const TMP = fileURLToPath(new URL("tmp/", import.meta.url));
const FIXTURES = fileURLToPath(new URL("fixtures/", import.meta.url));
let folders = 0;

/** The path of a file that NumPy wrote once and for all. */
export function fixture(name: string): string {
  return FIXTURES + name;
}

/** Runs `body` with a folder that is removed afterwards; its path ends in "/". */
export async function inFolder(body: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = `${TMP}npy_${process.pid}_${folders++}/`;
  mkdirSync(folder, { recursive: true });
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The names in a folder, sorted. */
export function namesIn(folder: string): string[] {
  return readdirSync(folder).sort();
}

/** The memory of an array as hexadecimal digits. */
export function hex(a: TypedArray | NdArray | Uint8Array): string {
  const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(a) ? a : a.data;
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString("hex");
}

/** Every element type. */
export const DTYPES: readonly ShortDType[] =
  (["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "b1"] as const).filter((dtype) => {
    try {
      return itemBytes(dtype) > 0;
    } catch {
      return false; // an engine without Float16Array
    }
  });

export type Native = (...values: unknown[]) => number;

const table = c as unknown as Record<string, Native>;
const errnoCell = new Int32Array(backend.viewAt(c.__errno_location(), 4));

/** Runs `body` with another function in place of one of the C library, which is given the true one. */
export function withCall<T>(
  name: keyof typeof c,
  replacement: (native: Native, ...values: unknown[]) => number,
  body: () => T,
): T {
  const native = table[name]!;
  table[name] = (...values) => replacement(native, ...values);
  try {
    return body();
  } finally {
    table[name] = native;
  }
}

/** What a call that fails does. */
export function failed(errno: number): number {
  errnoCell[0] = errno;
  return -1;
}
