/**
 * Tables to text.
 *
 * @module
 */
import { replaceFile, writeAll, writeAllAt } from "../../ffi/files.ts";
import { statusOf } from "../../ffi/status.ts";
import { checkNp, crewSize, runCrew } from "../algorithms/crew.ts";
import { describe } from "../describe.ts";
import { makeData } from "../memory/arrays.ts";
import { settleSizeSignal } from "../memory/mapping.ts";
import { releaseBuffer } from "../memory/segment.ts";
import { isTable, type Outgoing, outgoing, outgoingColumns } from "../npy/outgoing.ts";
import { pathOf } from "../npy/path.ts";
import type { SaveSource } from "../npy/save.ts";
import { checkOptions } from "../options.ts";
import { Placer } from "../text/placer.ts";
import { type NumberFormat, parseFormat } from "../text/printf.ts";
import { shortestOf } from "../text/shortest.ts";

/** How {@linkcode savetxt} writes; names and meanings as in `numpy.savetxt`. */
export interface SavetxtOptions {
  /**
   * How a number is written, or those of each column: `"shortest"`, the default, or C's `%[flags][width][.precision]`
   * with one of `d i u f F e E g G s`, e.g. `"%.18e"`, NumPy's default.
   */
  readonly fmt?: string | readonly string[] | undefined;
  /** What stands between two numbers of a row; a space by default. */
  readonly delimiter?: string | undefined;
  /** What ends a line; `"\n"` by default. */
  readonly newline?: string | undefined;
  /** Lines before the first row, behind `comments`. */
  readonly header?: string | undefined;
  /** Lines behind the last row, behind `comments`. */
  readonly footer?: string | undefined;
  /** What begins each line of header and footer; `"# "` by default. */
  readonly comments?: string | undefined;
  /** How many processes; by default as many as there are processors, and 1 for less than 2,000,000 numbers. */
  readonly np?: number | undefined;
}

/** For tests: several processes for few numbers, too, and few at a time. */
export const saveTuning: { minNumbers: number; chunkNumbers: number } = {
  /** A second process pays from twice as many on, measured; strings may have to be made in memory that both copy first. */
  minNumbers: 1_000_000,
  chunkNumbers: 2 ** 14,
};

const KNOWN = ["fmt", "delimiter", "newline", "header", "footer", "comments", "np"];
const ENCODER = new TextEncoder();
/** Encoded together: strings of lines are put together without copies up to then. */
const TEXT_LENGTH = 2 ** 15;

/** A column of what is written. */
interface Column {
  readonly data: ArrayLike<number | bigint>;
  /** Of the first row, and from row to row. */
  readonly offset: number;
  readonly step: number;
  readonly format: NumberFormat;
}

interface Layout {
  readonly rows: number;
  readonly columns: readonly Column[];
  readonly delimiter: string;
  readonly newline: string;
}

/**
 * Writes an array of one or two dimensions as text, a row a line; of one dimension, or a table of columns, each value of
 * a column in a line of its own.
 *
 * By default each number is the shortest text that reads back to the same bits, by `loadtxt()` or `numpy.loadtxt`;
 * `nan`, `inf` and `-0` too. Digits asked for by `fmt` are those of the exact value, ties to even, as in C.
 *
 * The file is replaced as `save()` does: whole or not at all; when anything fails, nothing is left behind. O(n), 0.13 µs
 * a number in one process. Blocks.
 *
 * Differs from `numpy.savetxt`: `fmt` is `"shortest"` instead of `"%.18e"`, and cannot be one text for a whole row; no
 * compressed files; text is UTF-8.
 *
 * Current implementation: forked processes claim some rows after others, make their text, and write it at its place as
 * soon as the lengths of all before it are known.
 *
 * @param path a path, or a `file:` URL
 * @param a a typed array, an n-d view of any strides, a nested array, or an object of columns of one length
 * @throws {TypeError} when an argument is of the wrong kind, or `a` was released
 * @throws {RangeError} when `a` has no dimension or more than two, columns differ in length, there are not as many
 *   formats as columns, or `%d` is to write `nan` or `inf`
 * @throws {SystemCallError} when it cannot be written: `ENOSPC`, `EACCES`, `ENOENT` for a folder that is not there, …
 *
 * @example There and back
 * ```ts
 * import { loadtxt, savetxt } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 * import { readFileSync, rmSync } from "node:fs";
 *
 * const x = Float64Array.of(0.1, 1 / 3, 1e-300);
 * savetxt("/tmp/sharedmem_savetxt.txt", x, { header: "x" });
 * assert.equal(readFileSync("/tmp/sharedmem_savetxt.txt", "utf8"), "# x\n0.1\n0.3333333333333333\n1e-300\n");
 * assert.deepEqual(loadtxt("/tmp/sharedmem_savetxt.txt"), x);
 * rmSync("/tmp/sharedmem_savetxt.txt");
 * ```
 */
export function savetxt(path: string | URL, a: SaveSource, options: SavetxtOptions = {}): void {
  const name = pathOf(path, "savetxt()");
  const what = `savetxt(${JSON.stringify(name)})`;
  const { fmt, delimiter, newline, header, footer, comments, np } = settingsOf(options);
  const { rows, columns } = columnsOf(a, fmt);
  const layout: Layout = { rows, columns, delimiter, newline };
  settleSizeSignal();
  const head = remark(header, comments, newline);
  const tail = remark(footer, comments, newline);
  replaceFile(name, what, (fd) => {
    if (statusOf(fd)?.isRegular) {
      writeAllAt(fd, head, 0, what);
      writeAllAt(fd, tail, writeTogether(fd, layout, head.length, np, what), what);
    } else {
      // a pipe has no places
      writeAll(fd, head, what);
      const text = new RowText(layout);
      const step = rowsAtOnce(layout);
      for (let row = 0; row < rows; row += step) writeAll(fd, text.of(row, Math.min(row + step, rows)), what);
      writeAll(fd, tail, what);
    }
  });
}

/** Writes the rows from a place on, and gives the place behind them. */
function writeTogether(
  fd: number,
  layout: Layout,
  start: number,
  np: number | undefined,
  what: string,
): number {
  const { rows, columns } = layout;
  const step = rowsAtOnce(layout);
  const chunks = Math.ceil(rows / step);
  const size = Math.min(
    crewSize(np, rows * columns.length, saveTuning.minNumbers, "savetxt()"),
    Math.max(1, chunks),
  );
  // of the text of each chunk, and one more
  const lengths = size > 1 ? makeData([chunks], "i4", what, "zeros") as Int32Array : new Int32Array(chunks);
  const run = (size: number): boolean =>
    runCrew(size, (member) => {
      let text = new RowText(layout);
      const placer = new Placer<Uint8Array<ArrayBuffer>>(lengths, (bytes, place) => {
        writeAllAt(fd, bytes, start + place, what);
        return true;
      });
      for (let k = member.claim(0); k < chunks; k = member.claim(0)) {
        const bytes = text.of(step * k, Math.min(rows, step * (k + 1)));
        placer.add(k, bytes.length, bytes);
        // those bytes are still needed
        if (placer.isWaiting) text = new RowText(layout);
      }
      // now all lengths are known
      member.barrier();
      placer.settle();
    });
  if (!run(size)) {
    lengths.fill(0);
    run(1);
  }
  const end = lengths.reduce((sum, length) => sum + length - 1, start);
  if (size > 1) releaseBuffer(lengths.buffer as ArrayBuffer);
  return end;
}

function rowsAtOnce({ columns }: Layout): number {
  return Math.max(1, Math.floor(saveTuning.chunkNumbers / Math.max(1, columns.length)));
}

/** The bytes of rows, in one buffer that is used again. */
class RowText {
  readonly #layout: Layout;
  #bytes = new Uint8Array(3 * TEXT_LENGTH);

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  of(from: number, to: number): Uint8Array<ArrayBuffer> {
    const { columns, delimiter, newline } = this.#layout;
    const last = columns.length - 1;
    let text = "";
    let length = 0;
    for (let row = from; row < to; row++) {
      for (let k = 0; k <= last; k++) {
        const { data, offset, step, format } = columns[k]!;
        text += format(data[offset + row * step]!) + (k < last ? delimiter : newline);
      }
      if (last < 0) text += newline;
      if (text.length < TEXT_LENGTH) continue;
      length = this.#append(text, length);
      text = "";
    }
    return this.#bytes.subarray(0, this.#append(text, length));
  }

  #append(text: string, length: number): number {
    // a UTF-16 unit takes three bytes at most
    const wanted = length + 3 * text.length;
    if (wanted > this.#bytes.length) {
      const larger = new Uint8Array(2 * wanted);
      larger.set(this.#bytes.subarray(0, length));
      this.#bytes = larger;
    }
    return length + ENCODER.encodeInto(text, this.#bytes.subarray(length)).written;
  }
}

function columnsOf(a: unknown, fmt: string | readonly string[]): Pick<Layout, "rows" | "columns"> {
  const what = "savetxt()";
  if (isTable(a)) {
    const columns = outgoingColumns(a, what);
    const strange = columns.find(({ inner }) => inner.length > 0);
    if (strange !== undefined) {
      throw new RangeError(
        `${what} column ${JSON.stringify(strange.name)} must have one dimension, got ${
          strange.inner.length + 1
        }`,
      );
    }
    const formats = formatsOf(fmt, columns.map(({ array }) => array));
    return {
      rows: columns[0]!.array.shape[0]!,
      columns: columns.map(({ array }, k) => column(array, 0, formats[k]!)),
    };
  }
  const array = outgoing(a, what);
  const { shape, stride } = array;
  if (shape.length === 0 || shape.length > 2) {
    throw new RangeError(`${what} wants an array of one or two dimensions, got ${shape.length}`);
  }
  const width = shape[1] ?? 1;
  const formats = formatsOf(fmt, new Array<Outgoing>(width).fill(array));
  return {
    rows: shape[0]!,
    columns: Array.from({ length: width }, (_, k) => column(array, k * (stride[1] ?? 0), formats[k]!)),
  };
}

function column({ data, offset, stride }: Outgoing, start: number, format: NumberFormat): Column {
  return { data, offset: offset + start, step: stride[0]!, format };
}

/** The format of each column; one function for all that are alike. */
function formatsOf(fmt: string | readonly string[], columns: readonly Outgoing[]): NumberFormat[] {
  const what = "savetxt()";
  if (typeof fmt !== "string" && fmt.length !== columns.length) {
    throw new RangeError(`${what} wants one fmt for each of ${columns.length} columns, got ${fmt.length}`);
  }
  const known = new Map<string, NumberFormat>();
  return columns.map(({ dtype }, k) => {
    const text: unknown = typeof fmt === "string" ? fmt : fmt[k];
    const key = `${dtype} ${String(text)}`;
    const format = known.get(key) ?? parseFormat(text, shortestOf(dtype), what);
    known.set(key, format);
    return format;
  });
}

function remark(text: string | undefined, comments: string, newline: string): Uint8Array<ArrayBuffer> {
  if (text === undefined || text === "") return new Uint8Array(0);
  return ENCODER.encode(comments + text.replaceAll("\n", `\n${comments}`) + newline);
}

interface Settings {
  readonly fmt: string | readonly string[];
  readonly delimiter: string;
  readonly newline: string;
  readonly comments: string;
  readonly header: string | undefined;
  readonly footer: string | undefined;
  readonly np: number | undefined;
}

function settingsOf(options: SavetxtOptions): Settings {
  const what = "savetxt()";
  checkOptions(options, KNOWN, what);
  const { fmt = "shortest", delimiter = " ", newline = "\n", comments = "# ", header, footer, np } = options;
  for (const [name, value] of Object.entries({ delimiter, newline, comments, header, footer })) {
    if (value !== undefined && typeof value !== "string") {
      throw new TypeError(`${what} wants a string as ${name}, got ${describe(value)}`);
    }
  }
  if (typeof fmt !== "string" && !Array.isArray(fmt)) {
    throw new TypeError(`${what} wants a string or an array of strings as fmt, got ${describe(fmt)}`);
  }
  checkNp(np, what);
  return { fmt, delimiter, newline, comments, header, footer, np };
}
