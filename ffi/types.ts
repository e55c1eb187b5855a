/**
 * What a foreign-function back-end gives: the same few verbs over Deno's and Bun's FFI.
 *
 * Addresses, sizes and file offsets are plain numbers everywhere (user space ends below 2^47); a `bigint` or
 * a pointer object never leaves a back-end.
 *
 * @module
 */

/** The C types that the symbol table uses. */
export type CType = "i32" | "u32" | "i64" | "usize" | "address" | "buffer" | "void";

/** One row of the symbol table. */
export interface CFunction {
  /** The name in the library, where it differs from the row's. */
  readonly name?: string;
  /** The name in libraries that do not have that one. */
  readonly alternative?: string;
  /** Parameter types, in order. */
  readonly parameters: readonly CType[];
  /** Result type. */
  readonly result: CType;
}

/** Memory handed to C for the time of one call. */
export type CBuffer = ArrayBufferView<ArrayBuffer> | null;

type JsType<T extends CType> = T extends "buffer" ? CBuffer : T extends "void" ? void : number;

type JsTypes<P extends readonly CType[]> = { -readonly [K in keyof P]: JsType<P[K]> };

/** The JavaScript functions made from a symbol table. */
export type Bound<S extends Record<string, CFunction>> = {
  readonly [K in keyof S]: (...values: JsTypes<S[K]["parameters"]>) => JsType<S[K]["result"]>;
};

/** What became of a descriptor that {@linkcode DescriptorWaiter.wait} reported. */
export interface Readiness {
  /** The descriptor. */
  readonly fd: number;
  /** Whether its last writer is gone. */
  readonly ended: boolean;
}

/** Waits for pipes without stopping the event loop. */
export interface DescriptorWaiter {
  /** Starts to watch the read end of a non-blocking pipe; what arrives is read and thrown away. */
  add(fd: number): void;
  /** Resolves with the pipes that had something to read or ended since the last call; ended ones are watched no more. */
  wait(): Promise<Readiness[]>;
  /** Lets the event loop end although pipes are watched; the next `wait` goes on. */
  rest(): void;
  /** How many pipes are watched. */
  readonly size: number;
}

/** A runtime's foreign functions. */
export interface Backend {
  /** Binds the table to the C library. */
  bind<S extends Record<string, CFunction>>(symbols: S): Bound<S>;
  /** The memory at an address as a buffer; nobody frees it. */
  viewAt(address: number, byteLength: number): ArrayBuffer;
  /** The longest buffer that the engine can make, in bytes. */
  readonly maxViewBytes: number;
  /** The address of a view's first byte, valid as long as the view is. */
  addressOf(view: ArrayBufferView): number;
  /**
   * A full collection, after which every `WeakRef` of something unreachable is empty, even in the middle of
   * synchronous code; runs no code of the user, no microtask and no finalizer. Blocks for some milliseconds.
   */
  collectGarbage(): void;
  /** Waits for pipes beside the event loop. */
  createWaiter(): DescriptorWaiter;
  /** Environment variables that keep the engine from starting threads that a forked child would miss. */
  readonly engineFlags: Readonly<Record<string, EngineFlag>>;
  /** Names of threads, as `/proc` gives them, that run when the flags did not take effect. */
  readonly unsafeThreads: readonly string[];
  /** Whether they run even when the flags took effect, but have nothing to do then. */
  readonly threadsMayIdle: boolean;
  /** Whether the calling thread is the one that runs the main script. */
  readonly isMainThread: boolean;
  /** Whether the engine sets close-on-exec on descriptors that it inherited, so that a re-execution would lose them. */
  readonly marksInherited: boolean;
  /** Makes the engine's own copy of the environment follow a change made through libc. */
  noteEnvironment(name: string, value: string | undefined): void;
  /**
   * Done in the parent before its first fork, so that children need not do it each for itself. `keepFlags` runs `use`
   * and then gives `fd` the status flags back that it had.
   */
  prepareFork(keepFlags: (fd: number, use: () => void) => void): void;
  /** Gives a forked child its own identity and random numbers: what only the engine's own hooks can do. */
  adoptChild(hooks: ChildHooks): void;
}

/** A variable that the engine reads at start. */
export interface EngineFlag {
  /** The value wanted. */
  readonly value: string;
  /** What joins it to a value that the user has set; without it, the user's value is replaced. */
  readonly separator?: string;
}

/** What a forked child must do differently. */
export interface ChildHooks {
  /** The child's process id. */
  readonly pid: number;
  /** Fresh entropy, four words. */
  readonly entropy: Uint32Array;
  /** Ends the process at once. */
  exit(code?: unknown): never;
  /** Sends a signal, by name or number, to a process. */
  kill(pid: number, signal?: string | number): void;
  /** Writes whole, synchronously; false when the reader is gone. */
  write(fd: number, bytes: Uint8Array<ArrayBuffer>): boolean;
}
