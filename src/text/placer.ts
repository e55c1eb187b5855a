/**
 * Results of unknown length, made in any order by several processes, that belong side by side in one order: the place of
 * each is known when the lengths of all before it are. Until then it waits, and its process makes another one.
 *
 * As long as results are claimed in their order and take about as long, none waits.
 *
 * @module
 */

interface Waiting<T> {
  readonly index: number;
  readonly length: number;
  readonly result: T;
}

/** A process's results that wait for their place. */
export class Placer<T> {
  /** Length of each result, and one more; 0 where that is not known. */
  readonly #lengths: Int32Array;
  readonly #place: (result: T, start: number, length: number) => boolean;
  readonly #waiting: Waiting<T>[] = [];
  /** The lengths of the results before this one come to `#start`. */
  #index = 0;
  #start = 0;

  /**
   * @param lengths one for each result, all 0 or length + 1 where known before; seen and written by all processes
   * @param place puts a result where `start` others come before; false when there is no room
   */
  constructor(lengths: Int32Array, place: (result: T, start: number, length: number) => boolean) {
    this.#lengths = lengths;
    this.#place = place;
  }

  /** Whether there are results whose place is not known. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Takes a result over, of a larger index than those before; places what can be placed. False when there is no room. */
  add(index: number, length: number, result: T): boolean {
    Atomics.store(this.#lengths, index, length + 1);
    this.#waiting.push({ index, length, result });
    return this.settle();
  }

  /** Places what can be placed; false when there is no room. */
  settle(): boolean {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      for (; this.#index < next.index; this.#index++) {
        const length = Atomics.load(this.#lengths, this.#index);
        if (length === 0) return true;
        this.#start += length - 1;
      }
      if (!this.#place(next.result, this.#start, next.length)) return false;
      this.#waiting.shift();
    }
    return true;
  }
}
