/**
 * Which loops sort an array, and where in the window of WebAssembly it is.
 *
 * | elements | np 1 | several processes |
 * |---|---|---|
 * | up to 8 Ki, no room for a window, too many for it | TypeScript | TypeScript |
 * | up to 4 MiB of all operands | WebAssembly, copies of them | WebAssembly, mapped |
 * | more | WebAssembly, mapped | WebAssembly, mapped |
 *
 * @module
 */
import type { TypedArray } from "../memory/dtype.ts";
import { isForkedChild } from "../process/identity.ts";
import { COPIES, KernelIndices, kernelType, KernelValues, type Places } from "./kernel_loops.ts";
import { type Kernels, sortKernels } from "./kernels.ts";
import { sortTuning } from "./limits.ts";
import { type Elements, elementsOf, type IndexLoops, type ValueLoops } from "./loops.ts";
import { isRehearsed, type Product, rehearse } from "./rehearsal.ts";
import { TypedIndices } from "./typed_loops.ts";
import { TypedValues } from "./typed_values.ts";
import { type Division, withWorkspace, type Workspace, workspaceBytes, workspaceOver } from "./workspace.ts";

/** Up to so many bytes copying costs less than mapping; there is room for them behind `COPIES`. */
const COPIED_BYTES = 2 ** 22 - 64;

/** What sorts one array; whether the target is to be kept. */
type Use<L> = (workspace: Workspace, loops: L) => boolean;

/** The loops in TypeScript over given memory, and those in WebAssembly that lean on them. */
interface Makers<L, T> {
  readonly product: Product;
  typed(elements: Elements, workspace: Workspace, division: Division, target: T): L;
  kernel(kernels: Kernels, elements: Elements, places: Places, division: Division, typed: L): L;
}

const indexMakers: Makers<IndexLoops, Uint32Array> = {
  product: "indices",
  typed: (elements, workspace, division, target) => new TypedIndices(elements, workspace, division, target),
  kernel: (kernels, elements, places, division, typed) =>
    new KernelIndices(kernels, elements, places, division, typed),
};

const valueMakers: Makers<ValueLoops, Float64Array> = {
  product: "values",
  typed: (elements, workspace, division, target) => new TypedValues(elements, workspace, division, target),
  kernel: (kernels, elements, places, division, typed) =>
    new KernelValues(kernels, elements, places, division, typed),
};

/** Calls `use` with what writes the indices that sort `data` to `out`, by `size` processes. */
export function withIndexLoops(
  data: TypedArray,
  out: Uint32Array,
  division: Division,
  size: number,
  use: Use<IndexLoops>,
): void {
  withLoops(data, out, division, size, indexMakers, use);
}

/** Calls `use` with what writes the doubles of `data` in order to `target`, by `size` processes. */
export function withValueLoops(
  data: Float64Array,
  target: Float64Array,
  division: Division,
  size: number,
  use: Use<ValueLoops>,
): void {
  withLoops(data, target, division, size, valueMakers, use);
}

function withLoops<L, T extends Uint32Array | Float64Array>(
  data: TypedArray,
  target: T,
  division: Division,
  size: number,
  makers: Makers<L, T>,
  use: Use<L>,
): void {
  const elements = elementsOf(data);
  const n = data.length;
  const kernels = n > sortTuning.leastForKernels ? kernelsFor(elements, size, makers.product) : undefined;
  if (kernels !== undefined && size === 1) {
    const bytes = data.byteLength + target.byteLength + workspaceBytes(n, division);
    if (bytes <= COPIED_BYTES) return withCopies(kernels, data, target, division, makers, use);
  }
  withWorkspace(n, division, (workspace) => {
    const typed = makers.typed(elements, workspace, division, target);
    try {
      const places = kernels && mapped(kernels, data, workspace, target);
      use(workspace, kernels && places ? makers.kernel(kernels, elements, places, division, typed) : typed);
    } finally {
      kernels?.window.clear();
    }
  });
}

/** A forked child runs only what its parent has warmed, see `rehearsal.ts`. */
function kernelsFor(elements: Elements, size: number, product: Product): Kernels | undefined {
  const type = kernelType(elements);
  if (isForkedChild() && !isRehearsed(type, product)) return undefined;
  const kernels = sortKernels();
  if (kernels !== undefined && size > 1) rehearse(kernels, type, product);
  return kernels;
}

function mapped(
  { window }: Kernels,
  data: TypedArray,
  { rows, ranges, pairs }: Workspace,
  target: TypedArray,
): Places | undefined {
  const elements = window.map(data);
  if (elements < 0) return undefined;
  const out = window.map(target);
  if (out < 0) return undefined;
  const { buffer } = pairs.words;
  const base = window.map({ buffer, byteOffset: 0, byteLength: buffer.byteLength });
  if (base < 0) return undefined;
  return { elements, out, pairs: base, rows: base + rows.byteOffset, ranges: base + ranges.byteOffset };
}

function withCopies<L, T extends Uint32Array | Float64Array>(
  kernels: Kernels,
  data: TypedArray,
  target: T,
  division: Division,
  makers: Makers<L, T>,
  use: Use<L>,
): void {
  const buffer = kernels.window.memory.buffer as ArrayBuffer;
  const { words, ...format } = elementsOf(data);
  const elements = { words: new Int32Array(buffer, COPIES, words.length), ...format };
  elements.words.set(words);
  const out = COPIES + ceilTo8(data.byteLength);
  const copy =
    (target instanceof Uint32Array
      ? new Uint32Array(buffer, out, target.length)
      : new Float64Array(buffer, out, target.length)) as T;
  const workspace = workspaceOver(buffer, data.length, division, out + ceilTo8(target.byteLength));
  const { pairs, rows, ranges } = workspace;
  const places = {
    elements: COPIES,
    out,
    pairs: pairs.words.byteOffset,
    rows: rows.byteOffset,
    ranges: ranges.byteOffset,
  };
  const typed = makers.typed(elements, workspace, division, copy);
  if (use(workspace, makers.kernel(kernels, elements, places, division, typed))) target.set(copy);
}

function ceilTo8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
