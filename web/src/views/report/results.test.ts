import { describe, expect, it } from 'vitest'
import { models } from '../../../../src/zoo/registry.ts'
import { families, measured, published } from './results.ts'
import { sentence } from './sentences.ts'

const [varFamily, llamaGen] = families as [(typeof families)[number], (typeof families)[number]]

describe('the measured figures', () => {
  it('are of the embedded families, with the rows of the paper’s comparison', () => {
    expect(families.map(({ student }) => student)).toEqual(['sprites-var-dd', 'sprites-llamagen-dd'])
    for (const { rows, samples } of families) {
      expect(samples).toBe(10_000)
      expect(rows.map(({ kind }) => kind).toSorted()).toEqual(
        ['teacher', 'student', 'student', ...Array(3).fill('involved'), ...Array(3).fill('baseline')].toSorted(),
      )
    }
  })

  it('were sampled as the zoo’s presets sample', () => {
    for (const { student, split, timestep } of families) {
      const entry = models.find(({ name }) => name === student)
      if (entry?.kind !== 'student') throw new Error(`${student} is no student`)
      const two = entry.presets.find(({ steps }) => steps === 2)!
      expect(two).toMatchObject({ split, timesteps: [0, timestep] })
      for (const preset of entry.presets) expect(measured(student, preset)?.steps).toBe(preset.steps)
    }
  })

  it('measure the teacher by itself, and baselines without a time', () => {
    for (const { rows } of families) {
      expect(rows.find(({ kind }) => kind === 'teacher')).toMatchObject({ relative: 1, speedup: 1 })
      for (const { kind, seconds } of rows) expect(seconds === undefined).toBe(kind === 'baseline')
    }
  })

  it('are found by model and way, and only for models that were measured', () => {
    expect(measured('sprites-var-dd', 'teacher')?.name).toBe('teacher')
    expect(measured('sprites-var-dd', { steps: 4, teacherFrom: 0 })?.name).toBe('teacher from 0')
    expect(measured('sprites-llamagen-dd', { steps: 2 })?.name).toBe('two steps')
    expect(measured('var-dd-d16', { steps: 1 })).toBeUndefined()
  })
})

describe('the published figures', () => {
  it('are those of the zoo, all of them', () => {
    const zoo = models.flatMap((entry) => {
      if (entry.kind === 'student') return entry.presets.map((preset) => preset.published)
      return entry.kind === 'teacher' ? [entry.published] : []
    })
    const wanted = zoo.filter((figures) => figures?.source === 'DD').map((figures) => figures!.fid)
    expect(published.map(({ fid }) => fid).toSorted()).toEqual(wanted.toSorted())
    expect(published.find(({ model, steps }) => model === 'var-dd-d16' && steps === 1)).toMatchObject({
      fid: 9.94,
      inceptionScore: 193.6,
      precision: 0.8,
      recall: 0.37,
      seconds: 0.021,
      speedup: 6.3,
    })
  })
})

describe('the sentences', () => {
  it('say of VAR that its teacher’s help gains precision, not distance', () => {
    expect(sentence(varFamily)).toMatch(/no smaller distance here, but more precision/)
    const two = varFamily.rows.find(({ name }) => name === 'two steps')!
    for (const { kind, frechet, precision } of varFamily.rows.filter((row) => row.kind === 'involved')) {
      expect(kind).toBe('involved')
      expect(frechet).toBeGreaterThan(two.frechet)
      expect(precision).toBeGreaterThan(two.precision)
    }
  })

  it('say of LlamaGen that its teacher helps the more the earlier it enters', () => {
    expect(sentence(llamaGen)).toMatch(/With the teacher for its first 24 tokens it comes to 1\.\d\d times/)
    const involved = llamaGen.rows.filter(({ kind }) => kind === 'involved').map(({ frechet }) => frechet)
    expect(involved).toEqual(involved.toSorted((a, b) => b - a))
  })

  it('give the figures of the table', () => {
    const one = llamaGen.rows.find(({ name }) => name === 'one step')!
    expect(sentence(llamaGen)).toContain(`${one.relative.toFixed(2)} times as far from the data`)
  })
})
