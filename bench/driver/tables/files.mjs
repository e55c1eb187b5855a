import { figure } from "../figures.mjs";
import { failures, named, number, OURS, ratio, table } from "./format.mjs";

/** A file of doubles, read and added up. */
export function fromFileTable(results) {
  if (results.cases.from_file === undefined) return "Not run yet.";
  const of = (who, metric) => figure(results, "from_file", who, metric);
  const row = (title, who, metric, ours) => {
    const ms = of(who, metric);
    const own = OURS.includes(who);
    return [
      named(who),
      title,
      number(ms),
      // mapping alone reads nothing
      metric === "mappedReadMs" ? "" : number(ms && of(who, "bytes") / ms / 1e6),
      ...OURS.map((us) => own ? "" : ratio(ms, of(us, ours))),
    ];
  };
  const rows = [
    ...OURS.flatMap((us) => [
      row("`fromFile` + `sum`, first call of a process", us, "firstMs"),
      row("… later calls", us, "mappedMs"),
      row("… of which `fromFile`", us, "mappedReadMs"),
      row("`fromFile`, `mmap: false` + `sum`", us, "copiedMs"),
      row("… of which `fromFile`", us, "copiedReadMs"),
    ]),
    row("`fromfile` + `sum`, first call of a process", "numpy", "firstMs", "firstMs"),
    row("… later calls", "numpy", "totalMs", "mappedMs"),
    row("… of which `fromfile`", "numpy", "readMs", "copiedReadMs"),
    row("`memmap` + `sum`", "numpy", "mappedMs", "mappedMs"),
  ];
  const head = ["", "", "ms", "GB/s", "Bun is faster by", "Deno is faster by"];
  return table(head, rows, 2) + failures(results, "from_file");
}

/** Text parsed, in megabytes a second, fastest first. */
export function loadtxtTable(results) {
  const kinds = ["long", "short"].filter((kind) => results.cases[`loadtxt-${kind}`] !== undefined);
  if (kinds.length === 0) return "Not run yet.";
  const rows = kinds.flatMap((kind) => {
    const name = `loadtxt-${kind}`;
    const whos = Object.keys(results.cases[name]).filter((who) =>
      parseRate(results, name, who) !== undefined
    );
    whos.sort((a, b) => parseRate(results, name, b) - parseRate(results, name, a));
    return whos.map((who) => [kind, ...textRow(results, name, who)]);
  });
  const head = [
    "numbers",
    "",
    "MB",
    "first call, s",
    "later calls, s",
    "MB/s",
    "first: Bun is faster by",
    "Deno is faster by",
    "later: Bun is faster by",
    "Deno is faster by",
  ];
  return table(head, rows, 2) + kinds.map((kind) => failures(results, `loadtxt-${kind}`)).join("");
}

function textRow(results, name, who) {
  const own = OURS.includes(who);
  const seconds = (metric) => {
    const ms = figure(results, name, who, metric);
    return number(ms && ms / 1000);
  };
  const faster = (metric) =>
    OURS.map((us) =>
      own ? "" : ratio(parseRate(results, name, us, metric), parseRate(results, name, who, metric))
    );
  return [
    named(who),
    number(Math.round(figure(results, name, who, "bytes") / 1e6)),
    seconds("firstMs"),
    seconds("totalMs"),
    number(parseRate(results, name, who)),
    ...faster("firstMs"),
    ...faster("totalMs"),
  ];
}

/** Megabytes a second of later calls, or of the first: files differ in size. */
export function parseRate(results, name, who, metric = "totalMs") {
  const [bytes, ms] = [figure(results, name, who, "bytes"), figure(results, name, who, metric)];
  return bytes && ms && bytes / ms / 1e3;
}
