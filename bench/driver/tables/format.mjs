import { figure } from "../figures.mjs";

export const RUNTIMES = ["bun", "deno"];
export const OURS = RUNTIMES.map((runtime) => `sharedmem/${runtime}`);

/** Three figures that count, or a dash. */
export function number(value) {
  if (value === undefined) return "–";
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en");
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** A number of things a second. */
export function rate(perSecond) {
  if (perSecond === undefined) return "–";
  return perSecond >= 1e6 ? number(perSecond / 1e6) + " M/s" : number(perSecond / 1e3) + " k/s";
}

/** How many times `a` is `b`. */
export function ratio(a, b) {
  return a === undefined || b === undefined ? "–" : number(a / b) + "×";
}

/** How many times faster each of our runtimes is than a time of somebody else. */
export function fasterBy(results, name, metric, theirs) {
  return OURS.map((us) => ratio(theirs, figure(results, name, us, metric)));
}

/** A competitor, ours in bold. */
export function named(who) {
  return OURS.includes(who) ? `**${who}**` : who;
}

/** `1e7` → 10⁷ */
export function power(n) {
  return "10" + String(Math.round(Math.log10(n))).replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
}

/** Markdown; only the first column is aligned left, or the first few. */
export function table(head, rows, left = 1) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, k) => k < left ? "---" : "---:")), ...rows.map(line)].join("\n");
}

/** What did not run, as a line to put under a table. */
export function failures(results, name) {
  const lines = Object.entries(results.cases[name] ?? {})
    .filter(([, { failures }]) => failures.length > 0)
    .map(([who, { failures }]) => `${who}: ${failures.length} × ${failures[0].slice(0, 120)}`);
  return lines.length === 0 ? "" : `\n\nFailed: ${lines.join("; ")}.`;
}
