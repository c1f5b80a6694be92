// Trains a teacher: VAR's next-scale or LlamaGen's next-token prediction on the tokens of a data set, some examples
// without their class so that guidance has an unconditional branch. Teacher forcing: all positions in one pass under a mask.
// Sources: VAR/models/var.py:forward, LlamaGen gpt.py:forward.

import { uniforms } from '../../core/random/philox.ts'
import { int64 } from '../../engine/types.ts'
import { constant, input, type Tensor } from '../../graph/index.ts'
import { attention, blockAttention, slice } from '../../graph/ops/index.ts'
import type {
  LlamaGenArchitecture,
  TokenizerArchitecture,
  TransformerArchitecture,
  VarArchitecture,
} from '../../models/architecture.ts'
import { llamaGenTeacher } from '../../models/llamagen.ts'
import { causalBlocks } from '../../models/llamagen-dd.ts'
import { expectedShapes } from '../../models/shapes.ts'
import { varTeacher } from '../../models/var.ts'
import { nextScaleInputs } from '../../models/var-vqvae.ts'
import type { Weights } from '../../models/weights.ts'
import { agreement, crossEntropy } from '../losses.ts'
import { constantInit, eachInit, type Init, initialise, normalInit } from '../parameters.ts'
import type { Feeds, Task } from '../trainer.ts'
import type { TokenBatch, TokenStore } from './token-store.ts'

export interface TeacherTaskOptions {
  tokens: TokenStore
  tokenizer: { weights: Weights; arch: TokenizerArchitecture }
  seed: number
  batch: number
  classDropout: number
  sheet?: Task['sheet']
}

const DROPOUT = 1_000_000_021

export function teacherTask(arch: TransformerArchitecture, options: TeacherTaskOptions): Task {
  const { tokens, seed, batch } = options
  const feedsOf = ({ indices, labels }: TokenBatch): Feeds => ({
    labels: int64(labels),
    indices: int64(indices, [labels.length, tokens.length]),
  })
  return {
    parameters: initialise(expectedShapes({ kind: 'teacher', architecture: arch }), transformerInit(arch), seed),
    objective(w, size) {
      const labels = input('labels', 'int64', [size])
      const indices = input('indices', 'int64', [size, tokens.length])
      const logits =
        arch.family === 'var'
          ? varLogits(w, arch, options.tokenizer, labels, indices)
          : llamaGenLogits(w, arch, labels, indices)
      return { loss: crossEntropy(logits, indices), metrics: { accuracy: agreement(logits, indices) } }
    },
    async feeds(step, part, size) {
      const first = step * batch + part * size
      const found = await tokens.batch(first, size)
      const dropped = (i: number) => uniforms(seed, first + i, DROPOUT, 1)[0]! < options.classDropout
      return feedsOf({ ...found, labels: found.labels.map((label, i) => (dropped(i) ? arch.numClasses : label)) })
    },
    validation: {
      count: Math.min(128, tokens.heldOut),
      feeds: async (first, size) => feedsOf(await tokens.heldOutBatch(first, size)),
    },
    ...(options.sheet && { sheet: options.sheet }),
  }
}

/** Logits [B, L, V] of all scales under the block-causal mask: a scale sees itself and what is coarser. */
function varLogits(
  w: Weights,
  arch: VarArchitecture,
  tokenizer: TeacherTaskOptions['tokenizer'],
  labels: Tensor,
  indices: Tensor,
): Tensor {
  if (tokenizer.arch.family !== 'var') throw new TypeError('A VAR teacher needs the tokenizer of a VAR.')
  const levelOf = arch.patchNums.flatMap((p, level) => new Array<number>(p * p).fill(level))
  const n = levelOf.length
  const mask = Float32Array.from({ length: n * n }, (_, i) =>
    levelOf[i % n]! <= levelOf[Math.floor(i / n)]! ? 0 : Number.NEGATIVE_INFINITY,
  )
  return varTeacher(w, arch, {
    labels,
    tokens: nextScaleInputs(tokenizer.weights, tokenizer.arch, indices), // (B, L - 1, C)
    positions: constant([...levelOf.keys()], [n], 'int64'),
    levels: constant(levelOf, [n], 'int64'),
    start: true,
    attend: ({ q, k, v }) => attention(q, k, v, constant(mask, [n, n])),
  })
}

/** Logits [B, L, V]: position p reads the class and the tokens before p. */
function llamaGenLogits(w: Weights, arch: LlamaGenArchitecture, labels: Tensor, indices: Tensor): Tensor {
  const blocks = causalBlocks(arch.tokens)
  return llamaGenTeacher(w, arch, {
    labels,
    tokens: slice(indices, 1, 0, arch.tokens - 1),
    positions: constant([0], [1], 'int64'),
    attend: ({ q, k, v }) => blockAttention(q, k, v, blocks),
  })
}

/** First values, after VAR's init_weights (AdaLN's gates start small) and LlamaGen's (normal, 0.02). */
export function transformerInit(arch: TransformerArchitecture): (name: string, shape: readonly number[]) => Init {
  if (arch.family === 'llamagen') {
    const residual = 1 / Math.sqrt(2 * arch.layers)
    return (name, shape) => {
      if (/norm\.weight$/.test(name)) return constantInit(1)
      if (shape.length === 1) return constantInit(0)
      return normalInit(/(wo|w2)\.weight$/.test(name) ? 0.03 * residual : 0.03)
    }
  }
  const std = Math.sqrt(1 / arch.embedDim / 3)
  const residual = 1 / Math.sqrt(2 * arch.depth)
  return (name, shape) => {
    if (/scale_mul/.test(name)) return constantInit(Math.log(4))
    if (/(attn\.proj|ffn\.fc2)\.weight$/.test(name)) return normalInit(std * residual)
    if (/ada_gss$/.test(name)) return normalInit(0.5 / Math.sqrt(arch.embedDim))
    if (/ada_lin\.1\.weight$/.test(name)) return normalInit(0.5 * std)
    if (/ada_lin\.1\.bias$/.test(name) && !name.startsWith('head_nm')) return eachInit((i, n) => (3 * i < n ? GATE : 0))
    return shape.length === 1 ? constantInit(0) : normalInit(std)
  }
}

/** Where AdaLN's gates, the first two of its six parts, start: near zero in the released VAR, which trains for weeks. */
const GATE = 0.3
