/**
 * `imap` in the master, one job after the other.
 *
 * @module
 */
import type { ThrownValue } from "../transport/result_reader.ts";
import { Arrivals } from "./arrivals.ts";
import { master, SerialRunner } from "./serial.ts";
import type { Source, StreamCall } from "./stream_call.ts";

/** The results of `call`, each made when it is asked for. */
export async function* streamHere(
  call: StreamCall,
  source: Source,
): AsyncGenerator<unknown, void, undefined> {
  const length = source.kind === "indexed" ? source.length : undefined;
  const arrivals = new Arrivals(call.options, length);
  const runner = new SerialRunner(call.pool.serialTask(call));
  const put = (index: number, value: unknown): void => arrivals.put(index, value);
  const failed = (index: number, thrown: ThrownValue, refused: boolean): void =>
    arrivals.putError(index, thrown, refused, master());
  let index = 0;
  try {
    for await (const item of eachItem(source)) {
      runner.run(index, item, put, failed);
      arrivals.progressed(index + 1);
      yield arrivals.take(index++);
    }
  } finally {
    arrivals.stop();
  }
}

async function* eachItem(source: Source): AsyncGenerator<unknown, void, undefined> {
  if (source.kind === "indexed") {
    for (let index = 0; index < source.length; index++) yield source.at(index);
    return;
  }
  const { iterator } = source;
  let isEnded = false;
  try {
    for (;;) {
      // an iterator that throws has ended by itself
      isEnded = true;
      const step = await iterator.next();
      if (step.done) return;
      isEnded = false;
      yield step.value;
    }
  } finally {
    if (!isEnded) await iterator.return?.();
  }
}
