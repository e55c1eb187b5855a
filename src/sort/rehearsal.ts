/**
 * Running every loop in WebAssembly until the engine has compiled it, before the first fork.
 *
 * A forked child has none of the engine's threads that compile: in Deno it goes on with slow code, in Bun (tier of the
 * interpreter) it waits for the compiler for ever.
 *
 * @module
 */
let isDone = false;

/** Whether forked children may run the loops. */
export function isRehearsed(): boolean {
  return isDone;
}

/** Runs all loops, once a process. */
export function rehearse(): void {
  if (isDone) return;
  isDone = true;
}
