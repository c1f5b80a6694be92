// VAR's architecture variants that no released model has (shared AdaLN, attention without l2 normalisation, one data/noise
// embedding for all layers) and the released ten scales, where large levels take another path through the attention.
import { describe, expect, it } from 'vitest'
import { input } from '../../src/graph/index.ts'
import type { VarArchitecture, VarVqvaeArchitecture } from '../../src/models/architecture.ts'
import { checkStateDict } from '../../src/models/check.ts'
import { inferVar } from '../../src/models/infer.ts'
import { lookupGraph } from '../../src/models/student.ts'
import { varStudent, varStudentGraph } from '../../src/models/var-dd.ts'
import { sequenceToFHat, varCodebook } from '../../src/models/var-vqvae.ts'
import { drawTokens } from '../../src/sampling/draw.ts'
import type { PrefixMask } from '../../src/sampling/family.ts'
import { programCache } from '../../src/sampling/programs.ts'
import { varFamily } from '../../src/sampling/var-family.ts'
import { goldens } from './goldens.ts'
import { columns, evaluate, feed, greedy, numbers, openFixture, sharedEngine, sideBySide } from './open.ts'

const golden = goldens('var_variants')
const file = 'var_variants.pth'
const { V, Cvae, share_quant_resi: shareQuantResi, variants } = golden.meta.config

interface Settings {
  patch_nums: number[]
  shared_aln: boolean
  attn_l2_norm: boolean
  layerwise: boolean
}

async function openTransformer(variant: string, kind: 'student' | 'teacher') {
  const { tensors, weights } = await openFixture(file, `${variant}.${kind}`)
  const arch = inferVar(file, tensors, { heads: golden.meta.config.num_heads })
  checkStateDict(file, tensors, { kind, architecture: arch })
  return { arch, weights }
}

async function openQuantizer(variant: string, { patchNums }: VarArchitecture) {
  const { weights } = await openFixture(file, `${variant}.quantize`)
  const arch: VarVqvaeArchitecture = {
    family: 'var',
    ch: 0,
    chMult: [],
    resBlocks: 0,
    zChannels: Cvae,
    vocabSize: V,
    patchNums,
    quantResi: 0.5,
    shareQuantResi,
  }
  return { weights, arch }
}

const tokensBefore = (sides: readonly number[], scales: number) =>
  sides.slice(0, scales).reduce((n, side) => n + side * side, 0)

describe.each(Object.entries(variants as Record<string, Settings>))('%s', (variant, settings) => {
  const { t_list: timesteps, loss_split_t: split, teacher, involved } = golden.meta.runs[variant]
  const at = (name: string) => `${variant}.${name}`
  const labels = golden.input(at('labels'))
  const noise = golden.input(at('noise'))

  it('is told by its shapes', async () => {
    const { arch } = await openTransformer(variant, 'student')
    expect(arch).toMatchObject({
      sharedAdaLN: settings.shared_aln,
      attnL2Norm: settings.attn_l2_norm,
      layerwiseNoiseDataEmbed: settings.layerwise,
      patchNums: settings.patch_nums,
    })
  })

  it(`predicts the same sequences at timesteps ${timesteps}, split ${split}`, async () => {
    const { arch, weights } = await openTransformer(variant, 'student')
    const codebook = varCodebook((await openQuantizer(variant, arch)).weights)
    const length = tokensBefore(arch.patchNums, Number.POSITIVE_INFINITY)
    let sequence = Array.from(noise.data)
    for (const [step, timestep] of (timesteps as number[]).entries()) {
      const finished = tokensBefore(arch.patchNums, timestep)
      const state = sequence.map((value, i) => (Math.floor(i / Cvae) % length < finished ? value : noise.data[i]!))
      const feeds = { labels: feed(labels), x: feed({ data: Float32Array.from(state), shape: noise.shape }) }
      const out = await evaluate(varStudentGraph(weights, codebook, arch, { timestep, split }), feeds)
      sequence = numbers(out.sequence)
      golden.match(at(`step${step}.sequence`), sequence)
      if (!golden.names.includes(at(`step${step}.forward_logits`))) continue
      const { heads } = varStudent(weights, arch, timestep)
      const raw = await evaluate({ logits: heads.logits(0, length), tokens: heads.continuous(0, length) }, feeds)
      golden.match(at(`step${step}.forward_logits`), numbers(raw.logits))
      golden.match(at(`step${step}.forward_conti`), numbers(raw.tokens))
    }
  })

  if (!teacher) return

  /** Greedy tokens of scales from..to-1 and the logits they were taken from. */
  async function draw(from: number, to: number, prefix: Int32Array, batch: number, prefixMask: PrefixMask = 'none') {
    const { arch, weights } = await openTransformer(variant, 'teacher')
    const tokenizer = await openQuantizer(variant, arch)
    const family = varFamily({ tokenizer, teacher: { arch, weights } })
    const programs = programCache(await sharedEngine())
    const rows = Array.from(labels.data.slice(0, batch))
    const session = family.teacher!(programs, { labels: rows, guided: true, prefixMask })
    const logits: Float32Array[] = []
    const indices = await drawTokens(family, {
      session,
      settings: { ...greedy, cfg: teacher.cfg },
      prefix,
      from,
      to,
      seed: 0,
      images: rows.map((_, i) => i),
      onLogits: (_, group) => logits.push(group.slice()),
    })
    session.dispose()
    await programs.close()
    return { indices, logits: sideBySide(logits, batch), tokenizer }
  }

  const idx = golden.input(at('teacher.idx'))
  const batch = idx.shape[0]!
  /** The teacher's own tokens of scales from..to-1. */
  const chosen = (from: number, to: number) => {
    const start = tokensBefore(settings.patch_nums, from)
    const end = tokensBefore(settings.patch_nums, to)
    return Int32Array.from(columns(idx.data, idx.shape, start, end))
  }

  it('has a teacher that chooses the same tokens', async () => {
    const { indices, logits, tokenizer } = await draw(0, settings.patch_nums.length, new Int32Array(0), batch)
    golden.match(at('teacher.logits'), logits)
    golden.match(at('teacher.idx'), indices)
    const { sequence } = await evaluate(lookupGraph(varCodebook(tokenizer.weights)), { indices: feed(idx) })
    const tokens = input('tokens', 'float32', ['batch', idx.shape[1]!, Cvae])
    const graph = { fHat: sequenceToFHat(tokenizer.weights, tokenizer.arch, tokens) }
    golden.match(at('teacher.f_hat'), numbers((await evaluate(graph, { tokens: sequence! })).fHat))
  })

  it('has a teacher that continues a prefix, which sees itself as a whole', async () => {
    const from = involved.t_teacher_start
    const to = involved.end_point
    const { indices, logits } = await draw(from, to, chosen(0, from), batch)
    golden.match(at('involved.logits'), logits)
    golden.match(at('involved.idx'), indices)
  })

  it('has a teacher for whom a causal prefix is as good as its own tokens', async () => {
    const from = involved.t_teacher_start
    const to = involved.end_point
    const { indices } = await draw(from, to, chosen(0, from), batch, 'causal')
    expect(indices).toEqual(chosen(from, to))
  })
})

describe('the tests above', () => golden.allCompared())
