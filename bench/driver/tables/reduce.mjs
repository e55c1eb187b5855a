import { figure } from "../figures.mjs";
import { failures, named, number, OURS, ratio, table } from "./format.mjs";

const READS = "C, reads, 2 threads";
const SCANS = ["sum", "min", "max", "mean"];

/** What goes through all the memory once, against what C reads in that time; and what takes longer. */
export function reduceTable(results) {
  const cases = results.cases.reduce;
  if (cases === undefined) return "Not run yet.";
  const of = (who, metric) => figure(results, "reduce", who, metric);
  const most = of(READS, "GBs");
  const share = (gigabytes) =>
    gigabytes === undefined || most === undefined ? "–" : number(100 * gigabytes / most) + " %";
  const limits = Object.keys(cases).filter((who) => who.startsWith("C,")).map((who) => [
    "read",
    who,
    number(of(who, "ms")),
    number(of(who, "GBs")),
    share(of(who, "GBs")),
    "",
  ]);
  const scans = [...SCANS, "dot"].flatMap((what) =>
    [...OURS, "numpy"].map((who) => {
      const ms = of(who, what + "Ms");
      const gigabytes = ms && of(who, "bytes") / ms / 1e6;
      const numpy = who === "numpy" ? "" : ratio(of("numpy", what + "Ms"), ms);
      return [what, named(who), number(ms), number(gigabytes), share(gigabytes), numpy];
    })
  );
  const counts = ["histogram", "bincount"].flatMap((what) =>
    [...OURS, "numpy"].map((who) => {
      const ns = of(who, what + "Ns");
      const numpy = who === "numpy" ? "" : ratio(of("numpy", what + "Ns"), ns);
      return [`${what} of 2²⁵, ns per element`, named(who), number(ns), "", "", numpy];
    })
  );
  const head = ["", "", "ms", "GB/s", "of C with 2 threads", "faster than NumPy by"];
  return table(head, [...limits, ...scans, ...counts], 2) + failures(results, "reduce");
}
