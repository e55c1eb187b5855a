/**
 * The whole gate, `npm test` or `deno task ok`; with names of steps, only these: `npm test -- lint deno`.
 *
 * A line for each step, what a failed one wrote, and last `N passed, N failed`: tests count one by one, any other
 * step as one.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { testConsumers } from "./consumer.mjs";
import { documentedCode } from "./documented_code.mjs";
import { bun, deno, readJson, ROOT, TEMPORARY, tsc } from "./paths.mjs";
import { runCommand } from "./run_command.mjs";

const CHECK_MS = 120_000;
const TESTS_MS = process.env.SOAK === "1" ? 48 * 3_600_000 : 720_000;
const EXAMPLE_MS = 60_000;
// the rest of bench/ imports what bench/package.json installs
const CHECKED = ["mod.ts", "ffi", "src", "tests", "examples", "bench/cases", "bench/long/cases"];
const DOCUMENTED = ["README.md", "mod.ts", "src"];

const entryPoints = Object.values(readJson(join(ROOT, "deno.json")).exports);

/** Each gives the number of tests that passed and, for each that failed, what there is to show. */
const steps = {
  fmt: () => command([deno, "fmt", "--check"]),
  lint: () => command([deno, "lint"]),
  check: () => command([deno, "check", ...CHECKED]),
  tsc: () => command([...tsc, "--project", "."]),
  doc: () => command([deno, "doc", "--lint", ...entryPoints]),
  kernels: () => command([process.execPath, join(ROOT, "scripts", "kernels.mjs"), "--check"]),
  publish: () => command([deno, "publish", "--dry-run", "--allow-dirty"]),
  tests: () => testsInLanes("tests"),
  deno: () => testsIn(deno, testFiles("tests")),
  bun: () => testsIn(bun, testFiles("tests")),
  faults: () => faults(),
  doctest: () => tests((report) => [deno, "test", "-A", "--doc", `--junit-path=${report}`, ...DOCUMENTED]),
  doctest_bun: () => documentedCodeInBun(),
  examples: () => examples(),
  consumer: () => testConsumers(),
};

/** Parts of another step, for whoever wants one runtime only. */
const parts = ["deno", "bun"];

process.exitCode = await main(process.argv.slice(2));

async function main(names) {
  const unknown = names.filter((name) => !Object.hasOwn(steps, name));
  if (unknown.length > 0) {
    console.error(`no such step: ${unknown.join(", ")}; there are ${Object.keys(steps).join(", ")}`);
    return 2;
  }
  mkdirSync(TEMPORARY, { recursive: true });
  const started = performance.now();
  const failed = [];
  let passedTests = 0;
  let failedTests = 0;
  const all = Object.keys(steps).filter((name) => !parts.includes(name));
  for (const name of names.length > 0 ? names : all) {
    const start = performance.now();
    const { passed, failures, failedCount = failures.length } = await Promise.resolve().then(steps[name])
      .catch((error) => ({
        passed: 0,
        failures: [String(error)],
      }));
    passedTests += passed;
    failedTests += failedCount;
    if (failedCount > 0) failed.push(name);
    for (const failure of failures) console.log(`\n${failure.trim()}\n`);
    const verdict = failedCount === 0 ? "ok    " : "FAILED";
    const counts = failedCount === 0 ? `${passed} passed` : `${passed} passed, ${failedCount} failed`;
    console.log(`${verdict} ${name.padEnd(12)} ${seconds(start).padStart(8)}  ${counts}`);
  }
  console.log(
    `${failed.length === 0 ? "all steps ok" : `failed steps: ${failed.join(", ")}`}, ${seconds(started)}`,
  );
  console.log(`${passedTests} passed, ${failedTests} failed`);
  return failedTests === 0 ? 0 : 1;
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

async function command(line, timeoutMs = CHECK_MS) {
  const { output, problem } = await runCommand(line, { timeoutMs });
  return problem ? { passed: 0, failures: [`${output}\n${problem}`] } : { passed: 1, failures: [] };
}

/** With `SOAK=1` it takes hours. */
function faults() {
  rmSync(join(TEMPORARY, "faults.jsonl"), { force: true });
  return testsInLanes("tests/faults");
}

/** Runs the test files of a folder in both runtimes, two at a time: much of it waits for processes. */
async function testsInLanes(folder) {
  // those that take longest come first, so that both lanes end together
  const waiting = [deno, bun].flatMap((runtime) => testFiles(folder).map((path) => ({ runtime, path })));
  const verdicts = [];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      verdicts.push(await testsIn(next.runtime, [next.path]));
    }
  };
  await Promise.all([lane(), lane()]);
  return {
    passed: verdicts.reduce((sum, { passed }) => sum + passed, 0),
    failures: verdicts.flatMap(({ failures }) => failures),
    failedCount: verdicts.reduce((sum, { failures, failedCount = failures.length }) => sum + failedCount, 0),
  };
}

/** The test files of a folder, without those of the folders in it. */
function testFiles(folder) {
  return readdirSync(join(ROOT, folder)).filter((name) => name.endsWith("_test.ts")).sort().map((name) =>
    `./${folder}/${name}`
  );
}

function testsIn(runtime, paths) {
  return tests((report) =>
    runtime === deno
      ? [deno, "test", "-A", "--no-check", `--junit-path=${report}`, ...paths]
      : [bun, "test", "--reporter=junit", `--reporter-outfile=${report}`, ...paths]
  );
}

/** Runs a test runner, which writes a JUnit report. No report, or one without tests, is a failure. */
async function tests(lineFor) {
  const folder = mkdtempSync(join(TEMPORARY, "report-"));
  try {
    const path = join(folder, "junit.xml");
    const { output, problem } = await runCommand(lineFor(path), { timeoutMs: TESTS_MS });
    const report = existsSync(path) ? readFileSync(path, "utf8") : "";
    const { passed, failed, skipped } = report ? counts(report) : printedCounts(output);
    const reason = problem || (passed + failed === 0 && "no tests ran") ||
      (skipped > 0 && `${skipped} tests were skipped`) || (failed > 0 && `${failed} tests failed`);
    if (!reason) return { passed, failures: [] };
    const details = output.includes("ERRORS") ? "" : failureTexts(report);
    return {
      passed,
      failures: [`${output}\n${details}\n${reason}`],
      failedCount: Math.max(1, failed + skipped),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function counts(xml) {
  const cases = xml.match(/<testcase\b/g)?.length ?? 0;
  const failed = xml.match(/<(failure|error)\b/g)?.length ?? 0;
  const skipped = xml.match(/<skipped\b/g)?.length ?? 0;
  return { passed: cases - failed - skipped, failed, skipped };
}

/** What Bun printed of a run that was cut short, for it then leaves no report. */
function printedCounts(output) {
  const count = (verdict) => output.match(new RegExp(`^\\(${verdict}\\) `, "gm"))?.length ?? 0;
  return { passed: count("pass"), failed: count("fail"), skipped: 0 };
}

/** What Deno keeps for its report alone when a run is cut short. */
function failureTexts(xml) {
  const entities = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
  return [...xml.matchAll(/<testcase name="(.*?)"[^>]*>\s*<failure[^>]*>([^]*?)<\/failure>/g)]
    .map(([, name, text]) =>
      `${name}\n${text}\n`.replace(/&(\w+);/g, (entity, key) => entities[key] ?? entity)
    )
    .join("\n");
}

/** Deno has its own way to run documented code, {@linkcode steps.doctest}. */
async function documentedCodeInBun() {
  const folder = mkdtempSync(join(TEMPORARY, "documented-"));
  const lines = documentedCode(DOCUMENTED.map((path) => join(ROOT, path))).map(({ name, code }) => {
    const path = join(folder, `${name.replaceAll(/[/:]/g, "_")}.ts`);
    writeFileSync(path, `${code}\nexport {};\n`);
    return [bun, "run", path];
  });
  try {
    return await programs(lines);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function examples() {
  const names = readdirSync(join(ROOT, "examples")).filter((name) => /^[^_].*\.ts$/.test(name));
  return programs(names.flatMap((name) => {
    const path = join(ROOT, "examples", name);
    return [[deno, "run", "-A", path], [bun, "run", path]];
  }));
}

async function programs(lines) {
  if (lines.length === 0) return { passed: 0, failures: ["there is nothing to run"] };
  const results = [];
  for (const line of lines) results.push(await command(line, EXAMPLE_MS));
  return {
    passed: results.reduce((sum, { passed }) => sum + passed, 0),
    failures: results.flatMap(({ failures }) => failures),
  };
}
