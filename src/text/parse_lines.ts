/**
 * Lines of bytes into rows of numbers: plain ones by a loop for them, the others by one that knows everything.
 *
 * @module
 */
import { parsePlain } from "./parse_plain.ts";
import { DONE, parseRows, type Progress, type Text } from "./parse_rows.ts";
import { makeCommonPowers } from "./powers.ts";
import { DELIMITER, FLOAT, ORDINARY, type RowPlan } from "./row_plan.ts";

const TAB = 9;
const SPACE_BYTE = 32;
const MINUS = 45;
const NONE = -1;
/** Rows that are left to the loop for all, when not one of the last was plain. */
const MOST_OTHERS = 1024;

/** What `parsePlain` wants to know of rows that may be plain. */
export interface PlainRows {
  readonly separator: number;
  readonly other: number;
  readonly skipped: number;
}

/** How plain rows of that plan look; `undefined` where there are none: other types than doubles, not all columns. */
export function plainRowsOf(
  { classes, isDelimited, fields, isRagged, slots, kinds }: RowPlan,
): PlainRows | undefined {
  const isPlain = !isRagged && fields > 0 && kinds.every((kind) => kind === FLOAT) &&
    slots.every((slot, k) => slot === k);
  // where a comment begins with it, "-1" may be one
  if (!isPlain || classes[MINUS] !== ORDINARY) return undefined;
  makeCommonPowers();
  if (!isDelimited) return { separator: SPACE_BYTE, other: TAB, skipped: SPACE_BYTE };
  const separator = classes.indexOf(DELIMITER);
  return { separator, other: separator, skipped: separator === SPACE_BYTE ? NONE : SPACE_BYTE };
}

/** As `parseRows`, to the beginning of `target`. */
export function parseLines(
  plan: RowPlan,
  plain: PlainRows | undefined,
  text: Text,
  from: number,
  to: number,
  target: Float64Array,
  halves: Int32Array,
  limit: number,
  progress: Progress,
): number {
  if (plain === undefined) return parseRows(plan, text, from, to, target, halves, 0, limit, progress);
  const { separator, other, skipped } = plain;
  const { width } = plan;
  let rows = 0;
  progress.position = from;
  progress.outcome = DONE;
  for (let others = 1; progress.position < to && rows < limit;) {
    const { position } = progress;
    const at = rows * width;
    const count = limit - rows;
    rows += text.parsePlain === undefined
      ? parsePlain(text, position, to, target, at, count, width, separator, other, skipped, progress)
      : text.parsePlain(position, to, target, at, count, width, separator, other, skipped, progress);
    if (progress.position >= to || rows === limit) break;
    others = progress.position === position ? Math.min(2 * others, MOST_OTHERS) : 1;
    const wanted = Math.min(others, limit - rows);
    rows += parseRows(plan, text, progress.position, to, target, halves, rows * width, wanted, progress);
    if (progress.outcome !== DONE) break;
  }
  return rows;
}
