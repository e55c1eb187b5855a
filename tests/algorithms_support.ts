/** What tests of algorithms share: data of every type, NumPy's answers on the same bytes, forced crews. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ndarray from "ndarray";
import { crewTuning } from "../src/algorithms/crew.ts";
import {
  constructorOf,
  dtypeOf,
  isTypedArray,
  type ShortDType,
  type TypedArray,
} from "../src/memory/dtype.ts";
import type { NdArray } from "../src/memory/nd_array.ts";
import { numpy } from "./numpy.ts";

/** A result of NumPy's. */
export interface Answer {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: readonly (number | bigint)[];
}

export const DTYPES: readonly ShortDType[] = [
  "i1",
  "u1",
  "i2",
  "u2",
  "i4",
  "u4",
  "i8",
  "u8",
  "f2",
  "f4",
  "f8",
];

const TMP = fileURLToPath(new URL("tmp", import.meta.url));

const SCRIPT = `
import json, base64
folder = sys.argv[1]
spec = json.load(open(folder + "/spec.json"))
names = {"np": np}
for name, dtype, shape in spec["arrays"]:
    names[name] = np.fromfile(folder + "/" + name, dtype).reshape(shape)
np.seterr(all="ignore")
import warnings
warnings.simplefilter("ignore")
for expression in spec["expressions"]:
    r = np.asarray(eval(expression, names))
    if r.dtype == np.bool_: r = r.astype("u1")
    r = np.ascontiguousarray(r) if r.ndim else r
    print(json.dumps([r.dtype.str[1:], list(r.shape), base64.b64encode(r.tobytes()).decode()]))
`;

/** What Python expressions give that use these arrays by their names. */
export function answers(
  arrays: Readonly<Record<string, TypedArray | NdArray>>,
  expressions: readonly string[],
): Answer[] {
  mkdirSync(TMP, { recursive: true });
  const folder = mkdtempSync(`${TMP}/numpy-`);
  try {
    const described = Object.entries(arrays).map(([name, array]) => {
      const data = isTypedArray(array) ? array : array.data;
      writeFileSync(`${folder}/${name}`, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      return [name, dtypeOf(data), isTypedArray(array) ? [array.length] : array.shape];
    });
    writeFileSync(`${folder}/spec.json`, JSON.stringify({ arrays: described, expressions }));
    const lines = numpy(SCRIPT, [folder]).trim().split("\n");
    assert.equal(lines.length, expressions.length);
    return lines.map((line) => {
      const [dtype, shape, text] = JSON.parse(line) as [ShortDType, number[], string];
      const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
      return { dtype, shape, values: [...new (constructorOf(dtype))(bytes.buffer)] };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The values of a result, in C order. */
export function valuesOf(result: unknown): (number | bigint)[] {
  if (isTypedArray(result)) return [...result];
  if (typeof result === "number" || typeof result === "bigint") return [result];
  const view = result as NdArray;
  const list: (number | bigint)[] = [];
  const walk = (index: number[]): void => {
    if (index.length === view.shape.length) list.push(view.get(...index));
    else for (let i = 0; i < view.shape[index.length]!; i++) walk([...index, i]);
  };
  walk([]);
  return list;
}

/** The shape of a result. */
export function shapeOf(result: unknown): number[] {
  if (isTypedArray(result)) return [result.length];
  return typeof result === "object" ? [...(result as NdArray).shape] : [];
}

/** Fails unless a result is NumPy's: its shape, and each value, to the bit; NumPy's integers may be numbers here. */
export function assertSame(result: unknown, { shape, values }: Answer, what: string): void {
  assert.deepEqual(shapeOf(result), shape, `${what}: shape`);
  const got = valuesOf(result);
  assert.equal(got.length, values.length, what);
  got.forEach((value, at) => {
    const wanted = values[at]!;
    if (typeof value === typeof wanted ? Object.is(value, wanted) : value === Number(wanted)) return;
    assert.fail(`${what}: element ${at} is ${value}, NumPy has ${wanted}`);
  });
}

/** As {@linkcode assertSame}, but only to a precision relative to the greatest value. */
export function assertClose(
  result: unknown,
  { shape, values }: Answer,
  precision: number,
  what: string,
): void {
  assert.deepEqual(shapeOf(result), shape, `${what}: shape`);
  const wanted = values.map(Number);
  const scale = Math.max(...wanted.map(Math.abs).filter(Number.isFinite), 0);
  valuesOf(result).forEach((value, at) => {
    const [x, y] = [Number(value), wanted[at]!];
    if (Object.is(x, y) || x === y || Math.abs(x - y) <= precision * scale) return;
    assert.fail(`${what}: element ${at} is ${x}, NumPy has ${y}`);
  });
}

/** Runs `body` with crews for whatever size, then as it was. */
export function withCrews<T>(body: () => T): T {
  crewTuning.minItemsPerMember = 1;
  try {
    return body();
  } finally {
    crewTuning.minItemsPerMember = undefined;
  }
}

/** The same numbers at each run: xorshift32. */
export function randomSource(seed = 1): () => number {
  let state = seed * 2654435761 >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Random elements over the whole range of a type; floats of moderate size. */
export function randomArray(dtype: ShortDType, length: number, seed = 1): TypedArray {
  const array = new (constructorOf(dtype))(length);
  const random = randomSource(seed);
  if (dtype === "f8" || dtype === "f4" || dtype === "f2") {
    for (let i = 0; i < length; i++) array[i] = (random() - 0.3) * 10 ** (3 * random());
  } else {
    const bytes = new Uint8Array(array.buffer);
    for (let i = 0; i < bytes.length; i++) bytes[i] = random() * 256;
  }
  return array;
}

/** A view of several dimensions over private memory. */
export function view<T extends TypedArray, const S extends readonly number[]>(
  data: T,
  shape: S,
): NdArray<T, S["length"]> {
  return (ndarray as unknown as (data: T, shape: number[]) => NdArray<T, S["length"]>)(data, [...shape]);
}
