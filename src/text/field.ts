/**
 * A field of a text table as a string: what the scanners leave over, and what messages say.
 *
 * @module
 */
import {
  COMMENT,
  DELIMITER,
  FLOAT,
  isBlank,
  isComment,
  LONG,
  NEWLINE,
  type RowPlan,
  type Separators,
  SPACE,
  UNSIGNED_LONG,
} from "./row_plan.ts";

const DECODER = new TextDecoder();
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const NAMED = /^([+-]?)(?:(inf|infinity)|nan)$/i;
const INTEGER_TEXT = /^[+-]?\d+$/;
const MIN_LONG = -(2n ** 63n);
const MAX_LONG = 2n ** 63n - 1n;
const MAX_UNSIGNED_LONG = 2n ** 64n - 1n;

/** The number that a text stands for as a double, rounded to nearest; `undefined` when it is none. */
export function parseDouble(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text);
  const named = NAMED.exec(text);
  if (named === null) return undefined;
  if (named[2] === undefined) return NaN;
  return named[1] === "-" ? -Infinity : Infinity;
}

/** The integer of up to 64 bits that a text stands for; `undefined` when it is none, or beyond the type. */
export function parseLong(text: string, isUnsigned: boolean): bigint | undefined {
  if (!INTEGER_TEXT.test(text) || (isUnsigned && text.startsWith("-"))) return undefined;
  const value = BigInt(text.replace("+", ""));
  const isFit = isUnsigned ? value <= MAX_UNSIGNED_LONG : value >= MIN_LONG && value <= MAX_LONG;
  return isFit ? value : undefined;
}

/** Where the field that begins at `p` ends. */
export function endOfField(plan: Separators, bytes: Uint8Array, p: number): number {
  const { classes, isDelimited } = plan;
  for (;; p++) {
    const kind = classes[bytes[p]!]!;
    if (kind === NEWLINE || kind === DELIMITER) return p;
    if (kind === SPACE && !isDelimited) return p;
    if (kind === COMMENT && isComment(plan, bytes, p)) return p;
  }
}

/** The text of a field without the white space around it. */
export function fieldText(bytes: Uint8Array, from: number, to: number): string {
  while (from < to && isBlank(bytes[from]!)) from++;
  while (to > from && isBlank(bytes[to - 1]!)) to--;
  return DECODER.decode(bytes.slice(from, to));
}

/** The fields of the line that begins at `p`, as text; none for a line that is empty or only a comment. */
export function splitLine(separators: Separators, bytes: Uint8Array, p: number): string[] {
  const { classes, isDelimited } = separators;
  const isSpace = (): boolean => classes[bytes[p]!] === SPACE;
  const isEnd = (): boolean => {
    const kind = classes[bytes[p]!];
    return kind === NEWLINE || (kind === COMMENT && isComment(separators, bytes, p));
  };
  const fields: string[] = [];
  if (!isDelimited) { while (isSpace()) p++; }
  while (isDelimited || !isEnd()) {
    if (fields.length === 0 && isEnd()) break;
    const end = endOfField(separators, bytes, p);
    fields.push(fieldText(bytes, p, end));
    p = end;
    if (isEnd()) break;
    if (isDelimited) p++;
    else while (isSpace()) p++;
  }
  return fields;
}

/**
 * Reads a field by its text.
 *
 * @param halves the same memory as `target`, for integers of 64 bits
 * @returns whether it is a value of the column's type
 */
export function storeField(
  plan: RowPlan,
  column: number,
  text: string,
  target: Float64Array,
  halves: Int32Array,
  at: number,
): boolean {
  const kind = plan.kinds[column]!;
  if (kind === FLOAT) {
    const value = parseDouble(text);
    if (value !== undefined) target[at] = value;
    return value !== undefined;
  }
  const isUnsigned = kind === UNSIGNED_LONG || plan.least[column] === 0;
  const value = parseLong(text, isUnsigned);
  if (value === undefined) return false;
  if (kind === LONG || kind === UNSIGNED_LONG) {
    halves[2 * at] = Number(value & 0xffffffffn);
    halves[2 * at + 1] = Number(value >> 32n & 0xffffffffn);
    return true;
  }
  const number = Number(value);
  target[at] = number;
  return number >= plan.least[column]! && number <= plan.most[column]!;
}
