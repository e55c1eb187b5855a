/**
 * `ndarray`'s interface for more elements than its 32-bit positions reach.
 *
 * @module
 */
import type { ElementOf, TypedArray } from "./dtype.ts";
import type { NdArray } from "./nd_array.ts";

/** A view whose positions are exact up to 2^53; by the rules of `ndarray` 1.1 otherwise. */
export class LargeView<T extends TypedArray, N extends number> implements NdArray<T, N> {
  data: T;
  shape: number[];
  stride: number[];
  offset: number;

  constructor(data: T, shape: readonly number[], stride: number[] = strideOf(shape), offset = 0) {
    this.data = data;
    this.shape = [...shape];
    this.stride = stride;
    this.offset = offset;
  }

  get dtype(): string {
    return this.data[Symbol.toStringTag].slice(0, -"Array".length).toLowerCase();
  }

  get dimension(): N {
    return this.shape.length as N;
  }

  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1);
  }

  get order(): number[] {
    const { stride } = this;
    return stride.map((_, axis) => axis).sort((a, b) => Math.abs(stride[a]!) - Math.abs(stride[b]!));
  }

  index(...index: number[]): number {
    return this.stride.reduce((position, stride, axis) => position + stride * index[axis]!, this.offset);
  }

  get(...index: number[]): ElementOf<T> {
    return this.data[this.index(...index)]!;
  }

  set(...indexAndValue: [...index: number[], value: ElementOf<T>]): ElementOf<T> {
    const value = indexAndValue[this.shape.length] as ElementOf<T>;
    return this.data[this.index(...indexAndValue as number[])] = value;
  }

  lo(...from: (number | null)[]): LargeView<T, N> {
    let { offset } = this;
    const shape = this.shape.map((length, axis) => {
      const first = from[axis];
      if (typeof first !== "number" || first < 0) return length;
      offset += this.stride[axis]! * Math.trunc(first);
      return length - Math.trunc(first);
    });
    return new LargeView<T, N>(this.data, shape, [...this.stride], offset);
  }

  hi(...to: (number | null)[]): LargeView<T, N> {
    const shape = this.shape.map((length, axis) => {
      const end = to[axis];
      return typeof end !== "number" || end < 0 ? length : Math.trunc(end);
    });
    return new LargeView<T, N>(this.data, shape, [...this.stride], this.offset);
  }

  step(...steps: (number | null)[]): LargeView<T, N> {
    let { offset } = this;
    const shape = [...this.shape];
    const stride = this.stride.map((stride, axis) => {
      const step = steps[axis];
      if (typeof step !== "number") return stride;
      if (step < 0) offset += stride * (shape[axis]! - 1);
      shape[axis] = Math.ceil(shape[axis]! / Math.abs(step));
      return stride * step;
    });
    return new LargeView<T, N>(this.data, shape, stride, offset);
  }

  transpose(...axes: number[]): LargeView<T, N> {
    const from = this.shape.map((_, axis) => axes[axis] ?? axis);
    const pick = (values: number[]): number[] => from.map((axis) => values[axis]!);
    return new LargeView<T, N>(this.data, pick(this.shape), pick(this.stride), this.offset);
  }

  pick(...index: (number | null)[]): LargeView<T, number> {
    let { offset } = this;
    const kept = this.shape.map((_, axis) => axis).filter((axis) => {
      const at = index[axis];
      if (typeof at !== "number" || at < 0) return true;
      offset += this.stride[axis]! * at;
      return false;
    });
    const pick = (values: number[]): number[] => kept.map((axis) => values[axis]!);
    return new LargeView<T, number>(this.data, pick(this.shape), pick(this.stride), offset);
  }
}

function strideOf(shape: readonly number[]): number[] {
  const stride = new Array<number>(shape.length);
  for (let axis = shape.length - 1, step = 1; axis >= 0; step *= shape[axis--]!) stride[axis] = step;
  return stride;
}
