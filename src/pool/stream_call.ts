/**
 * What `imap` was asked for.
 *
 * @module
 */
import type { AsyncItems, IndexedItems, SequentialItems, StreamItems } from "./items.ts";
import type { ResolvedMapOptions } from "./options.ts";
import type { Run } from "./run.ts";
import type { SerialTask } from "./serial.ts";
import type { WorkerTask } from "./worker_loop.ts";

/** A checked call of `imap`. */
export interface StreamCall {
  readonly action: string;
  readonly items: StreamItems<unknown>;
  readonly options: ResolvedMapOptions<unknown, unknown>;
  readonly isOrdered: boolean;
  readonly np: number;
  readonly runsHere: () => boolean;
  readonly serialTask: () => SerialTask;
  readonly task: (np: number, itemAt: (index: number) => unknown) => WorkerTask;
  /** A run begins, and has ended. */
  readonly enter: (run: Run) => void;
  readonly leave: (run: Run) => void;
  readonly isClosed: () => boolean;
}

/** Where its items come from. */
export type Source = IndexedItems<unknown> | SequentialItems<unknown> | AsyncItems<unknown>;
