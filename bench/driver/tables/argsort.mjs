import { figure } from "../figures.mjs";
import { DATA, sortCase, TYPES } from "../plan/arrays.mjs";
import { failures, fasterBy, named, number, OURS, power, ratio, table } from "./format.mjs";

const LENGTHS = [1e5, 1e6, 1e7, 1e8];
/** What partition and radix read and write for each double: keys three times, pairs and results. */
const BYTES_AN_ELEMENT = 56;
const PEERS_HEAD = [
  "",
  "first call, ns",
  "later calls, ns",
  "first: Bun is faster by",
  "Deno is faster by",
  "later: Bun is faster by",
  "Deno is faster by",
];

/** Random doubles: everybody's time for an element, with the share of the bandwidth that ours and C's make use of. */
export function argsortTable(results) {
  return peersTable(
    results,
    LENGTHS.map((n) => ({ title: power(n), name: sortCase("argsort", "f8", "random", n) })),
  );
}

/** sort of random doubles and integers. */
export function sortTable(results) {
  const titles = ["f8", "i4"].flatMap((type) =>
    [1e6, 1e7].map((n) => ({ title: `${type} ${power(n)}`, name: sortCase("sort", type, "random", n) }))
  );
  return peersTable(results, titles);
}

/** The share of the bandwidth is a column of argsort's alone. */
function peersTable(results, titled) {
  const rows = titled.flatMap(({ title, name }) =>
    competitors(results, name).map((row) => [title, ...peerRow(results, name, row)])
  );
  if (rows.length === 0) return "Not run yet.";
  const withShare = rows.some((row) => row.at(-1) !== "");
  const head = ["", ...PEERS_HEAD, "of the read bandwidth"];
  const shown = withShare ? [head, rows] : [head.slice(0, -1), rows.map((row) => row.slice(0, -1))];
  return table(...shown, 2) +
    titled.map(({ name }) => failures(results, name)).join("");
}

/** Everybody who ran the case, NumPy's stable sort apart, fastest later call first. */
function competitors(results, name) {
  const rows = Object.keys(results.cases[name] ?? {}).flatMap((who) => {
    const own = { who, title: named(who), cold: "coldNs", later: "medianNs" };
    const stable = { who, title: `${who}, stable`, cold: "stableColdNs", later: "stableMedianNs" };
    return who.startsWith("numpy") && !who.startsWith("numpy-ts") ? [own, stable] : [own];
  });
  const time = ({ who, cold, later }) =>
    figure(results, name, who, later) ?? figure(results, name, who, cold);
  return rows.filter((row) => time(row) !== undefined).sort((a, b) => time(a) - time(b));
}

function peerRow(results, name, { who, title, cold, later }) {
  const [first, rest] = [cold, later].map((metric) => figure(results, name, who, metric));
  const own = OURS.includes(who);
  return [
    title,
    number(first),
    number(rest),
    ...(own ? ["", ""] : fasterBy(results, name, "coldNs", first)),
    ...(own ? ["", ""] : fasterBy(results, name, "medianNs", rest)),
    own || who.startsWith("C, partition") ? share(results, name, rest) : "",
  ];
}

/** Of what two threads read at most, at {@linkcode BYTES_AN_ELEMENT}. */
function share(results, name, ns) {
  const most = figure(results, "reduce", "C, reads, 2 threads", "GBs");
  if (!name.startsWith("argsort-f8") || ns === undefined || most === undefined) return "";
  return number(100 * BYTES_AN_ELEMENT / ns / most) + " %";
}

/** Every other element type, and doubles that are not random. */
export function typesTable(results) {
  const random = TYPES.filter((type) => type !== "f8").flatMap((type) =>
    LENGTHS.map((n) => [type, "random", n])
  );
  const others = DATA.filter((data) => data !== "random").map((data) => ["f8", data, 1e7]);
  const cases = [...random, ...others].map(([type, data, n]) => ({
    title: data === "random" ? `${type} ${power(n)}` : `${type} ${power(n)}, ${data}`,
    name: sortCase("argsort", type, data, n),
  }));
  const rows = cases.filter(({ name }) => results.cases[name] !== undefined).map(({ title, name }) =>
    typeRow(results, name, title)
  );
  if (rows.length === 0) return "Not run yet.";
  const head = [
    "",
    "Bun: first, ns",
    "later, ns",
    "Deno: first, ns",
    "later, ns",
    "NumPy: first, ns",
    "later, ns",
    "stable, ns",
    "first: Bun is faster by",
    "Deno is faster by",
    "later: Bun is faster by",
    "Deno is faster by",
  ];
  return table(head, rows) + cases.map(({ name }) => failures(results, name)).join("");
}

function typeRow(results, name, title) {
  const { cold, later, stable } = fastestNumpy(results, name);
  const ours = (metric) => OURS.map((us) => figure(results, name, us, metric));
  const [firsts, laters] = [ours("coldNs"), ours("medianNs")];
  return [
    title,
    ...OURS.flatMap((_, k) => [number(firsts[k]), number(laters[k])]),
    ...[cold, later, stable].map(number),
    ...firsts.map((ns) => ratio(cold, ns)),
    ...laters.map((ns) => ratio(later, ns)),
  ];
}

/**
 * The first and the later calls of NumPy 2's default, the faster of with and without AVX-512, and of its stable sort;
 * where only one call was made, it stands for the later ones too.
 */
export function fastestNumpy(results, name) {
  const whos = ["numpy", "numpy without AVX-512"];
  const least = (...metrics) => {
    const found = whos.map((who) =>
      metrics.map((metric) => figure(results, name, who, metric)).find((ns) => ns)
    )
      .filter((ns) => ns !== undefined);
    return found.length === 0 ? undefined : Math.min(...found);
  };
  return {
    cold: least("coldNs"),
    later: least("medianNs", "coldNs"),
    stableCold: least("stableColdNs"),
    stable: least("stableMedianNs", "stableColdNs"),
  };
}
