/**
 * What every benchmark case needs: its arguments, the clock, statistics, and the one line that the driver reads.
 *
 * @module
 */
import process from "node:process";

/** Named figures of one process, e.g. `{ coldMs: 81.2 }`. */
export type Figures = Record<string, number>;

/** The number at `position` of the command line, or `otherwise`. */
export function argument(position: number, otherwise: number): number {
  const text = process.argv[position + 2];
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isFinite(value)) throw new RangeError(`argument ${position} must be a number, got ${text}`);
  return value;
}

/** The value below which the share `q` of `values` lies. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  if (value === undefined) throw new RangeError("quantile() of no values");
  return value;
}

/** The middle one of `values`. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Milliseconds that each of `count` calls of `body` took, one after the other. */
export async function repeat(count: number, body: () => Promise<number>): Promise<number[]> {
  const times: number[] = [];
  for (let k = 0; k < count; k++) times.push(await body());
  return times;
}

/** Hands the figures to the driver, when the results were found right. */
export function report(figures: Figures): void {
  console.log("BENCH " + JSON.stringify(figures));
}
