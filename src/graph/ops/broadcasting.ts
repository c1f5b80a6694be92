// Gradients of broadcasting: values that the forward pass repeated are summed in the backward pass.

import type { Tensor } from '../tensor.ts'
import { constant } from '../tensor.ts'
import { reshape } from './layout.ts'
import { matmul } from './linear.ts'
import { sum } from './reduce.ts'

/** The cotangent `g` of a broadcast result, summed to the shape of the operand `x`. */
export function unbroadcast(g: Tensor, x: Tensor): Tensor {
  const extra = g.shape.length - x.shape.length
  const axes = [...g.shape.keys()].filter((i) => i < extra || (x.shape[i - extra] === 1 && g.shape[i] !== 1))
  if (axes.length === 0) return g
  return reshape(sumRows(g, axes) ?? sum(g, axes, true), x.shape)
}

/**
 * Sums over axes right before the last one as a product with a row of ones, which ONNX Runtime computes several times
 * faster than ReduceSum; undefined for other axes or open ones.
 */
function sumRows(g: Tensor, axes: readonly number[]): Tensor | undefined {
  const last = g.shape.length - 1
  const first = last - axes.length
  if (axes[0] !== first || axes.at(-1) !== last - 1) return undefined
  const dims = axes.map((i) => g.shape[i])
  if (!dims.every((d) => typeof d === 'number')) return undefined
  const rows = dims.reduce((n, d) => n * d, 1)
  const lead = g.shape.slice(0, first)
  const flat = axes.length === 1 ? g : reshape(g, [...lead, rows, g.shape[last]!])
  return matmul(constant(new Float32Array(rows).fill(1), [1, rows]), flat) // (..., 1, C)
}
