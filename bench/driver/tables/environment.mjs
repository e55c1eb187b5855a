import { number } from "./format.mjs";

/** The machine, the versions, and when all was run. */
export function environment({ machine, versions, cases }) {
  if (machine === undefined) return "Not run yet.";
  const stamps = Object.values(cases).flatMap((competitors) => Object.values(competitors));
  const dates = stamps.map(({ date }) => date).sort();
  const commits = [...new Set(stamps.map(({ commit }) => commit))];
  const found = Object.entries(versions).filter(([, version]) => version).map(([name, version]) =>
    `${name} ${version}`
  );
  return [
    `${machine.cores} × ${machine.cpu}${
      machine.family === undefined ? "" : ` (family ${machine.family}, model ${machine.model})`
    }, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, load ${number(machine.load)} at start. `,
    `${found.join(", ")}. `,
    `Commit ${commits.join(", ")}${
      commits.some((c) => c.endsWith("+")) ? " (+ = with changes not committed)" : ""
    }, ${dates.at(-1)}`,
    stamps.some(({ quick }) => quick) ? " (some figures from a quick run)." : ".",
  ].join("");
}
