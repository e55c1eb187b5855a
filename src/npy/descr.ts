/**
 * Element types as a `.npy` header spells them: `'<f8'`, or a list of fields for a structured type.
 *
 * Source: numpy/lib/format.py, `dtype_to_descr` and `descr_to_dtype`.
 *
 * @module
 */
import { itemBytes, type ShortDType } from "../memory/dtype.ts";
import type { PythonSequence, PythonValue } from "./python_literal.ts";

/** Which byte of a number comes first. */
export type ByteOrder = "little" | "big";

/** One field of a structured type. */
export interface NpyColumn {
  readonly name: string;
  readonly dtype: ShortDType;
  readonly byteOrder: ByteOrder;
  /** Where it is in a row, in bytes. */
  readonly offset: number;
  /** Of the array that each row holds; `[]` for a single value. */
  readonly shape: readonly number[];
}

/** What a file's elements are. */
export interface ElementType {
  /** The element type; for a structured type its columns, in order. */
  readonly dtype: ShortDType | readonly NpyColumn[];
  /** Of a structured type: `"little"`, and each column has its own. */
  readonly byteOrder: ByteOrder;
  /** Bytes of an element: of a row, padding included, for a structured type. */
  readonly itemBytes: number;
}

const KNOWN = /^([<>=|]?)([iufb][1248])$/;
const PADDING = /^\|?V([0-9]{1,9})$/;
const DTYPES: ReadonlySet<string> = new Set<ShortDType>(
  ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "b1"],
);
const IS_LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const NATIVE: ByteOrder = IS_LITTLE ? "little" : "big";

const foreignKinds: Readonly<Record<string, string>> = {
  O: "Python objects, which are pickled code and never loaded",
  S: "strings of bytes",
  a: "strings of bytes",
  U: "strings",
  T: "strings",
  M: "dates",
  m: "time spans",
  c: "complex numbers",
  V: "bytes without a type",
  f: "floats of a size that JavaScript does not have",
};

/** A type that cannot be read; the message goes on from "holds". */
export class ForeignType extends Error {}

/**
 * The meaning of a `descr` value.
 *
 * @throws {ForeignType} for types that there are, but not here
 * @throws {SyntaxError} for what is no type
 */
export function elementType(descr: PythonValue): ElementType {
  if (typeof descr === "string") return plainType(descr);
  if (isSequence(descr, "list")) return structuredType(descr.items);
  if (isSequence(descr, "tuple")) throw new ForeignType("elements that are arrays themselves");
  throw new SyntaxError(`wanted a descr that is a string or a list of fields, got ${shown(descr)}`);
}

function plainType(descr: string): ElementType {
  const [, mark, name] = KNOWN.exec(descr) ?? [];
  if (name === undefined || !DTYPES.has(name)) {
    const kind = foreignKinds[descr.replace(/^[<>=|]/, "")[0] ?? ""];
    if (kind !== undefined) throw new ForeignType(`${kind} (dtype ${JSON.stringify(descr)})`);
    throw new SyntaxError(`wanted a dtype such as "<f8", got ${JSON.stringify(descr)}`);
  }
  const dtype = name as ShortDType;
  const byteOrder = mark === ">" ? "big" : mark === "<" ? "little" : NATIVE;
  const bytes = itemBytes(dtype);
  return { dtype, byteOrder: bytes === 1 ? NATIVE : byteOrder, itemBytes: bytes };
}

function structuredType(fields: readonly PythonValue[]): ElementType {
  const columns: NpyColumn[] = [];
  const names = new Set<string>();
  let offset = 0;
  for (const field of fields) {
    const { name, descr, shape } = fieldParts(field);
    const paddingBytes = name === "" && typeof descr === "string" ? PADDING.exec(descr)?.[1] : undefined;
    if (paddingBytes !== undefined) {
      offset += Number(paddingBytes) * count(shape);
      continue;
    }
    // as NumPy calls a field without a name
    const unique = name === "" ? `f${columns.length}` : name;
    const { dtype, byteOrder, itemBytes } = elementType(descr);
    if (typeof dtype !== "string") {
      throw new ForeignType(`structures within structures (field ${shown(name)})`);
    }
    if (names.has(unique)) {
      throw new SyntaxError(`wanted fields of different names, got ${shown(unique)} twice`);
    }
    names.add(unique);
    columns.push({ name: unique, dtype, byteOrder, offset, shape });
    offset += itemBytes * count(shape);
    if (!Number.isSafeInteger(offset)) throw new SyntaxError("wanted a row of less than 2^53 bytes");
  }
  return { dtype: columns, byteOrder: NATIVE, itemBytes: offset };
}

interface Field {
  readonly name: string;
  readonly descr: PythonValue;
  readonly shape: readonly number[];
}

/** `(name, descr)` or `(name, descr, shape)`; the name may be `(title, name)`. */
function fieldParts(field: PythonValue): Field {
  if (!isSequence(field, "tuple") || field.items.length < 2 || field.items.length > 3) {
    throw new SyntaxError(`wanted a field as (name, dtype) or (name, dtype, shape), got ${shown(field)}`);
  }
  const [title, descr, shape = EMPTY] = field.items as [PythonValue, PythonValue, PythonValue?];
  const name = isSequence(title, "tuple") && title.items.length === 2 ? title.items[1] : title;
  if (typeof name !== "string") throw new SyntaxError(`wanted a field name, got ${shown(title)}`);
  return { name, descr, shape: dimensions(typeof shape === "number" ? tupleOf(shape) : shape) };
}

const EMPTY: PythonSequence = { kind: "tuple", items: [] };

function tupleOf(item: PythonValue): PythonSequence {
  return { kind: "tuple", items: [item] };
}

/** More than NumPy's most, 64. */
const MAX_DIMENSIONS = 64;

/**
 * A `shape` value.
 *
 * @throws {SyntaxError} when it is no tuple of at most 64 integers from 0 to 2^53 - 1
 */
export function dimensions(shape: PythonValue): readonly number[] {
  if (!isSequence(shape, "tuple")) {
    throw new SyntaxError(`wanted a shape that is a tuple, got ${shown(shape)}`);
  }
  if (shape.items.length > MAX_DIMENSIONS) {
    throw new SyntaxError(`wanted at most ${MAX_DIMENSIONS} dimensions, got ${shape.items.length}`);
  }
  return shape.items.map((length) => {
    if (typeof length === "number" && length >= 0) return length + 0;
    throw new SyntaxError(`wanted a shape of integers from 0 to 2^53 - 1, got ${shown(length)} in it`);
  });
}

function count(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, length) => product * length, 1);
}

function isSequence(value: PythonValue | undefined, kind: PythonSequence["kind"]): value is PythonSequence {
  return typeof value === "object" && value !== null && value.kind === kind;
}

/** A value in a message. */
export function shown(value: PythonValue): string {
  if (typeof value === "object" && value !== null) return `a ${value.kind}`;
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  return String(value);
}
