// Scaled dot-product attention and rotary embeddings on heads laid out as [B, H, L, D].

import { emit, type Tensor } from '../tensor.ts'
import { add, mul, neg } from './elementwise.ts'
import { concat, slice, split, transpose } from './layout.ts'
import { matmul } from './linear.ts'
import { softmax, sum } from './reduce.ts'

/** softmax(q k^T + mask) v, q [B, H, L, D] already scaled, k and v [B, H, S, D], mask broadcast to [L, S]. */
export function attention(q: Tensor, k: Tensor, v: Tensor, mask?: Tensor): Tensor {
  const scores = matmul(q, transpose(k, [0, 1, 3, 2])) // (B, H, L, S)
  return matmul(softmax(mask ? add(scores, mask) : scores), v) // (B, H, L, D)
}

/** One run of consecutive queries that see the same keys: `rows` of q attend to the first `keys` keys. */
export interface AttentionBlock {
  rows: readonly [start: number, end: number]
  keys: number
  /** Additive mask [rows, keys] for blocks in which not every query sees every key. */
  mask?: Tensor
  /** Each query also sees its own key, which lies behind the first `keys`. */
  self?: boolean
}

/** Attention under a block-triangular mask, without computing the scores that the mask would discard; the blocks cover all rows. */
export function blockAttention(q: Tensor, k: Tensor, v: Tensor, blocks: readonly AttentionBlock[]): Tensor {
  const kT = transpose(k, [0, 1, 3, 2]) // (B, H, D, S)
  const sizes = blocks.map(({ rows: [start, end] }) => end - start)
  const [qs, ks, vs] = [q, k, v].map((t) => split(t, sizes, 2)) as [Tensor[], Tensor[], Tensor[]]
  const parts = blocks.map(({ keys, mask, self }, i) => {
    const seen = matmul(qs[i]!, slice(kT, 3, 0, keys)) // (B, H, l, keys)
    const scores = mask ? add(seen, mask) : seen
    const values = slice(v, 2, 0, keys)
    if (!self) return matmul(softmax(scores), values)
    const own = sum(mul(qs[i]!, ks[i]!), [-1], true) // (B, H, l, 1)
    const [context, alone] = split(softmax(concat([scores, own], -1)), [keys, 1], 3) as [Tensor, Tensor]
    return add(matmul(context, values), mul(alone, vs[i]!))
  })
  return concat(parts, 2)
}

/**
 * Rotates pairs (2i, 2i+1) of x [B, H, L, D] by the angles whose cosines and sines stand in `cos`, `sin` [positions, D/2];
 * `positions` int64 [B, L] picks the rows (or [1]: rows from that offset on).
 */
export function rotary(x: Tensor, cos: Tensor, sin: Tensor, positions: Tensor): Tensor {
  const inputs = [x, positions, cos, sin]
  const spec = { type: 'RotaryEmbedding', domain: 'com.microsoft' as const, attributes: { interleaved: 1 } }
  const vjp = (g: Tensor) => [rotary(g, cos, neg(sin), positions)] // turned back
  return emit({ ...spec, inputs, vjp }, x.shape, x.dtype)
}
