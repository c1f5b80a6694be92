// LlamaGen, the teacher: next-token prediction in raster order with a KV cache.
// Upstream: LlamaGen/autoregressive/models/gpt.py:Transformer, generate.py.

import { type Graph, input } from '../graph/index.ts'
import { attention, concat, gather, linear, reshape } from '../graph/ops/index.ts'
import type { LlamaGenArchitecture } from './architecture.ts'
import { llamaGenBlock, llamaGenNorm, ropeTables } from './llamagen-blocks.ts'
import { allPositions, guide, kvCache, newPositions, type TeacherPass } from './teacher.ts'
import type { Weights } from './weights.ts'

/**
 * Inputs: labels int64 [B] when this pass starts; tokens int64 [B, N], the indices at the new positions without the class token;
 * positions int64 [B, N], 0 for the class token; mask float32 [N, P + N], added to the scores;
 * guidance float32 [] when guided; past.i.key / past.i.value float32 [B, H, P, D] unless this pass starts.
 * Outputs: logits [B, N, V] of the token after each position (half the batch when guided); present.i.key / present.i.value.
 */
export function llamaGenTeacherGraph(w: Weights, arch: LlamaGenArchitecture, pass: TeacherPass): Graph {
  const { dim: c, heads, layers } = arch
  const n = newPositions(pass.start)
  const tokens = input('tokens', 'int64', ['batch', pass.start ? 'rest' : n])
  const positions = input('positions', 'int64', ['batch', n])
  const mask = input('mask', 'float32', [n, allPositions(pass.start)])

  const words = gather(w.get('tok_embeddings.weight'), tokens) // (B, N, C)
  const classEmbedding = () =>
    reshape(gather(w.get('cls_embedding.embedding_table.weight'), input('labels', 'int64', ['batch'])), ['batch', 1, c])
  let h = pass.start ? concat([classEmbedding(), words], 1) : words // (B, N, C)

  const rope = { ...ropeTables(arch), positions }
  const cache = kvCache(pass, heads, c / heads)
  for (let i = 0; i < layers; i++) {
    h = llamaGenBlock(w.scope(`layers.${i}.`), arch, h, {
      attend: ({ q, k, v }) => attention(q, ...cache.extend(i, k, v), mask),
      rope,
    })
  }
  const logits = linear(llamaGenNorm(w, 'norm.weight', h), w.get('output.weight')) // (B, N, V)
  return { logits: pass.guided ? guide(logits) : logits, ...cache.present }
}
