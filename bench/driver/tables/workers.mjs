import { figure, ranking } from "../figures.mjs";
import { bestPool } from "../floors.mjs";
import { failures, number, OURS, rate, ratio, table } from "./format.mjs";

/** Jobs a second, fastest first. */
export function burstTable(results, name) {
  const rows = ranking(results, name, "perSecond").map((who) => {
    const own = OURS.includes(who);
    const best = who === bestPool(results, name) ? " (best pool)" : "";
    return [
      (own ? `**${who}**` : who) + best,
      number(figure(results, name, who, "n")),
      rate(figure(results, name, who, "perSecond")),
      ...OURS.map((us) =>
        own ? "" : ratio(figure(results, name, us, "perSecond"), figure(results, name, who, "perSecond"))
      ),
      own ? "" : rate(figure(results, name, who, "batchedPerSecond")),
    ];
  });
  const head = [
    "",
    "jobs",
    "jobs a second",
    "Bun is faster by",
    "Deno is faster by",
    "1000 items a message, by hand",
  ];
  return table(head, rows) + failures(results, name);
}

/** Milliseconds, fastest first. */
export function timeTable(results, name, metric) {
  const rows = ranking(results, name, metric).reverse().map((who) => {
    const stats = results.cases[name][who].figures[metric];
    const own = OURS.includes(who);
    return [
      own ? `**${who}**` : who,
      number(stats.median),
      number(figure(results, name, who, metric.replace("Ms", "MinMs")) ?? stats.min),
      ...OURS.map((us) => own ? "" : ratio(stats.median, figure(results, name, us, metric))),
    ];
  });
  const head = ["", "median, ms", "best, ms", "Bun is faster by", "Deno is faster by"];
  return table(head, rows) + failures(results, name);
}

/** Critical and ordered sections. */
export function sectionTable(results) {
  const cells = (name, who, metric) => {
    const theirs = figure(results, name, who, metric);
    return [rate(theirs), ...OURS.map((us) => ratio(figure(results, name, us, metric), theirs))];
  };
  const lock = (np, metric, who = "multiprocessing.Lock") => {
    const theirs = figure(results, `critical-${np}`, who, metric);
    return [
      rate(theirs),
      ...OURS.map((us) => ratio(figure(results, `critical-${np}`, us, "perSecond"), theirs)),
    ];
  };
  const own = (
    name,
    us,
    metric = "perSecond",
  ) => [`**${us}**`, rate(figure(results, name, us, metric)), "", ""];
  const titled = (title, rows) => rows.map(([who, ...rest]) => [title, who, ...rest]);
  return table(["section", "", "a second", "Bun is faster by", "Deno is faster by"], [
    ...[1, 2].flatMap((np) =>
      titled(np === 1 ? "critical, alone" : "critical, two contending", [
        ...OURS.map((us) => own(`critical-${np}`, us)),
        ["Lock, bound `acquire(); release()`", ...lock(np, "perSecond")],
        ["Lock, `with lock:`", ...lock(np, "withPerSecond")],
        ["C, one CAS and one exchange", ...lock(np, "perSecond", "C, CAS and exchange")],
      ])
    ),
    ...titled("critical, two adding 1", OURS.map((us) => own("critical-2", us, "countedPerSecond"))),
    ...titled("ordered, np = 2", [
      ...OURS.map((us) => own("ordered", us)),
      ["Condition and a turn", ...cells("ordered", "multiprocessing.Condition", "perSecond")],
    ]),
    ...titled(
      "ordered, each turn to the other",
      OURS.map((us) => own("ordered", us, "alternatingPerSecond")),
    ),
  ]) + ["critical-1", "critical-2", "ordered"].map((name) => failures(results, name)).join("");
}

/** Nothing but computing. */
export function computeTable(results) {
  const row = (
    us,
  ) => [
    `**${us}**`,
    ...["np0Ms", "np1Ms", "np2Ms", "speedup"].map((m) => number(figure(results, "compute", us, m))),
  ];
  return table(["", "np = 0, ms", "np = 1, ms", "np = 2, ms", "speed-up"], OURS.map(row)) +
    failures(results, "compute");
}
