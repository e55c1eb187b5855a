/**
 * Views of the npm package `ndarray`: data, shape, strides and offset, made anew on the other side.
 *
 * @module
 */
import ndarray from "ndarray";
import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { Refusal } from "./codec_refusal.ts";
import * as tag from "./tags.ts";

/** `ndarray` compiles a class for each number of dimensions. */
const MAX_DIMENSIONS = 64;

type TypedArray = Float64Array;

interface NdView {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
}

/** Whether an object with this prototype is an n-d view; told by its form, as there may be several copies of the package. */
export function isNdView(value: object, prototype: object): value is NdView {
  if (!Object.hasOwn(value, "data") || !("pick" in prototype)) return false;
  const { data, shape, stride, offset } = value as Partial<NdView>;
  const { get, set, pick } = prototype as Record<string, unknown>;
  return ArrayBuffer.isView(data) && !(data instanceof DataView) && Array.isArray(shape) &&
    Array.isArray(stride) &&
    typeof offset === "number" && typeof get === "function" && typeof set === "function" &&
    typeof pick === "function";
}

/** Writes an n-d view that the encoder has registered. */
export function writeNdView(encoder: Encoder, value: NdView, pos: number): number {
  const { shape, stride } = value;
  if (shape.length > MAX_DIMENSIONS) {
    throw new Refusal(`has ${shape.length} dimensions, at most ${MAX_DIMENSIONS} can be carried`);
  }
  const { data, offset } = shownPart(encoder, value);
  let at = encoder.tagged(tag.NDARRAY, shape.length, pos);
  for (let i = 0; i < shape.length; i++) at = encoder.number(stride[i]!, encoder.number(shape[i]!, at));
  return encoder.write(data, encoder.number(offset, at));
}

/** Reads what follows `NDARRAY`. */
export function readNdView(decoder: Decoder): object {
  const slot = decoder.reserve();
  const dimensions = decoder.uint();
  if (dimensions > MAX_DIMENSIONS) decoder.fail(`${dimensions} dimensions`);
  const shape: number[] = [];
  const stride: number[] = [];
  for (let i = 0; i < dimensions; i++) {
    shape.push(readNumber(decoder));
    stride.push(readNumber(decoder));
  }
  const offset = readNumber(decoder);
  const data = decoder.read();
  if (!ArrayBuffer.isView(data) || data instanceof DataView) decoder.fail("an n-d view without data");
  return decoder.fill(slot, ndarray(data as TypedArray, shape, stride, offset));
}

function readNumber(decoder: Decoder): number {
  const value = decoder.read();
  if (!Number.isSafeInteger(value)) decoder.fail("an n-d view of a broken shape");
  return value as number;
}

/** A corner of a big private array must not carry all of it; shared data goes by reference anyway. */
function shownPart(encoder: Encoder, view: NdView): { data: TypedArray; offset: number } {
  const { data, shape, stride, offset } = view;
  let first = offset;
  let last = offset;
  for (let i = 0; i < shape.length; i++) {
    const reach = (shape[i]! - 1) * stride[i]!;
    if (reach < 0) first += reach;
    else last += reach;
  }
  if (data.length === 0 && !shape.includes(0)) throw new Refusal("is a view of memory that was released");
  const isAll = shape.includes(0) || first <= 0 && last >= data.length - 1;
  if (isAll || encoder.isKnown(data.buffer) || encoder.sharing.identify(data.buffer) !== undefined) {
    return { data, offset };
  }
  return { data: data.subarray(first, last + 1), offset: offset - first };
}
