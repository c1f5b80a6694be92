// The index tables of the released ten-scale model: which positions a timestep, a split and a scale cover, who attends to
// whom, which phi a scale uses, how guidance grows; and the option defaults that the presets repeat.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Tensor } from '../../src/graph/index.ts'
import { inferVar } from '../../src/models/infer.ts'
import { phiIndex } from '../../src/models/resample.ts'
import { levelBlocks, varStudent } from '../../src/models/var-dd.ts'
import { type Family, tokensBefore } from '../../src/sampling/family.ts'
import { guidanceScale } from '../../src/sampling/plan.ts'
import { findModel } from '../../src/zoo/registry.ts'
import { fixturePath } from '../fixtures.ts'
import { evaluate, greedy, numbers, openFixture, statesOf } from './open.ts'

const tables = JSON.parse(readFileSync(fixturePath('tables.json'), 'utf8'))
const { var_dd_10_scales: student, teacher_10_scales: teacher } = tables
const groups = (student.patch_nums as number[]).map((side) => side * side)
const family = { name: 'var', groups } as unknown as Family

it('are those of tables.json, all of them', () => {
  expect(Object.keys(tables)).toEqual([
    'phi_index',
    'var_dd_10_scales',
    'teacher_10_scales',
    'var_option_defaults',
    'llamagen_option_defaults',
  ])
})

describe('phi', () => {
  it.each(Object.entries(tables.phi_index.tables as Record<string, { index: Record<string, number[]> }>))(
    'of %s shared ones is the nearest tick as numpy rounds it, for any number of scales',
    (shared, { index }) => {
      for (const [scales, expected] of Object.entries(index)) {
        expect(expected.map((_, scale) => phiIndex(scale, Number(scales), Number(shared)))).toEqual(expected)
      }
    },
  )
})

describe('the student with ten scales', () => {
  it('has 680 tokens and the class token', () => {
    expect(tokensBefore(family, 10)).toBe(student.L_tokens)
    expect(findModel('var-dd-d16').architecture).toMatchObject({ patchNums: student.patch_nums })
    expect([1, ...student.patch_nums]).toEqual(student.model_patch_nums)
    const fromLevel = (student.model_patch_nums as number[]).map((_, i) => student.L_model - tokensBefore(levels, i))
    expect([...fromLevel, 0]).toEqual(student.accum_token_length)
  })
  const levels = { groups: (student.model_patch_nums as number[]).map((side) => side * side) }

  it('finds noise from the first token of scale t on, and quantises up to that of the split', () => {
    const starts = Array.from({ length: 11 }, (_, t) => tokensBefore(family, t))
    expect(starts.slice(0, 10)).toEqual(student.noise_mask_first_noise_position_by_t)
    expect(starts).toEqual(student.get_final_sequence_logits_part_length_by_split)
  })

  it('marks the class token and the first t scales as data', async () => {
    const { file, tensors, weights } = await openFixture('var_variants.pth', 'ten_scales.student')
    const arch = inferVar(file, tensors, { heads: 2 })
    const embedding = await evaluate({ rows: weights.get('n_d_embed.weight') }, {})
    const noise = numbers(embedding.rows).slice(0, 32).join()
    const data = numbers(embedding.rows).slice(32).join()
    const found: number[] = []
    for (let t = 0; t < 10; t++) {
      const all = statesOf(varStudent(weights, arch, t).heads.logits(0, 680), [681, 32])
      const tables = all.filter(({ shape }) => shape.length === 2)
      const out = await evaluate(Object.fromEntries(tables.map((t, i) => [`table${i}`, t])), {})
      const rows = Object.values(out).map((table) => rowsOf(numbers(table), 32))
      const marks = rows.find((table) => table.every((row) => row === noise || row === data))!
      found.push(marks.lastIndexOf(data) + 1)
      expect(marks.filter((row) => row === data)).toHaveLength(found.at(-1)!)
    }
    expect(found).toEqual(student.n_d_embed_data_positions_by_t)
  })

  it('lets a token attend to all earlier levels and to itself', async () => {
    const sizes = (student.model_patch_nums as number[]).map((side) => side * side)
    const allowed: number[] = []
    for (const { rows, keys, mask, self } of levelBlocks(sizes)) {
      const hidden = mask && (await valuesOf(mask))
      for (let row = 0; row < rows[1] - rows[0]; row++) {
        const seen = hidden ? hidden.slice(row * keys, (row + 1) * keys).filter((x) => x === 0).length : keys
        allowed.push(seen + (self ? 1 : 0))
      }
    }
    const first = sizes.map((_, level) => allowed[tokensBefore(levels, level)])
    expect(first).toEqual(student.allowed_attention_per_level)
    expect(allowed).toEqual(sizes.flatMap((n, level) => new Array(n).fill(first[level])))
  })
})

describe('the teacher with ten scales', () => {
  it('has the same scales', () => {
    expect(groups.map((_, i) => [tokensBefore(family, i), tokensBefore(family, i + 1)])).toEqual(teacher.begin_ends)
    expect(tokensBefore(family, 10)).toBe(teacher.L)
  })

  it('is guided more from scale to scale', () => {
    const ratio = groups.map((_, scale) => guidanceScale(family, { ...greedy, cfg: 1 }, scale, 0) - 1)
    expect(ratio).toBeAllclose(teacher.cfg_ratio_per_scale, { atol: 1e-15, rtol: 0 })
  })
})

describe('the presets', () => {
  it('of VAR are the defaults of its sampling script', () => {
    const defaults = tables.var_option_defaults
    expect(defaults.pn.split('_').map(Number)).toEqual(student.patch_nums)
    const presets = findModel('var-dd-d16')
    const two = presets.kind === 'student' && presets.presets.find(({ steps }) => steps === 2)
    expect(two).toMatchObject({ timesteps: defaults.t_list.split(',').map(Number), split: defaults.loss_split_t })
    expect(findModel('var-d16')).toMatchObject({ sampling: { cfg: defaults.cfg } })
  })

  it('of LlamaGen are those of its combined sampling', () => {
    const {
      'cfg-scale': cfg,
      'top-k': topK,
      'top-p': topP,
      temperature,
    } = tables.llamagen_option_defaults.eval_combine_sample
    expect(findModel('llamagen-l')).toMatchObject({ sampling: { cfg, topK, topP, temperature } })
  })
})

const rowsOf = (data: readonly number[], width: number): string[] =>
  Array.from({ length: data.length / width }, (_, i) => data.slice(i * width, (i + 1) * width).join())

async function valuesOf(constant: Tensor): Promise<Float32Array> {
  if (constant.node.kind !== 'weight') throw new TypeError('not a constant')
  return new Float32Array((await constant.node.source.read()).slice().buffer)
}
