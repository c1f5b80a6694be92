// LlamaGen-DD, the student of LlamaGen: causal, one forward pass from a trajectory state to all tokens. The output at a
// position predicts the token of that same position, whose noise is its input.
// Upstream: LlamaGen/autoregressive/models/dd.py:DDTransformer.

import { constant, type Graph, stage, type Tensor } from '../graph/index.ts'
import { type AttentionBlock, add, blockAttention, concat, gather, linear, reshape, slice } from '../graph/ops/index.ts'
import type { LlamaGenArchitecture } from './architecture.ts'
import { llamaGenBlock, llamaGenNorm, ropeTables } from './llamagen-blocks.ts'
import {
  continuousHead,
  predictedSequence,
  type StudentHeads,
  type StudentInputs,
  type StudentStep,
  studentInputs,
} from './student.ts'
import type { Weights } from './weights.ts'

/** Queries per attention block; each block computes scores only for the keys before its end. More blocks save more
 * scores, but opening a session takes time quadratic in the number of nodes. */
const BLOCK = 129

const LAYERS_PER_STAGE = 12

/** Inputs labels int64 [B], x float32 [B, L, C]; output sequence float32 [B, L, C]. */
export function llamaGenStudentGraph(
  w: Weights,
  codebook: Tensor,
  arch: LlamaGenArchitecture,
  step: StudentStep,
): Graph {
  const { x, heads } = llamaGenStudent(w, arch, step.timestep)
  return { sequence: predictedSequence(x, heads, codebook, step.timestep, step.split) }
}

/** The student's body; its heads are evaluated only on the rows that are asked for. */
export function llamaGenStudent(
  w: Weights,
  arch: LlamaGenArchitecture,
  timestep: number,
  given?: StudentInputs,
): { x: Tensor; heads: StudentHeads } {
  const { dim: c, tokens, layers, channels } = arch
  const { labels, x, noiseData: rowsOfTable } = given ?? studentInputs(tokens, channels, timestep)

  const table = w.get('cls_embedding.embedding_table.weight')
  const classEmbedding = reshape(gather(table, labels), [x.shape[0]!, 1, c])
  const words = linear(x, w.get('tok_embeddings.weight'), w.get('tok_embeddings.bias')) // (B, L, C)
  const noiseData = gather(w.get('n_d_embed.weight'), rowsOfTable) // (1 + L, C)
  let h = add(concat([classEmbedding, words], 1), noiseData) // (B, 1 + L, C)

  const rope = { ...ropeTables(arch), positions: constant([0], [1], 'int64') }
  const blocks = causalBlocks(1 + tokens)
  for (let i = 0; i < layers; i++) {
    if (i > 0 && i % LAYERS_PER_STAGE === 0 && !w.differentiable) h = stage([h])[0]! // gradients cross no cut
    h = llamaGenBlock(w.scope(`layers.${i}.`), arch, h, {
      attend: ({ q, k, v }) => blockAttention(q, k, v, blocks),
      rope,
    })
  }
  const rows = (from: number, to: number) => slice(h, 1, from + 1, to + 1)
  const heads: StudentHeads = {
    logits: (from, to) => linear(llamaGenNorm(w, 'norm.weight', rows(from, to)), w.get('output.weight')),
    continuous: (from, to) => continuousHead(w.scope('final_layer_conti.'), rows(from, to), classEmbedding),
  }
  return { x, heads }
}

/** Causal attention in blocks of queries, without the scores of later blocks. */
export function causalBlocks(length: number): AttentionBlock[] {
  const blocks: AttentionBlock[] = []
  for (let start = 0; start < length; start += BLOCK) {
    const end = Math.min(start + BLOCK, length)
    const mask = Float32Array.from({ length: (end - start) * end }, (_, i) =>
      i % end <= start + Math.floor(i / end) ? 0 : Number.NEGATIVE_INFINITY,
    )
    blocks.push({ rows: [start, end], keys: end, mask: constant(mask, [end - start, end]) })
  }
  return blocks
}
