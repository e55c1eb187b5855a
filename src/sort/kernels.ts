/**
 * The loops in WebAssembly, instantiated once a process.
 *
 * @module
 */
import { PAGE_BYTES } from "../../ffi/libc.ts";
import { allocateBuffer, releaseBuffer } from "../memory/segment.ts";
import { type MemoryWindow, openWindow } from "../memory/window.ts";
import { compileKernels } from "../web_assembly.ts";
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
  sortPairs(
    pairs: number,
    n: number,
    width: number,
    isExact: number,
    elements: number,
    float: number,
    out: number,
    scratch: number,
    room: number,
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

/** See `kernels/sort.ts`. */
export interface PlanKernels {
  addRow(row: number, cells: number, totals: number): void;
  joinCells(
    totals: number,
    cells: number,
    most: number,
    mostCells: number,
    ofCell: number,
    firsts: number,
  ): number;
  addCells(row: number, cells: number, ofCell: number, nanCell: number, count: number, sums: number): void;
}

/** Element types that differ for the loops; unsigned integers differ from signed ones by an argument. */
export type KernelType = "F8" | "I8" | "F4" | "I4";

/** The loops and the memory that they see. */
export interface Kernels {
  readonly window: MemoryWindow;
  readonly pairs: PairKernels;
  readonly plan: PlanKernels;
  readonly elements: { readonly [K in KernelType]: ElementKernels };
}

let kernels: Kernels | undefined;
let isMade = false;

/** The loops; `undefined` where there is no room for their memory, or no WebAssembly. */
export function sortKernels(): Kernels | undefined {
  if (!isMade) {
    isMade = true;
    const module = compileKernels(KERNEL_CODE);
    if (module === undefined) return undefined;
    openWindow((window) => {
      const made = instantiate(module, window);
      const isReached = reaches(made);
      if (isReached) kernels = made;
      return isReached;
    });
  }
  return kernels;
}

function instantiate(module: WebAssembly.Module, window: MemoryWindow): Kernels {
  const { exports } = new WebAssembly.Instance(module, { env: { memory: window.memory } });
  const all = exports as unknown as Record<string, unknown>;
  const of = (type: KernelType): ElementKernels => ({
    range: all["range" + type] as ElementKernels["range"],
    count: all["countCells" + type] as ElementKernels["count"],
    scatter: all["scatter" + type] as ElementKernels["scatter"],
  });
  return {
    window,
    pairs: exports as unknown as PairKernels,
    plan: exports as unknown as PlanKernels,
    elements: { F8: of("F8"), I8: of("I8"), F4: of("F4"), I4: of("I4") },
  };
}

/** Whether the loops see what is mapped: they find the least of a page of twos. */
function reaches({ window, elements }: Kernels): boolean {
  const buffer = allocateBuffer(PAGE_BYTES, "a page");
  const row = PAGE_BYTES - 64;
  const words = new Int32Array(buffer, row);
  try {
    new Float64Array(buffer, 0, 8).fill(2);
    const address = window.map({ buffer, byteOffset: 0, byteLength: PAGE_BYTES });
    if (address < 0) return false;
    elements.F8.range(address, 0, 8, 0, address + row);
    return words[0] === 0x40000000 && words[4] === 8;
  } catch {
    return false;
  } finally {
    window.clear();
    releaseBuffer(buffer);
  }
}
