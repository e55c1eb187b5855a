/**
 * How the codec asks about shared memory, without knowing how segments are made.
 *
 * @module
 */

/** What stands in a message for shared memory: enough for the other process to find or to map it. */
export interface SharedReference {
  /** The number of the segment, the same in all processes of the family; never used twice. */
  readonly serial: number;
  /** Where in the segment the buffer starts, in bytes. */
  readonly offset: number;
  /** The length of the buffer. */
  readonly byteLength: number;
  /** The segment's file descriptor in the process that sends, where the receiver may open it there; else -1. */
  readonly descriptor: number;
}

/** How views of shared memory travel: by reference, never by data. Implemented beside the segments, injected. */
export interface BufferSharing {
  /**
   * The reference to the shared memory behind `buffer` (announcing it to the other side, if that may not know it),
   * or `undefined` for private memory.
   */
  identify(buffer: ArrayBufferLike): SharedReference | undefined;
  /**
   * A shared copy of a big private view's bytes, in a buffer that starts with them: one copy, then by reference.
   * `undefined` to carry the bytes inline. Called for views of 1 MiB or more.
   */
  adopt(view: Uint8Array): SharedReference | undefined;
  /** The buffer of that reference in this process; `undefined` when it is gone. */
  resolve(reference: SharedReference): ArrayBufferLike | undefined;
}
