// The transformer block that LlamaGen and its student share: RMSNorm, attention with 2-D rotary embeddings, SwiGLU.
// Upstream: LlamaGen/autoregressive/models/gpt.py:TransformerBlock.

import { constant, type Tensor } from '../graph/index.ts'
import {
  add,
  flatten,
  linear,
  mul,
  reshape,
  rmsNorm,
  rotary,
  silu,
  split,
  transpose,
  unflatten,
} from '../graph/ops/index.ts'
import type { LlamaGenArchitecture } from './architecture.ts'
import { dense } from './dense.ts'
import type { Heads } from './var-blocks.ts'
import type { Weights } from './weights.ts'

const EPSILON = 1e-5
const ROPE_BASE = 10000

export interface LlamaGenBlockOptions {
  /** Turns rotated queries (scaled) and keys, and values into the context [B, H, L, D]. */
  attend(heads: Heads): Tensor
  rope: Rope
}

export interface Rope {
  cos: Tensor
  sin: Tensor
  /** int64 [B, L] or [1], see `rotary`. */
  positions: Tensor
}

/** One block on h [B, L, C]. */
export function llamaGenBlock(
  w: Weights,
  arch: LlamaGenArchitecture,
  h: Tensor,
  options: LlamaGenBlockOptions,
): Tensor {
  const [b, l] = h.shape
  const { dim: c, heads: n } = arch
  const d = c / n
  const qkv = dense(w, 'attention.wqkv', llamaGenNorm(w, 'attention_norm.weight', h)) // (B, L, 3C)
  const all = transpose(reshape(qkv, [b!, l!, 3 * n, d]), [0, 2, 1, 3]) // (B, 3H, L, D)
  const [qk, v] = split(all, [2 * n, n], 1) as [Tensor, Tensor]
  const rotated = rotary(qk, options.rope.cos, options.rope.sin, options.rope.positions) // (B, 2H, L, D)
  const [q, k] = split(rotated, [n, n], 1) as [Tensor, Tensor]
  const context = options.attend({ q: mul(q, 1 / Math.sqrt(d)), k, v }) // (B, H, L, D)
  const attended = dense(w, 'attention.wo', reshape(transpose(context, [0, 2, 1, 3]), [b!, l!, c]))
  const x = add(h, attended)
  const normed = flatten(llamaGenNorm(w, 'ffn_norm.weight', x)) // (B L, C)
  const gate = silu(dense(w, 'feed_forward.w1', normed))
  const inner = mul(gate, dense(w, 'feed_forward.w3', normed)) // (B L, F)
  return add(x, unflatten(linear(inner, w.get('feed_forward.w2.weight')), x))
}

export const llamaGenNorm = (w: Weights, name: string, x: Tensor): Tensor => rmsNorm(x, w.get(name), EPSILON)

/**
 * Rotary tables [1 + L, D/2]: the first half of the frequencies turns with the row, the second with the column;
 * the class token's row is all zeros (not cos 0), which makes its query and key zero vectors.
 * Upstream: gpt.py:precompute_freqs_cis_2d.
 */
export function ropeTables(arch: LlamaGenArchitecture): { cos: Tensor; sin: Tensor } {
  const side = Math.sqrt(arch.tokens)
  const half = arch.dim / arch.heads / 2
  const quarter = half / 2
  const table = (f: (angle: number) => number) => {
    const data = new Float32Array((1 + arch.tokens) * half)
    for (let p = 0; p < arch.tokens; p++) {
      for (let i = 0; i < half; i++) {
        const coordinate = i < quarter ? Math.floor(p / side) : p % side
        const frequency = Math.fround(1 / Math.fround(ROPE_BASE ** ((2 * (i % quarter)) / half)))
        data[(1 + p) * half + i] = f(Math.fround(coordinate * frequency))
      }
    }
    return constant(data, [1 + arch.tokens, half])
  }
  return { cos: table(Math.cos), sin: table(Math.sin) }
}
