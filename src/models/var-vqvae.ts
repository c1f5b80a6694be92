// VAR's tokenizer: a VQVAE whose quantiser works on residuals from coarse to fine. A token map of side p contributes
// phi_k(upsample(map)) to the running feature map f_hat. Upstream: VAR/models/vqvae.py:VQVAE, quant.py:VectorQuantizer2.

import { constant, type Graph, input, type Tensor } from '../graph/index.ts'
import { add, clamp, concat, gather, matmul, mul, reshape, slice, split, sub, transpose } from '../graph/ops/index.ts'
import type { VarVqvaeArchitecture } from './architecture.ts'
import { areaMatrix, bicubicMatrix, phiIndex } from './resample.ts'
import { nearestCode } from './student.ts'
import { attentionBlock, conv, downsample, level, outputBlock, resnetBlock, upsample } from './vq-blocks.ts'
import type { Weights } from './weights.ts'

/** The codebook [V, C], used as it is. */
export const varCodebook = (w: Weights): Tensor => w.get('quantize.embedding.weight')

/** Input sequence float32 [B, L, C] of all scales; outputs f_hat float32 [B, C, S, S] and image float32 [B, 3, H, W] in [0, 1]. */
export function varDecoderGraph(w: Weights, arch: VarVqvaeArchitecture): Graph {
  const length = arch.patchNums.reduce((n, side) => n + side * side, 0)
  const fHat = sequenceToFHat(w, arch, input('sequence', 'float32', ['batch', length, arch.zChannels]))
  return { f_hat: fHat, image: mul(add(decodeFHat(w, arch, fHat), 1), 0.5) }
}

/**
 * Adds scale `scale` to f_hat and gives the teacher's next input.
 * Inputs previous (the f_hat so far) float32 [B, C, S, S], indices int64 [B, p^2]; outputs f_hat and, but for the last scale, next float32 [B, q^2, C].
 */
export function varNextScaleGraph(w: Weights, arch: VarVqvaeArchitecture, scale: number): Graph {
  const side = arch.patchNums.at(-1)!
  const tokens = gather(varCodebook(w), input('indices', 'int64', ['batch', arch.patchNums[scale]! ** 2])) // (B, p^2, C)
  const before = input('previous', 'float32', ['batch', arch.zChannels, side, side])
  const fHat = add(before, contribution(w, arch, tokens, scale))
  if (scale === arch.patchNums.length - 1) return { f_hat: fHat }
  return { f_hat: fHat, next: areaTokens(fHat, side, arch.patchNums[scale + 1]!) }
}

/** Input image float32 [B, 3, H, W] in [-1, 1]; outputs f float32 [B, C, S, S], indices int64 [B, L], f_hats [B, scales, C, S, S]. */
export function varEncoderGraph(w: Weights, arch: VarVqvaeArchitecture): Graph {
  const size = arch.patchNums.at(-1)! * 2 ** (arch.chMult.length - 1)
  const image = input('image', 'float32', ['batch', 3, size, size])
  const f = varEncode(w, arch, image)
  return { f, ...quantize(w, arch, f) }
}

/** What is quantised, f [B, C, S, S], of an image [B, 3, H, W] in [-1, 1]. */
export function varEncode(w: Weights, arch: VarVqvaeArchitecture, image: Tensor): Tensor {
  return conv(w, 'quant_conv', encoder(w.scope('encoder.'), arch, image))
}

/** Residual quantisation of f [B, C, S, S], coarse to fine; on ties the first entry wins. */
export function quantize(w: Weights, arch: VarVqvaeArchitecture, f: Tensor): { indices: Tensor; f_hats: Tensor } {
  const scales = quantizeScales(w, arch, f)
  const indices = scales.map(({ index }) => index)
  const stacked = scales.map(({ fHat }) => reshape(fHat, [f.shape[0]!, 1, ...f.shape.slice(1)]))
  return { indices: concat(indices, 1), f_hats: concat(stacked, 1) }
}

export interface QuantizedScale {
  /** The residual that the scale quantises, [B, p^2, C]. */
  rest: Tensor
  /** Its codes, int64 [B, p^2]. */
  index: Tensor
  /** The sum of all scales up to this one, [B, C, S, S]. */
  fHat: Tensor
}

/** The same scale by scale. */
export function quantizeScales(w: Weights, arch: VarVqvaeArchitecture, f: Tensor): QuantizedScale[] {
  const side = arch.patchNums.at(-1)!
  const codebook = varCodebook(w)
  let fHat: Tensor | undefined
  return arch.patchNums.map((p, scale) => {
    const rest = areaTokens(fHat ? sub(f, fHat) : f, side, p)
    const index = nearestCode(rest, codebook) // (B, p^2)
    const h = contribution(w, arch, gather(codebook, index), scale) // (B, C, S, S)
    fHat = fHat ? add(fHat, h) : h
    return { rest, index, fHat }
  })
}

/** The teacher's inputs [B, L - 1, C] at all scales but the first, from the indices [B, L] of an image (idxBl_to_var_input). */
export function nextScaleInputs(w: Weights, arch: VarVqvaeArchitecture, indices: Tensor): Tensor {
  const side = arch.patchNums.at(-1)!
  const codes = gather(varCodebook(w), indices) // (B, L, C)
  const sizes = arch.patchNums.map((p) => p * p)
  const byScale = split(codes, sizes, 1)
  let fHat: Tensor | undefined
  const inputs = arch.patchNums.slice(0, -1).map((_, scale) => {
    const h = contribution(w, arch, byScale[scale]!, scale)
    fHat = fHat ? add(fHat, h) : h
    return areaTokens(fHat, side, arch.patchNums[scale + 1]!)
  })
  return concat(inputs, 1)
}

/** f_hat [B, C, S, S] of a whole sequence: scales that share a phi are added up before its convolution, which is linear. */
export function sequenceToFHat(w: Weights, arch: VarVqvaeArchitecture, sequence: Tensor): Tensor {
  const scales = arch.patchNums.length
  const byPhi = new Map<number, Tensor>()
  const count = new Map<number, number>()
  let start = 0
  for (const [scale, p] of arch.patchNums.entries()) {
    const map = upsampled(arch, slice(sequence, 1, start, start + p * p), p) // (B, C, S, S)
    const k = phiIndex(scale, scales, arch.shareQuantResi)
    const sum = byPhi.get(k)
    byPhi.set(k, sum ? add(sum, map) : map)
    count.set(k, (count.get(k) ?? 0) + 1)
    start += p * p
  }
  // The bias enters once per scale, not once per phi.
  const parts = [...byPhi].map(([k, sum]) => phi(w, arch, k, sum, count.get(k)!))
  return parts.reduce((a, b) => add(a, b))
}

/** phi_k(upsample(tokens)) [B, C, S, S] of one scale's tokens [B, p^2, C]. */
function contribution(w: Weights, arch: VarVqvaeArchitecture, tokens: Tensor, scale: number): Tensor {
  const map = upsampled(arch, tokens, arch.patchNums[scale]!)
  return phi(w, arch, phiIndex(scale, arch.patchNums.length, arch.shareQuantResi), map, 1)
}

/** (1 - r) h + r conv_k(h), with the bias counted `times`. */
function phi(w: Weights, arch: VarVqvaeArchitecture, k: number, h: Tensor, times: number): Tensor {
  const r = arch.quantResi
  const name = `quantize.quant_resi.qresi_ls.${k}`
  const convolved = conv(w, name, h)
  const extra =
    times === 1 ? convolved : add(convolved, mul(reshape(w.get(`${name}.bias`), [1, arch.zChannels, 1, 1]), times - 1))
  return add(mul(h, 1 - r), mul(extra, r))
}

/** tokens [B, p^2, C] -> bicubic map [B, C, S, S]; the last scale is not resampled. */
function upsampled(arch: VarVqvaeArchitecture, tokens: Tensor, p: number): Tensor {
  const side = arch.patchNums.at(-1)!
  const full = p === side ? tokens : matmul(constant(bicubicMatrix(p, side), [side * side, p * p]), tokens) // (B, S^2, C)
  return reshape(transpose(full, [0, 2, 1]), [tokens.shape[0]!, arch.zChannels, side, side])
}

/** map [B, C, S, S] -> area-averaged tokens [B, p^2, C]. */
function areaTokens(map: Tensor, side: number, p: number): Tensor {
  const rows = transpose(reshape(map, [map.shape[0]!, map.shape[1]!, side * side]), [0, 2, 1]) // (B, S^2, C)
  return p === side ? rows : matmul(constant(areaMatrix(side, p), [p * p, side * side]), rows)
}

/** The decoder's image in [-1, 1]. */
export function decodeFHat(w: Weights, arch: VarVqvaeArchitecture, fHat: Tensor): Tensor {
  const d = w.scope('decoder.')
  let h = middle(d, conv(d, 'conv_in', conv(w, 'post_quant_conv', fHat)), arch.normGroups)
  for (let i = arch.chMult.length - 1; i >= 0; i--) {
    const up = d.scope(`up.${i}.`)
    h = level(up, h, 'block', arch.resBlocks + 1, arch.normGroups)
    if (i > 0) h = upsample(up, h)
  }
  return clamp(outputBlock(d, h, arch.normGroups), -1, 1)
}

function middle(w: Weights, x: Tensor, groups?: number): Tensor {
  const h = attentionBlock(w.scope('mid.attn_1.'), resnetBlock(w.scope('mid.block_1.'), x, groups), groups)
  return resnetBlock(w.scope('mid.block_2.'), h, groups)
}

function encoder(w: Weights, arch: VarVqvaeArchitecture, image: Tensor): Tensor {
  let h = conv(w, 'conv_in', image)
  for (let i = 0; i < arch.chMult.length; i++) {
    const down = w.scope(`down.${i}.`)
    h = level(down, h, 'block', arch.resBlocks, arch.normGroups)
    if (i < arch.chMult.length - 1) h = downsample(down, h)
  }
  return outputBlock(w, middle(w, h, arch.normGroups), arch.normGroups)
}
