import { number } from "../driver/tables.mjs";
import { CASES } from "./plan.mjs";
import { METRICS } from "./verdict.mjs";

/** The generated parts of README.md, by the name between their markers. */
export function tables(results) {
  return {
    long: results.machine === undefined ? "Not run yet." : `${environment(results)}\n\n${table(results)}`,
  };
}

function environment({ machine, versions, cases }) {
  const runs = Object.values(cases).flatMap((runtimes) => Object.values(runtimes));
  const commits = [...new Set(runs.map(({ commit }) => commit))];
  const found = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ");
  return `${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB, Linux ${machine.kernel}. ${found}. ` +
    `Commit ${commits.join(", ")}${
      commits.some((one) => one.endsWith("+")) ? " (+ = changed since)" : ""
    }, ` +
    `${runs.map(({ date }) => date).sort().at(-1)}${
      runs.some(({ quick }) => quick) ? ", some from a quick run" : ""
    }.`;
}

function table({ cases }) {
  const metrics = Object.entries(METRICS);
  const head = [
    "run",
    "",
    "done",
    "seconds",
    "load",
    ...metrics.map(([, { what, unit }]) => unit === "" ? what : `${what}, ${unit}`),
    "",
  ];
  const rows = Object.entries(CASES).flatMap(([name, { what }]) =>
    Object.entries(cases[name] ?? {}).map(([runtime, run]) => [
      what,
      runtime,
      run.done === undefined ? "–" : `${number(run.done)} of ${number(run.steps)}`,
      number(run.seconds),
      number(run.load),
      ...metrics.map(([key]) => {
        const quarter = run.quarters?.[key];
        return quarter === undefined ? "–" : `${number(quarter.second)} → ${number(quarter.last)}`;
      }),
      run.flat
        ? (run.done < run.steps ? "flat so far" : "flat")
        : `**${run.reasons.join("; ").replaceAll("|", "/")}**`,
    ])
  );
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, k) => k < 2 || k === head.length - 1 ? "---" : "---:");
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}
