// LlamaGen's tokenizer: a VQGAN with an l2-normalised codebook of 8-d entries, one token per 16x16 patch.
// Upstream: LlamaGen/tokenizer/tokenizer_image/vq_model.py:VQModel.

import { type Graph, input, type Tensor } from '../graph/index.ts'
import { add, l2Normalize, mul, reshape, transpose } from '../graph/ops/index.ts'
import type { LlamaGenVqArchitecture } from './architecture.ts'
import { nearestCode } from './student.ts'
import { attentionBlock, conv, downsample, level, outputBlock, resnetBlock, upsample } from './vq-blocks.ts'
import type { Weights } from './weights.ts'

/** The codebook [V, C] as it is used everywhere: rows of unit length. */
export const llamaGenCodebook = (w: Weights): Tensor => l2Normalize(w.get('quantize.embedding.weight'))

/** Input sequence float32 [B, L, C]; output image float32 [B, 3, H, W], nominally in [0, 1], not clamped. */
export function llamaGenDecoderGraph(w: Weights, arch: LlamaGenVqArchitecture, tokens: number): Graph {
  const side = Math.sqrt(tokens)
  const sequence = input('sequence', 'float32', ['batch', tokens, arch.embedDim])
  const z = transpose(reshape(sequence, ['batch', side, side, arch.embedDim]), [0, 3, 1, 2]) // (B, C, h, w)
  const image = decoder(w.scope('decoder.'), arch, conv(w, 'post_quant_conv', z))
  return { image: mul(add(image, 1), 0.5) }
}

/** Input image float32 [B, 3, H, W] in [-1, 1]; outputs h float32 [B, C, h, w] before quantisation and indices int64 [B, h*w]. */
export function llamaGenEncoderGraph(w: Weights, arch: LlamaGenVqArchitecture, size: number): Graph {
  const image = input('image', 'float32', ['batch', 3, size, size])
  const h = conv(w, 'quant_conv', encoder(w.scope('encoder.'), arch, image)) // (B, C, h, w)
  const side = size / 2 ** (arch.chMult.length - 1)
  const rows = reshape(transpose(h, [0, 2, 3, 1]), ['batch', side * side, arch.embedDim])
  return { h, indices: nearestCode(l2Normalize(rows), llamaGenCodebook(w)) }
}

function middle(w: Weights, x: Tensor): Tensor {
  const h = attentionBlock(w.scope('mid.1.'), resnetBlock(w.scope('mid.0.'), x))
  return resnetBlock(w.scope('mid.2.'), h)
}

/** Levels run from the lowest resolution up: conv_blocks.0 is the lowest. */
function decoder(w: Weights, arch: LlamaGenVqArchitecture, z: Tensor): Tensor {
  let h = middle(w, conv(w, 'conv_in', z))
  for (let i = 0; i < arch.chMult.length; i++) {
    const block = w.scope(`conv_blocks.${i}.`)
    h = level(block, h, 'res', arch.resBlocks + 1)
    if (i < arch.chMult.length - 1) h = upsample(block, h)
  }
  return outputBlock(w, h)
}

function encoder(w: Weights, arch: LlamaGenVqArchitecture, image: Tensor): Tensor {
  let h = conv(w, 'conv_in', image)
  for (let i = 0; i < arch.chMult.length; i++) {
    const block = w.scope(`conv_blocks.${i}.`)
    h = level(block, h, 'res', arch.resBlocks)
    if (i < arch.chMult.length - 1) h = downsample(block, h)
  }
  return outputBlock(w, middle(w, h))
}
