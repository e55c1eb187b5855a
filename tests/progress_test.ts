import assert from "node:assert/strict";
import type process from "node:process";
import {
  type Progress,
  type ProgressCallback,
  ProgressReporter,
  type Screen,
} from "../src/observe/progress.ts";
import { test } from "./harness.ts";

function recorder(): { seen: Progress[]; callback: ProgressCallback } {
  const seen: Progress[] = [];
  return { seen, callback: (progress) => void seen.push(progress) };
}

/** A terminal that keeps what is written; `shows(text)` resolves when it has been. */
function fakeScreen(
  isTerminal: boolean,
): Screen & { text(): string; opened(): boolean; shows(text: string): Promise<void> } {
  let written = "";
  let isOpen = false;
  let look: () => void = () => {};
  const stream = {
    isTTY: true,
    columns: 200,
    write(text: string): boolean {
      written += text;
      look();
      return true;
    },
  };
  return {
    isTerminal,
    open() {
      isOpen = true;
      return stream as unknown as typeof process.stderr;
    },
    text: () => written,
    opened: () => isOpen,
    shows(text) {
      return new Promise((resolve) => {
        look = () => written.includes(text) && resolve();
        look();
      });
    },
  };
}

/** Keeps the event loop from running for a while: a reporter's clock goes on. */
function spinMs(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

test("ProgressReporter tells a callback how far and how fast", () => {
  const { seen, callback } = recorder();
  const reporter = new ProgressReporter(callback, 4);
  spinMs(20);
  reporter.update(1);
  spinMs(60);
  reporter.update(2);
  reporter.update(4);
  reporter.stop();
  assert.deepEqual(seen.map(({ done, total }) => [done, total]), [[1, 4], [2, 4], [4, 4]]);
  for (const { done, total, elapsedMs, perSecond, etaMs } of seen) {
    assert.ok(elapsedMs >= 20 && elapsedMs < 5000);
    assert.ok(Math.abs(perSecond - done / elapsedMs * 1000) < 1e-9);
    assert.ok(Math.abs(etaMs - (total - done) * elapsedMs / done) < 1e-9);
  }
  assert.equal(seen.at(-1)?.etaMs, 0);
});

test("ProgressReporter reports the first and the last time, and at most every 50 ms between", () => {
  const { seen, callback } = recorder();
  const reporter = new ProgressReporter(callback, 1e12);
  const endMs = performance.now() + 230;
  for (let done = 1; performance.now() < endMs; done++) reporter.update(done);
  reporter.update(1e12);
  reporter.update(1e12);
  reporter.stop();
  assert.equal(seen[0]?.done, 1);
  assert.equal(seen.at(-1)?.done, 1e12);
  assert.ok(seen.length >= 4);
  const gaps = seen.slice(1, -1).map(({ elapsedMs }, i) => elapsedMs - seen[i]!.elapsedMs);
  assert.ok(gaps.every((gap) => gap >= 49.9), gaps.join(" "));
  assert.equal(new Set(seen.map(({ done }) => done)).size, seen.length);
});

test("ProgressReporter gives numbers before anything is done", () => {
  const { seen, callback } = recorder();
  new ProgressReporter(callback, 7).update(0);
  new ProgressReporter(callback, 0).update(0);
  assert.deepEqual(seen.map(({ done, total, perSecond, etaMs }) => [done, total, perSecond, etaMs]), [
    [0, 7, 0, Infinity],
    [0, 0, 0, 0],
  ]);
});

test("ProgressReporter reports the last count of an unknown total when it stops", () => {
  const { seen, callback } = recorder();
  const reporter = new ProgressReporter(callback, undefined);
  for (let done = 1; done <= 5; done++) reporter.update(done);
  reporter.stop();
  reporter.stop();
  reporter.update(6);
  assert.deepEqual(seen.map(({ done, total, etaMs }) => [done, total, etaMs]), [[1, Infinity, Infinity], [
    5,
    Infinity,
    Infinity,
  ]]);
});

test("ProgressReporter reports nothing after an interrupted map stopped", () => {
  const { seen, callback } = recorder();
  const reporter = new ProgressReporter(callback, 10);
  reporter.update(1);
  reporter.update(2);
  reporter.stop();
  reporter.update(10);
  assert.deepEqual(seen.map(({ done }) => done), [1]);
});

test("ProgressReporter stays stopped when its callback stops it", () => {
  let calls = 0;
  const reporter = new ProgressReporter(() => {
    calls++;
    reporter.stop();
  }, 2);
  reporter.update(1);
  reporter.update(2);
  assert.equal(calls, 1);
});

test("ProgressReporter lets a callback's error out, once", () => {
  let calls = 0;
  const reporter = new ProgressReporter(() => {
    calls++;
    throw new RangeError("enough");
  }, undefined);
  assert.throws(() => reporter.update(1), { name: "RangeError", message: "enough" });
  reporter.update(2);
  reporter.stop();
  assert.equal(calls, 1);
});

test("ProgressReporter draws a bar on a terminal", async () => {
  const screen = fakeScreen(true);
  const reporter = new ProgressReporter(true, 10, screen);
  reporter.update(3);
  await screen.shows("30% | 3/10");
  reporter.update(10);
  reporter.stop();
  assert.match(screen.text(), /█+░* 100% \| 10\/10 \| [\d.]+\/s \| 0 s left/);
  const before = screen.text();
  reporter.update(11);
  reporter.stop();
  assert.equal(screen.text(), before);
});

test("ProgressReporter draws a count where the total is not known", async () => {
  const screen = fakeScreen(true);
  const reporter = new ProgressReporter(true, undefined, screen);
  reporter.update(3);
  await screen.shows("3 done | ");
  reporter.update(4);
  reporter.stop();
  assert.match(screen.text(), /4 done \| [\d.]+\/s \| \d+ s/);
});

test("ProgressReporter draws nothing where there is no terminal, or once stopped", async () => {
  const file = fakeScreen(false);
  const toFile = new ProgressReporter(true, 2, file);
  const brief = fakeScreen(true);
  const stopped = new ProgressReporter(true, 2, brief);
  const off = new ProgressReporter(false, 2, fakeScreen(true));
  for (const reporter of [toFile, stopped, off]) {
    reporter.update(2);
    reporter.stop();
  }
  // the same import: what waits for it is woken before this
  await import("cli-progress");
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual([file.opened(), brief.opened()], [false, false]);
});
