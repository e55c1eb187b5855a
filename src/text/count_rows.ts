/**
 * How many rows some lines of text have: a quick look for line feeds, four bytes at a time, and at what follows them.
 *
 * @module
 */
import type { Text } from "./parse_rows.ts";
import { COMMENT, isComment, NEWLINE, type Separators, SPACE } from "./row_plan.ts";

/** Counts the lines from `from` to `to`, a beginning of a line, that are not empty and not only a comment. */
export function countRows(separators: Separators, { bytes, words }: Text, from: number, to: number): number {
  if (from === to) return 0;
  let rows = rowsAt(separators, bytes, from);
  // the last line feed has no line behind it
  const last = to - 1;
  let p = from;
  for (; p + 4 <= last; p += 4) {
    const word = words.getInt32(p, true) ^ 0x0a0a0a0a;
    // whether a byte is 0: H. S. Warren, Hacker's Delight, 6-1
    if (((word - 0x01010101) & ~word & 0x80808080) === 0) continue;
    for (let k = p; k < p + 4; k++) if (bytes[k] === 10) rows += rowsAt(separators, bytes, k + 1);
  }
  for (; p < last; p++) if (bytes[p] === 10) rows += rowsAt(separators, bytes, p + 1);
  return rows;
}

/** 1 when the line that begins at `p` is a row, else 0. */
function rowsAt(separators: Separators, bytes: Uint8Array, p: number): number {
  const { classes, isDelimited } = separators;
  let kind = classes[bytes[p]!];
  if (!isDelimited) { while (kind === SPACE) kind = classes[bytes[++p]!]; }
  return kind === NEWLINE || (kind === COMMENT && isComment(separators, bytes, p)) ? 0 : 1;
}
