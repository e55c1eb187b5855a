/** The middle of `values`. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** `[{ a: 1 }, { a: 3 }]` → `{ a: { median, min, max, values } }`. */
export function summarise(rounds) {
  const names = new Set(rounds.flatMap((figures) => Object.keys(figures)));
  return Object.fromEntries([...names].map((name) => {
    const values = rounds.map((figures) => figures[name]).filter((value) => value !== undefined);
    return [name, { median: median(values), min: Math.min(...values), max: Math.max(...values), values }];
  }));
}
