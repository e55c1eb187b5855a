/**
 * What the loops in WebAssembly have in common, see `kernels/`.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/**
 * So often a function must be called in the master before a forked child may run it, with as little work as there can be.
 *
 * A child has none of the engine's threads that compile. In Bun, a function that was not compiled for the last time
 * before the fork waits for its compiler for ever as soon as it is hot. The engine compiles it, in the calling thread with
 * the flags that make fork safe, when it was entered, times 15 (less for small functions), and its loops turned, 50,000
 * times. If a turn is what fills the measure, only that loop of the function is compiled: hence short calls. In Deno each
 * child would compile for itself.
 */
export const REHEARSAL_CALLS = 10_000;

/** Compiles what `scripts/kernels.mjs` built; `undefined` where that cannot be. Some milliseconds. */
export function compileKernels(base64: string): WebAssembly.Module | undefined {
  return unlessRefused(() => new WebAssembly.Module(new Uint8Array(Buffer.from(base64, "base64"))));
}

/** An instance with a memory of its own; `undefined` where that cannot be. */
export function instantiateKernels(base64: string): WebAssembly.Exports | undefined {
  const module = compileKernels(base64);
  return module && unlessRefused(() => new WebAssembly.Instance(module).exports);
}

function unlessRefused<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    // WebAssembly is switched off, the processor is without vectors, there are too few addresses
    return undefined;
  }
}
