// Normalisations as the fused ops that ONNX Runtime has kernels for.

import { ShapeError } from '../../core/errors.ts'
import { constant, emit, fixed, scalar, show, type Tensor } from '../tensor.ts'
import { add, div, mul } from './elementwise.ts'
import { reshape } from './layout.ts'
import { norm2 } from './reduce.ts'

/** LayerNorm over the last axis. `scale` and `bias` may broadcast as [batch, 1, C], which makes AdaLN one node. */
export function layerNorm(x: Tensor, scale: Tensor, bias: Tensor, epsilon: number): Tensor {
  const attributes = { axis: -1, epsilon: { float: epsilon } }
  return emit({ type: 'LayerNormalization', inputs: [x, scale, bias], attributes }, x.shape, x.dtype)
}

/** RMSNorm over the last axis (Zhang & Sennrich 2019). */
export function rmsNorm(x: Tensor, scale: Tensor, epsilon: number): Tensor {
  const attributes = { axis: -1, epsilon: { float: epsilon } }
  return emit({ type: 'SimplifiedLayerNormalization', inputs: [x, scale], attributes }, x.shape, x.dtype)
}

/** `F.normalize(x, dim=-1)`: x / max(|x|, 1e-12). */
export function l2Normalize(x: Tensor): Tensor {
  const length = norm2(x, [-1], true)
  return div(x, emit({ type: 'Max', inputs: [length, scalar(1e-12)] }, length.shape, x.dtype))
}

/** GroupNorm of x [B, C, H, W], per-channel weight and bias [C]; the statistics go through InstanceNormalization. */
export function groupNorm(x: Tensor, groups: number, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  const [c, h, w] = [fixed('groupNorm', x, 1), fixed('groupNorm', x, 2), fixed('groupNorm', x, 3)]
  if (c % groups) throw new ShapeError(`groupNorm: ${groups} groups do not divide the channels of ${show(x)}.`)
  const grouped = reshape(x, [x.shape[0]!, groups, (c / groups) * h * w])
  const unit = constant(new Float32Array(groups).fill(1))
  const zero = constant(new Float32Array(groups))
  const attributes = { epsilon: { float: epsilon } }
  const normed = emit(
    { type: 'InstanceNormalization', inputs: [grouped, unit, zero], attributes },
    grouped.shape,
    x.dtype,
  )
  const affine = (p: Tensor) => reshape(p, [c, 1, 1])
  return add(mul(reshape(normed, x.shape), affine(weight)), affine(bias))
}
