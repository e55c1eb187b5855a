/** One median, or `undefined` when it was not measured. */
export function figure(results, name, who, metric) {
  return results.cases[name]?.[who]?.figures[metric]?.median;
}

/** The competitors of a case whose name matches, best first by `metric`. */
export function ranking(results, name, metric, pattern = /./) {
  return Object.keys(results.cases[name] ?? {})
    .filter((who) => pattern.test(who) && figure(results, name, who, metric) !== undefined)
    .sort((a, b) => figure(results, name, b, metric) - figure(results, name, a, metric));
}
