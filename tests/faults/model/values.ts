/** What jobs of the fuzz return and throw, and a text of any value by which two can be compared. */
import { empty, full, MapReduce, range } from "../../../mod.ts";
import { type ResultKind, SLOTS } from "./program.ts";

/** The seed of every pool of the fuzz. */
export const POOL_SEED = 7;
const MIXED: readonly ResultKind[] = [
  "number",
  "odd number",
  "string",
  "object",
  "typed array",
  "shared array",
  "undefined",
  "bigint",
  "error",
];
const BIG = 150_000;
let randoms: readonly number[] | undefined;

/** The class of an error that no other process knows. */
class OwnError extends Error {
  override readonly name = "OwnError";
}

/** What the job at `index` returns; `random` is its own stream. */
export function resultOf(kind: ResultKind, index: number, random: () => number): unknown {
  switch (kind) {
    case "number":
      return index * 1.5 - 3;
    case "odd number":
      return [-0, NaN, -Infinity, 5e-324, 2 ** 53][index % 5];
    case "string":
      return `s${index}\u00e9\u{1f600}`.repeat(index % 40);
    case "object":
      return {
        index,
        list: [index, null, [true]],
        at: new Date(index),
        map: new Map([[index, new Set([1])]]),
      };
    case "typed array":
      return new Float64Array(index % 7).fill(index);
    case "shared array":
      return full(1 + index % 3, index, "i4");
    case "big string":
      return index % 16 === 3 ? String(index).padEnd(8 * BIG, "x") : String(index);
    case "big array":
      return index % 16 === 3 ? new Float64Array(BIG).fill(index) : empty(0);
    case "undefined":
      return undefined;
    case "bigint":
      return (-1n) ** BigInt(index) * 2n ** BigInt(index);
    case "error":
      return new RangeError(`value ${index}`);
    case "random":
      return random();
    case "mixed":
      return resultOf(MIXED[index % MIXED.length]!, index, random);
  }
}

/** What the job at `index` returns, known without any worker: the streams of `random()` come from a serial pool. */
export function knownResultOf(kind: ResultKind, index: number): unknown {
  randoms ??= new MapReduce({ np: 0, seed: POOL_SEED }).mapSync((_, job) => job.random(), range(SLOTS));
  return resultOf(kind, index, () => randoms![index]!);
}

/** What the job at `index` throws. */
export function thrownBy(index: number, variant: number): unknown {
  const text = `deed of ${index}`;
  return [
    new RangeError(text),
    new OwnError(text),
    new Error(text, { cause: new TypeError("deeper") }),
    text,
    index,
    undefined,
    null,
    { code: index },
    new AggregateError([new Error("a"), text], text),
  ][variant % 9];
}

/** A text that two values share only if they are alike: class, contents, sign of zero. Long contents as a hash. */
export function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(shorten(value));
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `${value}n`;
    case "boolean":
      return String(value);
    case "object":
      return value === null ? "null" : showObject(value);
    default:
      return typeof value;
  }
}

function showObject(value: object): string {
  if (Array.isArray(value)) return `[${value.map(show).join()}]`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${shorten(String(value))})`;
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (value instanceof Map) return `Map(${[...value].map(show).join()})`;
  if (value instanceof Set) return `Set(${[...value].map(show).join()})`;
  if (value instanceof Error) {
    const cause = value.cause === undefined ? "" : ` because ${show(value.cause)}`;
    const errors = value instanceof AggregateError ? ` of ${show(value.errors)}` : "";
    return `${value.name}(${value.message})${cause}${errors}`;
  }
  return `{${Object.entries(value).map(([name, each]) => `${name}:${show(each)}`).join()}}`;
}

function shorten(text: string): string {
  if (text.length < 200) return text;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return `${text.slice(0, 40)}… ${text.length} long, hash ${hash >>> 0}`;
}
