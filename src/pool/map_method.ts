/**
 * The call signatures of `map` and its like, once for all of them.
 *
 * @module
 */
import type { Items, StreamItems } from "./items.ts";
import type { StarOption, StarWork, Work } from "./job.ts";
import type { MapOptions, ReduceOptions, SettleOption } from "./options.ts";

/** How results are given: a promise of an array, an array, or a stream. */
export type MapForm = "promise" | "array" | "stream";

/** What a map of the form gives when each result is an `X`. */
export type Results<Form extends MapForm, X> = Form extends "promise" ? Promise<X[]>
  : Form extends "array" ? X[]
  : AsyncGenerator<X, void, undefined>;

/** What a map of the form takes. */
export type ItemsOf<Form extends MapForm, T> = Form extends "stream" ? StreamItems<T> : Items<T>;

/** A map: the type of its results follows from the options. */
export interface MapMethod<Form extends MapForm> {
  /** With `reduce` and `onError: "settle"`: outcomes of what `reduce` returned. */
  <T, R, A>(
    work: Work<T, R>,
    items: ItemsOf<Form, T>,
    options: ReduceOptions<R, A> & SettleOption,
  ): Results<Form, PromiseSettledResult<A>>;
  /** With `reduce`: what it returned. */
  <T, R, A>(work: Work<T, R>, items: ItemsOf<Form, T>, options: ReduceOptions<R, A>): Results<Form, A>;
  /** With `onError: "settle"`: outcomes. */
  <T, R>(
    work: Work<T, R>,
    items: ItemsOf<Form, T>,
    options: MapOptions<R> & SettleOption,
  ): Results<Form, PromiseSettledResult<R>>;
  /** With `star: true`: items are taken apart into arguments. */
  <T extends readonly [unknown, ...unknown[]] | readonly unknown[], R>(
    work: StarWork<T, R>,
    items: ItemsOf<Form, T>,
    options: MapOptions<R> & StarOption,
  ): Results<Form, R>;
  /** The results of `work`. */
  <T, R>(work: Work<T, R>, items: ItemsOf<Form, T>, options?: MapOptions<R>): Results<Form, R>;
}
