/**
 * `parsePlain` in WebAssembly, with the memory that it works in: text is read there, and the numbers copied from there.
 *
 * ```
 * 0 state │ 256 powers of ten │ 1 KiB powers of five │ 16 KiB text, 320 KiB │ numbers, to 2 MiB
 * ```
 *
 * One room a process. Forked children inherit it, and what they write into it is theirs alone.
 *
 * @module
 */
import { isForkedChild } from "../process/identity.ts";
import { instantiateKernels, REHEARSAL_CALLS } from "../web_assembly.ts";
import { KERNEL_CODE } from "./kernel_code.ts";
import type { Progress } from "./parse_rows.ts";
import { exactPowers } from "./powers.ts";

/** See `kernels/text.ts`. */
type Kernel = (
  from: number,
  to: number,
  target: number,
  limit: number,
  columns: number,
  separator: number,
  other: number,
  skipped: number,
) => number;

/** Parses plain lines of the text in a room; as `parsePlain()`, places being those in `bytes`. */
export type PlainParser = (
  from: number,
  to: number,
  target: Float64Array,
  first: number,
  limit: number,
  columns: number,
  separator: number,
  other: number,
  skipped: number,
  progress: Progress,
) => number;

/** Memory for text that WebAssembly can parse. */
export interface TextRoom {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly parse: PlainParser;
}

/** In the state: no power was missing. */
const NONE = 2 ** 31 - 1;
const EXACT_POWERS = 256;
const POWERS = 1024;
const LEAST_POWER = -300;
const TEXT = 2 ** 14;
const NUMBERS = TEXT + 2 ** 18 + 2 ** 16;
/** Powers that numbers of up to 22 digits behind the point want. */
const COMMON_POWER = 22;
/** A call of one number is short for Deno, which looks at how much code was run. */
const CALLS = 4 * REHEARSAL_CALLS;

let room: TextRoom | undefined;
let isMade = false;
let isRehearsed = false;

/** The room of this process; `undefined` where WebAssembly cannot run. `willFork`: children will parse, too. */
export function textRoom(willFork: boolean): TextRoom | undefined {
  if (isForkedChild() && !isRehearsed) return undefined;
  if (!isMade) room = makeRoom();
  isMade = true;
  if (willFork && room !== undefined && !isRehearsed) rehearse(room);
  return room;
}

function makeRoom(): TextRoom | undefined {
  const exports = instantiateKernels(KERNEL_CODE);
  if (exports === undefined) return undefined;
  const buffer = (exports["memory"] as WebAssembly.Memory).buffer as ArrayBuffer;
  const kernel = exports["parsePlain"] as Kernel;
  const state = new Int32Array(buffer, 0, 2);
  const numbers = new Float64Array(buffer, NUMBERS);
  new Float64Array(buffer, EXACT_POWERS, exactPowers.length).set(exactPowers);
  for (let q = -COMMON_POWER; q <= COMMON_POWER; q++) storePower(buffer, q);
  const parse: PlainParser = (
    from,
    to,
    target,
    first,
    limit,
    columns,
    separator,
    other,
    skipped,
    progress,
  ) => {
    const most = Math.floor(numbers.length / columns);
    progress.position = from;
    // a row for which there is no room is longer than the text that there is room for, so no line here is one
    if (most === 0) return 0;
    let rows = 0;
    for (;;) {
      const wanted = Math.min(limit - rows, most);
      const start = TEXT + progress.position;
      const count = kernel(start, TEXT + to, NUMBERS, wanted, columns, separator, other, skipped);
      target.set(numbers.subarray(0, count * columns), first + rows * columns);
      rows += count;
      progress.position = state[0]! - TEXT;
      if (state[1] !== NONE) storePower(buffer, state[1]!);
      else if (count < wanted || rows === limit || progress.position >= to) return rows;
    }
  };
  return { bytes: new Uint8Array(buffer, TEXT, NUMBERS - TEXT), parse };
}

function rehearse({ bytes, parse }: TextRoom): void {
  const text = new TextEncoder().encode("0.12345678901234567,\n");
  bytes.set(text);
  const target = new Float64Array(1);
  const progress = { position: 0, outcome: 0 };
  const comma = 44;
  for (let call = 0; call < CALLS; call++) {
    // the second number is none, so that nothing is copied
    parse(0, text.length, target, 0, 1, 2, comma, comma, -1, progress);
  }
  isRehearsed = true;
}

/** 128 bits of 5^q, the first of which is set: rounded down, but up for 5^-27 to 5^-1, as the algorithm wants them. */
function storePower(buffer: ArrayBuffer, q: number): void {
  const power = 5n ** BigInt(Math.abs(q));
  const bits = BigInt(power.toString(2).length);
  const scaled = q >= 0 ? (power << 128n) >> bits : (1n << (bits + 127n)) / power + (q >= -27 ? 1n : 0n);
  const words = new BigUint64Array(buffer, POWERS + 16 * (q - LEAST_POWER), 2);
  words[0] = scaled >> 64n;
  words[1] = BigInt.asUintN(64, scaled);
}
