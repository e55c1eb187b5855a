import { CASES } from "./plan.mjs";
import { METRICS } from "./verdict.mjs";

const POINTS = 160;
const LEFT = 96;
const TOP = 98;
const PANEL = { width: 176, height: 92 };
const GAP = { x: 46, y: 34 };
const TICKS = 2;

/** Colours of both schemes: an image follows the reader's. */
const STYLE = `
  text { font: 11px system-ui, sans-serif; fill: #343a40 }
  .title { font-size: 14px; font-weight: bold } .head { font-weight: bold } .tick { font-size: 10px; fill: #868e96 }
  .back { fill: #ffffff } .grid { stroke: #dee2e6 } .line { fill: none; stroke-width: 1.5; stroke-linejoin: round }
  .bun { stroke: #d9480f } .deno { stroke: #0b7285; stroke-dasharray: 5 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #dee2e6 } .tick { fill: #adb5bd } .back { fill: #0d1117 } .grid { stroke: #343a40 }
    .bun { stroke: #ff922b } .deno { stroke: #3bc9db }
  }`;

/** What a point of a line holds, in this order. */
const FIELDS = ["seconds", ...Object.keys(METRICS)];

/** At most so many points as a panel shows: the largest values of each stretch, so that no peak is lost. */
export function thin(samples) {
  const end = samples.at(-1)?.seconds ?? 0;
  const stretches = new Map();
  for (const sample of samples) {
    const at = Math.floor(POINTS * sample.seconds / (end + 1e-9));
    stretches.set(at, [...stretches.get(at) ?? [], sample]);
  }
  return [...stretches.values()].map((stretch) =>
    FIELDS.map((field) => Math.max(...stretch.map((sample) => sample[field])))
  );
}

/** Small multiples: a column a run, a row a metric, a line a runtime. An SVG that needs nothing else. */
export function plot({ cases }) {
  const names = Object.keys(CASES).filter((name) => cases[name] !== undefined);
  const metrics = Object.entries(METRICS);
  const width = LEFT + names.length * (PANEL.width + GAP.x);
  const bottom = TOP + metrics.length * (PANEL.height + GAP.y);
  const parts = [
    text(12, 22, "What one process holds over time, sampled every 250 ms", 'class="title"'),
    ...legend(12, 42),
  ];
  names.forEach((name, column) => {
    const x = LEFT + column * (PANEL.width + GAP.x);
    const lines = Object.entries(cases[name]).filter(([, { points }]) => points?.length > 0);
    parts.push(text(x, TOP - 26, CASES[name].what, 'class="head"'));
    const late = lines.filter(([, { done, steps }]) => done < steps)
      .map(([runtime, { done }]) => `${runtime} ${done.toLocaleString("en")}`);
    if (late.length > 0) {
      parts.push(text(x, TOP - 12, `out of time after: ${late.join(", ")}`, 'class="tick"'));
    }
    metrics.forEach(([key, { what, unit }], row) => {
      const y = TOP + row * (PANEL.height + GAP.y);
      if (column === 0) {
        const middle = y + PANEL.height / 2;
        const turned = (at) => `text-anchor="middle" transform="rotate(-90 ${at} ${middle})"`;
        parts.push(text(18, middle, what, `class="head" ${turned(18)}`));
        if (unit !== "") parts.push(text(34, middle, unit, turned(34)));
      }
      parts.push(panel({ x, y, field: FIELDS.indexOf(key), lines }));
    });
    parts.push(text(x + PANEL.width / 2, bottom, "seconds", 'text-anchor="middle"'));
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 16}">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="back" width="${width}" height="${bottom + 16}"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function legend(x, y) {
  return [["bun", "Bun"], ["deno", "Deno"]].flatMap(([name, title], k) => [
    `<path class="line ${name}" d="M${x + 70 * k} ${y - 4}h24"/>`,
    text(x + 70 * k + 30, y, title),
  ]).concat(
    text(
      x + 160,
      y,
      "Each point is the largest value of its stretch; teeth are what a step holds while it runs.",
    ),
  );
}

function panel({ x, y, field, lines }) {
  const points = lines.flatMap(([, { points }]) => points);
  const seconds = nice(Math.max(1e-3, ...points.map(([at]) => at)));
  const most = nice(Math.max(1, ...points.map((point) => point[field])));
  const at = (point) =>
    `${(x + point[0] / seconds * PANEL.width).toFixed(1)} ${
      (y + PANEL.height * (1 - point[field] / most)).toFixed(1)
    }`;
  const parts = [];
  for (let tick = 0; tick <= TICKS; tick++) {
    const up = y + PANEL.height * (1 - tick / TICKS);
    const along = x + PANEL.width * tick / TICKS;
    parts.push(`<path class="grid" d="M${x} ${up}h${PANEL.width}"/>`);
    parts.push(text(x - 5, up + 4, short(most * tick / TICKS), 'class="tick" text-anchor="end"'));
    parts.push(
      text(along, y + PANEL.height + 13, short(seconds * tick / TICKS), 'class="tick" text-anchor="middle"'),
    );
  }
  for (const [runtime, { points }] of lines) {
    parts.push(`<path class="line ${runtime}" d="M${points.map(at).join("L")}"/>`);
  }
  return parts.join("\n");
}

/** The next of 1, 2, 4, 6, 8, 10, 20 …: half of it is a round number too. */
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 4, 6, 8, 10].find((step) => step * power >= value - 1e-9);
}

function short(value) {
  return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}

function text(x, y, content, attributes = "") {
  const safe = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" ${attributes}>${safe}</text>`;
}
