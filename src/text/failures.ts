/**
 * Which pieces of a text could not be parsed, known to all who parse it.
 *
 * @module
 */
import { makeData } from "../memory/arrays.ts";
import { releaseBuffer } from "../memory/segment.ts";

/** What went wrong in a piece. */
export interface Failure {
  /** Any number but 0. */
  readonly outcome: number;
  /** Where in the source. */
  readonly offset: number;
}

/** The failures of all pieces; claims end with the first one, but pieces before it are still finished by others. */
export class Failures {
  readonly #isShared: boolean;
  /** Outcome and offset of each piece; the last one says whether there is any. */
  readonly #found: Float64Array;
  readonly #last: number;

  /** No failures, of so many pieces; in memory that children see when `isShared`. */
  constructor(pieces: number, isShared: boolean, what: string) {
    this.#isShared = isShared;
    this.#last = 2 * pieces;
    this.#found = isShared
      ? makeData([this.#last + 1], "f8", what, "zeros") as Float64Array
      : new Float64Array(this.#last + 1);
  }

  /** Whether there is any. */
  get isAny(): boolean {
    return this.#found[this.#last] !== 0;
  }

  /** Of a piece. */
  note(piece: number, outcome: number, offset: number): void {
    this.#found[2 * piece] = outcome;
    this.#found[2 * piece + 1] = offset;
    this.#found[this.#last] = 1;
  }

  /** The one that comes first in the text. */
  first(): Failure | undefined {
    if (!this.isAny) return undefined;
    const piece = this.#found.subarray(0, this.#last).findIndex((outcome, at) =>
      at % 2 === 0 && outcome !== 0
    );
    return { outcome: this.#found[piece]!, offset: this.#found[piece + 1]! };
  }

  /** None any more. */
  clear(): void {
    this.#found.fill(0);
  }

  /** Gives the memory back. */
  release(): void {
    if (this.#isShared) releaseBuffer(this.#found.buffer);
  }
}
