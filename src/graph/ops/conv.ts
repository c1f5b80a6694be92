// Convolutions and resampling of NCHW images.

import { ShapeError } from '../../core/errors.ts'
import { constant, type Dim, emit, fixed, show, type Tensor } from '../tensor.ts'
import { type TileAlgorithm, upsampled, winograd4x4 } from './winograd.ts'

export interface ConvOptions {
  stride?: number
  /** [top, left, bottom, right]; a number pads every side. */
  padding?: number | readonly [number, number, number, number]
}

/** `F.conv2d`: x [B, in, H, W], weight [out, in, kh, kw], bias [out]. */
export function conv2d(
  x: Tensor,
  weight: Tensor,
  bias?: Tensor,
  { stride = 1, padding = 0 }: ConvOptions = {},
): Tensor {
  const pads = typeof padding === 'number' ? [padding, padding, padding, padding] : padding
  const [out, inside, kh, kw] = [0, 1, 2, 3].map((axis) => fixed('conv2d weight', weight, axis)) as [
    number,
    number,
    number,
    number,
  ]
  if (fixed('conv2d', x, 1) !== inside)
    throw new ShapeError(`conv2d: input ${show(x)} does not fit weight ${show(weight)}.`)
  const size = (axis: 2 | 3, kernel: number) =>
    Math.floor((fixed('conv2d', x, axis) + pads[axis - 2]! + pads[axis]! - kernel) / stride) + 1
  const attributes = { kernel_shape: [kh, kw], strides: [stride, stride], pads }
  return emit(
    { type: 'Conv', inputs: [x, weight, bias], attributes },
    [x.shape[0]!, out, size(2, kh), size(3, kw)],
    x.dtype,
  )
}

/** Nearest-neighbour upsampling by two: every pixel becomes a 2x2 block. */
export function upsampleNearest2x(x: Tensor): Tensor {
  const [b, c, h, w] = x.shape as [Dim, number, number, number]
  const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
  const inputs = [x, undefined, constant([1, 1, 2, 2])]
  return emit({ type: 'Resize', inputs, attributes }, [b, c, 2 * h, 2 * w], x.dtype)
}

/** `conv3x3(upsampleNearest2x(x))` with 'same' padding. */
export function upsampleConv3x3(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  return conv2d(upsampleNearest2x(x), weight, bias, { padding: 1 })
}

/** The tile algorithm that beats a direct 3x3 convolution of x [B, C, H, W] to `out` channels, if any. */
export function chooseTiling(x: Tensor, out: number, upsample: boolean): TileAlgorithm | undefined {
  const [c, h, w] = [fixed('chooseTiling', x, 1), fixed('chooseTiling', x, 2), fixed('chooseTiling', x, 3)]
  const scale = upsample ? 4 : 1
  const worth = Math.min(c, out) >= 96 && scale * h * w >= 32 * 32
  return worth ? (upsample ? upsampled : winograd4x4) : undefined
}
