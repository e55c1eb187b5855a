import { bestPool, figure, floors, ranking } from "./floors.mjs";

const RUNTIMES = ["bun", "deno"];
const OURS = RUNTIMES.map((runtime) => `sharedmem/${runtime}`);

/** Three figures that count, or a dash. */
export function number(value) {
  if (value === undefined) return "–";
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en");
  return value.toFixed(size >= 10 ? 1 : 2);
}

function rate(perSecond) {
  if (perSecond === undefined) return "–";
  return perSecond >= 1e6 ? number(perSecond / 1e6) + " M/s" : number(perSecond / 1e3) + " k/s";
}

function ratio(a, b) {
  return a === undefined || b === undefined ? "–" : number(a / b) + "×";
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, k) => k === 0 ? "---" : "---:")), ...rows.map(line)].join("\n");
}

/** Every generated part of README.md, by the name between its markers. */
export function tables(results) {
  return {
    environment: environment(results),
    floors: floorTable(results),
    dispatch: burstTable(results, "dispatch"),
    small: timeTable(results, "small", "warmMs"),
    start: timeTable(results, "start", "warmMs"),
    objects: burstTable(results, "objects"),
    sections: sectionTable(results),
    compute: computeTable(results),
    integral: integralTable(results),
    faults: faultTable(results),
  };
}

/** Puts the tables between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`. */
export function insertTables(text, made) {
  for (const [name, content] of Object.entries(made)) {
    const [open, close] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
    const from = text.indexOf(open);
    const to = text.indexOf(close);
    if (from < 0 || to < from) throw new Error(`README.md must have ${open} and ${close}`);
    text = text.slice(0, from + open.length) + "\n" + content + "\n" + text.slice(to);
  }
  return text;
}

function environment({ machine, versions, cases }) {
  if (machine === undefined) return "Not run yet.";
  const stamps = Object.values(cases).flatMap((competitors) => Object.values(competitors));
  const dates = stamps.map(({ date }) => date).sort();
  const commits = [...new Set(stamps.map(({ commit }) => commit))];
  const found = Object.entries(versions).filter(([, version]) => version).map(([name, version]) =>
    `${name} ${version}`
  );
  return [
    `${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, load ${
      number(machine.load)
    } at start. `,
    `${found.join(", ")}. `,
    `Commit ${commits.join(", ")}${
      commits.some((c) => c.endsWith("+")) ? " (+ = with changes not committed)" : ""
    }, ${dates.at(-1)}`,
    stamps.some(({ quick }) => quick) ? " (some figures from a quick run)." : ".",
  ].join("");
}

function floorTable(results) {
  const rows = floors.map(({ what, unit, floor, value }) => {
    const cells = RUNTIMES.flatMap((runtime) => {
      const got = value(results, runtime);
      const mark = got === undefined || floor === undefined
        ? ""
        : floor.met(got, floor[runtime])
        ? " ✓"
        : " ✗";
      return [floor === undefined ? "" : `${floor.sign} ${number(floor[runtime])}`, number(got) + mark];
    });
    return [what, unit, ...cells];
  });
  return table(["what", "unit", "floor, Bun", "Bun", "floor, Deno", "Deno"], rows);
}

function failures(results, name) {
  const lines = Object.entries(results.cases[name] ?? {})
    .filter(([, { failures }]) => failures.length > 0)
    .map(([who, { failures }]) => `${who}: ${failures.length} × ${failures[0].slice(0, 120)}`);
  return lines.length === 0 ? "" : `\n\nFailed: ${lines.join("; ")}.`;
}

function burstTable(results, name) {
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

function timeTable(results, name, metric) {
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

function sectionTable(results) {
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

function computeTable(results) {
  const row = (
    us,
  ) => [
    `**${us}**`,
    ...["np0Ms", "np1Ms", "np2Ms", "speedup"].map((m) => number(figure(results, "compute", us, m))),
  ];
  return table(["", "np = 0, ms", "np = 1, ms", "np = 2, ms", "speed-up"], OURS.map(row)) +
    failures(results, "compute");
}

function integralTable(results) {
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

function faultTable(results) {
  const row = (what, name, metric) => [what, ...OURS.map((us) => number(figure(results, name, us, metric)))];
  return table(["", "Bun", "Deno"], [
    row("error: median, ms", "latency", "errorMs"),
    row("error: 99th percentile, ms", "latency", "errorP99Ms"),
    row("error: slowest, ms", "latency", "errorMaxMs"),
    row("death: median, ms", "latency", "deathMs"),
    row("death: 99th percentile, ms", "latency", "deathP99Ms"),
    row("death: slowest, ms", "latency", "deathMaxMs"),
    row("waiting 2 s: master's CPU, ms", "waiting", "cpuMs"),
    row("waiting 2 s: a timer of 100 ms came late by at most, ms", "waiting", "lateMs"),
    row("fork storm: children", "storm", "children"),
    row("fork storm: hung", "storm", "hung"),
    row("fork storm: lost", "storm", "lost"),
    row("fork storm: ms a child", "storm", "msPerChild"),
    row("fork storm: slowest map of 8, ms", "storm", "slowestMapMs"),
    row("fork storm: HTTP requests served meanwhile", "storm", "requests"),
    row("fork storm: HTTP requests failed", "storm", "failedRequests"),
    row("memory: maps", "memory", "maps"),
    row("memory: private before, MiB", "memory", "privateBeforeMiB"),
    row("memory: growth, MiB", "memory", "privateGrowthMiB"),
    row("memory: growth before a collection, MiB", "memory", "privateUncollectedMiB"),
    row("memory: descriptors more", "memory", "descriptorGrowth"),
    row("memory: descriptors more before a collection", "memory", "descriptorsUncollected"),
    row("memory: mappings more", "memory", "mappingGrowth"),
    row("memory: mappings more before a collection", "memory", "mappingsUncollected"),
  ]) + ["latency", "waiting", "storm", "memory"].map((name) => failures(results, name)).join("");
}
