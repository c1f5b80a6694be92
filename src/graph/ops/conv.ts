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
//
// Where gradients flow, `conv3x3` takes winograd-gradients.ts from 32 channels on. Forward and all gradients, ms of one core
// with AVX-512, batch 16:
//   in -> out, size     direct  tiled        in -> out, size           direct  tiled
//    32 ->  32  32x32       15     10        128 -> 128  8x8               13      5
//    64 ->  64  32x32       48     30        256 -> 256  8x8               48     18
//   128 -> 128  32x32      170     82        512 -> 512  2x2               64     35
//   128 -> 128  16x16       44     18        160 -> 160  128x128, one     263    123, but 16 -> 64  32x32: 16, 14.

import { ShapeError } from '../../core/errors.ts'
import { type Cotangents, constant, type Dim, emit, emitMany, fixed, show, type Tensor } from '../tensor.ts'
import { channelsLast } from './channels-last.ts'
import { mul } from './elementwise.ts'
import { concat, expandLike, flatten, gather, reshape, slice, transpose, zeros } from './layout.ts'
import { gemm } from './linear.ts'
import { sum } from './reduce.ts'
import { type TileAlgorithm, upsampled, winograd4x4 } from './winograd.ts'
import { winogradConv3x3 } from './winograd-gradients.ts'

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
  const pads: Pads = typeof padding === 'number' ? [padding, padding, padding, padding] : padding
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
  const vjp = (g: Tensor): Cotangents => [
    convInputGradient(g, x, weight, stride, pads),
    convWeightGradient(g, x, weight, stride, pads),
    bias && sum(g, [0, 2, 3]),
  ]
  return emit(
    { type: 'Conv', inputs: [x, weight, bias], attributes, vjp },
    [x.shape[0]!, out, size(2, kh), size(3, kw)],
    x.dtype,
  )
}

type Pads = readonly [top: number, left: number, bottom: number, right: number]

/** The gradient towards x: a convolution with the kernel turned by 180 degrees, of g with zeros between its strides. */
function convInputGradient(g: Tensor, x: Tensor, weight: Tensor, stride: number, pads: Pads): Tensor {
  const [out, inside, kh, kw] = weight.shape as [number, number, number, number]
  if (stride === 1) {
    const taps = Array.from({ length: kh * kw }, (_, i) => kh * kw - 1 - i)
    const turned =
      kh * kw === 1
        ? weight
        : gather(reshape(weight, [out, inside, kh * kw]), constant(taps, [taps.length], 'int64'), 2)
    const swapped = transpose(reshape(turned, [out, inside, kh, kw]), [1, 0, 2, 3])
    const [top, left, bottom, right] = pads
    return conv2d(g, swapped, undefined, { padding: [kh - 1 - top, kw - 1 - left, kh - 1 - bottom, kw - 1 - right] })
  }
  const missing = (axis: 2 | 3, kernel: number) =>
    fixed('conv2d', x, axis) - ((fixed('conv2d', g, axis) - 1) * stride + kernel - pads[axis - 2]! - pads[axis]!)
  const attributes = {
    kernel_shape: [kh, kw],
    strides: [stride, stride],
    pads,
    output_padding: [missing(2, kh), missing(3, kw)],
  }
  return emit({ type: 'ConvTranspose', inputs: [g, weight], attributes }, x.shape, x.dtype)
}

/**
 * The gradient towards the kernel: for each of its taps, one product of g with the pixels of x that it meets, picked by a
 * table. Slices of x would also work, but ONNX Runtime sometimes takes seven times as long for them on two threads as on one.
 */
function convWeightGradient(g: Tensor, x: Tensor, weight: Tensor, stride: number, [top, left]: Pads): Tensor {
  const [out, inside, kh, kw] = weight.shape as [number, number, number, number]
  const h = fixed('conv2d', g, 2)
  const w = fixed('conv2d', g, 3)
  const height = fixed('conv2d', x, 2)
  const width = fixed('conv2d', x, 3)
  const pixels = concat(channelsLast(x), 1) // (B, H W, in)
  const zero = expandLike(constant(new Float32Array(inside), [1, 1, inside]), slice(pixels, 1, 0, 1))
  const padded = concat([pixels, zero], 1)
  const rows = flatten(concat(channelsLast(g), 1)) // (B h w, out)
  const taps = Array.from({ length: kh * kw }, (_, tap) => {
    const met = Int32Array.from({ length: h * w }, (_, i) => {
      const row = Math.floor(i / w) * stride + Math.floor(tap / kw) - top
      const column = (i % w) * stride + (tap % kw) - left
      return row >= 0 && row < height && column >= 0 && column < width ? row * width + column : height * width
    })
    return gemm(rows, flatten(gather(padded, constant(met, [h * w], 'int32'), 1)), 'A') // (out, in)
  })
  return reshape(transpose(reshape(concat(taps, 0), [kh * kw, out, inside]), [1, 2, 0]), weight.shape)
}

/** Nearest-neighbour upsampling by two: every pixel becomes a 2x2 block. */
export function upsampleNearest2x(x: Tensor): Tensor {
  const [b, c, h, w] = x.shape as [Dim, number, number, number]
  const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
  const inputs = [x, undefined, constant([1, 1, 2, 2])]
  const vjp = (g: Tensor) => [mul(averagePool2x2(g), 4)]
  return emit({ type: 'Resize', inputs, attributes, vjp }, [b, c, 2 * h, 2 * w], x.dtype)
}

/** Attributes of a pooling window and the shape [B, C, H', W'] of its output for x. */
function pooling(x: Tensor, kernel: number, stride: number, padding: number) {
  const [b, c] = x.shape as [Dim, Dim]
  const size = (axis: 2 | 3) => Math.floor((fixed('pool', x, axis) + 2 * padding - kernel) / stride) + 1
  const pads = Array.from({ length: 4 }, () => padding)
  const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads }
  return { attributes, shape: [b, c, size(2), size(3)] }
}

/** Means of 2x2 blocks; x [B, C, H, W] with even H and W. */
export function averagePool2x2(x: Tensor): Tensor {
  const { attributes, shape } = pooling(x, 2, 2, 0)
  const vjp = (g: Tensor) => [mul(upsampleNearest2x(g), 0.25)]
  return emit({ type: 'AveragePool', inputs: [x], attributes, vjp }, shape, x.dtype)
}

/** Means of the 3x3 neighbourhood of every pixel, counting only pixels inside the image: `F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)`. */
export function averagePool3x3(x: Tensor): Tensor {
  const { attributes, shape } = pooling(x, 3, 1, 1)
  const h = fixed('pool', x, 2)
  const w = fixed('pool', x, 3)
  const vjp = (g: Tensor) => {
    const along = (at: number, size: number) => Math.min(at + 1, size - 1) - Math.max(at - 1, 0) + 1
    const shares = Float32Array.from({ length: h * w }, (_, i) => 9 / (along(Math.floor(i / w), h) * along(i % w, w)))
    const shared = mul(g, constant(shares, [h, w]))
    const padded = { ...attributes, count_include_pad: 1 } // a mean over nine: the sum of the neighbours' shares
    return [emit({ type: 'AveragePool', inputs: [shared], attributes: padded }, shape, x.dtype)]
  }
  return emit({ type: 'AveragePool', inputs: [x], attributes, vjp }, shape, x.dtype)
}

/** `F.max_pool2d(x, kernel, stride, padding)`; the gradient goes to the first of equal maxima. */
export function maxPool2d(x: Tensor, kernel: number, stride: number, padding = 0): Tensor {
  const { attributes, shape } = pooling(x, kernel, stride, padding)
  const vjp = ([g]: Cotangents, [y, places]: readonly Tensor[]): Cotangents => {
    const all = x.shape.every((d) => typeof d === 'number')
      ? (x.shape as number[]).reduce((n, d) => n * d, 1)
      : undefined
    if (all === undefined) throw new ShapeError(`maxPool2d: the gradient needs fixed dimensions, got ${show(x)}.`)
    const count = (y!.shape as number[]).reduce((n, d) => n * d, 1)
    const inputs = [zeros([all]), reshape(places!, [count]), reshape(g!, [count])]
    const scattered = emit(
      { type: 'ScatterElements', inputs, attributes: { axis: 0, reduction: 'add' } },
      [all],
      x.dtype,
    )
    return [reshape(scattered, x.shape)]
  }
  const spec = { type: 'MaxPool', inputs: [x], attributes, required: 1, vjp }
  return emitMany(spec, [
    { shape, dtype: x.dtype },
    { shape, dtype: 'int64' },
  ])[0]!
}

/** Largest of 2x2 blocks. */
export const maxPool2x2 = (x: Tensor): Tensor => maxPool2d(x, 2, 2)

/** `conv3x3(upsampleNearest2x(x))` with 'same' padding. */
export function upsampleConv3x3(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  return conv2d(upsampleNearest2x(x), weight, bias, { padding: 1 })
}

/** The tile algorithm that is faster than a direct 3x3 convolution of x [B, C, H, W] to `out` channels, if any. */
export function chooseTiling(x: Tensor, out: number, upsample: boolean): TileAlgorithm | undefined {
  const c = fixed('chooseTiling', x, 1)
  const h = fixed('chooseTiling', x, 2)
  const w = fixed('chooseTiling', x, 3)
  const outputPixels = h * w * (upsample ? 4 : 1)
  if (Math.min(c, out) < 96 || outputPixels < 32 * 32) return undefined
  return upsample ? upsampled : winograd4x4
}

/** Most values of a frozen kernel that is tiled: while opening, ONNX Runtime folds it into eight times as many constants. */
const LARGEST_FROZEN = 2 ** 18

/** 3x3 convolution with 'same' padding; `differentiable`: gradients will flow through it, in a micro-batch of fixed size. */
export function conv3x3(x: Tensor, weight: Tensor, bias: Tensor, differentiable: boolean): Tensor {
  const [out, inside] = weight.shape as [number, number]
  const known = x.shape.every((d) => typeof d === 'number')
  const light = weight.node.kind === 'input' || out * inside * 9 <= LARGEST_FROZEN
  if (differentiable && known && light && Math.min(out, inside) >= 32) return winogradConv3x3(x, weight, bias)
  return conv2d(x, weight, bias, { padding: 1 })
}
