/**
 * Lines of bytes into rows of numbers, whatever they look like: the loop for all that `parsePlain` leaves.
 *
 * @module
 */
import { endOfField, fieldText, storeField } from "./field.ts";
import type { PlainParser } from "./plain_kernel.ts";
import {
  COMMENT,
  DELIMITER,
  FLOAT,
  isComment,
  LONG,
  NEWLINE,
  ORDINARY,
  type RowPlan,
  SPACE,
  UNSIGNED_LONG,
} from "./row_plan.ts";
import { scanInteger, scanLong } from "./scan_integer.ts";
import { scanDouble } from "./scan_number.ts";

/** Everything up to the end, or as many rows as wanted. */
export const DONE = 0;
/** The line at the position is no row. */
export const BAD_ROW = 1;
/** The line at the position has a carriage return that no line feed follows. */
export const LONE_RETURN = 2;

/** Text in memory: whole lines, each with its line feed, and `PADDING_BYTES` behind them. */
export interface Text {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same memory. */
  readonly words: DataView;
  /** What parses plain lines of it in the place of `parsePlain()`. */
  readonly parsePlain?: PlainParser | undefined;
}

/** Where a call got to. */
export interface Progress {
  /** The line that comes next, or is no good. */
  position: number;
  /** {@linkcode DONE}, {@linkcode BAD_ROW} or {@linkcode LONE_RETURN}. */
  outcome: number;
}

/**
 * Parses the lines from `from` to `to`, a beginning of a line, at most `limit` rows of them.
 *
 * @param target rows of `plan.width` numbers
 * @param halves the same memory as words, for integers of 64 bits
 * @param first where in `target` the first number goes
 * @returns how many rows there were
 */
export function parseRows(
  plan: RowPlan,
  { bytes, words }: Text,
  from: number,
  to: number,
  target: Float64Array,
  halves: Int32Array,
  first: number,
  limit: number,
  progress: Progress,
): number {
  const { classes, isDelimited, fields, isRagged, slots, kinds, least, most, width } = plan;
  let p = from;
  let rows = 0;
  let base = first;
  progress.outcome = DONE;
  while (p < to && rows < limit) {
    const line = p;
    let kind = classes[bytes[p]!]!;
    if (!isDelimited) { while (kind === SPACE) kind = classes[bytes[++p]!]!; }
    if (kind === COMMENT && isComment(plan, bytes, p)) {
      p = endOfLine(bytes, p);
      kind = NEWLINE;
    } else if (kind !== NEWLINE) {
      let column = 0;
      for (;;) {
        if (isDelimited) { while (classes[bytes[p]!] === SPACE) p++; }
        const slot = column < fields ? slots[column]! : -1;
        if (slot < 0) {
          if (column >= fields && !isRagged) break;
          p = endOfField(plan, bytes, p);
        } else {
          const at = base + slot;
          const type = kinds[column]!;
          let next = type === FLOAT
            ? scanDouble(bytes, words, p, target, at)
            : type === LONG || type === UNSIGNED_LONG
            ? scanLong(bytes, p, halves, at, type === UNSIGNED_LONG)
            : scanInteger(bytes, p, target, at, least[column]!, most[column]!);
          if (next < 0 || classes[bytes[next]!] === ORDINARY) {
            next = endOfField(plan, bytes, p);
            if (!storeField(plan, column, fieldText(bytes, p, next), target, halves, at)) break;
          }
          p = next;
        }
        column++;
        kind = classes[bytes[p]!]!;
        const wasSpace = kind === SPACE;
        while (kind === SPACE) kind = classes[bytes[++p]!]!;
        if (kind === DELIMITER) p++;
        else if (kind === NEWLINE) break;
        else if (kind === COMMENT && isComment(plan, bytes, p)) {
          p = endOfLine(bytes, p);
          kind = NEWLINE;
          break;
        } else if (isDelimited || !wasSpace) {
          // "1 2" is one field, and no number
          kind = ORDINARY;
          break;
        }
      }
      if (kind !== NEWLINE || (isRagged ? column < fields : column !== fields)) {
        progress.position = line;
        progress.outcome = BAD_ROW;
        return rows;
      }
      rows++;
      base += width;
    }
    if (bytes[p] === 13 && bytes[++p] !== 10) {
      progress.position = line;
      progress.outcome = LONE_RETURN;
      return rows;
    }
    p++;
  }
  progress.position = p;
  return rows;
}

/** Where the line ends that `p` is in. */
function endOfLine(bytes: Uint8Array, p: number): number {
  while (bytes[p] !== 10 && bytes[p] !== 13) p++;
  return p;
}
