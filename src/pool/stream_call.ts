/**
 * What `imap` was asked for.
 *
 * @module
 */
import type { AsyncItems, IndexedItems, SequentialItems, StreamItems } from "./items.ts";
import type { MapParts, PoolState } from "./pool_state.ts";

/** A checked call of `imap`. */
export interface StreamCall extends MapParts {
  readonly pool: PoolState;
  readonly action: string;
  readonly items: StreamItems<unknown>;
  readonly isOrdered: boolean;
  readonly np: number;
}

/** Where its items come from. */
export type Source = IndexedItems<unknown> | SequentialItems<unknown> | AsyncItems<unknown>;
