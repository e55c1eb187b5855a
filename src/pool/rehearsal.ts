/**
 * Runs the worker's code once in the master before the first fork, over some jobs of its own.
 *
 * Code that the master has never run would be compiled in every child anew, and each page that a child's compiler
 * writes is first copied: 1–2 ms a child.
 *
 * @module
 */
import { prepareArrays } from "../transport/codec_arrays.ts";
import { Decoder } from "../transport/decoder.ts";
import { Encoder } from "../transport/encoder.ts";
import { ResultReader, type ResultSink } from "../transport/result_reader.ts";
import { ResultWriter } from "../transport/result_writer.ts";
import type { BufferSharing } from "../transport/sharing.ts";
import { CLOSED, ControlMemory, LIMIT, READ, slotAt, STALLED, WRITE } from "./control.ts";
import { Sections } from "./sections.ts";
import { runWorker, type WorkerTask } from "./worker_loop.ts";

/** Enough for both engines to compile the loop; takes a few milliseconds, once. */
const JOBS = 2000;
/** Enough for the last tier of both engines; 40 ms in Deno, 100 ms in Bun, which compiles it in half of that. */
const MANY_JOBS = 60000;
/** Programs whose workers have sent this many encoded results are worth the long rehearsal. */
const WORTH_RESULTS = 50_000;

let hasRehearsed = false;
let hasRehearsedLong = false;
let encodedResults = 0;
/** Engines throw code away when an object dies that they compiled it for. */
const kept: unknown[] = [];

const nothingShared: BufferSharing = {
  identify: () => undefined,
  adopt: () => undefined,
  resolve: () => undefined,
};

/**
 * Rehearses, the first time that it is called. Once more, longer, when workers have sent so many results that each
 * had reason to compile the encoder to the last tier: in a child that takes 50–100 ms, at every map.
 */
export function rehearseWorker(): void {
  if (!hasRehearsed) {
    hasRehearsed = true;
    prepareArrays();
    const sections = new Sections(0);
    // different functions, so that what is compiled is not made for one of them
    rehearse(JOBS, sections, (item) => sections.critical(() => item), (index) => index);
    rehearse(JOBS, sections, (item) => item, (index) => index & 1 ? sample(index) : -0.5);
    rehearse(JOBS, sections, (item) => (item as number[])[0], (index) => [index]);
  }
  if (!hasRehearsedLong && encodedResults >= WORTH_RESULTS) {
    hasRehearsedLong = true;
    rehearse(MANY_JOBS, new Sections(0), (item) => item, sample);
  }
}

/** Notes that `count` results came encoded. */
export function noteEncoded(count: number): void {
  encodedResults += count;
}

/** Small, middling and large integers, fractions: each is written in another way. */
const sizes = [1, 100, 100_000, 0.5];

function sample(index: number): unknown {
  const size = index * sizes[index & 3]!;
  return { index, name: `${size}`, pair: [size, index + 0.5] };
}

function rehearse(
  jobs: number,
  sections: Sections,
  work: WorkerTask["work"],
  itemAt: WorkerTask["itemAt"],
): void {
  const memory = ControlMemory.borrow(1);
  memory.words[LIMIT] = jobs;
  memory.words[CLOSED] = 1;
  const slot = slotAt(0);
  const place = {
    ...memory.rings[0]!,
    control: memory.words,
    write: slot + WRITE,
    read: slot + READ,
    stalled: slot + STALLED,
  };
  const spill = {
    send(): number {
      throw new Error("small results need no segment");
    },
  };
  const task: WorkerTask = {
    memory,
    rules: { schedule: "dynamic", chunkSize: undefined, np: 1 },
    sections,
    work,
    itemAt,
    star: false,
    shared: undefined,
    signal: undefined,
    isTimed: false,
    stopsAtError: true,
    isEager: false,
  };
  const sink: ResultSink = { values: undefined, put: () => {}, putError: () => {} };
  const reader = new ResultReader(place, new Decoder(nothingShared), () => {}, { rank: 0, pid: 0 });
  const writer = new ResultWriter(
    place,
    new Encoder(nothingShared),
    spill,
    () => reader.drain(sink, Infinity),
  );
  runWorker(task, 0, writer);
  reader.drain(sink, Infinity);
  kept.push(task, writer, reader, sink);
  sections.place = undefined;
  memory.giveBack([0]);
}
