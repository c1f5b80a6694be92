// VAR-DD, the student of VAR: one forward pass from a trajectory state (finished tokens, then noise) to all tokens.
// A class token stands in front as an extra level; every position sees all earlier levels and itself.
// Upstream: VAR/models/dd.py:DD_Model.

import { constant, type Graph, stage, type Tensor } from '../graph/index.ts'
import { type AttentionBlock, add, blockAttention, concat, gather, linear, reshape, slice } from '../graph/ops/index.ts'
import type { VarArchitecture } from './architecture.ts'
import {
  continuousHead,
  predictedSequence,
  type StudentHeads,
  type StudentInputs,
  type StudentStep,
  studentInputs,
} from './student.ts'
import { condition, varBlock, varLogits } from './var-blocks.ts'
import type { Weights } from './weights.ts'

/** Levels up to this many positions share one masked attention block; larger ones get a block of their own. */
const SMALL_LEVEL = 100

const BLOCKS_PER_STAGE = 8

/** Inputs labels int64 [B], x float32 [B, L, C]; output sequence float32 [B, L, C]. */
export function varStudentGraph(w: Weights, codebook: Tensor, arch: VarArchitecture, step: StudentStep): Graph {
  const { x, heads } = varStudent(w, arch, step.timestep)
  return {
    sequence: predictedSequence(x, heads, codebook, positions(arch, step.timestep), positions(arch, step.split)),
  }
}

/** Number of positions in the first `groups` scales. */
export const positions = (arch: VarArchitecture, groups: number) =>
  arch.patchNums.slice(0, groups).reduce((n, side) => n + side * side, 0)

/** The student's body; its heads are evaluated only on the rows that are asked for. */
export function varStudent(w: Weights, arch: VarArchitecture, timestep: number, given?: StudentInputs) {
  const { embedDim: c, patchNums, channels } = arch
  const length = positions(arch, patchNums.length)
  const { labels, x, noiseData: rows } = given ?? studentInputs(length, channels, positions(arch, timestep))
  const batch = x.shape[0]!

  const levels = [1, ...patchNums] // the class token is a level of its own
  const sizes = levels.map((side) => side * side)
  const levelOf = sizes.flatMap((n, level) => new Array<number>(n).fill(level))

  const classEmbedding = gather(w.get('class_emb.weight'), labels) // (B, C)
  const start = add(reshape(classEmbedding, [batch, 1, c]), w.get('pos_start')) // (B, 1, C)
  const words = linear(x, w.get('word_embed.weight'), w.get('word_embed.bias')) // (B, L, C)
  const level = gather(w.get('lvl_embed.weight'), constant(levelOf, [length + 1], 'int64')) // (1 + L, C)
  const table = w.get('n_d_embed.weight') // (2, C)
  const where = add(add(level, w.get('pos_1LC')), gather(table, rows)) // (1, 1 + L, C)
  let h = add(concat([start, words], 1), where) // (B, 1 + L, C)

  // There are two distinct rows, so each block's Linear runs on two rows, not on all positions.
  const noiseData = (layer: number): Tensor => {
    if (!arch.layerwiseNoiseDataEmbed) return gather(table, rows)
    const s = w.scope(`layerwise_n_d_embed.${layer}.`)
    return gather(linear(table, s.get('weight'), s.get('bias')), rows) // (1 + L, C)
  }

  const cond = condition(w, arch, classEmbedding)
  const blocks = levelBlocks(sizes)
  for (let i = 0; i < arch.depth; i++) {
    if (i > 0 && i % BLOCKS_PER_STAGE === 0 && !w.differentiable) h = stage([h])[0]! // gradients cross no cut
    h = varBlock(w.scope(`blocks.${i}.`), arch, h, cond, {
      attend: ({ q, k, v }) => blockAttention(q, k, v, blocks),
      noiseData: noiseData(i),
    })
  }
  h = add(h, noiseData(arch.depth))

  const heads: StudentHeads = {
    logits: (from, to) => varLogits(w, arch, slice(h, 1, from + 1, to + 1), classEmbedding),
    continuous: (from, to) =>
      continuousHead(
        w.scope('final_layer_conti.'),
        slice(h, 1, from + 1, to + 1),
        reshape(classEmbedding, [batch, 1, c]),
      ),
  }
  return { x, heads }
}

/**
 * Attention by level: a large level sees all earlier levels and itself alone, without computing the scores inside the
 * level; the small levels in front share one masked block.
 */
export function levelBlocks(sizes: readonly number[]): AttentionBlock[] {
  let small = 0
  let covered = 0
  while (small < sizes.length && sizes[small]! <= SMALL_LEVEL) covered += sizes[small++]!
  const level = sizes.slice(0, small).flatMap((n, i) => new Array<number>(n).fill(i))
  const mask = Float32Array.from({ length: covered * covered }, (_, i) => {
    const row = Math.floor(i / covered)
    const key = i % covered
    return row === key || level[key]! < level[row]! ? 0 : Number.NEGATIVE_INFINITY
  })
  const blocks: AttentionBlock[] = [{ rows: [0, covered], keys: covered, mask: constant(mask, [covered, covered]) }]
  for (const n of sizes.slice(small)) {
    blocks.push({ rows: [covered, covered + n], keys: covered, self: true })
    covered += n
  }
  return blocks
}
