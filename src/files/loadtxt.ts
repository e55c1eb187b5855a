/**
 * Tables out of text.
 *
 * @module
 */
import { backend } from "../../ffi/libc.ts";
import { FormatError } from "../errors.ts";
import { makeData, shaped } from "../memory/arrays.ts";
import {
  type DType,
  itemBytes,
  parseDType,
  type ShortDType,
  type TypedArray,
  type TypedArrayOf,
} from "../memory/dtype.ts";
import { type NdArray, viewOver } from "../memory/nd_array.ts";
import { findBuffer, releaseBuffer, segmentOf } from "../memory/segment.ts";
import { makeTable, type Table, table } from "../memory/table.ts";
import { pathOf } from "../npy/path.ts";
import { badLineError } from "../text/bad_line.ts";
import { guessLines } from "../text/count_rows.ts";
import {
  firstRow,
  type FoundRow,
  lineNumber,
  loneReturn,
  skipLines,
  skipMark,
  withLineFeeds,
} from "../text/lines.ts";
import { LONE_RETURN } from "../text/parse_rows.ts";
import { countAll, parseAll, type RowCounts } from "../text/parse_text.ts";
import { kindOf, rangeOf, type RowPlan } from "../text/row_plan.ts";
import type { Output } from "../text/row_sink.ts";
import { MemoryText, openText, type TextSource } from "../text/text_source.ts";
import { type Columns, type LoadtxtOptions, type Settings, settingsOf } from "./loadtxt_options.ts";

export type { LoadtxtOptions } from "./loadtxt_options.ts";

/**
 * A table of numbers from a text file, in shared memory.
 *
 * With one `dtype`, a view of shape `[rows, columns]` in C order; without dimensions of length 1 (NumPy's `squeeze`),
 * so that a single row or column is a typed array; see `ndmin`. With an object of dtypes, columns of these names, as
 * `table()` makes them. The memory is the caller's and ends with its last view.
 *
 * Doubles are rounded to nearest from all digits: what `String(x)` or Python's `repr(x)` wrote reads back to the same
 * bits. `f4` and `f2` are rounded from that double. Integers must be in the range of their type and have neither point
 * nor exponent; `b1` is an integer, true unless it is 0. `nan`, `inf`, `infinity` are known in any case.
 *
 * Lines end with `\n`, `\r\n` or `\r`. Empty lines, and lines that are only a comment, are no rows. Text is UTF-8; all
 * that numbers are made of is ASCII. A pipe or a file of `/proc` is read into memory first.
 *
 * O(bytes): 0.6–0.8 ns a byte with two processes for doubles of 17 digits on a Zen 5, 1–1.4 ns for those of 4. Integers,
 * and some columns of many, take longer. Blocks.
 *
 * Differs from `numpy.loadtxt`: names are `skipRows`, `maxRows`, `columns`; a byte order mark is left out; white space
 * is ASCII; columns counted from the end are counted in the first row, and rows must then be of one length; there are no
 * converters, quotes or compressed files.
 *
 * Current implementation: pieces of 256 KiB are read with `pread` and parsed by forked processes, each into memory of its
 * own and from there to its place; a file that another program shortens meanwhile is an error. How many rows there will
 * be is guessed from its lines, so that memory for 2 % more and for lines without data is kept with the result; where
 * that fails, with `maxRows`, and for named columns rows are counted first. A text with lone carriage returns is read into memory as a whole.
 *
 * @param path a path, or a `file:` URL
 * @throws {FormatError} when a row has another number of fields than the first, or a field is no value of its column's
 *   type: the message names file, line and column. Of several, the first one in the file
 * @throws {TypeError} {RangeError} when an option is of the wrong kind or out of range
 * @throws {SystemCallError} when the file cannot be read, or there is not memory enough
 *
 * @example A matrix and named columns
 * ```ts
 * import { loadtxt, savetxt } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 * import { rmSync } from "node:fs";
 *
 * savetxt("/tmp/sharedmem_points.csv", [[0.1, 1], [0.2, 2], [0.3, 3]], { delimiter: ",", header: "x,id" });
 * const all = loadtxt("/tmp/sharedmem_points.csv", { delimiter: ",", ndmin: 2 });
 * assert.deepEqual(all.shape, [3, 2]);
 * const { x, id } = loadtxt("/tmp/sharedmem_points.csv", { delimiter: ",", dtype: { x: "f8", id: "i4" } });
 * assert.deepEqual([...x, ...id], [0.1, 0.2, 0.3, 1, 2, 3]);
 * rmSync("/tmp/sharedmem_points.csv");
 * ```
 */
export function loadtxt<const C extends Readonly<Record<string, DType>>>(
  path: string | URL,
  options: LoadtxtOptions & { readonly dtype: C },
): Table<C>;
/** The same, always with two dimensions. */
export function loadtxt<const D extends DType = "f8">(
  path: string | URL,
  options: LoadtxtOptions & { readonly dtype?: D | undefined; readonly ndmin: 2 },
): NdArray<TypedArrayOf<D>, 2>;
/** The same, of one element type. */
export function loadtxt<const D extends DType = "f8">(
  path: string | URL,
  options?: LoadtxtOptions & { readonly dtype?: D | undefined },
): TypedArrayOf<D> | NdArray<TypedArrayOf<D>, 2>;
export function loadtxt(
  path: string | URL,
  options: LoadtxtOptions & { readonly dtype?: DType | Columns | undefined } = {},
): TypedArray | NdArray | Table<Columns> {
  const name = pathOf(path, "loadtxt()");
  const settings = settingsOf(options, "loadtxt()");
  const what = `loadtxt(${JSON.stringify(name)})`;
  const source = openText(name, what);
  try {
    return read(source, settings, what);
  } catch (error) {
    if (error !== loneReturn) throw error;
    return read(new MemoryText(withLineFeeds(source)), settings, what);
  } finally {
    source.close();
  }
}

function read(source: TextSource, settings: Settings, what: string): TypedArray | NdArray | Table<Columns> {
  const { separators, skipRows, maxRows, columns, dtype, np } = settings;
  const start = skipLines(source, skipMark(source), skipRows, what);
  const first = maxRows === 0 ? undefined : firstRow(source, start, separators, what);
  if (first === undefined) return emptyResult(settings, what);
  const plan = planOf(source, first, settings, what);
  const slots = columns === undefined
    ? Int32Array.from({ length: plan.width }, (_, k) => k)
    : Int32Array.from(columns, (column) => plan.slots[column < 0 ? column + first.fields.length : column]!);
  const parse = (outputs: readonly Output[], capacity: number, counts?: RowCounts): number | "full" => {
    const parsed = parseAll(source, first.offset, plan, outputs, capacity, counts, np, what);
    if (typeof parsed === "number" || parsed === "full") return parsed;
    if (parsed === "changed") throw new FormatError(`${what}: the file has changed while it was read`);
    if (parsed.outcome === LONE_RETURN) throw loneReturn;
    throw badLineError(source, parsed.offset, plan, first, what);
  };
  if (typeof dtype === "string" && maxRows === Infinity) {
    const capacity = guessLines(source, first.offset);
    const rowBytes = slots.length * itemBytes(dtype);
    if (capacity * rowBytes <= backend.maxViewBytes) {
      const data = makeData([capacity, slots.length], dtype, `${what}: empty`, "for a crew");
      const rows = parse([{ data, dtype, slots }], capacity);
      if (rows !== "full") {
        return squeeze(shortened(data, rows * slots.length), rows, slots.length, settings.ndmin);
      }
      releaseBuffer(data.buffer);
    }
  }
  const counts = countAll(source, first.offset, separators, maxRows, np, what);
  const { rows } = counts;
  if (typeof dtype !== "string") {
    const result = makeTable(rows, dtype, `${what}: table`);
    parse(columnOutputs(result, dtype, slots), rows, counts);
    return result;
  }
  const data = makeData([rows, slots.length], dtype, `${what}: empty`, "anything");
  parse([{ data, dtype, slots }], rows, counts);
  return squeeze(data, rows, slots.length, settings.ndmin);
}

/** The first elements alone, as an array with a buffer of its own over the same memory. */
function shortened(data: TypedArray, length: number): TypedArray {
  if (length === data.length) return data;
  const { serial } = segmentOf(data.buffer)!;
  const buffer = findBuffer(serial, 0, length * data.BYTES_PER_ELEMENT)!;
  return new (data.constructor as new (buffer: ArrayBuffer) => TypedArray)(buffer);
}

/** What each field of a row is and where it goes; every field that is read has a place of its own. */
function planOf(
  source: TextSource,
  first: FoundRow,
  { separators, columns, dtype }: Settings,
  what: string,
): RowPlan {
  const { length } = first.fields;
  const fields = columns?.map((column) => column < 0 ? column + length : column) ??
    Array.from({ length }, (_, k) => k);
  const strange = fields.findIndex((field) => field < 0 || field >= length);
  if (strange >= 0) {
    throw new RangeError(
      `${what} wants columns that are there, got ${columns![strange]}: ` +
        `line ${lineNumber(source, first.offset)} has ${length} columns`,
    );
  }
  const dtypes = typeof dtype === "string" ? fields.map(() => dtype) : Object.values(dtype);
  if (dtypes.length !== fields.length) {
    const message = `${what}: dtype has ${dtypes.length} columns, but ${
      columns === undefined
        ? `line ${lineNumber(source, first.offset)} has ${length}: choose some by columns`
        : `columns has ${fields.length}`
    }`;
    throw columns === undefined ? new FormatError(message) : new RangeError(message);
  }
  const isRagged = columns !== undefined && columns.every((column) => column >= 0);
  const looked = isRagged ? Math.max(0, ...fields.map((field) => field + 1)) : length;
  const slots = new Int32Array(looked).fill(-1);
  const byField: ShortDType[] = new Array(looked).fill("f8");
  let width = 0;
  fields.forEach((field, k) => {
    const short = parseDType(dtypes[k]!, what);
    if (slots[field]! >= 0 && byField[field] !== short) {
      throw new RangeError(
        `${what} wants one dtype for a column, got ${byField[field]} and ${short} for ${field}`,
      );
    }
    if (slots[field]! < 0) slots[field] = width++;
    byField[field] = short;
  });
  const ranges = byField.map(rangeOf);
  return {
    ...separators,
    fields: looked,
    isRagged,
    slots,
    kinds: Uint8Array.from(byField, kindOf),
    dtypes: byField,
    least: Float64Array.from(ranges, ([least]) => least),
    most: Float64Array.from(ranges, ([, most]) => most),
    width,
  };
}

function columnOutputs(columns: Table<Columns>, dtypes: Columns, slots: Int32Array): Output[] {
  return Object.keys(dtypes).map((name, k) => ({
    data: columns[name]!,
    dtype: parseDType(dtypes[name]!, "loadtxt()"),
    slots: slots.subarray(k, k + 1),
  }));
}

function emptyResult(
  { dtype, ndmin, columns }: Settings,
  what: string,
): TypedArray | NdArray | Table<Columns> {
  if (typeof dtype !== "string") return table(0, dtype);
  const dimensions = ndmin === 2 ? [0, columns?.length ?? 1] : [0];
  return shaped(makeData(dimensions, dtype, `${what}: empty`, "anything"), dimensions);
}

function squeeze(data: TypedArray, rows: number, columns: number, ndmin: number): TypedArray | NdArray {
  return ndmin < 2 && (rows === 1 || columns === 1) ? data : viewOver(data, [rows, columns]);
}
