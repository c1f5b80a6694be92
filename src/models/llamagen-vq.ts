// LlamaGen's tokenizer: a VQGAN with an l2-normalised codebook of 8-d entries, one token per 16x16 patch.
// Upstream: LlamaGen/tokenizer/tokenizer_image/vq_model.py:VQModel.

import { type Dim, type Graph, input, type Tensor } from '../graph/index.ts'
import { add, l2Normalize, mul, reshape, transpose } from '../graph/ops/index.ts'
import type { LlamaGenVqArchitecture } from './architecture.ts'
import { nearestCode } from './student.ts'
import { attentionBlock, conv, downsample, level, outputBlock, resnetBlock, upsample } from './vq-blocks.ts'
import type { Weights } from './weights.ts'

/** The codebook [V, C] as it is used everywhere: rows of unit length. */
export const llamaGenCodebook = (w: Weights): Tensor => l2Normalize(w.get('quantize.embedding.weight'))

/** Input sequence float32 [B, L, C]; output image float32 [B, 3, H, W], nominally in [0, 1], not clamped. */
export function llamaGenDecoderGraph(w: Weights, arch: LlamaGenVqArchitecture, tokens: number): Graph {
  const sequence = input('sequence', 'float32', ['batch', tokens, arch.embedDim])
  return { image: mul(add(llamaGenDecode(w, arch, sequence), 1), 0.5) }
}

/** Image [B, 3, H, W] of a sequence [B, L, C], nominally in [-1, 1], not clamped. */
export function llamaGenDecode(w: Weights, arch: LlamaGenVqArchitecture, sequence: Tensor): Tensor {
  const [b, tokens, c] = sequence.shape as [Dim, number, number]
  const side = Math.sqrt(tokens)
  const z = transpose(reshape(sequence, [b, side, side, c]), [0, 3, 1, 2]) // (B, C, h, w)
  return decoder(w.scope('decoder.'), arch, conv(w, 'post_quant_conv', z))
}

/** Input image float32 [B, 3, H, W] in [-1, 1]; outputs h float32 [B, C, h, w] before quantisation and indices int64 [B, h*w]. */
export function llamaGenEncoderGraph(w: Weights, arch: LlamaGenVqArchitecture, size: number): Graph {
  const image = input('image', 'float32', ['batch', 3, size, size])
  const h = llamaGenEncode(w, arch, image)
  return { h, indices: nearestCode(unitRows(h), llamaGenCodebook(w)) }
}

/** What is quantised, h [B, C, h, w], of an image [B, 3, H, W] in [-1, 1]. */
export function llamaGenEncode(w: Weights, arch: LlamaGenVqArchitecture, image: Tensor): Tensor {
  return conv(w, 'quant_conv', encoder(w.scope('encoder.'), arch, image))
}

/** h [B, C, h, w] as one unit vector a position, [B, L, C]. */
export function unitRows(h: Tensor): Tensor {
  const [b, c, height, width] = h.shape as [Dim, number, number, number]
  return l2Normalize(reshape(transpose(h, [0, 2, 3, 1]), [b, height * width, c]))
}

function middle(w: Weights, x: Tensor, groups?: number): Tensor {
  const h = attentionBlock(w.scope('mid.1.'), resnetBlock(w.scope('mid.0.'), x, groups), groups)
  return resnetBlock(w.scope('mid.2.'), h, groups)
}

/** Levels run from the lowest resolution up: conv_blocks.0 is the lowest. */
function decoder(w: Weights, arch: LlamaGenVqArchitecture, z: Tensor): Tensor {
  let h = middle(w, conv(w, 'conv_in', z), arch.normGroups)
  for (let i = 0; i < arch.chMult.length; i++) {
    const block = w.scope(`conv_blocks.${i}.`)
    h = level(block, h, 'res', arch.resBlocks + 1, arch.normGroups)
    if (i < arch.chMult.length - 1) h = upsample(block, h)
  }
  return outputBlock(w, h, arch.normGroups)
}

function encoder(w: Weights, arch: LlamaGenVqArchitecture, image: Tensor): Tensor {
  let h = conv(w, 'conv_in', image)
  for (let i = 0; i < arch.chMult.length; i++) {
    const block = w.scope(`conv_blocks.${i}.`)
    h = level(block, h, 'res', arch.resBlocks, arch.normGroups)
    if (i < arch.chMult.length - 1) h = downsample(block, h)
  }
  return outputBlock(w, middle(w, h, arch.normGroups), arch.normGroups)
}
