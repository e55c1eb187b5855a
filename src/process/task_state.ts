/**
 * What a process or thread is doing, by proc(5).
 *
 * @module
 */
import { readFile } from "../../ffi/libc.ts";

/** The state of the task whose directory in `/proc` is given: `S` asleep, `Z` ended…; `undefined` if there is none. */
export function taskState(directory: string): string | undefined {
  const stat = readFile(`${directory}/stat`);
  // the state follows the name in parentheses, which may itself hold any character
  return stat?.[stat.lastIndexOf(")") + 2];
}
