/**
 * Lines of a text one by one: what is skipped, the first row, the line that an error is about.
 *
 * @module
 */
import { splitLine } from "./field.ts";
import { PieceReader } from "./pieces.ts";
import type { Separators } from "./row_plan.ts";
import type { TextSource } from "./text_source.ts";

/** A row and where it is. */
export interface FoundRow {
  /** Where its line begins in the source. */
  readonly offset: number;
  readonly fields: readonly string[];
}

/** What {@linkcode skipLines} and {@linkcode firstRow} throw when a line has a carriage return and no line feed. */
export const loneReturn: unique symbol = Symbol("a carriage return without a line feed");

const MARK = [0xef, 0xbb, 0xbf];

/** Where the text begins behind its byte order mark, which tells nothing in UTF-8. */
export function skipMark(source: TextSource): number {
  const head = new Uint8Array(3);
  return source.read(head, 0) === 3 && MARK.every((byte, k) => head[k] === byte) ? 3 : 0;
}

/** Where the line begins that `count` lines come before; the end when there are fewer. */
export function skipLines(source: TextSource, start: number, count: number, what: string): number {
  if (count === 0) return start;
  for (const { offset, line, end } of linesOf(source, start, what)) {
    if (count-- === 0) return offset;
    if (hasLoneReturn(line, end)) throw loneReturn;
  }
  return source.byteLength;
}

/** The first row from `start` on; `undefined` when there is none. */
export function firstRow(
  source: TextSource,
  start: number,
  separators: Separators,
  what: string,
): FoundRow | undefined {
  for (const { offset, line, end } of linesOf(source, start, what)) {
    if (hasLoneReturn(line, end)) throw loneReturn;
    const fields = splitLine(separators, line, 0);
    if (fields.length > 0) return { offset, fields };
  }
  return undefined;
}

/** The number of the line, from 1 on, that begins at an offset. O(offset). */
export function lineNumber(source: TextSource, offset: number): number {
  const chunk = new Uint8Array(2 ** 20);
  let lines = 1;
  for (let at = 0; at < offset; at += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, offset - at));
    const count = source.read(part, at);
    for (let feed = part.indexOf(10); feed >= 0 && feed < count; feed = part.indexOf(10, feed + 1)) lines++;
  }
  return lines;
}

/** The whole text with a line feed for every carriage return, as Python's universal newlines have it. */
export function withLineFeeds(source: TextSource): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(source.byteLength);
  const length = source.read(bytes, 0);
  let to = 0;
  for (let from = 0; from < length; from++) {
    if (bytes[from] === 13) {
      if (bytes[from + 1] === 10) from++;
      bytes[to++] = 10;
    } else bytes[to++] = bytes[from]!;
  }
  return bytes.subarray(0, to);
}

interface Line {
  readonly offset: number;
  /** The text from the line on. */
  readonly line: Uint8Array<ArrayBuffer>;
  /** Where its line feed is in `line`. */
  readonly end: number;
}

function* linesOf(source: TextSource, start: number, what: string): Generator<Line> {
  const reader = new PieceReader(source, start, what);
  for (let k = 0; k < reader.count; k++) {
    reader.read(k);
    const { offset, from, to } = reader;
    const { bytes } = reader.text;
    for (let at = from; at < to;) {
      const end = bytes.indexOf(10, at);
      yield { offset: offset + at, line: bytes.subarray(at), end: end - at };
      at = end + 1;
    }
  }
}

function hasLoneReturn(line: Uint8Array, end: number): boolean {
  const at = line.indexOf(13);
  return at >= 0 && at < end - 1;
}
