/**
 * Integrates f(x) = x from 0 to 1 over 128 Mi points, in one array of 1 GiB that every process sees.
 *
 * deno run --allow-ffi examples/integral.ts, or bun examples/integral.ts
 */
import { empty, MapReduce, range, zeros } from "@sharedmem/sharedmem";

const n = 1 << 27, chunk = 1 << 20, dx = 1 / n;

/** What the jobs left in shared memory, and what they returned. */
export interface Integral {
  readonly xdx: Float64Array;
  readonly total: number;
  readonly parts: readonly number[];
}

export async function integrate(pool: MapReduce): Promise<Integral> {
  const xdx = empty(n); // a Float64Array in shared memory
  const total = zeros([]); // a shared scalar
  const parts = await pool.map((start) => {
    let part = 0;
    for (let i = start; i < start + chunk; i++) part += xdx[i] = i * dx * dx;
    const sum = part; // engines are slow at loops that change what a closure captures, as the next line does
    pool.critical(() => total[0]! += sum);
    return sum;
  }, range(0, n, chunk));
  return { xdx, total: total[0]!, parts };
}

/**
 * Three sums of the same terms. All are equal to the last bit, whatever the order: every term is a multiple of 2^-54,
 * so no addition rounds.
 */
export function sums({ xdx, total, parts }: Integral): number[] {
  let whole = 0;
  for (let i = 0; i < xdx.length; i++) whole += xdx[i]!;
  return [parts.reduce((a, b) => a + b), total, whole];
}

/** The same sum by Gauss's formula. */
export const exact: number = (n - 1) / n / 2;

if (import.meta.main) {
  using pool = new MapReduce();
  console.log(sums(await integrate(pool)), "exactly", exact);
}
