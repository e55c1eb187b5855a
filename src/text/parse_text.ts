/**
 * A text parsed by several processes.
 *
 * ```
 *            piece 0        piece 1        piece 2   …        a line belongs to the piece it begins in
 * parse      1043 rows      1040           1041               each piece by whoever claims it, into memory of its own
 *            ▼ sums: where the rows of each piece go, known when all pieces before it are parsed
 * place      rows 0–1042    1043–2082      2083–…             by whoever has parsed it, who meanwhile parses others
 * ```
 *
 * Pieces are claimed in their order and take about as long, so that the place is nearly always known at once. How much
 * memory the rows will take is guessed; where that is not enough, and where it must be known before, rows are counted
 * first.
 *
 * A piece with a line that is no row stops the claims; pieces before it are finished, so the first such line of the text
 * is known, whoever found it.
 *
 * @module
 */
import { crewSize, runCrew } from "../algorithms/crew.ts";
import { makeData } from "../memory/arrays.ts";
import { releaseBuffer } from "../memory/segment.ts";
import { countRows } from "./count_rows.ts";
import { Failures } from "./failures.ts";
import { plainRowsOf } from "./parse_lines.ts";
import { DONE, type Progress } from "./parse_rows.ts";
import { PieceReader } from "./pieces.ts";
import { Placer } from "./placer.ts";
import { textRoom } from "./plain_kernel.ts";
import type { RowPlan, Separators } from "./row_plan.ts";
import { type Output, RowBuffer, RowSink } from "./row_sink.ts";
import type { TextSource } from "./text_source.ts";

/** For tests: several processes for short texts, too. */
export const parseTuning: { minParsedBytes: number; minCountedBytes: number; minKernelBytes: number } = {
  /** A second process pays from twice as many on: a fork costs what 4 MiB take to parse. */
  minParsedBytes: 2 ** 23,
  minCountedBytes: 2 ** 25,
  /** Below, WebAssembly would take longer to be ready than to parse. */
  minKernelBytes: 2 ** 19,
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
/** There are more rows than there is room for. */
const FULL = 101;

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
 * Parses rows into the outputs, which have room for `capacity` of them.
 *
 * @param known the rows of each piece, where they were counted
 * @returns how many rows there are; or the first line that is none; `"changed"` when there are not as many rows as
 *   counted, `"full"` when there are more than there is room for
 */
export function parseAll(
  source: TextSource,
  start: number,
  plan: RowPlan,
  outputs: readonly Output[],
  capacity: number,
  known: RowCounts | undefined,
  np: number | undefined,
  what: string,
): number | BadLine | "changed" | "full" {
  const pieces = known?.byPiece.length ?? new PieceReader(source, start, what).count;
  const size = crewSize(np, source.byteLength - start, parseTuning.minParsedBytes, what);
  const isPlain = source.byteLength - start >= parseTuning.minKernelBytes && plainRowsOf(plan) !== undefined;
  const room = isPlain ? textRoom(size > 1) : undefined;
  const failures = new Failures(pieces, size > 1, what);
  // of each piece, and one more: 0 is not known
  const counts = size > 1 ? makeData([pieces], "i4", what, "zeros") as Int32Array : new Int32Array(pieces);
  known?.byPiece.forEach((count, k) => counts[k] = count + 1);
  const run = (size: number): boolean =>
    runCrew(size, (member) => {
      const reader = new PieceReader(source, start, what, room);
      const sink = new RowSink(plan, outputs);
      const free: RowBuffer[] = [];
      const placer = new Placer<RowBuffer>(counts, (buffer, row, count) => {
        if (row + count > capacity) return false;
        sink.place(buffer, row, count);
        free.push(buffer);
        return true;
      });
      const progress: Progress = { position: 0, outcome: DONE };
      for (let k = member.claim(0); k < pieces && !failures.isAny; k = member.claim(0)) {
        reader.read(k);
        const count = known?.byPiece[k];
        const isLast = known?.isCut && k === pieces - 1;
        const limit = count === undefined ? reader.to : count + (isLast ? 0 : 1);
        const into = free.pop() ?? new RowBuffer();
        const rows = sink.parse(reader.text, reader.from, reader.to, limit, { into, progress });
        let { outcome } = progress;
        if (outcome === DONE && count !== undefined && rows !== count) outcome = CHANGED;
        if (outcome === DONE && !placer.add(k, rows, into)) outcome = FULL;
        if (outcome !== DONE) failures.note(k, outcome, reader.offset + progress.position);
      }
      // now everything is known
      member.barrier();
      if (!failures.isAny && !placer.settle()) failures.note(pieces - 1, FULL, 0);
    });
  if (!run(size)) {
    failures.clear();
    if (known === undefined) counts.fill(0);
    run(1);
  }
  const failure = failures.first();
  failures.release();
  const rows = counts.reduce((sum, count) => sum + count - 1, 0);
  if (size > 1) releaseBuffer(counts.buffer);
  if (failure === undefined) return rows;
  return failure.outcome === CHANGED ? "changed" : failure.outcome === FULL ? "full" : failure;
}
