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

let isDone = false;

const nothingShared: BufferSharing = {
  identify: () => undefined,
  adopt: () => undefined,
  resolve: () => undefined,
};

/** Rehearses, the first time that it is called. */
export function rehearseWorker(): void {
  if (isDone) return;
  isDone = true;
  prepareArrays();
  const sections = new Sections(0);
  // different functions, so that what is compiled is not made for one of them
  rehearse(sections, (item) => sections.critical(() => item), (index) => index);
  rehearse(
    sections,
    (item) => item,
    (index) => index & 1 ? { index, name: `${index}`, pair: [index, 0.5] } : -0.5,
  );
  rehearse(sections, (item) => (item as number[])[0], (index) => [index]);
}

function rehearse(sections: Sections, work: WorkerTask["work"], itemAt: WorkerTask["itemAt"]): void {
  const memory = ControlMemory.borrow(1);
  memory.words[LIMIT] = JOBS;
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
  runWorker(task, 0, 0, new ResultWriter(place, new Encoder(nothingShared), spill, () => {}));
  const sink: ResultSink = { values: undefined, put: () => {}, putError: () => {} };
  new ResultReader(place, new Decoder(nothingShared), () => {}, { rank: 0, pid: 0 }).drain(sink, Infinity);
  sections.place = undefined;
  memory.giveBack([0]);
}
