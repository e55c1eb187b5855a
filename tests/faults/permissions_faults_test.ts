/** Row 70, and row 38 without `/proc`: what a program may do is what it does, or it is told what is missing. */
import assert from "node:assert/strict";
import { runtimeCommand, type ScriptResult } from "../harness.ts";
import { program, runMarked } from "./programs/master_process.ts";
import { inTerminal } from "./programs/master_terminal.ts";
import { fault } from "./rig.ts";

/** Deno asks before anything, Bun never: a capability of the command line, which differs. */
const hasPermissions = runtimeCommand([]).includes("-A");
const RESULTS = "0,1,4,9";

/** Runs a program through a shell: Deno gives a Deno that it starts itself every permission, unless told one. */
function runWith(permissions: readonly string[]): Promise<ScriptResult> {
  const [runtime, ...args] = runtimeCommand([program("master_permissions.ts")], permissions);
  // not even the name may be among the arguments
  return runMarked(["sh", "-c", 'exec "$RUNTIME" "$@"', "sh", ...args], { env: { RUNTIME: runtime } });
}

const SETS: readonly (readonly string[])[] = hasPermissions
  ? [
    [],
    ["--allow-read"],
    ["--allow-env"],
    ["--allow-run"],
    ["--allow-read", "--allow-env", "--allow-run"],
    ["--allow-ffi"],
    ["--allow-ffi", "--allow-read"],
    ["--allow-ffi", "--allow-env"],
    ["--allow-ffi", "--allow-run"],
    ["--allow-ffi", "--allow-read", "--allow-env"],
    ["--allow-ffi", "--allow-read", "--allow-env", "--allow-run"],
    ["-A"],
  ]
  : [["any"]];

for (const permissions of SETS) {
  const isEnough = !hasPermissions || permissions.some((name) => name === "--allow-ffi" || name === "-A");
  const given = permissions.join(" ") || "no permission";
  fault({
    row: 70,
    name: isEnough
      ? `with ${given} a program maps, and nobody is asked`
      : `with ${given} a program maps in the master, and is told that --allow-ffi is missing to fork`,
    rounds: 1,
    soak: 5,
    roundMs: 60_000,
  }, async () => {
    const { status, stdout, stderr } = await runWith(permissions);
    assert.deepEqual([status, stderr], [0, ""], stdout);
    const [here, forked, ...rest] = stdout.trimEnd().split("\n");
    assert.deepEqual([here, rest], [`here ${RESULTS}`, []]);
    if (isEnough) assert.equal(forked, `forked ${RESULTS}`);
    else assert.match(forked!, /^UnsupportedError .*--allow-ffi/);
  });
}

fault({
  row: 70,
  name: "with --allow-ffi alone, or in Bun with nothing, a program in a terminal asks its user nothing",
  rounds: 1,
  soak: 5,
  roundMs: 60_000,
}, async () => {
  const command = runtimeCommand([program("master_permissions.ts")], ["--allow-ffi"])
    .filter((word) => word !== "--no-prompt");
  const { status, signal, before, after } = await inTerminal("", [], command);
  assert.deepEqual([status, signal], [0, null], before + after);
  assert.equal(before + after, `here ${RESULTS}\r\nforked ${RESULTS}\r\n`);
});

fault({
  row: 38,
  name: "without /proc a program ends with a message of its runtime, which does not start; it never hangs",
  rounds: 2,
  soak: 20,
  roundMs: 60_000,
}, async () => {
  const { status, signal, stdout, stderr } = await runMarked([
    ...["unshare", "--map-root-user", "--mount", "sh", "-ec", 'mount -t tmpfs none /proc; exec "$@"', "sh"],
    ...runtimeCommand([program("master_permissions.ts")]),
  ]);
  const what = JSON.stringify({ status, signal, stdout, stderr });
  // neither runtime starts any program at all there: what is checked of ours is that nothing was forked
  assert.ok(status !== 0, what);
  assert.equal(stdout, "", what);
  assert.match(stderr, /\/proc|abort\(\)/, what);
});
