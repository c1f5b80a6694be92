// Convolutions and resampling of NCHW images. `chooseTiling` decides where the algorithms of winograd.ts replace a direct
// 3x3 convolution, after these times (ms; 2 Zen 3 cores, ONNX Runtime 1.30, batch 1, least of 12; "phase" is upsampling
// as four 2x2 convolutions; 2x2 tiles, F(2x2, 3x3), lie between direct and tiled wherever tiles are used):
//   in -> out, size      direct  tiled        in -> out, upsampled to  direct  phase  tiled
//   160 -> 160  256x256   173.3  115.4        160 -> 160  256x256      169.9  103.2   78.4
//   128 -> 128  256x256   110.7   78.1        320 -> 320  128x128      164.3   89.7   63.6
//   320 -> 160  128x128    84.1   44.4        256 -> 256  128x128      104.9   65.3   45.5
//   160 -> 160  128x128    42.1   25.9        640 -> 640  32x32         43.0   23.3   16.6
//   320 -> 320  64x64      44.6   19.1        512 -> 512  32x32         26.5   17.2   12.4
//   256 -> 256  32x32       8.0    3.7
//   640 -> 640  16x16      10.5    7.7, for four times the weights (59 MB): not worth it; nor are 32 channels (0.9, 1.0).

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
  const outputPixels = h * w * (upsample ? 4 : 1)
  if (Math.min(c, out) < 96 || outputPixels < 32 * 32) return undefined
  return upsample ? upsampled : winograd4x4
}
