/**
 * A text parsed by several processes.
 *
 * ```
 *            piece 0        piece 1        piece 2   …        a line belongs to the piece it begins in
 * count      1043 rows      1040           1041               each piece by whoever claims it
 *            ▼ sums: where the rows of each piece go; memory for exactly that many
 * parse      rows 0–1042    1043–2082      2083–…             each piece by whoever claims it, to its final place
 * ```
 *
 * Counting costs a tenth of parsing. A piece with a line that is no row stops the claims; pieces before it are finished,
 * so the first such line of the text is known, whoever found it.
 *
 * @module
 */
import { crewSize, runCrew } from "../algorithms/crew.ts";
import { makeData } from "../memory/arrays.ts";
import { releaseBuffer } from "../memory/segment.ts";
import { countRows } from "./count_rows.ts";
import { DONE, type Progress } from "./parse_rows.ts";
import { PieceReader } from "./pieces.ts";
import type { RowPlan, Separators } from "./row_plan.ts";
import { type Output, RowSink } from "./row_sink.ts";
import type { TextSource } from "./text_source.ts";

/** For tests: several processes for short texts, too. */
export const parseTuning: { minParsedBytes: number; minCountedBytes: number } = {
  /** A second process pays from twice as many on: a fork costs what 4 MiB take to parse. */
  minParsedBytes: 2 ** 23,
  minCountedBytes: 2 ** 25,
};

/** The rows of each piece. */
export interface RowCounts {
  /** How many rows there are in all. */
  readonly rows: number;
  /** How many of them begin in each piece; pieces behind the last one wanted are left out. */
  readonly byPiece: readonly number[];
  /** Whether the last piece has more rows than are wanted. */
  readonly isCut: boolean;
}

/** A line that is no row. */
export interface BadLine {
  /** `BAD_ROW`, or that the line has a lone carriage return. */
  readonly outcome: number;
  /** Where it begins in the source. */
  readonly offset: number;
}

/** Some other program has written to the file between the two looks at it. */
const CHANGED = 100;

/**
 * Counts rows from `start` on, up to `maxRows`. O(bytes), in parallel from 64 MiB on unless there is a `maxRows`.
 */
export function countAll(
  source: TextSource,
  start: number,
  separators: Separators,
  maxRows: number,
  np: number | undefined,
  what: string,
): RowCounts {
  const pieces = new PieceReader(source, start, what).count;
  if (maxRows < Infinity) return countSome(source, start, separators, maxRows, what);
  const size = crewSize(np, source.byteLength - start, parseTuning.minCountedBytes, what);
  const counts = size > 1 ? makeData([pieces], "i4", what, "zeros") as Int32Array : new Int32Array(pieces);
  const run = (size: number): boolean =>
    runCrew(size, (member) => {
      const reader = new PieceReader(source, start, what);
      for (let k = member.claim(0); k < pieces; k = member.claim(0)) {
        reader.read(k);
        counts[k] = countRows(separators, reader.text, reader.from, reader.to);
      }
    });
  if (!run(size)) run(1);
  const byPiece = Array.from(counts);
  if (size > 1) releaseBuffer(counts.buffer);
  return { rows: byPiece.reduce((sum, count) => sum + count, 0), byPiece, isCut: false };
}

function countSome(
  source: TextSource,
  start: number,
  separators: Separators,
  maxRows: number,
  what: string,
): RowCounts {
  const reader = new PieceReader(source, start, what);
  const byPiece: number[] = [];
  let rows = 0;
  for (let k = 0; k < reader.count && rows < maxRows; k++) {
    reader.read(k);
    const count = countRows(separators, reader.text, reader.from, reader.to);
    byPiece.push(Math.min(count, maxRows - rows));
    rows += byPiece[k]!;
  }
  return { rows, byPiece, isCut: rows === maxRows };
}

/**
 * Parses the counted rows into the outputs.
 *
 * @returns the first line that is no row, if there is one; `"changed"` when there are not as many rows as counted
 */
export function parseAll(
  source: TextSource,
  start: number,
  plan: RowPlan,
  outputs: readonly Output[],
  { byPiece, isCut }: RowCounts,
  np: number | undefined,
  what: string,
): BadLine | "changed" | undefined {
  const pieces = byPiece.length;
  const size = crewSize(np, source.byteLength - start, parseTuning.minParsedBytes, what);
  // for each piece its outcome and where in the text; the last one says that some piece has failed
  const found = size > 1
    ? makeData([2 * pieces + 1], "f8", what, "zeros") as Float64Array
    : new Float64Array(2 * pieces + 1);
  const firstRows = new Float64Array(pieces + 1);
  byPiece.forEach((count, k) => firstRows[k + 1] = firstRows[k]! + count);
  const run = (size: number): boolean =>
    runCrew(size, (member) => {
      const reader = new PieceReader(source, start, what);
      const sink = new RowSink(plan, outputs);
      const progress: Progress = { position: 0, outcome: DONE };
      for (let k = member.claim(0); k < pieces && found[2 * pieces] === 0; k = member.claim(0)) {
        reader.read(k);
        const count = byPiece[k]!;
        const isLast = isCut && k === pieces - 1;
        const rows = sink.parse(reader.text, reader.from, reader.to, firstRows[k]!, count, isLast, progress);
        const outcome = progress.outcome === DONE && rows !== count ? CHANGED : progress.outcome;
        if (outcome === DONE) continue;
        found[2 * k] = outcome;
        found[2 * k + 1] = reader.offset + progress.position;
        found[2 * pieces] = 1;
      }
    });
  if (!run(size)) {
    found.fill(0);
    run(1);
  }
  const piece = found.subarray(0, 2 * pieces).findIndex((outcome, at) => at % 2 === 0 && outcome !== 0) / 2;
  const [outcome, offset] = piece < 0 ? [DONE, 0] : [found[2 * piece]!, found[2 * piece + 1]!];
  if (size > 1) releaseBuffer(found.buffer as ArrayBuffer);
  if (outcome === DONE) return undefined;
  return outcome === CHANGED ? "changed" : { outcome, offset };
}
