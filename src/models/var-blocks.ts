// The transformer block that VAR and its student share: AdaLN (scale, shift and gate from the class), attention on
// l2-normalised queries and keys, GELU feed-forward. Upstream: VAR/models/basic_var.py:AdaLNSelfAttn.

import { constant, type Tensor } from '../graph/index.ts'
import {
  add,
  concat,
  exp,
  flatten,
  geluTanh,
  layerNorm,
  linear,
  minimum,
  mul,
  reshape,
  rmsNorm,
  silu,
  split,
  transpose,
  unflatten,
} from '../graph/ops/index.ts'
import type { VarArchitecture } from './architecture.ts'
import { dense } from './dense.ts'
import type { Weights } from './weights.ts'

const EPSILON = 1e-6

export interface Heads {
  /** [B, H, L, D], already scaled. */
  q: Tensor
  /** [B, H, L, D] */
  k: Tensor
  v: Tensor
}

export interface VarBlockOptions {
  /** Turns queries, keys and values into the context [B, H, L, D]. */
  attend(heads: Heads): Tensor
  /** Data/noise embedding added between attention and feed-forward (student only). */
  noiseData?: Tensor
}

/** The AdaLN inputs of all blocks: SiLU(class embedding), or the shared projection of it. */
export function condition(w: Weights, arch: VarArchitecture, classEmbedding: Tensor): Tensor {
  const active = silu(classEmbedding) // (B, C)
  if (!arch.sharedAdaLN) return active
  return linear(active, w.get('shared_ada_lin.1.weight'), w.get('shared_ada_lin.1.bias')) // (B, 6C)
}

/** One block on x [B, L, C]. */
export function varBlock(w: Weights, arch: VarArchitecture, x: Tensor, cond: Tensor, options: VarBlockOptions): Tensor {
  const c = arch.embedDim
  const [b] = x.shape as [string]
  const six = arch.sharedAdaLN
    ? add(cond, reshape(w.get('ada_gss'), [6 * c])) // (B, 6C)
    : linear(cond, w.get('ada_lin.1.weight'), w.get('ada_lin.1.bias'))
  const [gamma1, gamma2, scale1, scale2, shift1, shift2] = split(
    reshape(six, [b, 1, 6 * c]),
    [c, c, c, c, c, c],
    2,
  ) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]

  const attended = selfAttention(w.scope('attn.'), arch, adaLN(x, scale1, shift1), options.attend)
  let h = add(x, mul(attended, gamma1)) // (B, L, C)
  if (options.noiseData) h = add(h, options.noiseData)
  const inner = dense(w, 'ffn.fc1', flatten(adaLN(h, scale2, shift2))) // (B L, 4C)
  const outer = linear(geluTanh(inner, w.get('ffn.fc1.bias')), w.get('ffn.fc2.weight'), w.get('ffn.fc2.bias'))
  return add(h, mul(unflatten(outer, h), gamma2))
}

/** LayerNorm without own parameters, then (1 + scale) and shift. */
export function adaLN(x: Tensor, scale: Tensor, shift: Tensor): Tensor {
  return layerNorm(x, add(scale, 1), shift, EPSILON)
}

function selfAttention(w: Weights, arch: VarArchitecture, x: Tensor, attend: VarBlockOptions['attend']): Tensor {
  const [b, l] = x.shape
  const { embedDim: c, heads: h } = arch
  const d = c / h
  const zero = constant(new Float32Array(c))
  const bias = concat([w.get('q_bias'), zero, w.get('v_bias')], 0) // keys have no bias
  const qkv = dense(w, 'mat_qkv', x, bias) // (B, L, 3C)
  const all = transpose(reshape(qkv, [b!, l!, 3 * h, d]), [0, 2, 1, 3]) // (B, 3H, L, D)
  const [q, k, v] = split(all, [h, h, h], 1) as [Tensor, Tensor, Tensor] // (B, H, L, D) each
  const heads = arch.attnL2Norm
    ? { q: mul(unitVectors(q, d), exp(minimum(w.get('scale_mul_1H11'), Math.log(100)))), k: unitVectors(k, d), v }
    : { q: mul(q, 0.25 / Math.sqrt(d)), k, v }
  const context = transpose(attend(heads), [0, 2, 1, 3]) // (B, L, H, D)
  return dense(w, 'proj', reshape(context, [b!, l!, c]), w.get('proj.bias'))
}

/** x / |x| over the last axis, as one RMSNorm node: rms(x) = |x| / sqrt(D). */
function unitVectors(x: Tensor, d: number): Tensor {
  return rmsNorm(x, constant(new Float32Array(d).fill(1 / Math.sqrt(d))), 1e-24)
}

/** `head(head_nm(h))`: logits [B, L, V]. Upstream: basic_var.py:AdaLNBeforeHead (scale first, then shift). */
export function varLogits(w: Weights, arch: VarArchitecture, h: Tensor, classEmbedding: Tensor): Tensor {
  const c = arch.embedDim
  const two = linear(silu(classEmbedding), w.get('head_nm.ada_lin.1.weight'), w.get('head_nm.ada_lin.1.bias')) // (B, 2C)
  const [scale, shift] = split(reshape(two, [h.shape[0]!, 1, 2 * c]), [c, c], 2) as [Tensor, Tensor]
  return linear(adaLN(h, scale, shift), w.get('head.weight'), w.get('head.bias'))
}
