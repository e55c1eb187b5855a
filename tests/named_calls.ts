/** C functions that are replaced while a test of named arrays runs. */
import { backend, c } from "../ffi/libc.ts";

/** A function of the C library. */
export type Native = (...values: unknown[]) => number;

/** All of them. */
export const table = c as unknown as Record<string, Native>;
const errnoCell = new Int32Array(backend.viewAt(c.__errno_location(), 4));

/** What a call gives that fails with that error number. */
export function failWith(number: number): number {
  errnoCell[0] = number;
  return -1;
}

/** Runs `action` with some functions of the C library replaced. */
export function replaced(
  replacements: Readonly<Record<string, (original: Native) => Native>>,
  action: () => void,
): void {
  const names = Object.keys(replacements);
  const originals = names.map((name) => table[name]!);
  names.forEach((name, at) => table[name] = replacements[name]!(originals[at]!));
  try {
    action();
  } finally {
    names.forEach((name, at) => table[name] = originals[at]!);
  }
}
