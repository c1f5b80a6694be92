// LlamaGen, the teacher: next-token prediction in raster order with a KV cache.
// Upstream: LlamaGen/autoregressive/models/gpt.py:Transformer, generate.py.

import { type Graph, input, type Tensor } from '../graph/index.ts'
import { attention, concat, gather, linear, reshape } from '../graph/ops/index.ts'
import type { LlamaGenArchitecture } from './architecture.ts'
import { llamaGenBlock, llamaGenNorm, ropeTables } from './llamagen-blocks.ts'
import { allPositions, guide, kvCache, newPositions, type TeacherPass } from './teacher.ts'
import type { Heads } from './var-blocks.ts'
import type { Weights } from './weights.ts'

/**
 * Inputs: labels int64 [B] when this pass starts; tokens int64 [B, N], the indices at the new positions without the class token;
 * positions int64 [B, N], 0 for the class token; mask float32 [N, P + N], added to the scores;
 * guidance float32 [] when guided; past.i.key / past.i.value float32 [B, H, P, D] unless this pass starts.
 * Outputs: logits [B, N, V] of the token after each position (half the batch when guided); present.i.key / present.i.value.
 */
export function llamaGenTeacherGraph(w: Weights, arch: LlamaGenArchitecture, pass: TeacherPass): Graph {
  const { dim: c, heads } = arch
  const n = newPositions(pass.start)
  const tokens = input('tokens', 'int64', ['batch', pass.start ? 'rest' : n])
  const positions = input('positions', 'int64', ['batch', n])
  const mask = input('mask', 'float32', [n, allPositions(pass.start)])

  const labels = pass.start ? input('labels', 'int64', ['batch']) : undefined

  const cache = kvCache(pass, heads, c / heads)
  const attend = ({ q, k, v }: Heads, layer: number) => attention(q, ...cache.extend(layer, k, v), mask)
  const logits = llamaGenTeacher(w, arch, { labels, tokens, positions, attend })
  return { logits: pass.guided ? guide(logits) : logits, ...cache.present }
}

export interface LlamaGenTeacherInputs {
  /** int64 [B]; without them the sequence goes on behind a class token seen before. */
  labels?: Tensor | undefined
  /** int64 [B, N], without the class token. */
  tokens: Tensor
  /** int64 [B, N] or [1], see `rotary`. */
  positions: Tensor
  attend(heads: Heads, layer: number): Tensor
}

/** Logits [B, N, V] of the token behind each position, the class token's included. */
export function llamaGenTeacher(w: Weights, arch: LlamaGenArchitecture, inputs: LlamaGenTeacherInputs): Tensor {
  const { labels, tokens, positions, attend } = inputs
  const words = gather(w.get('tok_embeddings.weight'), tokens) // (B, N, C)
  const classEmbedding = (of: Tensor) =>
    reshape(gather(w.get('cls_embedding.embedding_table.weight'), of), [tokens.shape[0]!, 1, arch.dim])
  let h = labels ? concat([classEmbedding(labels), words], 1) : words
  const rope = { ...ropeTables(arch), positions }
  for (let i = 0; i < arch.layers; i++) {
    h = llamaGenBlock(w.scope(`layers.${i}.`), arch, h, { attend: (qkv) => attend(qkv, i), rope })
  }
  return linear(llamaGenNorm(w, 'norm.weight', h), w.get('output.weight'))
}
