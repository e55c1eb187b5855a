/**
 * Which loops sort an array, and the memory that they need.
 *
 * @module
 */
import { isForkedChild } from "../process/identity.ts";
import { COPIES, KernelLoops } from "./kernel_loops.ts";
import { type Kernels, sortKernels } from "./kernels.ts";
import { sortTuning } from "./limits.ts";
import { type Elements, elementsOf, type Loops, TypedLoops } from "./loops.ts";
import type { TypedArray } from "../memory/dtype.ts";
import { isRehearsed, rehearse } from "./rehearsal.ts";
import { type Division, withWorkspace, type Workspace, workspaceBytes, workspaceOver } from "./workspace.ts";

/** Below this the loops in TypeScript are as fast. */
const MIN_KERNEL = 2 ** 13;
/** Up to so many bytes copying costs less than mapping. */
const COPIED_BYTES = 2 ** 22;

/** What sorts one array. */
export type Use = (workspace: Workspace, loops: Loops) => void;

/**
 * Calls `use` with what sorts `data` into `out`.
 *
 * @param size processes
 */
export function withLoops(data: TypedArray, out: Uint32Array, division: Division, size: number, use: Use): void {
  const elements = elementsOf(data);
  const n = data.length;
  const kernels = n > MIN_KERNEL ? kernelsFor(size) : undefined;
  if (kernels !== undefined) {
    const bytes = data.byteLength + out.byteLength + workspaceBytes(n, division);
    if (size === 1 && bytes <= COPIED_BYTES) return withCopies(kernels, data, out, division, use);
  }
  withWorkspace(n, division, (workspace) => {
    const typed = new TypedLoops(elements, workspace, division, out);
    const loops = kernels && mapped(kernels, data, elements, workspace, division, out, typed);
    try {
      use(workspace, loops ?? typed);
    } finally {
      kernels?.window.clear();
    }
  });
}

/** A forked child compiles nothing anew, and in Bun waits for it for ever: it runs only what its parent has warmed. */
function kernelsFor(size: number): Kernels | undefined {
  if (sortTuning.kernels === "never") return undefined;
  if (isForkedChild()) return isRehearsed() ? sortKernels() : undefined;
  const kernels = sortKernels();
  if (kernels !== undefined && size > 1) rehearse();
  return kernels;
}

function mapped(
  kernels: Kernels,
  data: TypedArray,
  elements: Elements,
  workspace: Workspace,
  division: Division,
  out: Uint32Array,
  typed: TypedLoops,
): KernelLoops | undefined {
  const { window } = kernels;
  const { rows, ranges, pairs } = workspace;
  const first = window.map(data);
  const base = first < 0 ? -1 : window.map({
    buffer: pairs.words.buffer,
    byteOffset: 0,
    byteLength: ranges.byteOffset + ranges.byteLength,
  });
  const target = base < 0 ? -1 : window.map(out);
  if (target < 0) return undefined;
  const places = {
    elements: first,
    pairs: base,
    rows: base + rows.byteOffset,
    ranges: base + ranges.byteOffset,
    out: target,
  };
  return new KernelLoops(kernels, elements, places, division, typed);
}

function withCopies(
  kernels: Kernels,
  data: TypedArray,
  out: Uint32Array,
  division: Division,
  use: Use,
): void {
  const buffer = kernels.window.memory.buffer as ArrayBuffer;
  const { words, ...format } = elementsOf(data);
  const copy = new Int32Array(buffer, COPIES, words.length);
  copy.set(words);
  const indices = new Uint32Array(buffer, COPIES + COPIED_BYTES, out.length);
  const workspace = workspaceOver(buffer, data.length, division, COPIES + 2 * COPIED_BYTES);
  const places = {
    elements: copy.byteOffset,
    pairs: workspace.pairs.words.byteOffset,
    rows: workspace.rows.byteOffset,
    ranges: workspace.ranges.byteOffset,
    out: indices.byteOffset,
  };
  const elements = { words: copy, ...format };
  const typed = new TypedLoops(elements, workspace, division, indices);
  use(workspace, new KernelLoops(kernels, elements, places, division, typed));
  out.set(indices);
}
