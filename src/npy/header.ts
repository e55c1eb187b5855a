/**
 * The header of a `.npy` file, versions 1.0 to 3.0: what it says is checked before anyone allocates by it.
 *
 * ```
 * "\x93NUMPY" major minor  length: u16 (1.0) or u32 (2.0, 3.0), little endian  dict as Python text  blanks  "\n"  data
 * ```
 *
 * Source: numpy/lib/format.py (NEP 1).
 *
 * @module
 */
import { FormatError } from "../errors.ts";
import { elementCount } from "../memory/shape.ts";
import { dimensions, type ElementType, elementType, ForeignType, shown } from "./descr.ts";
import { parsePython, type PythonDict, type PythonValue } from "./python_literal.ts";

export type { ByteOrder, NpyColumn } from "./descr.ts";

/** What a header says. */
export interface NpyHeader extends ElementType {
  /** The version of the format, 1, 2 or 3. */
  readonly version: number;
  /** Whether the first index runs fastest. */
  readonly fortran: boolean;
  /** Length of each dimension; `[]` for a single value. */
  readonly shape: readonly number[];
  /** Where the data begins in the file, in bytes. */
  readonly dataOffset: number;
  /** Bytes of the data: a safe integer. */
  readonly dataBytes: number;
}

/** A field of a structured type: its name, its type as NumPy spells it, the shape of a field that is an array. */
export type Field = readonly [name: string, descr: string, shape?: readonly number[]];

/** What a header is to say. */
export interface HeaderContents {
  /** The element type as NumPy spells it, e.g. `"<f8"`; for a structured type its fields, in order. */
  readonly descr: string | readonly Field[];
  /** Whether the first index runs fastest. */
  readonly fortran: boolean;
  /** Length of each dimension. */
  readonly shape: readonly number[];
}

/** So many bytes of a file are enough for {@linkcode headerBytes}. */
export const PREFIX_BYTES = 12;
/** Room for 100,000 columns. */
const MAX_HEADER_BYTES = 2 ** 22;
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const KEYS = ["descr", "fortran_order", "shape"];
/** NumPy leaves room for the first dimension to grow in place. */
const GROWTH_DIGITS = 21;
const DECODER = new TextDecoder("utf-8", { fatal: true });
const ENCODER = new TextEncoder();

/**
 * How long magic and header are together, from the first 12 bytes of a file.
 *
 * @param bytes the beginning of the file, or all of it when it is shorter
 * @param what is named in errors, e.g. `load("a.npy")`
 * @throws {FormatError} when it is no `.npy` file, of a version that is not known, or its header longer than 4 MiB
 */
export function headerBytes(bytes: Uint8Array, what: string): number {
  if (bytes.length === 0) throw new FormatError(`${what}: wanted a .npy file, got an empty one`);
  if (MAGIC.some((byte, at) => at < bytes.length && bytes[at] !== byte)) {
    throw new FormatError(`${what}: wanted a .npy file, which begins with "\\x93NUMPY", got ${hex(bytes)}`);
  }
  if (bytes.length < 10) throw truncated(what, "at least 10", bytes.length);
  const [major, minor] = [bytes[6]!, bytes[7]!];
  if (major < 1 || major > 3 || minor !== 0) {
    throw new FormatError(`${what}: wanted a .npy file of version 1.0, 2.0 or 3.0, got ${major}.${minor}`);
  }
  if (major > 1 && bytes.length < 12) throw truncated(what, "at least 12", bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER_BYTES) {
    throw new FormatError(
      `${what}: wanted a header of at most ${MAX_HEADER_BYTES} bytes, got one of ${length}`,
    );
  }
  return (major === 1 ? 10 : 12) + length;
}

/**
 * Reads a header. O(its length); nothing in it is evaluated, and no memory is taken by what it claims.
 *
 * @param bytes the beginning of the file, with the whole header
 * @param what is named in errors, e.g. `load("a.npy")`
 * @throws {FormatError} when it is no header, is cut off, or describes data that this package does not read
 */
export function parseHeader(bytes: Uint8Array, what: string): NpyHeader {
  const dataOffset = headerBytes(bytes, what);
  if (bytes.length < dataOffset) throw truncated(what, String(dataOffset), bytes.length);
  const version = bytes[6]!;
  try {
    const text = headerText(bytes.subarray(version === 1 ? 10 : 12, dataOffset), version);
    return meaning(dictOf(parsePython(text)), version, dataOffset);
  } catch (error) {
    if (error instanceof ForeignType) throw new FormatError(`${what}: holds ${error.message}: not supported`);
    if (!(error instanceof SyntaxError)) throw error;
    throw new FormatError(`${what}: the header is damaged: ${error.message}`);
  }
}

/**
 * Writes a header, byte for byte as `numpy.save` does: version 1.0 where that serves, blanks until the data begins at
 * a multiple of `alignTo` bytes.
 *
 * @param alignTo 64 as NumPy, or 4096 for data that begins on a page
 */
export function makeHeader({ descr, fortran, shape }: HeaderContents, alignTo = 64): Uint8Array<ArrayBuffer> {
  const fields = typeof descr === "string" ? quoted(descr) : `[${descr.map(fieldText).join(", ")}]`;
  const lengths = tupleText(shape);
  const order = fortran ? "True" : "False";
  const dict = `{'descr': ${fields}, 'fortran_order': ${order}, 'shape': ${lengths}, }`;
  const growing = shape[fortran ? shape.length - 1 : 0];
  const room = growing === undefined ? 0 : GROWTH_DIGITS - String(growing).length;
  return framed(dict + " ".repeat(Math.max(room, 0)), alignTo);
}

function fieldText([name, type, shape]: Field): string {
  return `(${quoted(name)}, ${quoted(type)}${shape === undefined ? "" : `, ${tupleText(shape)}`})`;
}

function tupleText(shape: readonly number[]): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}

function framed(text: string, alignTo: number): Uint8Array<ArrayBuffer> {
  const plain = latin1(text);
  const body = plain ?? ENCODER.encode(text);
  // NumPy adds a whole 64 bytes to what is a multiple already
  const paddedTo = (prefix: number): number =>
    (Math.floor((prefix + body.length + 1) / alignTo) + 1) * alignTo;
  let version = 1;
  let prefix = 10;
  if (plain === undefined) [version, prefix] = [3, 12];
  else if (paddedTo(10) - 10 >= 2 ** 16) [version, prefix] = [2, 12];
  const bytes = new Uint8Array(paddedTo(prefix)).fill(0x20);
  bytes.set([...MAGIC, version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, bytes.length - prefix, true);
  else view.setUint32(8, bytes.length - prefix, true);
  bytes.set(body, prefix);
  bytes[bytes.length - 1] = 0x0a;
  return bytes;
}

function latin1(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) return undefined;
    bytes[i] = code;
  }
  return bytes;
}

function headerText(bytes: Uint8Array, version: number): string {
  if (version === 3) {
    try {
      return DECODER.decode(new Uint8Array(bytes));
    } catch {
      throw new SyntaxError("wanted UTF-8, as version 3.0 says");
    }
  }
  // a page of padding would take longer than all the rest
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0x0a)) end--;
  let text = "";
  for (let at = 0; at < end; at += 4096) {
    text += String.fromCharCode(...bytes.subarray(at, Math.min(at + 4096, end)));
  }
  return text;
}

function dictOf(value: PythonValue): PythonDict {
  if (typeof value === "object" && value?.kind === "dict") return value;
  throw new SyntaxError(`wanted a dict, got ${shown(value)}`);
}

function meaning({ entries }: PythonDict, version: number, dataOffset: number): NpyHeader {
  const found = [...entries.keys()].sort();
  if (found.join() !== KEYS.join()) {
    throw new SyntaxError(`wanted the keys ${KEYS.join(", ")}, got ${shown(found.join(", "))}`);
  }
  const fortran = entries.get("fortran_order")!;
  if (typeof fortran !== "boolean") {
    throw new SyntaxError(`wanted a fortran_order that is True or False, got ${shown(fortran)}`);
  }
  const shape = dimensions(entries.get("shape")!);
  const type = elementType(entries.get("descr")!);
  const elements = elementCount(shape);
  const dataBytes = elements * type.itemBytes;
  if (!Number.isSafeInteger(elements) || dataOffset + dataBytes > Number.MAX_SAFE_INTEGER) {
    throw new SyntaxError(`wanted less than 2^53 bytes of data, got the shape (${shape.join(", ")})`);
  }
  return { ...type, version, fortran, shape, dataOffset, dataBytes };
}

/** As Python's `repr` of a string: with `'` unless that is in it and `"` is not. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll(/[\\'"\p{C}\p{Z}]/gu, (character) => {
    if (character === " ") return character;
    if (character === "\\" || character === quote) return `\\${character}`;
    if (character === "'" || character === '"') return character;
    return escapes[character] ?? numbered(character.codePointAt(0)!);
  });
  return quote + escaped + quote;
}

const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function numbered(code: number): string {
  const [letter, digits] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
  return `\\${letter}${code.toString(16).padStart(digits as number, "0")}`;
}

function truncated(what: string, wanted: string, length: number): FormatError {
  return new FormatError(`${what}: the header is cut off: wanted ${wanted} bytes, the file has ${length}`);
}

function hex(bytes: Uint8Array): string {
  return [...bytes.subarray(0, MAGIC.length)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
