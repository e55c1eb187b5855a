/** Known answers from NumPy: runs a Python script with an interpreter that has it. */
import { spawnSync } from "node:child_process";
import process from "node:process";

/** Tried in this order; a machine may have several, and not all with NumPy. */
const INTERPRETERS = ["python3", "/usr/bin/python3", "/usr/local/bin/python3"];
const PRELUDE = "import sys\nimport numpy as np\nargs = sys.argv[1:]\n";
const MAX_OUTPUT_BYTES = 2 ** 28;

let interpreter: string | undefined;

/**
 * What a Python script prints; it finds `sys` and `np` imported, and `args`, a list of strings. Blocks.
 *
 * @throws {Error} when there is no NumPy, with the command that installs it, or when the script fails, with its stderr
 */
export function numpy(script: string, args: readonly (string | number)[] = []): string {
  interpreter ??= findInterpreter();
  const { status, signal, stdout, stderr, error } = spawnSync(
    interpreter,
    ["-c", PRELUDE + script, ...args.map(String)],
    { encoding: "utf8", maxBuffer: MAX_OUTPUT_BYTES, env: { ...process.env, OPENBLAS_NUM_THREADS: "1" } },
  );
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`python ended with ${signal ?? `status ${status}`}:\n${stderr}`);
  return stdout;
}

/** The version of that NumPy, e.g. `"2.4.6"`. */
export function numpyVersion(): string {
  return numpy("print(np.__version__)").trim();
}

/** The interpreter that {@linkcode numpy} runs, for tests that start it themselves. */
export function pythonWithNumpy(): string {
  return interpreter ??= findInterpreter();
}

function findInterpreter(): string {
  const found = INTERPRETERS.find((name) => spawnSync(name, ["-c", "import numpy"]).status === 0);
  if (found !== undefined) return found;
  throw new Error(
    `no Python with NumPy found (tried ${INTERPRETERS.join(", ")}): install it, ` +
      `on Debian and Ubuntu by "apt-get install python3-numpy"`,
  );
}
