import { median } from "../driver/stats.mjs";

/**
 * What is measured, and how much more the last quarter of a run may hold than the second: the larger of a share and a
 * constant. Engines size their heaps by what they see, so private memory gets most.
 */
export const METRICS = {
  privateMiB: { what: "private memory", unit: "MiB", share: 0.1, slack: 16 },
  sharedMiB: { what: "shared memory", unit: "MiB", share: 0, slack: 16 },
  descriptors: { what: "descriptors", unit: "", share: 0, slack: 4 },
  mappings: { what: "mappings", unit: "", share: 0.1, slack: 64 },
  children: { what: "children", unit: "", share: 0, slack: 1 },
};

/**
 * How much more may be left after the run than before it: mappings for the next map, warm memory for the next array,
 * what an engine opens of its own.
 */
const KEPT = { sharedMiB: 128, descriptors: 8, mappings: 64, children: 0 };

/**
 * Compares the medians of the second and the last quarter of the steps, and what is left at the end with the start. A
 * run in rounds is judged by what it holds between them; one of many small steps as it runs.
 *
 * @returns `{ flat, quarters: { privateMiB: { second, last, allowed }, … }, reasons }`
 */
export function judge({ steps, done, before, after, samples }) {
  const atRest = samples.filter((sample) => sample.atRest);
  const judged = atRest.length > 0 ? atRest : samples;
  // a sample at rest belongs to the step that it ends
  const quarterOf = ({ done: at, atRest }) => Math.min(3, Math.floor(4 * (atRest ? at - 1 : at) / done));
  const [second, last] = [1, 3].map((quarter) => judged.filter((sample) => quarterOf(sample) === quarter));
  const reasons = [];
  if (done === 0) reasons.push(`none of ${steps} steps was done`);
  if (second.length === 0 || last.length === 0) {
    reasons.push("a quarter without a sample");
    return { flat: false, quarters: {}, reasons };
  }
  const quarters = {};
  for (const [key, { what, share, slack }] of Object.entries(METRICS)) {
    const [from, to] = [second, last].map((list) => median(list.map((sample) => sample[key])));
    const allowed = from + Math.max(slack, share * from);
    quarters[key] = { second: from, last: to, allowed };
    if (to > allowed) {
      reasons.push(`${what}: ${from}, then ${to}, ${Math.round(allowed)} allowed`);
    }
  }
  for (const [key, more] of Object.entries(KEPT)) {
    if (after[key] > before[key] + more) {
      reasons.push(`${METRICS[key].what}: ${before[key]} at the start, ${after[key]} at the end`);
    }
  }
  return { flat: reasons.length === 0, quarters, reasons };
}
