// Gradients of everything that is trained are PyTorch's: blocks, students, quantisers, heads and losses, with respect to
// every weight and input.
import { describe, expect, it } from 'vitest'
import type { HostTensor } from '../../src/engine/types.ts'
import { customVjp, stopGradient } from '../../src/graph/grad.ts'
import { constant, input, type Tensor } from '../../src/graph/index.ts'
import {
  add,
  argmax,
  attention,
  blockAttention,
  concat,
  gather,
  linear,
  logSoftmax,
  mul,
  neg,
  reshape,
  slice,
  softmax,
  sub,
  sum,
  transpose,
} from '../../src/graph/ops/index.ts'
import type { LlamaGenArchitecture, VarArchitecture, VarVqvaeArchitecture } from '../../src/models/architecture.ts'
import { llamaGenBlock, ropeTables } from '../../src/models/llamagen-blocks.ts'
import { llamaGenStudent } from '../../src/models/llamagen-dd.ts'
import { llamaGenCodebook, unitRows } from '../../src/models/llamagen-vq.ts'
import { continuousHead, nearestCode } from '../../src/models/student.ts'
import { condition, varBlock, varLogits } from '../../src/models/var-blocks.ts'
import { varStudent } from '../../src/models/var-dd.ts'
import { quantizeScales } from '../../src/models/var-vqvae.ts'
import { attentionBlock, downsample, resnetBlock, upsample } from '../../src/models/vq-blocks.ts'
import { formulaArray } from '../formula.ts'
import { goldens } from './goldens.ts'
import { meanOf, openCase, weighted } from './gradients.ts'

const gradients = goldens('gradients')

const variant: VarArchitecture = {
  family: 'var',
  depth: 2,
  embedDim: 16,
  heads: 2,
  patchNums: [1, 2],
  vocabSize: 24,
  channels: 4,
  numClasses: 5,
  mlpRatio: 4,
  sharedAdaLN: false,
  attnL2Norm: true,
  layerwiseNoiseDataEmbed: true,
}
const labels = (...classes: number[]): { labels: HostTensor } => ({
  labels: { dtype: 'int64', shape: [classes.length], data: BigInt64Array.from(classes, BigInt) },
})

/** Additive mask of positions in levels 1, 2 and 4 wide. */
function levelMask(seen: (row: number, key: number, sameLevel: boolean) => boolean): Tensor {
  const level = [0, 1, 1, 2, 2, 2, 2]
  const visible = level.flatMap((a, row) => level.map((b, key) => b < a || seen(row, key, a === b)))
  return constant(
    visible.map((v) => (v ? 0 : Number.NEGATIVE_INFINITY)),
    [7, 7],
  )
}

it('the formula gives the arrays that PyTorch was given', () => {
  const { checks, given } = gradients.meta
  for (const [name, { first }] of Object.entries<{ first: number[] }>(checks)) {
    const { scale, offset } = given.find((array: { name: string }) => array.name === name)
    expect(Array.from(formulaArray(name, 3, scale, offset))).toEqual(first)
  }
})

describe('the gradients of a VAR', () => {
  it('block, levels seeing themselves', async () => {
    const { w, batched, compare } = openCase(gradients, 'var_block')
    const cond = condition(w, variant, batched('class_embedding'))
    const mask = levelMask((_row, _key, same) => same)
    await compare({
      y: varBlock(w, variant, batched('x'), cond, { attend: ({ q, k, v }) => attention(q, k, v, mask) }),
    })
  })

  const masked = levelMask((row, key) => row === key)
  const blocks = [
    { rows: [0, 3], keys: 3, mask: slice(slice(masked, 0, 0, 3), 1, 0, 3) },
    { rows: [3, 7], keys: 3, self: true },
  ] as const
  it.each([
    ['under a mask', ({ q, k, v }) => attention(q, k, v, masked)],
    ['level by level', ({ q, k, v }) => blockAttention(q, k, v, blocks)],
  ] satisfies [string, Parameters<typeof varBlock>[4]['attend']][])('student block, %s', async (_, attend) => {
    const { w, batched, given, compare } = openCase(gradients, 'var_dd_block')
    const classEmbedding = gather(w.get('class_emb.weight'), input('labels', 'int64', ['batch']))
    const layer = w.scope('layerwise_n_d_embed.0.')
    const table = linear(given('n_d_embed.weight'), layer.get('weight'), layer.get('bias'))
    const noiseData = gather(table, constant([1, 1, 1, 0, 0, 0, 0], [7], 'int64'))
    const cond = condition(w, variant, classEmbedding)
    await compare({ y: varBlock(w, variant, batched('x'), cond, { attend, noiseData }) }, { feeds: labels(2, 0) })
  })

  it('head', async () => {
    const { w, batched, compare } = openCase(gradients, 'var_head')
    await compare({ logits: varLogits(w, variant, batched('h'), batched('class_embedding')) })
  })

  it('student', async () => {
    const { w, compare } = openCase(gradients, 'var_student')
    const { heads } = varStudent(w, variant, 1)
    await compare({ logits: heads.logits(0, 5), continuous: heads.continuous(0, 5) }, { feeds: labels(3, 0) })
  })
})

describe('the gradients of a LlamaGen', () => {
  const arch = (tokens: number): LlamaGenArchitecture => ({
    family: 'llamagen',
    layers: 1,
    dim: 32,
    heads: 2,
    ffnDim: 64,
    vocabSize: 24,
    channels: 4,
    tokens,
    numClasses: 5,
  })

  it('block', async () => {
    const { w, batched, compare } = openCase(gradients, 'llamagen_block')
    const causal = Float32Array.from({ length: 100 }, (_, i) => (i % 10 > Math.floor(i / 10) ? -Infinity : 0))
    const mask = constant(causal, [10, 10])
    const y = llamaGenBlock(w, arch(9), batched('h'), {
      attend: ({ q, k, v }) => attention(q, k, v, mask),
      rope: { ...ropeTables(arch(9)), positions: constant([0], [1], 'int64') },
    })
    await compare({ y })
  })

  it('student', async () => {
    const { w, compare } = openCase(gradients, 'llamagen_student')
    const { heads } = llamaGenStudent(w, arch(4), 1)
    await compare({ logits: heads.logits(0, 4), continuous: heads.continuous(0, 4) }, { feeds: labels(3, 0) })
  })
})

describe('the gradients of a convolutional block', () => {
  it.each([
    ['resnet_block', resnetBlock],
    ['resnet_shortcut', resnetBlock],
    ['attention_block', attentionBlock],
    ['downsample', downsample],
    ['upsample', upsample],
  ])('%s', async (name, block) => {
    const { w, given, compare } = openCase(gradients, name)
    await compare({ y: block(w, given('x')) })
  })
})

describe('the gradients of a quantiser', () => {
  const squared = (a: Tensor, b: Tensor) => meanOf(mul(sub(a, b), sub(a, b)))
  const straightThrough = (quantized: Tensor, x: Tensor) => customVjp(quantized, [x], (g) => [g])

  it('of residuals', async () => {
    const arch: VarVqvaeArchitecture = {
      family: 'var',
      ch: 32,
      chMult: [1],
      resBlocks: 1,
      zChannels: 8,
      vocabSize: 32,
      patchNums: [1, 2, 3, 4],
      quantResi: 0.5,
      shareQuantResi: 4,
    }
    const { w, given, compare } = openCase(gradients, 'var_quantizer')
    const f = given('f')
    const scales = quantizeScales(w, arch, f)
    const indices = concat(
      scales.map(({ index }) => index),
      1,
    )
    const perScale = scales.map(({ fHat }) =>
      add(squared(fHat, stopGradient(f)), mul(squared(stopGradient(fHat), f), 0.25)),
    )
    const loss = mul(
      perScale.reduce((a, b) => add(a, b)),
      1 / perScale.length,
    )
    await compare({ indices, vq_loss: loss }, { loss })
    const output = straightThrough(scales.at(-1)!.fHat, f)
    await compare({ f_hat: output }, { loss: add(loss, weighted('f_hat', output)), set: 'grad_with_output' })
  })

  it('of unit vectors', async () => {
    const { w, batched, compare } = openCase(gradients, 'llamagen_quantizer')
    const z = unitRows(batched('z'))
    const codebook = llamaGenCodebook(w)
    const indices = nearestCode(z, codebook)
    const codes = gather(codebook, indices)
    const vqLoss = squared(codes, stopGradient(z))
    const commitLoss = mul(squared(stopGradient(codes), z), 0.25)
    const loss = add(vqLoss, commitLoss)
    await compare({ indices, vq_loss: vqLoss, commit_loss: commitLoss }, { loss })
    const output = transpose(reshape(straightThrough(codes, z), ['batch', 4, 4, 8]), [0, 3, 1, 2])
    await compare({ z_q: output }, { loss: add(loss, weighted('z_q', output)), set: 'grad_with_output' })
  })
})

describe('the gradients of the student’s', () => {
  it('continuous head', async () => {
    const { w, batched, compare } = openCase(gradients, 'continuous_head')
    await compare({ y: continuousHead(w, batched('h'), batched('class_embedding')) })
  })

  it('cross-entropy', async () => {
    const { batched, given, compare } = openCase(gradients, 'cross_entropy')
    const scores = batched('target_scores')
    const logProbabilities = logSoftmax(batched('logits'))
    const perPosition = (target: Tensor) => neg(sum(mul(target, logProbabilities), [-1])) // (B, L)
    const soft = meanOf(perPosition(softmax(scores)))
    await compare({ soft_loss: soft }, { loss: soft, set: 'grad_soft' })
    const unequal = meanOf(mul(perPosition(softmax(scores)), given('position_weights')))
    await compare({ weighted_loss: unequal }, { loss: unequal, set: 'grad_weighted' })
    const indices = argmax(scores)
    const identity = Float32Array.from({ length: 24 * 24 }, (_, i) => (i % 25 === 0 ? 1 : 0))
    const hard = meanOf(perPosition(gather(constant(identity, [24, 24]), indices)))
    await compare({ indices, hard_loss: hard }, { loss: hard, set: 'grad_hard' })
  })
})

gradients.allCompared()
