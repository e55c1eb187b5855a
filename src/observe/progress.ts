/**
 * Tells how far a map is: to a function, or as a bar on the terminal.
 *
 * @module
 */
import process from "node:process";
import * as libc from "../../ffi/libc.ts";

/** How far a map is. */
export interface Progress {
  /** Jobs that are done. */
  readonly done: number;
  /** Jobs in all; `Infinity` where that is not known. */
  readonly total: number;
  /** Milliseconds since the map began. */
  readonly elapsedMs: number;
  /** Jobs a second, from the beginning on. */
  readonly perSecond: number;
  /** Milliseconds that the rest will take at this pace; `Infinity` where that is not known. */
  readonly etaMs: number;
}

/** Is told of progress; what it throws fails the map. */
export type ProgressCallback = (progress: Progress) => void;

/** The option: nobody, a bar on stderr when it is a terminal, or a function. */
export type ProgressOption = boolean | ProgressCallback;

/** Where a bar is drawn. */
export interface Screen {
  /** Whether a bar can be seen there. */
  readonly isTerminal: boolean;
  /** Opens it; called only when a bar is drawn. */
  open(): typeof process.stderr;
}

const REPORT_INTERVAL_MS = 50;

/**
 * Reports the progress of one map, at most 20 times a second, the first and the last time in any case.
 *
 * A callback that throws is called no more, and its error comes out of `update()` or `stop()`. A bar needs
 * the event loop to get its library: a map that blocks shows none.
 */
export class ProgressReporter {
  readonly #total: number;
  readonly #report: ProgressCallback | undefined;
  readonly #bar: Bar | undefined;
  readonly #startMs: number = performance.now();
  #lastMs = -Infinity;
  #done = 0;
  #reported = -1;
  #isActive: boolean;
  #isStopped = false;

  /** Begins; `total` is `undefined` where the number of jobs is not known. */
  constructor(option: ProgressOption, total: number | undefined, screen: Screen = standardError()) {
    this.#total = total ?? Infinity;
    if (option === true && screen.isTerminal) this.#bar = new Bar(screen, progressAt(0, this.#total, 0));
    this.#report = typeof option === "function"
      ? option
      : this.#bar && ((progress) => this.#bar!.show(progress));
    this.#isActive = this.#report !== undefined;
  }

  /** Tells that `done` jobs are done. Throws what the callback throws. */
  update(done: number): void {
    if (!this.#isActive) return;
    this.#done = done;
    const nowMs = performance.now();
    if (nowMs - this.#lastMs >= REPORT_INTERVAL_MS || done === this.#total) this.#tell(nowMs);
  }

  /**
   * Ends, and removes the bar's hold on the terminal and the event loop; to be called whatever happens. Where
   * the total is not known, the last count is reported now if it was not: only then can this throw what the
   * callback throws.
   */
  stop(): void {
    try {
      if (this.#isActive && this.#total === Infinity) this.#tell(performance.now());
    } finally {
      this.#isActive = false;
      this.#isStopped = true;
      this.#bar?.stop();
    }
  }

  #tell(nowMs: number): void {
    const done = this.#done;
    if (done === this.#reported) return;
    this.#reported = done;
    this.#lastMs = nowMs;
    // off while the callback runs, so that it stays so if that throws
    this.#isActive = false;
    this.#report!(progressAt(done, this.#total, nowMs - this.#startMs));
    this.#isActive = !this.#isStopped;
  }
}

function progressAt(done: number, total: number, elapsedMs: number): Progress {
  const rest = Math.max(0, total - done);
  const etaMs = rest === 0 ? 0 : done === 0 || rest === Infinity ? Infinity : rest * elapsedMs / done;
  return { done, total, elapsedMs, perSecond: elapsedMs > 0 ? done * 1000 / elapsedMs : 0, etaMs };
}

function standardError(): Screen {
  return {
    get isTerminal(): boolean {
      return libc.isTerminal(2);
    },
    open: () => process.stderr,
  };
}

type SingleBar = import("cli-progress").SingleBar;

/** A bar that appears as soon as its library is there. */
class Bar {
  readonly #screen: Screen;
  #bar: SingleBar | undefined;
  #progress: Progress;
  #isStopped = false;

  constructor(screen: Screen, progress: Progress) {
    this.#screen = screen;
    this.#progress = progress;
    void this.#open();
  }

  show(progress: Progress): void {
    this.#progress = progress;
    this.#bar?.update(progress.done, fields(progress));
  }

  stop(): void {
    this.#isStopped = true;
    this.#bar?.stop();
  }

  async #open(): Promise<void> {
    try {
      const { SingleBar } = await import("cli-progress");
      if (this.#isStopped) return;
      const progress = this.#progress;
      const isCounted = progress.total < Infinity;
      const bar = new SingleBar({
        stream: this.#screen.open(),
        format: isCounted
          ? "{bar} {percentage}% | {value}/{total} | {rate} | {left} left"
          : "{value} done | {rate} | {elapsed}",
        // the library would switch it off, and a program that is interrupted would leave it so
        linewrap: true,
        barCompleteChar: "█",
        barIncompleteChar: "░",
      });
      bar.start(progress.total, progress.done, fields(progress));
      this.#bar = bar;
    } catch (error) {
      // a map of hours is worth more than its bar
      console.warn(`progress: no bar can be shown: ${error}`);
    }
  }
}

/** What the bar's format names; not `eta`, which the library takes for its own. */
function fields(progress: Progress): { rate: string; left: string; elapsed: string } {
  return {
    rate: `${progress.perSecond.toFixed(progress.perSecond < 10 ? 2 : 0)}/s`,
    left: seconds(progress.etaMs),
    elapsed: seconds(progress.elapsedMs),
  };
}

function seconds(ms: number): string {
  return ms === Infinity ? "?" : `${Math.ceil(ms / 1000)} s`;
}
