/**
 * What the rows of a text table look like: which byte does what, which column goes where.
 *
 * @module
 */
import type { ShortDType } from "../memory/dtype.ts";

/** What a byte is to the parser. */
export const ORDINARY = 0;
export const SPACE = 1;
export const NEWLINE = 2;
/** The first byte of a comment mark. */
export const COMMENT = 3;
export const DELIMITER = 4;

/** How the text of a column is read. */
export const FLOAT = 0;
/** Up to 32 bits: a double holds it. */
export const INTEGER = 1;
/** 64 bits, stored as two words. */
export const LONG = 2;
export const UNSIGNED_LONG = 3;
export const BOOLEAN = 4;

/** What separates fields and ends rows. */
export interface Separators {
  /** What each byte is. */
  readonly classes: Uint8Array;
  /** Whether one byte separates two fields; otherwise any white space does. */
  readonly isDelimited: boolean;
  /** Marks that begin a comment; `undefined` when each is a single byte. */
  readonly longMarks: readonly Uint8Array[] | undefined;
}

/** How rows are parsed; plain arrays, because the parser looks at them for every field. */
export interface RowPlan extends Separators {
  /** Fields that each row must have; at least that many when `isRagged`. */
  readonly fields: number;
  /** Whether rows may have more fields than are read. */
  readonly isRagged: boolean;
  /** Where in the parsed row each field goes, -1 for nowhere. */
  readonly slots: Int32Array;
  /** How each field is read: `FLOAT`, … */
  readonly kinds: Uint8Array;
  /** The element type of each field, for messages. */
  readonly dtypes: readonly ShortDType[];
  /** Lowest and highest value of each field of kind `INTEGER`. */
  readonly least: Float64Array;
  readonly most: Float64Array;
  /** Numbers in a parsed row. */
  readonly width: number;
}

/** How the text of an element type is read. */
export function kindOf(dtype: ShortDType): number {
  if (dtype === "i8") return LONG;
  if (dtype === "u8") return UNSIGNED_LONG;
  if (dtype === "b1") return BOOLEAN;
  return dtype.startsWith("f") ? FLOAT : INTEGER;
}

/** Lowest and highest value of an integer type of up to 32 bits; infinite for others. */
export function rangeOf(dtype: ShortDType): readonly [least: number, most: number] {
  if (kindOf(dtype) !== INTEGER) return [-Infinity, Infinity];
  const bits = 8 * Number(dtype[1]);
  return dtype.startsWith("u") ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

/** Whether Python's `str.split()` splits at a byte of ASCII, lines' ends left aside. */
export function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9 || byte === 11 || byte === 12 || (byte >= 28 && byte <= 31);
}

/** The separators for a delimiter of one byte (-1: white space) and the marks of comments. */
export function separatorsOf(delimiter: number, marks: readonly Uint8Array[]): Separators {
  const classes = new Uint8Array(256);
  for (let byte = 0; byte < 128; byte++) if (isBlank(byte)) classes[byte] = SPACE;
  classes[10] = classes[13] = NEWLINE;
  if (delimiter >= 0) classes[delimiter] = DELIMITER;
  for (const mark of marks) classes[mark[0]!] = COMMENT;
  return {
    classes,
    isDelimited: delimiter >= 0,
    longMarks: marks.some((mark) => mark.length > 1) ? marks : undefined,
  };
}

/** Whether a comment begins at a byte of class `COMMENT`. */
export function isComment({ longMarks }: Separators, bytes: Uint8Array, p: number): boolean {
  return longMarks === undefined || longMarks.some((mark) => mark.every((byte, k) => bytes[p + k] === byte));
}
