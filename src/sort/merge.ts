/**
 * Merging sorted runs of one array, stably, with several processes.
 *
 * ```
 * run 0  ──────────┊───────┊──────      pieces: cut where some element of some run belongs in each of the others;
 * run 1  ───┊──────────────┊──────              none has more than a share of any run, members claim them one by one
 *           piece 0  piece 1  …
 * heads of the runs ─ heap ─▶ places of up to 4096 elements ─ write ─▶ indices, or the elements themselves
 * ```
 *
 * @module
 */
import { type CrewMember, runCrew } from "../algorithms/crew.ts";
import { goesFirst, type KeySource, loadKeys } from "./run_keys.ts";

/** Runs of an array that are sorted each by itself. */
export interface Runs {
  /** Where each begins, and the end. */
  readonly starts: readonly number[];
  readonly keys: KeySource;
  /** Indices that sort each run, counted from its beginning; `undefined` when its elements are in order themselves. */
  readonly order: Uint32Array | undefined;
}

/** Writes the elements at the first `count` of `places` from place `at` of the result on. */
export type WritePlaces = (places: Float64Array, count: number, at: number) => void;

/** So many pieces for each member, so that a late one leaves work to the others. */
const PIECES_PER_MEMBER = 4;
/** Places that are written in one go: 32 KiB, which stay in the cache. */
const BLOCK = 4096;
/**
 * Elements of each run whose keys are looked up ahead: they lie anywhere, and where the next lookup does not depend on
 * what the last one found, the processor has many under way at once.
 */
const AHEAD = 256;

/**
 * Merges runs with `size` processes: O(n log k) for k runs. Elements that are equal keep the order of the runs.
 *
 * @param write is called in each process, for pieces of the result that do not overlap
 */
export function mergeRuns(runs: Runs, size: number, write: WritePlaces): void {
  const cuts = size > 1 ? piecesOf(runs, PIECES_PER_MEMBER * size) : [runs.starts.slice(0, -1)];
  const ends = [...cuts.slice(1), runs.starts.slice(1)];
  const work = (member: CrewMember): void => {
    const places = new Float64Array(BLOCK);
    for (let piece = member.claim(0); piece < cuts.length; piece = member.claim(0)) {
      mergePiece(runs, cuts[piece]!, ends[piece]!, places, write);
    }
  };
  if (!runCrew(size, work)) runCrew(1, work);
}

/** Whether the runs, whose elements are in order, are in order one after the other. */
export function areRising({ starts, keys }: Runs): boolean {
  const highs = new Int32Array(2);
  const lows = new Int32Array(2);
  return starts.slice(1, -1).every((start) => {
    loadKeys(keys, Float64Array.of(start - 1, start), 0, 2, highs, lows);
    return goesFirst(highs, lows, 0, 1);
  });
}

/** Where the pieces begin in each run. */
function piecesOf(runs: Runs, parts: number): (readonly number[])[] {
  const { starts } = runs;
  const first = starts.slice(0, -1);
  const cuts = first.flatMap((start, run) => {
    const length = starts[run + 1]! - start;
    return Array.from(
      { length: parts - 1 },
      (_, part) => cutBefore(runs, run, start + Math.floor((length * (part + 1)) / parts)),
    );
  });
  const sum = (cut: readonly number[]): number => cut.reduce((total, at) => total + at, 0);
  return [first, ...cuts.sort((a, b) => sum(a) - sum(b))];
}

/** Where, in each run, the elements end that go before that at `position` in `run`. */
function cutBefore({ starts, keys, order }: Runs, run: number, position: number): number[] {
  const highs = new Int32Array(starts.length);
  const lows = new Int32Array(starts.length);
  const elements = new Float64Array(starts.length);
  const load = (at: number, start: number, row: number): void => {
    elements[row] = order === undefined ? at : start + order[at]!;
    loadKeys(keys, elements, row, 1, highs, lows);
  };
  load(position, starts[run]!, run);
  return starts.slice(0, -1).map((start, other) => {
    if (other === run) return position;
    let from = start;
    let to = starts[other + 1]!;
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      load(middle, start, other);
      if (goesFirst(highs, lows, other, run)) from = middle + 1;
      else to = middle;
    }
    return from;
  });
}

/** What a piece has left of each run. Run `r` has its next elements in the slots from `r * AHEAD` on. */
interface Heads {
  /** The runs that have elements left as a heap, the one whose element is next above. */
  readonly heap: Int32Array;
  /** Keys of each run's next element. */
  readonly highs: Int32Array;
  readonly lows: Int32Array;
  /** The slot of each run's next element, and where its last slot ends. */
  readonly slots: Int32Array;
  readonly slotEnds: Int32Array;
  readonly slotHighs: Int32Array;
  readonly slotLows: Int32Array;
  /** Where the elements of the slots are. */
  readonly elements: Float64Array;
  /** Where each run goes on after its slots, and ends. */
  readonly positions: Float64Array;
  readonly ends: Float64Array;
}

function headsOf(from: readonly number[], to: readonly number[]): Heads {
  const count = from.length;
  return {
    heap: new Int32Array(count),
    highs: new Int32Array(count),
    lows: new Int32Array(count),
    slots: new Int32Array(count),
    slotEnds: new Int32Array(count),
    slotHighs: new Int32Array(AHEAD * count),
    slotLows: new Int32Array(AHEAD * count),
    elements: new Float64Array(AHEAD * count),
    positions: Float64Array.from(from),
    ends: Float64Array.from(to),
  };
}

function mergePiece(
  runs: Runs,
  from: readonly number[],
  to: readonly number[],
  places: Float64Array,
  write: WritePlaces,
): void {
  const heads = headsOf(from, to);
  const { heap, highs, lows, slotHighs, slotLows } = heads;
  let live = 0;
  let at = 0;
  let end = 0;
  for (let run = 0; run < from.length; run++) {
    at += from[run]! - runs.starts[run]!;
    end += to[run]! - runs.starts[run]!;
    if (!refill(runs, heads, run, true)) continue;
    highs[run] = slotHighs[AHEAD * run]!;
    lows[run] = slotLows[AHEAD * run]!;
    heap[live++] = run;
  }
  for (let row = live >> 1; row >= 0; row--) sink(heap, row, live, highs, lows);
  while (at < end) {
    const count = Math.min(BLOCK, end - at);
    live = mergeBlock(runs, heads, live, places, count);
    write(places, count, at);
    at += count;
  }
}

/** Takes the next `count` elements: where they are goes to `places`. Returns how many runs have more. */
function mergeBlock(runs: Runs, heads: Heads, before: number, places: Float64Array, count: number): number {
  const { heap, highs, lows, slots, slotEnds, slotHighs, slotLows, elements } = heads;
  let live = before;
  for (let i = 0; i < count; i++) {
    const run = heap[0]!;
    let slot = slots[run]!;
    places[i] = elements[slot]!;
    slot++;
    if (slot < slotEnds[run]!) slots[run] = slot;
    else if (refill(runs, heads, run, live > 1)) slot = AHEAD * run;
    else {
      heap[0] = heap[--live]!;
      sink(heap, 0, live, highs, lows);
      continue;
    }
    highs[run] = slotHighs[slot]!;
    lows[run] = slotLows[slot]!;
    sink(heap, 0, live, highs, lows);
  }
  return live;
}

/** Moves the run in `row` of a heap of `live` ones down to where it belongs. */
function sink(heap: Int32Array, row: number, live: number, highs: Int32Array, lows: Int32Array): void {
  const run = heap[row]!;
  let at = row;
  for (let below = 2 * at + 1; below < live; below = 2 * at + 1) {
    if (below + 1 < live && goesFirst(highs, lows, heap[below + 1]!, heap[below]!)) below++;
    if (!goesFirst(highs, lows, heap[below]!, run)) break;
    heap[at] = heap[below]!;
    at = below;
  }
  heap[at] = run;
}

/** Fills a run's slots; false when it has no elements left. The last run needs no keys. */
function refill({ starts, keys, order }: Runs, heads: Heads, run: number, hasOthers: boolean): boolean {
  const { slots, slotEnds, elements, positions, ends } = heads;
  const position = positions[run]!;
  const count = Math.min(AHEAD, ends[run]! - position);
  if (count === 0) return false;
  const slot = AHEAD * run;
  slots[run] = slot;
  slotEnds[run] = slot + count;
  positions[run] = position + count;
  if (order === undefined) enumerate(position, count, elements, slot);
  else offset(order, position, starts[run]!, count, elements, slot);
  if (hasOthers) loadKeys(keys, elements, slot, count, heads.slotHighs, heads.slotLows);
  return true;
}

function enumerate(from: number, count: number, elements: Float64Array, at: number): void {
  for (let i = 0; i < count; i++) elements[at + i] = from + i;
}

function offset(
  order: Uint32Array,
  from: number,
  start: number,
  count: number,
  elements: Float64Array,
  at: number,
): void {
  for (let i = 0; i < count; i++) elements[at + i] = start + order[from + i]!;
}
