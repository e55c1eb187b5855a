/**
 * Options of `loadtxt()`.
 *
 * @module
 */
import { checkNp } from "../algorithms/crew.ts";
import { describe } from "../describe.ts";
import { type DType, parseDType, type ShortDType } from "../memory/dtype.ts";
import { table } from "../memory/table.ts";
import { checkCount, checkOptions } from "../options.ts";
import type { Separators } from "../text/row_plan.ts";
import { checkColumns, checkSeparators } from "../text/table_options.ts";

/** How {@linkcode loadtxt} reads a text; names and meanings as in `numpy.loadtxt`. */
export interface LoadtxtOptions {
  /** What separates two fields, one ASCII character; any white space by default, or with `null`. */
  readonly delimiter?: string | null | undefined;
  /** What begins a comment, which goes to the end of the line; `"#"` by default, none with `null`. */
  readonly comments?: string | readonly string[] | null | undefined;
  /** How many lines are left out at the beginning, comments and empty ones counted. */
  readonly skipRows?: number | undefined;
  /** How many rows are read at most; all by default. Lines without data are not counted. */
  readonly maxRows?: number | undefined;
  /** Which columns are read, in this order; from the end when negative. All by default. */
  readonly columns?: number | readonly number[] | undefined;
  /** Dimensions that the result has at least: 0, 1 or 2. Dimensions of length 1 are left out as far as it allows. */
  readonly ndmin?: 0 | 1 | 2 | undefined;
  /** How many processes; by default as many as there are processors, and 1 for less than 16 MiB. */
  readonly np?: number | undefined;
}

/** Element types of columns by their names. */
export type Columns = Readonly<Record<string, DType>>;

/** The same, checked. */
export interface Settings {
  readonly separators: Separators;
  readonly skipRows: number;
  readonly maxRows: number;
  readonly columns: readonly number[] | undefined;
  readonly ndmin: number;
  readonly np: number | undefined;
  /** Of the columns by their names, or of them all. */
  readonly dtype: ShortDType | Columns;
}

const KNOWN = ["dtype", "delimiter", "comments", "skipRows", "maxRows", "columns", "ndmin", "np"];

/**
 * Checks options; `what` is named in errors.
 *
 * @throws {TypeError} when one is not known or of the wrong type
 * @throws {RangeError} when one is out of range
 */
export function settingsOf(
  options: LoadtxtOptions & { readonly dtype?: DType | Columns | undefined },
  what: string,
): Settings {
  checkOptions(options, KNOWN, what);
  const { dtype = "f8", delimiter, comments, skipRows = 0, maxRows, columns, ndmin = 0, np } = options;
  if (ndmin !== 0 && ndmin !== 1 && ndmin !== 2) {
    throw new RangeError(`${what} wants 0, 1 or 2 as ndmin, got ${describe(ndmin)}`);
  }
  checkNp(np, what);
  if (typeof dtype === "object" && dtype !== null && !Array.isArray(dtype)) {
    // the table checks each dtype, even of no rows
    table(0, dtype);
    if (Object.keys(dtype).length === 0) {
      throw new RangeError(`${what} wants at least one column in dtype, got {}`);
    }
  }
  return {
    separators: checkSeparators(delimiter, comments, what),
    skipRows: checkCount(skipRows, "skipRows", what),
    maxRows: maxRows === undefined ? Infinity : checkCount(maxRows, "maxRows", what),
    columns: checkColumns(columns, what),
    ndmin,
    np,
    dtype: typeof dtype === "object" && dtype !== null ? dtype : parseDType(dtype, what),
  };
}
