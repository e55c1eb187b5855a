/** Interrupts as users meet them: Ctrl-C in a terminal, `timeout`, a pipe that nobody reads, a closed or full output. */
import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { runtimeCommand } from "../harness.ts";
import { isCalm, program, runMarked } from "./programs/master_process.ts";
import { inTerminal } from "./programs/master_terminal.ts";
import { fault } from "./rig.ts";

const CTRL_C = "\x03";
const SIGINT = 2;
const ROW = 28;

/** Whether a mode of the terminal, which `ESC [ ? <mode> h` turns on and the same with `l` off, was left off. */
function isLeftOff(shown: string, mode: number): boolean {
  return shown.lastIndexOf(`\x1b[?${mode}l`) > shown.lastIndexOf(`\x1b[?${mode}h`);
}

const CURSOR = 25;
const LINE_WRAP = 7;

/** What was said, without what moves the cursor, the echo of the keys, and the bar. */
function wordsIn(shown: string): string {
  return stripVTControlCharacters(shown).replace("^C", "").replaceAll(/[█░]+.* left/g, "").trim();
}

for (
  const [kind, texts] of [["map", ["ready"]], ["mapSync", ["ready"]], ["progress", ["ready", "0%"]]] as const
) {
  fault({
    row: ROW,
    name:
      `Ctrl-C in a terminal ends a program in ${kind} by SIGINT, with at most one message and the cursor shown`,
    rounds: 3,
    soak: 10,
    roundMs: 60_000,
  }, async () => {
    const command = runtimeCommand([program("master_map.ts"), kind]);
    const { status, signal, before, after, isRestored } = await inTerminal(CTRL_C, texts, command);
    assert.deepEqual([status, signal], [null, SIGINT], before + after);
    // a master that dies a moment after its workers may still have caught the map's error
    assert.match(wordsIn(after), /^(a worker ended by SIGINT)?$/, after);
    assert.ok(!isLeftOff(before + after, CURSOR), "the cursor is hidden");
    assert.ok(!isLeftOff(before + after, LINE_WRAP), "long lines are cut off");
    assert.ok(isRestored, "the terminal's settings have changed");
  });
}

fault({
  row: ROW,
  name: "Ctrl-C in a terminal calls a user's handler once, in the master, which then chooses the exit status",
  rounds: 3,
  soak: 10,
  roundMs: 60_000,
}, async () => {
  const command = runtimeCommand([program("master_map.ts"), "map", "handled"]);
  const { status, signal, before, after, isRestored } = await inTerminal(CTRL_C, ["ready"], command);
  assert.deepEqual([status, signal], [7, null], before + after);
  assert.equal(after.match(/SIGINT in \d+/g)?.length, 1, after);
  assert.match(after, /a worker ended by SIGINT/);
  assert.ok(isRestored, "the terminal's settings have changed");
});

fault({
  row: ROW,
  name: "timeout ends a program that maps or blocks in mapSync, and reports 124",
  rounds: 2,
  soak: 10,
  roundMs: 60_000,
}, async ({ index }) => {
  const kind = index % 2 === 0 ? "map" : "mapSync";
  const command = ["timeout", "1", ...runtimeCommand([program("master_map.ts"), kind])];
  const { status, stderr } = await runMarked(command);
  assert.deepEqual([status, stderr], [124, ""]);
});

/** Runs a program whose workers print, its output going to where `shell` says; the shell's status is the program's. */
function printTo(shell: string, lines: number): ReturnType<typeof runMarked> {
  const command = runtimeCommand([program("master_prints.ts"), String(lines)]);
  return runMarked(["bash", "-c", `"$@" ${shell}`, "bash", ...command]);
}

/** Far more than a pipe holds. */
const MANY = 5000;

fault({
  row: ROW,
  name: "a program whose workers print to a reader that left after one line ends, with at most one message",
  rounds: 3,
  soak: 20,
  roundMs: 60_000,
}, async () => {
  const { status, stdout, stderr } = await printTo("| head -1; exit ${PIPESTATUS[0]}", MANY);
  assert.match(stdout, /^\d: 0( written)?\n$/);
  isCalm(stderr);
  // the map's results are right, or the program said why not
  assert.ok(status === 0 || stderr !== "", `${status}`);
});

for (const [what, shell] of [["closed", ">&-"], ["a full device", ">/dev/full"]] as const) {
  fault({
    row: ROW,
    name: `a map whose workers print gives its results where the standard output is ${what}`,
    rounds: 3,
    soak: 20,
    roundMs: 60_000,
  }, async () => {
    const { status, stdout, stderr } = await printTo(shell, 100);
    assert.deepEqual([status, stdout, stderr], [0, "", ""]);
  });
}
