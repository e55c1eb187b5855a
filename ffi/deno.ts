/**
 * The FFI of Deno behind {@linkcode Backend}. One of the two files that name a runtime.
 *
 * @module
 */
import process from "node:process";
import type { Backend, Bound, CFunction, ChildHooks, CType, DescriptorWaiter, Readiness } from "./types.ts";
import { POLLIN } from "./constants.ts";
import { uniform } from "./xoshiro.ts";

const nativeTypes: Record<CType, Deno.NativeType | "void"> = {
  i32: "i32",
  u32: "u32",
  i64: "i64",
  usize: "usize",
  address: "usize",
  buffer: "buffer",
  void: "void",
};

const LIBC = "libc.so.6";

/**
 * What `--single-threaded` implies, and not that flag itself: with it Deno does not hear of the engine's own tasks, so
 * that finalizers never run and programs that use `fetch` grow without limit.
 */
const ENGINE_FLAGS = [
  "--single-threaded-gc",
  "--no-concurrent-recompilation",
  "--no-concurrent-osr",
  "--no-concurrent-sparkplug",
  "--no-concurrent-cache-deserialization",
  "--no-wasm-async-compilation",
  "--wasm-num-compilation-tasks=0",
  "--wasm-sync-tier-up",
];

interface Collector {
  clearKept(): void;
  collect(): void;
}

let collector: Collector | undefined;

type AnyFunction = (...values: unknown[]) => unknown;

/** Opens the C library; throws `Deno.errors.NotCapable` without `--allow-ffi`. */
export function openBackend(): Backend {
  touchRandom();
  const asynchronous = Deno.dlopen(LIBC, {
    poll: { parameters: ["buffer", "usize", "i32"], result: "i32", nonblocking: true },
  }).symbols;
  const draining = Deno.dlopen(LIBC, {
    read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  }).symbols;

  return {
    bind<S extends Record<string, CFunction>>(symbols: S): Bound<S> {
      const definitions: Record<string, Deno.ForeignFunction> = {};
      for (const [key, row] of Object.entries<CFunction>(symbols)) {
        const { name = key, alternative, parameters, result } = row;
        definitions[key] = {
          name: alternative === undefined || hasSymbol(name) ? name : alternative,
          parameters: parameters.map((type) => nativeTypes[type] as Deno.NativeType),
          result: nativeTypes[result],
        };
      }
      const bound: Record<string, AnyFunction> = {};
      for (const [key, call] of Object.entries(Deno.dlopen(LIBC, definitions).symbols)) {
        const native = call as unknown as AnyFunction;
        // 64-bit results come as bigint
        bound[key] = isWide(symbols[key]!.result) ? (...values) => Number(native(...values)) : native;
      }
      return bound as unknown as Bound<S>;
    },
    viewAt,
    maxViewBytes: 2 ** 53 - 1,
    addressOf(view) {
      const address = Deno.UnsafePointer.of(view as ArrayBufferView<ArrayBuffer>);
      return Number(Deno.UnsafePointer.value(address));
    },
    collectGarbage() {
      const { clearKept, collect } = collector ??= openCollector();
      clearKept();
      collect();
    },
    createWaiter: () => new PollWaiter(asynchronous.poll, draining.read),
    engineFlags: { DENO_V8_FLAGS: { value: ENGINE_FLAGS.join(","), separator: "," } },
    unsafeThreads: ["V8 DefaultWorke"],
    threadsMayIdle: true,
    // a web Worker of Deno calls itself the main thread in node:worker_threads
    isMainThread: !/WorkerGlobalScope/.test(globalThis.constructor.name),
    marksInherited: false,
    noteEnvironment: () => {},
    prepareFork: () => {},
    adoptChild,
  };
}

function hasSymbol(name: string): boolean {
  const { symbols } = Deno.dlopen(LIBC, { [name]: { type: "pointer", optional: true } });
  return symbols[name] !== null;
}

function isWide(type: CType): boolean {
  return type === "i64" || type === "usize" || type === "address";
}

function viewAt(address: number, byteLength: number): ArrayBuffer {
  const pointer = Deno.UnsafePointer.create(BigInt(address));
  if (pointer === null) throw new RangeError("cannot view memory at address 0");
  return Deno.UnsafePointerView.getArrayBuffer(pointer, byteLength);
}

/**
 * V8 keeps what a `WeakRef` was made of or gave until the next microtask checkpoint. A context with a microtask
 * queue of its own ends each script with one: the list is cleared, while the program's own microtasks stay queued.
 */
function openCollector(): Collector {
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  const { createContext, Script } = process.getBuiltinModule("node:vm");
  setFlagsFromString("--expose-gc");
  const context = createContext({}, { microtaskMode: "afterEvaluate" });
  const nothing = new Script("0");
  return {
    clearKept: () => nothing.runInContext(context),
    collect: new Script("gc").runInContext(context) as () => void,
  };
}

/** A call on a thread of the pool cannot be taken back: it ends by itself this soon after the last `wait`. */
const POLL_SLICE_MS = 200;

/** One blocking `poll` of all pipes on a thread of Deno's pool. */
class PollWaiter implements DescriptorWaiter {
  readonly #poll: (fds: Int32Array<ArrayBuffer>, count: bigint, timeoutMs: number) => Promise<number>;
  readonly #read: (fd: number, into: Uint8Array<ArrayBuffer>, size: bigint) => number | bigint;
  readonly #watched = new Set<number>();
  readonly #scratch = new Uint8Array(256);
  #isResting = false;

  constructor(
    poll: (fds: Int32Array<ArrayBuffer>, count: bigint, timeoutMs: number) => Promise<number>,
    read: (fd: number, into: Uint8Array<ArrayBuffer>, size: bigint) => number | bigint,
  ) {
    this.#poll = poll;
    this.#read = read;
  }

  get size(): number {
    return this.#watched.size;
  }

  add(fd: number): void {
    this.#watched.add(fd);
  }

  rest(): void {
    this.#isResting = true;
  }

  async wait(): Promise<Readiness[]> {
    const ready: Readiness[] = [];
    this.#isResting = false;
    while (ready.length === 0 && this.#watched.size > 0 && !this.#isResting) {
      // struct pollfd { int fd; short events; short revents; }
      const fds = [...this.#watched];
      const table = new Int32Array(2 * fds.length);
      fds.forEach((fd, at) => {
        table[2 * at] = fd;
        table[2 * at + 1] = POLLIN;
      });
      await this.#poll(table, BigInt(fds.length), POLL_SLICE_MS);
      fds.forEach((fd, at) => {
        if (table[2 * at + 1]! >>> 16) ready.push({ fd, ended: this.#drain(fd) });
      });
    }
    return ready;
  }

  /** Empties a pipe; true at its end. */
  #drain(fd: number): boolean {
    for (;;) {
      const count = Number(this.#read(fd, this.#scratch, 256n));
      if (count === 256) continue;
      if (count === 0) this.#watched.delete(fd);
      return count === 0;
    }
  }
}

/** `Deno.kill` is not read, only replaced: reading loads what it stands for, which takes 2 ms. */
/**
 * V8 compiles code that uses anything of `Math` on the assumption that a property that never changed never will.
 * A child, which gets another `random`, would throw that code away. Called before there is any.
 */
function touchRandom(): void {
  const { random } = Math;
  Math.random = () => 0;
  Math.random = random;
}

/** V8 has no way to reseed `Math.random`, so a child gets another generator. */
function seededRandom(state: Uint32Array): () => number {
  return function random(): number {
    return uniform(state);
  };
}

function adoptChild({ pid, exit, kill, entropy }: ChildHooks): void {
  define(Deno, "pid", pid);
  define(Deno, "exit", exit);
  define(Deno, "kill", kill);
  Math.random = seededRandom(entropy);
}

function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, configurable: true, writable: true });
}
