/**
 * How a reduction is cut into parts, by the size of the array alone: so its result does not depend on who does which.
 *
 * @module
 */
import { halfOf } from "./sum_kernels.ts";

/** An array as lanes. */
export interface Lanes {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** Elements of a part. */
const PART_ELEMENTS = 2 ** 17;
/** Elements that a member claims at once. */
const CLAIM_ELEMENTS = 2 ** 18;
/** Lanes narrower than this are gathered one by one, wider ones are folded row by row. */
export const MIN_WIDTH: number = 16;
/** Columns of a part. */
export const MAX_WIDTH: number = 512;

/** The lanes along an axis. */
export function lanesAlong(dimensions: readonly number[], axis: number): Lanes {
  const product = (lengths: readonly number[]): number => lengths.reduce((all, length) => all * length, 1);
  return {
    outer: product(dimensions.slice(0, axis)),
    length: dimensions[axis]!,
    inner: product(dimensions.slice(axis + 1)),
  };
}

/** How the work is cut; depends on the lanes alone. */
export class Plan {
  /** Where each part of a lane begins, and how long it is. */
  readonly parts: { readonly from: number; readonly count: number }[] = [];
  /** Longer stretches are halved. */
  readonly limit: number;
  /** Elements of the longest one. */
  readonly longest: number;
  /** Columns of a part. */
  readonly width: number;
  /** Parts beside each other. */
  readonly tiles: number;
  readonly units: number;
  readonly unitsPerClaim: number;
  readonly claims: number;

  constructor({ outer, length, inner }: Lanes) {
    this.width = inner < MIN_WIDTH ? inner : Math.min(inner, MAX_WIDTH);
    this.tiles = Math.ceil(inner / this.width);
    this.limit = Math.max(128, Math.floor(PART_ELEMENTS / this.width));
    this.#cut(0, length);
    this.longest = this.parts.reduce((longest, { count }) => Math.max(longest, count), 0);
    this.units = outer * this.parts.length * this.tiles;
    const elements = (length / this.parts.length) * this.width;
    this.unitsPerClaim = Math.max(1, Math.floor(CLAIM_ELEMENTS / elements));
    this.claims = Math.ceil(this.units / this.unitsPerClaim);
  }

  #cut(from: number, count: number): void {
    if (count <= this.limit) {
      this.parts.push({ from, count });
      return;
    }
    const half = halfOf(count);
    this.#cut(from, half);
    this.#cut(from + half, count - half);
  }
}
