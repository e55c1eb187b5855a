/**
 * Element types, by NumPy's names.
 *
 * @module
 */
import { UnsupportedError } from "../../ffi/errors.ts";
import { describe } from "../describe.ts";

/** The typed array of each element type. */
export interface ArrayByDType {
  /** 8-bit integer. */
  i1: Int8Array<ArrayBuffer>;
  /** 8-bit unsigned integer. */
  u1: Uint8Array<ArrayBuffer>;
  /** 16-bit integer. */
  i2: Int16Array<ArrayBuffer>;
  /** 16-bit unsigned integer. */
  u2: Uint16Array<ArrayBuffer>;
  /** 32-bit integer. */
  i4: Int32Array<ArrayBuffer>;
  /** 32-bit unsigned integer. */
  u4: Uint32Array<ArrayBuffer>;
  /** 64-bit integer, as bigint. */
  i8: BigInt64Array<ArrayBuffer>;
  /** 64-bit unsigned integer, as bigint. */
  u8: BigUint64Array<ArrayBuffer>;
  /** Half precision. */
  f2: Float16Array<ArrayBuffer>;
  /** Single precision. */
  f4: Float32Array<ArrayBuffer>;
  /** Double precision. */
  f8: Float64Array<ArrayBuffer>;
  /** A truth value in a byte, 0 or 1. */
  b1: Uint8Array<ArrayBuffer>;
}

/** An element type, by NumPy's character and its bytes. */
export type ShortDType = keyof ArrayByDType;

/** The short names by NumPy's long ones. */
export interface LongDTypes {
  /** 8-bit integer. */
  int8: "i1";
  /** 8-bit unsigned integer. */
  uint8: "u1";
  /** 16-bit integer. */
  int16: "i2";
  /** 16-bit unsigned integer. */
  uint16: "u2";
  /** 32-bit integer. */
  int32: "i4";
  /** 32-bit unsigned integer. */
  uint32: "u4";
  /** 64-bit integer. */
  int64: "i8";
  /** 64-bit unsigned integer. */
  uint64: "u8";
  /** Half precision. */
  float16: "f2";
  /** Single precision. */
  float32: "f4";
  /** Double precision. */
  float64: "f8";
  /** A truth value. */
  bool: "b1";
}

/** An element type: `"f8"`, `"float64"`, or with NumPy's mark of the native byte order, `"<f8"`, `"=f8"`, `"|u1"`. */
export type DType = ShortDType | keyof LongDTypes | `${"<" | "=" | "|"}${ShortDType}`;

/** The short name of any. */
export type ShortOf<D extends DType> = D extends ShortDType ? D
  : D extends keyof LongDTypes ? LongDTypes[D]
  : D extends `${"<" | "=" | "|"}${infer S extends ShortDType}` ? S
  : never;

/** The typed array whose elements are of an element type: `TypedArrayOf<"i4">` is `Int32Array`. */
export type TypedArrayOf<D extends DType> = ArrayByDType[ShortOf<D>];

/** A typed array over any kind of buffer. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float16Array
  | Float32Array
  | Float64Array;

/** What is in a typed array. */
export type ElementOf<T extends TypedArray> = T[number];

const longNames: LongDTypes = {
  int8: "i1",
  uint8: "u1",
  int16: "i2",
  uint16: "u2",
  int32: "i4",
  uint32: "u4",
  int64: "i8",
  uint64: "u8",
  float16: "f2",
  float32: "f4",
  float64: "f8",
  bool: "b1",
};

/** `undefined` where the engine has no such array. */
const constructors: { readonly [K in ShortDType]: ArrayConstructor | undefined } = {
  i1: Int8Array,
  u1: Uint8Array,
  i2: Int16Array,
  u2: Uint16Array,
  i4: Int32Array,
  u4: Uint32Array,
  i8: BigInt64Array,
  u8: BigUint64Array,
  f2: (globalThis as { Float16Array?: ArrayConstructor }).Float16Array,
  f4: Float32Array,
  f8: Float64Array,
  b1: Uint8Array,
};

/** A constructor of typed arrays. */
interface ArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): TypedArray;
}

const byTag: { readonly [tag: string]: ShortDType } = {
  Int8Array: "i1",
  Uint8Array: "u1",
  Uint8ClampedArray: "u1",
  Int16Array: "i2",
  Uint16Array: "u2",
  Int32Array: "i4",
  Uint32Array: "u4",
  BigInt64Array: "i8",
  BigUint64Array: "u8",
  Float16Array: "f2",
  Float32Array: "f4",
  Float64Array: "f8",
};

/**
 * The short name of an element type.
 *
 * @param what is named in errors, e.g. `empty()`
 * @throws {TypeError} when there is no such type here; the message lists those that there are
 * @throws {UnsupportedError} for `"f2"` in an engine without `Float16Array`
 */
export function parseDType<D extends DType>(dtype: D, what: string): ShortOf<D> {
  const name: unknown = dtype;
  if (typeof name !== "string") {
    throw new TypeError(`${what} wants a dtype as a string, got ${describe(name)}`);
  }
  const bare = name.replace(/^[<=|](?=..$)/, "");
  const short = Object.hasOwn(longNames, bare) ? longNames[bare as keyof LongDTypes] : bare;
  if (!Object.hasOwn(constructors, short)) throw new TypeError(`${what} ${unknownDType(name)}`);
  constructorOf(short as ShortDType);
  return short as ShortOf<D>;
}

/** The typed array class of an element type; throws {@linkcode UnsupportedError} when the engine has none. */
export function constructorOf(dtype: ShortDType): ArrayConstructor {
  const constructor = constructors[dtype];
  if (constructor === undefined) {
    throw new UnsupportedError(`dtype "${dtype}" is not available here`, "an engine that has Float16Array");
  }
  return constructor;
}

/** Bytes of an element. */
export function itemBytes(dtype: ShortDType): number {
  return constructorOf(dtype).BYTES_PER_ELEMENT;
}

/** The element type of a typed array; `"u1"` for every array of bytes. */
export function dtypeOf(array: TypedArray): ShortDType {
  return byTag[array[Symbol.toStringTag]]!;
}

/** Whether a value is a typed array. */
export function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function unknownDType(name: string): string {
  const known = `${Object.keys(constructors).join(" ")} (or ${Object.keys(longNames).join(" ")})`;
  const isForeign = name.startsWith(">") && Object.hasOwn(constructors, name.slice(1));
  const problem = isForeign ? "knows only the native byte order" : "does not know that dtype";
  return `${problem}: wanted one of ${known}, got ${JSON.stringify(name)}`;
}
