/**
 * The loops in WebAssembly, instantiated once a process.
 *
 * @module
 */
import { type MemoryWindow, memoryWindow } from "../memory/window.ts";
import { KERNEL_CODE } from "./kernel_code.ts";

/** Loops over the elements of one type. */
export interface ElementKernels {
  range(elements: number, from: number, to: number, flip: number, row: number): void;
  count(
    elements: number,
    from: number,
    to: number,
    flip: number,
    up: number,
    base: number,
    cellShift: number,
    nanCell: number,
    cells: number,
  ): void;
  scatter(
    elements: number,
    from: number,
    to: number,
    flip: number,
    up: number,
    base: number,
    cellShift: number,
    ofCell: number,
    table: number,
    nanBucket: number,
    pairs: number,
  ): number;
}

/** See `kernels/sort.ts`. */
export interface PairKernels {
  sortExact(pairs: number, n: number, width: number, out: number, scratch: number, room: number): number;
  sortInexact(
    pairs: number,
    n: number,
    width: number,
    out: number,
    scratch: number,
    room: number,
    elements: number,
    float: number,
  ): number;
  scatterKeys(
    elements: number,
    from: number,
    to: number,
    up: number,
    base: number,
    cellShift: number,
    ofCell: number,
    table: number,
    keys: number,
  ): number;
  sortKeys(
    keys: number,
    n: number,
    width: number,
    base: number,
    rest: number,
    above: number,
    least: number,
    target: number,
    scratch: number,
    room: number,
  ): number;
}

/** Element types that differ for the loops; unsigned integers differ from signed ones by an argument. */
export type KernelType = "F8" | "I8" | "F4" | "I4";

/** The loops and the memory that they see. */
export interface Kernels {
  readonly window: MemoryWindow;
  readonly pairs: PairKernels;
  readonly elements: { readonly [K in KernelType]: ElementKernels };
}

let kernels: Kernels | undefined;
let isRefused = false;

/** The loops; `undefined` where there is no room for their memory. */
export function sortKernels(): Kernels | undefined {
  if (kernels === undefined && !isRefused) {
    kernels = instantiate();
    isRefused = kernels === undefined;
  }
  return kernels;
}

function instantiate(): Kernels | undefined {
  const window = memoryWindow();
  if (window === undefined) return undefined;
  const code = Uint8Array.from(atob(KERNEL_CODE), (char) => char.charCodeAt(0));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), {
    env: { memory: window.memory },
  });
  const all = exports as unknown as Record<string, unknown>;
  const of = (type: KernelType): ElementKernels => ({
    range: all["range" + type] as ElementKernels["range"],
    count: all["countCells" + type] as ElementKernels["count"],
    scatter: all["scatter" + type] as ElementKernels["scatter"],
  });
  return {
    window,
    pairs: exports as unknown as PairKernels,
    elements: { F8: of("F8"), I8: of("I8"), F4: of("F4"), I4: of("I4") },
  };
}
