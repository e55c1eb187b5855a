/** Runs programs in a pseudo-terminal. */
import assert from "node:assert/strict";
import { program, runMarked } from "./master_process.ts";

/** What a terminal showed, see `master_pty.py`. */
export interface Session {
  /** `null` when a signal ended the program. */
  readonly status: number | null;
  readonly signal: number | null;
  /** Before the keys were typed. */
  readonly before: string;
  /** From then on. */
  readonly after: string;
  /** Whether the terminal's settings (echo, line mode, …) are as before. */
  readonly isRestored: boolean;
}

/** Runs a program in a terminal and types `keys` when all of `texts` are to be seen. */
export async function inTerminal(
  keys: string,
  texts: readonly string[],
  command: readonly string[],
): Promise<Session> {
  const { status, stdout, stderr } = await runMarked(
    ["python3", program("master_pty.py"), keys, JSON.stringify(texts), ...command],
    { env: { TERM: "xterm-256color" } },
  );
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Session;
}
