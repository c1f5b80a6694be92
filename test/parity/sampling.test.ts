// Whole pipelines against PyTorch, through the library that the CLI uses: given noise and labels, the same sequences,
// the same indices, the same images, for every way of sampling and both families.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PlanOptions } from '../../src/library/choose-plan.ts'
import { load } from '../../src/library/load.ts'
import type { Model } from '../../src/library/model.ts'
import { fixturePath, loadFixture } from '../fixtures.ts'

const RELATIVE = 1e-4
const PIXEL = { atol: 1 / 255, rtol: 0 }

async function run(model: Model, fixture: ReturnType<typeof loadFixture>, options: PlanOptions, batch = 8) {
  const labels = Array.from(fixture.arrays('labels').data)
  const noise = fixture.arrays('noise')
  const { results } = await model.sample({
    ...options,
    classes: labels,
    noise: { data: noise.data as Float32Array, shape: noise.shape },
    batch,
  })
  const joined = (pick: (r: (typeof results)[number]) => Float32Array | Int32Array | undefined) =>
    results.flatMap((r) => Array.from(pick(r) ?? []))
  return {
    sequence: joined((r) => r.details.sequence),
    image: joined((r) => r.details.pixels),
    fHat: joined((r) => r.details.fHat),
    teacher: joined((r) => r.details.teacherIndices),
  }
}

describe('VAR-DD', () => {
  let model: Model
  beforeAll(async () => {
    model = await load(undefined, {
      student: fixturePath('var_tiny_dd.pth'),
      teacher: fixturePath('var_tiny_teacher.pth'),
      tokenizer: fixturePath('var_tiny_vqvae.pth'),
      device: 'cpu',
      threads: 1,
    })
  })
  afterAll(() => model.dispose())

  const student = loadFixture('var_tiny_dd')
  const teacher = loadFixture('var_tiny_teacher')

  it.each([
    ['one_step', [0], 2],
    ['two_step', [0, 2], 2],
    ['two_step_t1_split3', [0, 1], 3],
    ['three_step', [0, 1, 3], 2],
  ] as const)('%s: timesteps %j, split %i', async (name, timesteps, split) => {
    const out = await run(model, student, { timesteps, split })
    expect(out.sequence).toBeWithinRelative(
      student.arrays(`${name}.step${timesteps.length - 1}.sequence`).data,
      RELATIVE,
    )
    expect(out.fHat).toBeWithinRelative(student.arrays(`${name}.f_hat`).data, RELATIVE)
    expect(out.image).toBeAllclose(student.arrays(`${name}.image`).data, PIXEL)
    expect(out.image).toBeWithinRelative(student.arrays(`${name}.image`).data, RELATIVE)
  })

  it.each([0, 1, 2, 3, 4])('one step with split %i', async (split) => {
    const out = await run(model, student, { timesteps: [0], split })
    expect(out.sequence).toBeWithinRelative(student.arrays(`split${split}.sequence`).data, RELATIVE)
  })

  it('does not depend on the batch size', async () => {
    const together = await run(model, student, { timesteps: [0, 2], split: 2 }, 2)
    const alone = await run(model, student, { timesteps: [0, 2], split: 2 }, 1)
    expect(alone.sequence).toBeWithinRelative(together.sequence, 1e-6)
  })

  it.each([1.5, 4])('teacher alone, greedy, cfg %d', async (cfg) => {
    const out = await run(model, teacher, { teacherOnly: true, teacher: { cfg, greedy: true } })
    expect(out.teacher).toEqual(Array.from(teacher.arrays(`teacher.greedy_cfg${cfg}.idx`).data))
    expect(out.image).toBeAllclose(teacher.arrays(`teacher.greedy_cfg${cfg}.image`).data, PIXEL)
  })

  it.each([
    ['combine_start0', 0, 2, 3],
    ['combine_start1', 1, 3, 2],
    ['combine_start2', 2, 3, 4],
  ] as const)('%s: teacher from %i to %i, split %i', async (name, teacherFrom, to, split) => {
    const options = { timesteps: [0, to], split, teacherFrom, teacher: { cfg: 2, greedy: true } }
    const out = await run(model, teacher, options)
    expect(out.teacher).toEqual(Array.from(teacher.arrays(`${name}.teacher.idx`).data))
    expect(out.sequence).toBeWithinRelative(teacher.arrays(`${name}.dd1.sequence`).data, RELATIVE)
    expect(out.fHat).toBeWithinRelative(teacher.arrays(`${name}.f_hat`).data, RELATIVE)
    expect(out.image).toBeAllclose(teacher.arrays(`${name}.image`).data, PIXEL)
  })

  it('a causal prefix mask changes what the teacher sees', async () => {
    const options = { timesteps: [0, 3], split: 2, teacherFrom: 2 }
    const none = await run(model, teacher, { ...options, teacher: { cfg: 2, greedy: true, prefixMask: 'none' } })
    const causal = await run(model, teacher, { ...options, teacher: { cfg: 2, greedy: true, prefixMask: 'causal' } })
    expect(causal.teacher).not.toEqual(none.teacher)
  })
})

describe('LlamaGen-DD', () => {
  let model: Model
  beforeAll(async () => {
    model = await load(undefined, {
      student: fixturePath('llamagen_tiny_dd.pt'),
      teacher: fixturePath('llamagen_tiny_teacher.pt'),
      tokenizer: fixturePath('llamagen_tiny_vq.pt'),
      config: { heads: 2, tokens: 16 },
      device: 'cpu',
      threads: 1,
    })
  })
  afterAll(() => model.dispose())

  const student = loadFixture('llamagen_tiny_dd')
  const teacher = loadFixture('llamagen_tiny_teacher')

  it.each([
    ['one_step', [0], 6],
    ['two_step', [0, 5], 9],
    ['two_step_t8_split3', [0, 8], 3],
  ] as const)('%s: timesteps %j, split %i', async (name, timesteps, split) => {
    const out = await run(model, student, { timesteps, split })
    expect(out.sequence).toBeWithinRelative(
      student.arrays(`${name}.step${timesteps.length - 1}.sequence`).data,
      RELATIVE,
    )
    expect(out.image).toBeAllclose(student.arrays(`${name}.image`).data, PIXEL)
    expect(out.image).toBeWithinRelative(student.arrays(`${name}.image`).data, RELATIVE)
  })

  it.each([0, 1, 9, 16])('one step with split %i', async (split) => {
    const out = await run(model, student, { timesteps: [0], split })
    expect(out.sequence).toBeWithinRelative(student.arrays(`split${split}.sequence`).data, RELATIVE)
  })

  it.each([
    ['greedy_cfg4', 4, -1],
    ['greedy_cfg2', 2, -1],
    ['greedy_cfg1', 1, -1],
    ['greedy_cfg4_interval5', 4, 5],
  ] as const)('teacher alone, %s', async (name, cfg, cfgInterval) => {
    const out = await run(model, teacher, { teacherOnly: true, teacher: { cfg, cfgInterval, greedy: true } })
    expect(out.teacher).toEqual(Array.from(teacher.arrays(`teacher.${name}.idx`).data))
    expect(out.image).toBeAllclose(teacher.arrays(`teacher.${name}.image`).data, PIXEL)
  })

  it.each([
    ['combine_start3', 3, 8, 11],
    ['combine_start0', 0, 6, 10],
    ['combine_start6_full', 6, 16, 11],
  ] as const)('%s: teacher from %i to %i, split %i', async (name, teacherFrom, to, split) => {
    const options = { timesteps: [0, to], split, teacherFrom, teacher: { cfg: 2, greedy: true } }
    const out = await run(model, teacher, options)
    const prefix = teacherFrom > 0 ? Array.from(teacher.arrays(`${name}.dd0.prefix_idx`).data) : []
    const golden = Array.from(teacher.arrays(`${name}.teacher.idx`).data)
    const chosen = [0, 1].flatMap((b) => golden.slice(b * to + teacherFrom, (b + 1) * to))
    expect(out.teacher).toEqual(chosen)
    expect([0, 1].flatMap((b) => golden.slice(b * to, b * to + teacherFrom))).toEqual(prefix)
    expect(out.sequence).toBeWithinRelative(teacher.arrays(`${name}.sequence`).data, RELATIVE)
    expect(out.image).toBeAllclose(teacher.arrays(`${name}.image`).data, PIXEL)
  })
})
