// The convolutional blocks that both tokenizers are made of (VQGAN, Esser et al. 2021): residual block with GroupNorm,
// single-head attention over pixels, 2x resampling. Upstream: VAR/models/basic_vae.py, LlamaGen vq_model.py.

import type { Tensor } from '../graph/index.ts'
import {
  addImages,
  alsoChannelsLast,
  channelsFirst,
  channelsLast,
  isChannelsLast,
  pointwise,
} from '../graph/ops/channels-last.ts'
import {
  add,
  chooseTiling,
  concat,
  conv2d,
  conv3x3,
  groupNorm,
  linear,
  matmul,
  mul,
  reshape,
  silu,
  softmax,
  split,
  transpose,
  upsampleConv3x3,
  upsampleNearest2x,
} from '../graph/ops/index.ts'
import { matmulT } from '../graph/ops/linear.ts'
import { tiledConv3x3, tileKernel } from '../graph/ops/winograd.ts'
import type { Weights } from './weights.ts'

/** Groups of every GroupNorm in the released tokenizers. */
const GROUPS = 32
const EPSILON = 1e-6

/** Convolution `name` with 'same' padding, by whichever algorithm is fastest for its size. */
export function conv(w: Weights, name: string, x: Tensor): Tensor {
  const weight = w.get(`${name}.weight`)
  const bias = w.get(`${name}.bias`)
  const [out, inside, kernel] = weight.shape as readonly [number, number, number, number]
  if (kernel === 1 && isChannelsLast(x)) {
    const matrix = reshape(weight, [out, inside])
    const strips = channelsLast(x).map((strip) => linear(strip, matrix, bias))
    return channelsFirst(strips, x.shape[3] as number)
  }
  if (w.differentiable && kernel === 3) return alsoChannelsLast(conv3x3(x, weight, bias, true))
  return (kernel === 3 && tiled(w, name, x, false)) || conv2d(x, weight, bias, { padding: (kernel - 1) / 2 })
}

/** The 3x3 convolution `name`, of the upsampled image if asked, where tiles beat the direct way. */
function tiled(w: Weights, name: string, x: Tensor, upsample: boolean): Tensor | undefined {
  const kernel = w.get(`${name}.weight`).shape as readonly number[]
  const algorithm = w.differentiable ? undefined : chooseTiling(x, kernel[0]!, upsample)
  if (!algorithm) return undefined
  const transformed = w.derive(`${name}.weight`, tileKernel(algorithm, kernel))
  return tiledConv3x3(x, transformed, w.get(`${name}.bias`), algorithm)
}

const norm = (w: Weights, name: string, x: Tensor, groups: number) =>
  groupNorm(x, groups, w.get(`${name}.weight`), w.get(`${name}.bias`), EPSILON)

/** GroupNorm, SiLU, 3x3 convolution, twice, around a shortcut. x [B, C, H, W]. */
export function resnetBlock(w: Weights, x: Tensor, groups = GROUPS): Tensor {
  const inner = conv(w, 'conv1', pointwise(silu, norm(w, 'norm1', x, groups)))
  const h = conv(w, 'conv2', pointwise(silu, norm(w, 'norm2', inner, groups)))
  return addImages(w.has('nin_shortcut.weight') ? conv(w, 'nin_shortcut', x) : x, h)
}

/** Single-head self-attention over the pixels of x [B, C, H, W]; one fused `qkv` convolution or three. */
export function attentionBlock(w: Weights, x: Tensor, groups = GROUPS): Tensor {
  const [b, c, height, width] = x.shape as [string, number, number, number]
  const h = norm(w, 'norm', x, groups)
  if (w.differentiable) return rowAttention(w, x, h)
  const qkv = w.has('qkv.weight')
    ? conv(w, 'qkv', h)
    : concat(
        ['q', 'k', 'v'].map((name) => conv(w, name, h)),
        1,
      )
  const [q, k, v] = split(reshape(qkv, [b, 3 * c, height * width]), [c, c, c], 1) as [Tensor, Tensor, Tensor] // (B, C, HW)
  const weights = softmax(mul(matmul(transpose(q, [0, 2, 1]), k), c ** -0.5)) // (B, HW, HW): query, key
  const context = matmul(v, transpose(weights, [0, 2, 1])) // (B, C, HW)
  return add(x, conv(w, 'proj_out', reshape(context, [b, c, height, width])))
}

/** The same on pixels as rows (B, HW, C): no transposition on the way back either. */
function rowAttention(w: Weights, x: Tensor, h: Tensor): Tensor {
  const [c, width] = [x.shape[1], x.shape[3]] as [number, number]
  const project = (name: string) => channelsLast(conv(w, name, h))[0]!
  const [q, k, v] = (w.has('qkv.weight') ? split(project('qkv'), [c, c, c], 2) : ['q', 'k', 'v'].map(project)) as [
    Tensor,
    Tensor,
    Tensor,
  ]
  const weights = softmax(mul(matmulT(q, k, 'B'), c ** -0.5)) // (B, HW, HW): query, key
  return addImages(x, conv(w, 'proj_out', channelsFirst([matmul(weights, v)], width)))
}

/** Nearest 2x upsampling, then the 3x3 convolution `upsample.conv`. */
export function upsample(w: Weights, x: Tensor): Tensor {
  const name = 'upsample.conv'
  const [weight, bias] = [w.get(`${name}.weight`), w.get(`${name}.bias`)]
  if (w.differentiable) return alsoChannelsLast(conv3x3(upsampleNearest2x(x), weight, bias, true))
  return tiled(w, name, x, true) ?? upsampleConv3x3(x, weight, bias)
}

/** 3x3 convolution with stride 2 on an image padded at the right and the bottom. */
export function downsample(w: Weights, x: Tensor): Tensor {
  const options = { stride: 2, padding: [0, 0, 1, 1] } as const
  const y = conv2d(x, w.get('downsample.conv.weight'), w.get('downsample.conv.bias'), options)
  return w.differentiable ? alsoChannelsLast(y) : y
}

/** GroupNorm, SiLU, 3x3 convolution: the end of encoder and decoder. */
export function outputBlock(w: Weights, x: Tensor, groups = GROUPS): Tensor {
  return conv(w, 'conv_out', pointwise(silu, norm(w, 'norm_out', x, groups)))
}

/** Residual blocks `res`.0.. of one level, each followed by its attention block where the level has them. */
export function level(w: Weights, x: Tensor, res: string, blocks: number, groups = GROUPS): Tensor {
  let h = x
  for (let i = 0; i < blocks; i++) {
    h = resnetBlock(w.scope(`${res}.${i}.`), h, groups)
    if (w.has(`attn.${i}.norm.weight`)) h = attentionBlock(w.scope(`attn.${i}.`), h, groups)
  }
  return h
}
