import { figure, ranking } from "./figures.mjs";
import { text } from "./svg.mjs";

const WIDTH = 900;
const LEFT = 230;
const RIGHT = 140;
const BAR = 16;
const STEP = 21;
const COLOURS = { ours: "#0b7285", peer: "#adb5bd", batched: "#e9ecef" };

const PANELS = [
  { title: "Trivial jobs, number results (2 workers), jobs a second", name: "dispatch" },
  { title: "Jobs that return { i, s, v: [a, b] } (2 workers), jobs a second", name: "objects" },
  { title: "Empty critical section, two contending, entries a second", name: "critical-2" },
  { title: "Empty ordered section, two workers, turns a second", name: "ordered" },
];

/** Horizontal bars on a log scale, one panel a case: an SVG that needs nothing else. */
export function plot(results) {
  const parts = [];
  let y = 46;
  for (const { title, name } of PANELS) {
    const rows = ranking(results, name, "perSecond").map((who) => ({
      who,
      value: figure(results, name, who, "perSecond"),
      batched: figure(results, name, who, "batchedPerSecond"),
    }));
    if (rows.length === 0) continue;
    const all = rows.flatMap(({ value, batched }) => [value, batched ?? value]);
    const low = Math.floor(Math.log10(Math.min(...all)));
    const high = Math.ceil(Math.log10(Math.max(...all)));
    const x = (value) => LEFT + (Math.log10(value) - low) / Math.max(1, high - low) * (WIDTH - LEFT - RIGHT);
    parts.push(text(10, y, title, 'font-weight="bold" font-size="14"'));
    y += 12;
    const bottom = y + rows.length * STEP;
    for (let power = low; power <= high; power++) {
      const at = x(10 ** power);
      parts.push(`<line x1="${at}" y1="${y}" x2="${at}" y2="${bottom}" stroke="#dee2e6"/>`);
      parts.push(
        text(at, bottom + 13, short(10 ** power), 'text-anchor="middle" font-size="11" fill="#868e96"'),
      );
    }
    for (const { who, value, batched } of rows) {
      const own = who.startsWith("sharedmem/");
      const weight = own ? 'font-weight="bold"' : "";
      parts.push(text(LEFT - 8, y + 13, who, `text-anchor="end" font-size="12" ${weight}`));
      if (batched !== undefined && batched > value) {
        parts.push(bar(x(10 ** low), y, x(batched), COLOURS.batched));
      }
      parts.push(bar(x(10 ** low), y, x(value), own ? COLOURS.ours : COLOURS.peer));
      const label = batched === undefined ? short(value) : `${short(value)} · ${short(batched)}`;
      parts.push(text(x(Math.max(value, batched ?? 0)) + 5, y + 13, label, 'font-size="12"'));
      y += STEP;
    }
    y = bottom + 48;
  }
  const height = y - 20;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(
      10,
      20,
      "Log scale, longer is faster. Pale: the same pool, 1000 items batched into each message by hand.",
      'font-size="12" fill="#495057"',
    ),
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function bar(from, y, to, fill) {
  return `<rect x="${from.toFixed(1)}" y="${y + 1}" width="${
    Math.max(1, to - from).toFixed(1)
  }" height="${BAR}" rx="2" fill="${fill}"/>`;
}

function short(value) {
  if (value >= 1e6) return `${trim(value / 1e6)} M`;
  if (value >= 1e3) return `${trim(value / 1e3)} k`;
  return trim(value);
}

function trim(value) {
  return String(Number(value.toPrecision(value >= 100 ? 3 : 2)));
}
