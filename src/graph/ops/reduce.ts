// Reductions over axes, softmax and arg-max / arg-min.

import { axisOf, constant, type Dim, emit, type Tensor } from '../tensor.ts'
import { div, mul, sub } from './elementwise.ts'
import { expandLike, reshape } from './layout.ts'

function reduced(op: string, x: Tensor, axes: readonly number[], keepDims: boolean): Dim[] {
  const set = new Set(axes.map((axis) => axisOf(op, x, axis)))
  return keepDims ? x.shape.map((d, i) => (set.has(i) ? 1 : d)) : x.shape.filter((_, i) => !set.has(i))
}

/** `rule` gets g and y with the reduced axes kept, so that they broadcast against x. */
function reduce(
  type: string,
  x: Tensor,
  axes: readonly number[],
  keepDims: boolean,
  rule: (g: Tensor, y: Tensor) => Tensor,
): Tensor {
  const inputs = [x, constant(axes, [axes.length], 'int64')]
  const kept = (t: Tensor) => (keepDims ? t : reshape(t, reduced(type, x, axes, true)))
  const vjp = (g: Tensor, y: Tensor) => [rule(kept(g), kept(y))]
  return emit(
    { type, inputs, attributes: { keepdims: keepDims ? 1 : 0 }, vjp },
    reduced(type, x, axes, keepDims),
    x.dtype,
  )
}

export const sum = (x: Tensor, axes: readonly number[], keepDims = false): Tensor =>
  reduce('ReduceSum', x, axes, keepDims, (g) => expandLike(g, x))

export const mean = (x: Tensor, axes: readonly number[], keepDims = false): Tensor =>
  reduce('ReduceMean', x, axes, keepDims, (g) => {
    const dims = axes.map((axis) => x.shape[axisOf('mean', x, axis)])
    if (dims.every((d) => typeof d === 'number')) return expandLike(mul(g, 1 / dims.reduce((n, d) => n * d, 1)), x)
    const ones = expandLike(constant([1], []), x)
    return div(expandLike(g, x), sum(ones, axes, true))
  })

/** Euclidean norm over the axes. */
export const norm2 = (x: Tensor, axes: readonly number[], keepDims = false): Tensor =>
  reduce('ReduceL2', x, axes, keepDims, (g, y) => mul(x, div(g, y)))

export function softmax(x: Tensor, axis = -1): Tensor {
  const a = axisOf('softmax', x, axis)
  const vjp = (g: Tensor, y: Tensor) => [mul(y, sub(g, sum(mul(g, y), [a], true)))]
  return emit({ type: 'Softmax', inputs: [x], attributes: { axis: a }, vjp }, x.shape, x.dtype)
}

export function logSoftmax(x: Tensor, axis = -1): Tensor {
  const a = axisOf('logSoftmax', x, axis)
  const vjp = (g: Tensor) => [sub(g, mul(softmax(x, a), sum(g, [a], true)))]
  return emit({ type: 'LogSoftmax', inputs: [x], attributes: { axis: a }, vjp }, x.shape, x.dtype)
}

function arg(type: string, x: Tensor, axis: number): Tensor {
  return emit({ type, inputs: [x], attributes: { axis, keepdims: 0 } }, reduced(type, x, [axis], false), 'int64')
}

/** Index of the largest element; the first one on ties, as PyTorch on a CPU. No gradient. */
export const argmax = (x: Tensor, axis = -1): Tensor => arg('ArgMax', x, axis)
/** Index of the smallest element; the first one on ties. No gradient. */
export const argmin = (x: Tensor, axis = -1): Tensor => arg('ArgMin', x, axis)
