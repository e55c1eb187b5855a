import { figure } from "./figures.mjs";
import { sortCase } from "./plan/arrays.mjs";
import { text } from "./svg.mjs";

const WIDTH = 900;
const HEIGHT = 480;
const LEFT = 60;
const RIGHT = 270;
const TOP = 46;
const BOTTOM = 440;
const LENGTHS = [1e5, 1e6, 1e7, 1e8];

/** Later calls are drawn whole, first ones dashed. */
const LINES = [
  ["sharedmem/bun", "coldNs", "sharedmem/bun, first call", "#0b7285", "6 4"],
  ["sharedmem/bun", "medianNs", "sharedmem/bun, later calls", "#0b7285"],
  ["sharedmem/deno", "coldNs", "sharedmem/deno, first call", "#5f3dc4", "6 4"],
  ["sharedmem/deno", "medianNs", "sharedmem/deno, later calls", "#5f3dc4"],
  ["numpy", "medianNs", "NumPy, default", "#e8590c"],
  ["numpy without AVX-512", "medianNs", "NumPy, default, without AVX-512", "#f08c00"],
  ["numpy", "stableMedianNs", "NumPy, stable", "#c92a2a"],
  ["C, partition + radix, 2 threads", "medianNs", "C, the same algorithm, 2 threads", "#495057"],
  ["C, LSD radix", "medianNs", "C, LSD radix", "#adb5bd"],
];
/** Where somebody made only one call. */
const FALLBACK = { medianNs: "coldNs", stableMedianNs: "stableColdNs" };

/** ns per element of argsort of random doubles over their number, both on log scales: an SVG that needs nothing else. */
export function plotArgsort(results) {
  const lines = LINES.map(([who, metric, title, colour, dash]) => ({
    title,
    colour,
    dash,
    points: LENGTHS.map((n) => [n, nanoseconds(results, n, who, metric)]).filter(([, ns]) =>
      ns !== undefined
    ),
  })).filter(({ points }) => points.length > 0);
  const parts = [
    text(10, 24, "argsort of random doubles, ns per element", 'font-weight="bold" font-size="14"'),
  ];
  if (lines.length === 0) return svg([...parts, text(10, 60, "Not run yet.", 'font-size="12"')]);

  const all = lines.flatMap(({ points }) => points.map(([, ns]) => ns));
  const low = Math.floor(Math.log10(Math.min(...all)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...all))));
  const x = (n) => LEFT + (Math.log10(n) - 5) / 3 * (WIDTH - LEFT - RIGHT);
  const y = (ns) => BOTTOM - (Math.log10(ns) - low) / (high - low) * (BOTTOM - TOP);
  parts.push(...axes(x, y, low, high));
  for (const { points, colour, dash } of lines) {
    const path = points.map(([n, ns]) => `${x(n).toFixed(1)},${y(ns).toFixed(1)}`).join(" ");
    const dashes = dash === undefined ? "" : ` stroke-dasharray="${dash}"`;
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${dashes}/>`);
    for (const [n, ns] of points) {
      parts.push(`<circle cx="${x(n).toFixed(1)}" cy="${y(ns).toFixed(1)}" r="3" fill="${colour}"/>`);
    }
  }
  return svg([...parts, ...labels(lines, y)]);
}

function nanoseconds(results, n, who, metric) {
  const name = sortCase("argsort", "f8", "random", n);
  return figure(results, name, who, metric) ?? figure(results, name, who, FALLBACK[metric]);
}

function axes(x, y, low, high) {
  const parts = [];
  for (let power = low; power <= high; power++) {
    for (const step of power === high ? [1] : [1, 2, 5]) {
      const at = y(step * 10 ** power).toFixed(1);
      parts.push(`<line x1="${LEFT}" y1="${at}" x2="${WIDTH - RIGHT}" y2="${at}" stroke="#dee2e6"/>`);
      parts.push(
        text(
          LEFT - 8,
          Number(at) + 4,
          String(Number((step * 10 ** power).toPrecision(1))),
          'text-anchor="end" font-size="11" fill="#868e96"',
        ),
      );
    }
  }
  for (const n of LENGTHS) {
    const at = x(n).toFixed(1);
    parts.push(`<line x1="${at}" y1="${TOP}" x2="${at}" y2="${BOTTOM}" stroke="#dee2e6"/>`);
    parts.push(
      text(
        Number(at),
        BOTTOM + 18,
        n.toExponential(0).replace("+", ""),
        'text-anchor="middle" font-size="11" fill="#868e96"',
      ),
    );
  }
  return parts;
}

/** Beside the ends of the lines, pushed apart where they would touch. */
function labels(lines, y) {
  const sorted = lines.map((line) => ({ ...line, ns: line.points.at(-1)[1] })).sort((a, b) => b.ns - a.ns);
  let least = TOP;
  const heights = sorted.map(({ ns }) => {
    const at = Math.max(y(ns) + 4, least);
    least = at + 16;
    return at;
  });
  const below = Math.max(0, heights.at(-1) - BOTTOM);
  return sorted.map(({ title, colour, dash, ns }, k) => {
    const label = `${title}: ${ns.toFixed(ns < 10 ? 1 : 0)}${dash === undefined ? "" : " (dashed)"}`;
    return text(
      WIDTH - RIGHT + 10,
      Number((heights[k] - below).toFixed(1)),
      label,
      `font-size="12" fill="${colour}"`,
    );
  });
}

function svg(parts) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}
