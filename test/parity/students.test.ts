// The students' networks against PyTorch: both heads at every step of every run, layer by layer where goldens exist.
import { describe, expect, it } from 'vitest'
import { argmax } from '../../src/graph/ops/index.ts'
import { inferLlamaGen, inferVar } from '../../src/models/infer.ts'
import { llamaGenStudent } from '../../src/models/llamagen-dd.ts'
import { llamaGenCodebook } from '../../src/models/llamagen-vq.ts'
import { varStudent } from '../../src/models/var-dd.ts'
import { loadFixture } from '../fixtures.ts'
import { evaluate, feed, numbers, openFixture } from './open.ts'

/** fp32 outputs agree within 1e-4 of the largest golden value; indices are equal. */
const RELATIVE = 1e-4

interface Case {
  fixture: string
  file: string
  stateDict: string
  /** Fixture run -> timesteps whose raw forward outputs are stored. */
  runs: Record<string, number[]>
}

const tiny = { one_step: [0], two_step: [0, 2], two_step_t1_split3: [0, 1], three_step: [0, 1, 3] }
const varCases: Case[] = [
  { fixture: 'var_tiny_dd', file: 'var_tiny_dd.pth', stateDict: 'trainer.ema_parameters', runs: tiny },
  { fixture: 'var_tiny_dd', file: 'var_tiny_dd.pth', stateDict: 'trainer.var_wo_ddp', runs: { raw_weights: [0] } },
  { fixture: 'var_micro', file: 'var_micro_legacy.pth', stateDict: 'trainer.ema_parameters', runs: { legacy: [0] } },
  { fixture: 'var_micro', file: 'var_micro_half.pth', stateDict: 'trainer.ema_parameters', runs: { half: [0] } },
]
const llamaGenCases: Case[] = [
  {
    fixture: 'llamagen_tiny_dd',
    file: 'llamagen_tiny_dd.pt',
    stateDict: 'ema',
    runs: { one_step: [0], two_step: [0, 5], two_step_t8_split3: [0, 8] },
  },
  { fixture: 'llamagen_tiny_dd', file: 'llamagen_tiny_dd.pt', stateDict: 'model', runs: { raw_weights: [0] } },
  { fixture: 'llamagen_micro', file: 'llamagen_micro_trainstate.pt', stateDict: 'ema', runs: { one_step: [0] } },
]

describe.each(varCases)('VAR-DD $file at "$stateDict"', ({ fixture, file, stateDict, runs }) => {
  for (const [run, timesteps] of Object.entries(runs)) {
    it.each(timesteps.map((t, i) => [i, t]))(`${run}: both heads of step %i (t = %i)`, async (step, t) => {
      const { arrays, names } = loadFixture(fixture)
      const { tensors, weights } = await openFixture(file, stateDict)
      const arch = inferVar(file, tensors)
      const { heads } = varStudent(weights, arch, t)
      const input = `${run}.step${step}.x_t`
      const x = arrays(names.includes(input) ? input : 'noise')
      const length = x.shape[1]!
      const logits = heads.logits(0, length)
      const out = await evaluate(
        { logits, indices: argmax(logits), continuous: heads.continuous(0, length) },
        { labels: feed(arrays('labels')), x: feed(x) },
      )
      const golden = (name: string) => arrays(`${run}.step${step}.${name}`)
      expect(numbers(out.logits)).toBeWithinRelative(golden('forward_logits').data, RELATIVE)
      expect(numbers(out.continuous)).toBeWithinRelative(golden('forward_conti').data, RELATIVE)
    })
  }
})

describe.each(llamaGenCases)('LlamaGen-DD $file at "$stateDict"', ({ fixture, file, stateDict, runs }) => {
  for (const [run, timesteps] of Object.entries(runs)) {
    it.each(timesteps.map((t, i) => [i, t]))(`${run}: both heads of step %i (t = %i)`, async (step, t) => {
      const { arrays, names, meta } = loadFixture(fixture)
      const { tensors, weights } = await openFixture(file, stateDict)
      const hints = { heads: meta.config.n_head, tokens: meta.config.block_size }
      const arch = { ...inferLlamaGen(file, tensors, hints), channels: meta.config.codebook_embed_dim }
      const { heads } = llamaGenStudent(weights, arch, t)
      const input = `${run}.step${step}.x_t`
      const x = arrays(names.includes(input) ? input : 'noise')
      const length = x.shape[1]!
      const out = await evaluate(
        { logits: heads.logits(0, length), continuous: heads.continuous(0, length) },
        { labels: feed(arrays('labels')), x: feed(x) },
      )
      const golden = (name: string) => arrays(`${run}.step${step}.${name}`)
      expect(numbers(out.logits)).toBeWithinRelative(golden('forward_logits').data, RELATIVE)
      expect(numbers(out.continuous)).toBeWithinRelative(golden('forward_conti').data, RELATIVE)
    })
  }

  it('has the l2-normalised codebook', async () => {
    const { arrays, names } = loadFixture(fixture)
    if (!names.includes('codebook')) return
    const { weights } = await openFixture('llamagen_tiny_vq.pt', 'model')
    const out = await evaluate({ codebook: llamaGenCodebook(weights) }, {})
    expect(numbers(out.codebook)).toBeAllclose(arrays('codebook').data, { atol: 1e-6, rtol: 0 })
  })
})
