/**
 * The FFI of Bun behind {@linkcode Backend}. One of the two files that name a runtime.
 *
 * @module
 */
import process from "node:process";
import type { Backend, Bound, CFunction, ChildHooks, CType, DescriptorWaiter, Readiness } from "./types.ts";

type BunFunction = (...values: unknown[]) => unknown;

/** The part of `bun:ffi` used here; declared by hand so that Deno can check this file. */
interface BunFfi {
  dlopen(
    path: string,
    symbols: Record<string, { args: string[]; returns: string }>,
  ): { symbols: Record<string, BunFunction> };
  ptr(view: ArrayBufferView): number;
  toArrayBuffer(address: number, offset: number, length: number): ArrayBuffer;
}

type Spawn = (first: unknown, options?: object) => unknown;

interface BunGlobal {
  spawn: Spawn;
  spawnSync: Spawn;
  readonly isMainThread: boolean;
  gc(isSynchronous: boolean): void;
  file(fd: number): { stream(): ReadableStream<Uint8Array> };
}

const nativeTypes: Record<CType, string> = {
  i32: "i32",
  u32: "u32",
  i64: "i64_fast",
  usize: "u64_fast",
  address: "u64_fast",
  buffer: "ptr",
  void: "void",
};

const LIBC = "libc.so.6";

/** Opens the C library. */
export function openBackend(): Backend {
  const bun = (globalThis as unknown as { Bun: BunGlobal }).Bun;
  const ffi = process.getBuiltinModule("bun:ffi") as unknown as BunFfi;

  return {
    bind<S extends Record<string, CFunction>>(symbols: S): Bound<S> {
      const bound: Record<string, unknown> = {};
      for (const [key, row] of Object.entries<CFunction>(symbols)) {
        const { name = key, alternative, parameters, result } = row;
        // one library a row: two rows may have the same C name
        const definition = {
          args: parameters.map((type) => nativeTypes[type]),
          returns: nativeTypes[result],
        };
        const open = (symbol: string): BunFunction =>
          ffi.dlopen(LIBC, { [symbol]: definition }).symbols[symbol]!;
        let native: BunFunction;
        try {
          native = open(name);
        } catch (error) {
          if (alternative === undefined) throw error;
          native = open(alternative);
        }
        // beyond 2^53 a 64-bit result is a bigint
        bound[key] = isWide(result) ? (...values: unknown[]) => Number(native(...values)) : native;
      }
      return bound as Bound<S>;
    },
    viewAt: (address, byteLength) => ffi.toArrayBuffer(address, 0, byteLength),
    maxViewBytes: 2 ** 32,
    addressOf: (view) => ffi.ptr(view),
    collectGarbage() {
      const { releaseWeakRefs } = process.getBuiltinModule("bun:jsc") as unknown as {
        releaseWeakRefs(): void;
      };
      // otherwise what a WeakRef was made of or gave in this turn of the event loop lives on
      releaseWeakRefs();
      bun.gc(true);
    },
    createWaiter: () => new StreamWaiter(bun),
    engineFlags: {
      BUN_JSC_useConcurrentGC: { value: "0" },
      BUN_JSC_useConcurrentJIT: { value: "0" },
      BUN_JSC_numberOfGCMarkers: { value: "1" },
      BUN_JSC_useWarmUpMarkedBlocks: { value: "0" },
      MIMALLOC_SCAVENGER: { value: "0" },
    },
    unsafeThreads: ["HeapHelper", "JITWorker", "JSCWarmUp", "mi-scavenger"],
    threadsMayIdle: false,
    isMainThread: bun.isMainThread,
    marksInherited: true,
    noteEnvironment(name, value) {
      spawnWithCurrentEnvironment(bun);
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    },
    prepareFork(keepFlags) {
      // children write through these at once; making them takes 7 ms and turns on O_NONBLOCK, which others share
      keepFlags(1, () => void process.stdout);
      keepFlags(2, () => void process.stderr);
    },
    adoptChild,
  };
}

function isWide(type: CType): boolean {
  return type === "i64" || type === "usize" || type === "address";
}

let isSpawnCurrent = false;

/** By itself `Bun.spawn` gives programs the environment that Bun was started with, whatever became of it since. */
function spawnWithCurrentEnvironment(bun: BunGlobal): void {
  if (isSpawnCurrent) return;
  isSpawnCurrent = true;
  for (const name of ["spawn", "spawnSync"] as const) {
    const spawn = bun[name];
    bun[name] = (first, options) =>
      Array.isArray(first)
        ? spawn(first, { env: process.env, ...options })
        : spawn({ env: process.env, ...first as object });
  }
}

type PipeReader = ReadableStreamDefaultReader<Uint8Array>;

/** One stream a pipe, driven by Bun's own event loop: no thread waits. */
class StreamWaiter implements DescriptorWaiter {
  readonly #bun: BunGlobal;
  /** The pipes, and their readers unless this waiter rests. */
  readonly #watched = new Map<number, PipeReader | undefined>();
  #ready: Readiness[] = [];
  #wake: (() => void) | undefined;

  constructor(bun: BunGlobal) {
    this.#bun = bun;
  }

  get size(): number {
    return this.#watched.size;
  }

  add(fd: number): void {
    this.#watched.set(fd, undefined);
  }

  rest(): void {
    for (const [fd, reader] of this.#watched) {
      this.#watched.set(fd, undefined);
      reader?.cancel().catch(() => {});
    }
    this.#wake?.();
  }

  async wait(): Promise<Readiness[]> {
    for (const [fd, reader] of this.#watched) if (reader === undefined) this.#pump(fd);
    if (this.#ready.length === 0 && this.#watched.size > 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }

  async #pump(fd: number): Promise<void> {
    const reader = this.#bun.file(fd).stream().getReader();
    this.#watched.set(fd, reader);
    for (let ended = false; !ended;) {
      try {
        const { done, value } = await reader.read();
        ended = done;
        // a stream that gives nothing again and again must not starve the event loop
        if (!done && value.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      } catch {
        ended = true;
      }
      // another reader goes on after a rest
      if (this.#watched.get(fd) !== reader) return;
      if (ended) this.#watched.delete(fd);
      this.#ready.push({ fd, ended });
      this.#wake?.();
      this.#wake = undefined;
    }
  }
}

function adoptChild({ entropy, write }: ChildHooks): void {
  const { setRandomSeed } = process.getBuiltinModule("bun:jsc") as unknown as {
    setRandomSeed(seed: number): void;
  };
  setRandomSeed(entropy[0]! | 0);
  writeDirectly(process.stdout, 1, write);
  writeDirectly(process.stderr, 2, write);
}

type Done = (error?: Error | null) => void;

/** What a stream buffers would be lost when the child ends. */
function writeDirectly(stream: object, fd: number, write: ChildHooks["write"]): void {
  const writeChunk = (chunk: string | Uint8Array, encoding?: BufferEncoding | Done, done?: Done): boolean => {
    const bytes = typeof chunk === "string"
      ? Buffer.from(chunk, typeof encoding === "string" ? encoding : "utf8")
      : chunk;
    const isWhole = write(fd, new Uint8Array(bytes));
    (typeof encoding === "function" ? encoding : done)?.(
      isWhole ? null : new Error(`write to descriptor ${fd} failed: the reader is gone, or there is no room`),
    );
    return isWhole;
  };
  const end = (chunk?: string | Uint8Array): unknown => {
    if (chunk !== undefined) writeChunk(chunk);
    return stream;
  };
  for (const [key, value] of Object.entries({ write: writeChunk, end })) {
    Object.defineProperty(stream, key, { value, configurable: true, writable: true });
  }
}
