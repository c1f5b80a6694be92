// Reductions over axes, softmax and arg-max / arg-min.

import { axisOf, constant, type Dim, emit, type Tensor } from '../tensor.ts'

function reduced(op: string, x: Tensor, axes: readonly number[], keepDims: boolean): Dim[] {
  const set = new Set(axes.map((axis) => axisOf(op, x, axis)))
  return keepDims ? x.shape.map((d, i) => (set.has(i) ? 1 : d)) : x.shape.filter((_, i) => !set.has(i))
}

function reduce(type: string, x: Tensor, axes: readonly number[], keepDims: boolean): Tensor {
  const inputs = [x, constant(axes, [axes.length], 'int64')]
  return emit({ type, inputs, attributes: { keepdims: keepDims ? 1 : 0 } }, reduced(type, x, axes, keepDims), x.dtype)
}

export const sum = (x: Tensor, axes: readonly number[], keepDims = false) => reduce('ReduceSum', x, axes, keepDims)
export const mean = (x: Tensor, axes: readonly number[], keepDims = false) => reduce('ReduceMean', x, axes, keepDims)
/** Euclidean norm over the axes. */
export const norm2 = (x: Tensor, axes: readonly number[], keepDims = false) => reduce('ReduceL2', x, axes, keepDims)

export function softmax(x: Tensor, axis = -1): Tensor {
  return emit({ type: 'Softmax', inputs: [x], attributes: { axis: axisOf('softmax', x, axis) } }, x.shape, x.dtype)
}

function arg(type: string, x: Tensor, axis: number): Tensor {
  return emit({ type, inputs: [x], attributes: { axis, keepdims: 0 } }, reduced(type, x, [axis], false), 'int64')
}

/** Index of the largest element; the first one on ties, as PyTorch on a CPU. */
export const argmax = (x: Tensor, axis = -1): Tensor => arg('ArgMax', x, axis)
/** Index of the smallest element; the first one on ties. */
export const argmin = (x: Tensor, axis = -1): Tensor => arg('ArgMin', x, axis)
