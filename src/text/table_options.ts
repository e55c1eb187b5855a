/**
 * The options of `loadtxt` and `savetxt`, checked.
 *
 * @module
 */
import { describe } from "../describe.ts";
import { isBlank, type Separators, separatorsOf } from "./row_plan.ts";

const ENCODER = new TextEncoder();
/** What a single byte would be taken for in the middle of a number. */
const NUMERIC = /^[0-9+\-.eE]/;

/**
 * What separates fields and begins comments.
 *
 * @param what is named in errors, e.g. `loadtxt()`
 * @throws {TypeError} when the delimiter is no single ASCII character, or one that numbers or comments use, or a comment
 *   mark is no string or empty, or begins like a number
 */
export function checkSeparators(delimiter: unknown, comments: unknown, what: string): Separators {
  const byte = delimiter === undefined || delimiter === null ? -1 : delimiterByte(delimiter, what);
  const marks = commentMarks(comments, what);
  if (marks.some((mark) => mark[0] === byte)) {
    throw new TypeError(
      `${what} wants comments that begin otherwise than the delimiter, got ${
        JSON.stringify(delimiter)
      } for both`,
    );
  }
  return separatorsOf(byte, marks);
}

/** Which fields are read; `undefined` for all. */
export function checkColumns(columns: unknown, what: string): readonly number[] | undefined {
  if (columns === undefined || columns === null) return undefined;
  const list: unknown = typeof columns === "number" ? [columns] : columns;
  if (!Array.isArray(list)) {
    throw new TypeError(`${what} wants a number or an array of numbers as columns, got ${describe(columns)}`);
  }
  return list.map((column: unknown, k) => {
    if (typeof column !== "number") {
      throw new TypeError(`${what} columns[${k}] must be a number, got ${describe(column)}`);
    }
    if (!Number.isSafeInteger(column)) {
      throw new RangeError(`${what} columns[${k}] must be an integer, got ${column}`);
    }
    return column;
  });
}

function delimiterByte(delimiter: unknown, what: string): number {
  if (typeof delimiter !== "string") {
    throw new TypeError(`${what} wants a string as delimiter, got ${describe(delimiter)}`);
  }
  const code = delimiter.charCodeAt(0);
  if (delimiter.length === 1 && code < 128 && code !== 10 && code !== 13 && !NUMERIC.test(delimiter)) {
    return code;
  }
  throw new TypeError(
    `${what} wants a delimiter that is one ASCII character and no line break or part of a number, ` +
      `got ${JSON.stringify(delimiter)}`,
  );
}

function commentMarks(comments: unknown, what: string): Uint8Array[] {
  if (comments === null) return [];
  const list: unknown = comments === undefined ? ["#"] : typeof comments === "string" ? [comments] : comments;
  if (!Array.isArray(list)) {
    throw new TypeError(
      `${what} wants a string, an array of strings or null as comments, got ${describe(comments)}`,
    );
  }
  return list.map((mark: unknown) => {
    if (typeof mark !== "string") {
      throw new TypeError(`${what} wants strings as comments, got ${describe(mark)}`);
    }
    // "--" is no number, but "-" may begin one
    const isNumeric = mark.length === 1 ? NUMERIC.test(mark) : /^[0-9.eE]/.test(mark);
    if (mark !== "" && !/[\n\r]/.test(mark) && !isNumeric && !isBlank(mark.charCodeAt(0))) {
      return ENCODER.encode(mark);
    }
    throw new TypeError(
      `${what} wants comments that begin unlike a number or white space and have no line break, ` +
        `got ${JSON.stringify(mark)}`,
    );
  });
}
