// Convolutions and resampling of NCHW images. `chooseTiling` decides where the algorithms of winograd.ts replace a direct
// 3x3 convolution, after these times (2 Zen 3 cores, ONNX Runtime 1.30, batch 1, CPU ms per core; "phase" is upsampling
// as four 2x2 convolutions; 2x2 tiles, F(2x2, 3x3), were never the fastest where tiles win at all):
//   in -> out, size      direct  tiled        in -> out, upsampled to  direct  phase  tiled
//   160 -> 160  256x256   167.9  112.8        160 -> 160  256x256      171.5    92.5   80.9
//   320 -> 160  128x128    87.7   47.5        320 -> 320  128x128      160.7    83.4   61.9
//   160 -> 160  128x128    46.8   31.0        256 -> 256  128x128      104.3    55.6   43.8
//   320 -> 320  64x64      40.8   16.2        640 -> 640  32x32         41.6    21.6   15.3
//   128 -> 128  256x256   109.5   69.6        512 -> 512  32x32         26.5    13.0   10.9
//   256 -> 256  32x32       6.7    3.0
//   640 -> 640  16x16      10.2    7.5, for four times the weights (59 MB): not worth it; nor are 32 channels (0.5, 0.5).

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
