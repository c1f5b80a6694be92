// Normalisations as the fused ops that ONNX Runtime has kernels for.

import { ShapeError } from '../../core/errors.ts'
import { customVjp } from '../grad.ts'
import { type Cotangents, constant, type Dim, emit, emitMany, fixed, scalar, show, type Tensor } from '../tensor.ts'
import { unbroadcast } from './broadcasting.ts'
import { channelsFirst, channelsLast, isChannelsLast } from './channels-last.ts'
import { add, div, mul, sqrt, sub } from './elementwise.ts'
import { expandLike, reshape } from './layout.ts'
import { matmul } from './linear.ts'
import { mean, norm2, sum } from './reduce.ts'

/** LayerNorm over the last axis. `scale` and `bias` may broadcast as [batch, 1, C], which makes AdaLN one node. */
export function layerNorm(x: Tensor, scale: Tensor, bias: Tensor, epsilon: number): Tensor {
  const attributes = { axis: -1, epsilon: { float: epsilon } }
  const statistics = { shape: [...x.shape.slice(0, -1), 1], dtype: x.dtype }
  const vjp = ([g]: Cotangents, [, average, inverse]: readonly Tensor[]) => {
    const unit = mul(sub(x, average!), inverse!)
    return [
      normGradient(mul(g!, scale), unit, inverse!, true),
      unbroadcast(mul(g!, unit), scale),
      unbroadcast(g!, bias),
    ]
  }
  const spec = { type: 'LayerNormalization', inputs: [x, scale, bias], attributes, required: 1, vjp }
  return emitMany(spec, [x, statistics, statistics])[0]!
}

const square = (t: Tensor) => mul(t, t)

/** d/dx of (x - mean) / deviation over the last axis (or x / rms when not centred), given the normalised x. */
function normGradient(g: Tensor, unit: Tensor, inverse: Tensor, centred: boolean): Tensor {
  const along = mul(unit, mean(mul(g, unit), [-1], true))
  const rest = centred ? sub(g, mean(g, [-1], true)) : g
  return mul(sub(rest, along), inverse)
}

/** RMSNorm over the last axis (Zhang & Sennrich 2019). */
export function rmsNorm(x: Tensor, scale: Tensor, epsilon: number): Tensor {
  const attributes = { axis: -1, epsilon: { float: epsilon } }
  const statistics = { shape: [...x.shape.slice(0, -1), 1], dtype: x.dtype }
  const vjp = ([g]: Cotangents, [, inverse]: readonly Tensor[]) => {
    const unit = mul(x, inverse!)
    return [normGradient(mul(g!, scale), unit, inverse!, false), unbroadcast(mul(g!, unit), scale)]
  }
  const spec = { type: 'SimplifiedLayerNormalization', inputs: [x, scale], attributes, required: 1, vjp }
  return emitMany(spec, [x, statistics])[0]!
}

/** `F.normalize(x, dim=-1)`: x / max(|x|, 1e-12). */
export function l2Normalize(x: Tensor): Tensor {
  const length = norm2(x, [-1], true)
  const vjp = (g: Tensor) => [g] // below a length of 1e-12 there is no direction to learn from
  return div(x, emit({ type: 'Max', inputs: [length, scalar(1e-12)], vjp }, length.shape, x.dtype))
}

/** GroupNorm of x [B, C, H, W], per-channel weight and bias [C]. */
export function groupNorm(x: Tensor, groups: number, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  const c = fixed('groupNorm', x, 1)
  const h = fixed('groupNorm', x, 2)
  const w = fixed('groupNorm', x, 3)
  if (c % groups) throw new ShapeError(`groupNorm: ${groups} groups do not divide the channels of ${show(x)}.`)
  if (isChannelsLast(x)) return groupNormStrips(x, groups, weight, bias, epsilon)
  const grouped = reshape(x, [x.shape[0]!, groups, (c / groups) * h * w])
  const unit = constant(new Float32Array(groups).fill(1))
  const zero = constant(new Float32Array(groups))
  const attributes = { epsilon: { float: epsilon } }
  const vjp = (g: Tensor, y: Tensor) => {
    const centred = sub(grouped, mean(grouped, [-1], true))
    const deviation = sqrt(add(mean(square(centred), [-1], true), epsilon))
    return [normGradient(g, y, div(1, deviation), true)]
  }
  const normed = emit(
    { type: 'InstanceNormalization', inputs: [grouped, unit, zero], attributes, vjp },
    grouped.shape,
    x.dtype,
  )
  const affine = (p: Tensor) => reshape(p, [c, 1, 1])
  return add(mul(reshape(normed, x.shape), affine(weight)), affine(bias))
}

/**
 * The same in strips [B, rows * W, C]. Sums are products with a row of 1/HW, five times faster than ReduceSum; a group's
 * variance is that within its channels plus that between them, so nothing large cancels.
 */
function groupNormStrips(x: Tensor, groups: number, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  const [b, c, h, w] = x.shape as [Dim, number, number, number]
  const strips = channelsLast(x)
  const sizes = new Set(strips.map((strip) => strip.shape[1] as number))
  const rows = new Map([...sizes].map((n) => [n, constant(new Float32Array(n).fill(1 / (h * w)), [1, n])]))
  const perChannel = (of: (strip: Tensor) => Tensor) => {
    const parts = strips.map((strip) => matmul(rows.get(strip.shape[1] as number)!, of(strip)))
    return emit({ type: 'Sum', inputs: parts }, [b, 1, c], x.dtype)
  }
  const perGroup = (t: Tensor) => reshape(t, [b, groups, c / groups])
  const channelMean = perChannel((strip) => strip) // (B, 1, C)
  const within = perGroup(perChannel((strip) => square(sub(strip, channelMean))))
  const average = mean(perGroup(channelMean), [-1], true) // (B, groups, 1)
  const between = square(sub(perGroup(channelMean), average))
  const variance = mean(add(within, between), [-1], true)
  const affine = (p: Tensor) => reshape(p, [groups, c / groups])
  const scale = div(affine(weight), sqrt(add(variance, epsilon))) // (B, groups, C / groups)
  const shift = sub(affine(bias), mul(average, scale))
  const row = (t: Tensor) => reshape(t, [b, 1, c])
  const normed = strips.map((strip) => add(mul(strip, row(scale)), row(shift)))
  const [x0, ...others] = strips as [Tensor, ...Tensor[]]
  if (others.length) return channelsFirst(normed, w) // of a large image, in a network that only samples
  const rule = (g: Tensor) => {
    const centred = sub(x0, channelMean)
    const inverse = div(1, sqrt(add(variance, epsilon)))
    const offset = sub(perGroup(channelMean), average)
    const ofG = perGroup(perChannel(() => g)) // means over the pixels: of g, and of g times the normalised x
    const ofUnit = mul(add(perGroup(perChannel(() => mul(g, centred))), mul(ofG, offset)), inverse)
    const level = mul(mean(mul(ofG, affine(weight)), [-1], true), inverse) // (B, groups, 1)
    const slope = mul(mean(mul(ofUnit, affine(weight)), [-1], true), square(inverse))
    const rest = add(mul(centred, row(expandLike(slope, scale))), row(add(mul(slope, offset), level)))
    const total = (t: Tensor) => reshape(mul(sum(t, [0]), h * w), [c])
    return [sub(mul(g, row(scale)), rest), total(ofUnit), total(ofG)]
  }
  return channelsFirst([customVjp(normed[0]!, [x0, weight, bias], rule)], w)
}

/** BatchNorm of x [B, C, H, W] in evaluation: by the statistics [C] that training has kept, which get no gradient. */
export function batchNorm(
  x: Tensor,
  { weight, bias, mean, variance }: Readonly<Record<'weight' | 'bias' | 'mean' | 'variance', Tensor>>,
  epsilon: number,
): Tensor {
  const perChannel = (t: Tensor) => reshape(t, [fixed('batchNorm', x, 1), 1, 1])
  const deviation = () => perChannel(sqrt(add(variance, epsilon)))
  const vjp = (g: Tensor) => [
    mul(g, div(perChannel(weight), deviation())),
    sum(mul(g, div(sub(x, perChannel(mean)), deviation())), [0, 2, 3]),
    sum(g, [0, 2, 3]),
  ]
  const spec = { type: 'BatchNormalization', inputs: [x, weight, bias, mean, variance] }
  return emit({ ...spec, attributes: { epsilon: { float: epsilon } }, vjp }, x.shape, x.dtype)
}
