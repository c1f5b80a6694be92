// VAR, the teacher: next-scale prediction. One pass takes any number of new positions and attends to all earlier ones
// through a KV cache. Upstream: VAR/models/var.py:VAR.

import { type Graph, input, type Tensor } from '../graph/index.ts'
import { add, attention, concat, gather, linear, reshape } from '../graph/ops/index.ts'
import type { VarArchitecture } from './architecture.ts'
import { allPositions, guide, kvCache, newPositions, type TeacherPass } from './teacher.ts'
import { condition, type Heads, varBlock, varLogits } from './var-blocks.ts'
import type { Weights } from './weights.ts'

/**
 * Inputs: labels int64 [B]; positions, levels int64 [N]; mask float32 [N, P + N], added to the scores;
 * tokens float32 [B, N, C], the next-scale inputs (running f_hat, area-resampled), without the class token's position;
 * guidance float32 [] when guided; past.i.key / past.i.value float32 [B, H, P, D] unless this pass starts.
 * Outputs: logits [B, N, V] (half the batch when guided); present.i.key / present.i.value [B, H, P + N, D].
 */
export function varTeacherGraph(w: Weights, arch: VarArchitecture, pass: TeacherPass): Graph {
  const { embedDim: c, heads, channels } = arch
  const n = newPositions(pass.start)
  const labels = input('labels', 'int64', ['batch'])
  const tokens = input('tokens', 'float32', ['batch', pass.start ? 'rest' : n, channels])
  const positions = input('positions', 'int64', [n])
  const levels = input('levels', 'int64', [n])
  const mask = input('mask', 'float32', [n, allPositions(pass.start)])

  const cache = kvCache(pass, heads, c / heads)
  const attend = ({ q, k, v }: Heads, layer: number) => attention(q, ...cache.extend(layer, k, v), mask)
  const logits = varTeacher(w, arch, { labels, tokens, positions, levels, start: pass.start, attend }) // (B, N, V)
  return { logits: pass.guided ? guide(logits) : logits, ...cache.present }
}

export interface VarTeacherInputs {
  /** int64 [B] */
  labels: Tensor
  /** float32 [B, N or N - 1, C]: next-scale inputs; the class token's position has none. */
  tokens: Tensor
  /** int64 [N] */
  positions: Tensor
  levels: Tensor
  /** Whether the class token stands in front. */
  start: boolean
  attend(heads: Heads, layer: number): Tensor
}

/** Logits [B, N, V] of the teacher at N positions. */
export function varTeacher(w: Weights, arch: VarArchitecture, inputs: VarTeacherInputs): Tensor {
  const { embedDim: c, depth } = arch
  const { labels, tokens, positions, levels, start, attend } = inputs
  const classEmbedding = gather(w.get('class_emb.weight'), labels) // (B, C)
  const words = linear(tokens, w.get('word_embed.weight'), w.get('word_embed.bias'))
  const first = add(reshape(classEmbedding, [tokens.shape[0]!, 1, c]), w.get('pos_start')) // (B, 1, C)
  const position = gather(w.get('pos_1LC'), positions, 1) // (1, N, C)
  const level = gather(w.get('lvl_embed.weight'), levels) // (N, C)
  let h = add(start ? concat([first, words], 1) : words, add(position, level)) // (B, N, C)

  const cond = condition(w, arch, classEmbedding)
  for (let i = 0; i < depth; i++) {
    h = varBlock(w.scope(`blocks.${i}.`), arch, h, cond, { attend: (qkv) => attend(qkv, i) })
  }
  return varLogits(w, arch, h, classEmbedding)
}
