import { figure } from "../figures.mjs";
import { failures, number, OURS, ratio, table } from "./format.mjs";

/** The integral, NumPy's, and what the first touch of the memory costs. */
export function integralTable(results) {
  const peers = (who, metric) => figure(results, "integral-peers", who, metric);
  const both = (us) => figure(results, "integral-2", us, "laterMs");
  const row = (what, ms, best) => [what, number(ms), number(best), ...OURS.map((us) => ratio(ms, both(us)))];
  const ours = OURS.flatMap((us) =>
    [2, 0].flatMap((np) => {
      const of = (metric) => results.cases[`integral-${np}`]?.[us]?.figures[metric];
      return [
        row(`**${us}**, np = ${np}, first call of a process`, of("firstMs")?.median, of("firstMs")?.min),
        row(`**${us}**, np = ${np}, later calls`, of("laterMs")?.median, of("laterMinMs")?.min),
      ];
    })
  );
  const best = (who, metric) => results.cases["integral-peers"]?.[who]?.figures[metric]?.min;
  const numpy = [
    ["NumPy, `(arange(n) / n * dx).sum()`", "whole"],
    ["NumPy, the same chunks", "sequential"],
    ["NumPy, the same chunks, in place", "inPlace"],
  ].map(([what, key]) => row(what, peers("numpy", key + "Ms"), best("numpy", key + "MinMs")));
  const limits = [
    ["page-fault limit: first touch of 1 GiB shared, 4 KiB pages, one process", "shared4KMs"],
    ["… two processes, a half each", "shared4KByTwoMs"],
    ["… made huge (`MADV_COLLAPSE`), one process", "sharedHugeMs"],
    ["… touched again by two children", "sharedHugeByTwoMs"],
    ["… private, huge (what NumPy has)", "privateHugeMs"],
  ].map(([what, key]) => row(what, peers("page faults", key), best("page faults", key)));
  const head = ["128 Mi doubles, fresh array", "median, ms", "best, ms", "÷ Bun np = 2", "÷ Deno np = 2"];
  return table(head, [
    ...ours,
    row("upstream sharedmem, np = 2 (cited)", 834, undefined),
    ...numpy,
    ...limits,
  ]) +
    ["integral-0", "integral-2", "integral-peers"].map((name) => failures(results, name)).join("");
}
