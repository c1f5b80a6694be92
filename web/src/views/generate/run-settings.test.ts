import { expect, it } from 'vitest'
import type { ModelInfo } from '../../backend/types.ts'
import { changed } from '../../router.ts'
import { asksOf, differences, type RunSettings, readRun, runOfImage, writeRun } from './run-settings.ts'

const model: ModelInfo = {
  id: 'm',
  family: 'var',
  imageSize: 32,
  groups: [1, 4, 9],
  classes: 12,
  student: true,
  teacher: true,
  presets: [
    { steps: 1, timesteps: [0], split: 2 },
    { steps: 2, timesteps: [0, 2], split: 2 },
    { steps: 3, timesteps: [0, 2], split: 2, teacherFrom: 1 },
  ],
  defaultSteps: 1,
}
const run: RunSettings = { model: 'm', class: 3, seed: 7, first: 0, count: 8, steps: '1' }

it('a run survives its way through the address', () => {
  const other = { ...run, first: 5, count: 1, steps: 'flow' }
  expect(readRun(changed({}, writeRun(other)), model)).toEqual(other)
})

it('settings of the teacher go through the address to the ask, where a teacher takes part', () => {
  const teacher = { cfg: 4, greedy: true, prefixMask: 'causal' } as const
  const address = changed({}, writeRun({ ...run, steps: 'teacher', teacher }))
  expect(address).toMatchObject({ cfg: '4', greedy: 'true', prefixMask: 'causal' })
  const read = readRun(address, model)
  expect(read.teacher).toEqual(teacher)
  expect(asksOf(read, model)[0]!.ask.options).toEqual({ teacherOnly: true, teacher })
  expect(asksOf({ ...read, steps: '1' }, model)[0]!.ask.options).toEqual({ steps: 1 })
  expect(readRun({ cfg: '1e9', topK: '1.5', cfgInterval: '3', greedy: 'no' }, model).teacher).toEqual({ greedy: false })
  expect(changed(address, writeRun(run))).toEqual(changed({}, writeRun(run)))
})

it('nonsense in the address becomes a default', () => {
  expect(readRun({ class: '99', seed: '-1', count: '1000', steps: 'magic' }, model)).toEqual({
    ...run,
    class: 0,
    seed: 0,
  })
})

it('many pictures are several asks, each with the noise of its place', () => {
  const asks = asksOf({ ...run, count: 20, first: 2 }, model)
  expect(asks.map(({ ask, offset }) => [offset, ask.images.length])).toEqual([
    [0, 8],
    [8, 8],
    [16, 4],
  ])
  expect(asks[2]!.ask.images[3]).toEqual({ class: 3, noise: { seed: 7, index: 21 } })
})

const student = { kind: 'student', timesteps: [0], split: 2 }
const image = { model: 'm', class: 3, seed: 7, index: 2, rng: 'philox', plan: student }

it('an image brings its run back, among its neighbours where it has them', () => {
  expect(runOfImage(image, [model], 8)).toEqual(run)
  expect(runOfImage({ ...image, index: 11 }, [model], 8)).toEqual({ ...run, first: 11, count: 1 })
})

it('knows every way by its plan', () => {
  const steps = (plan: unknown) => runOfImage({ ...image, plan }, [model], 8).steps
  expect(steps({ kind: 'student', timesteps: [0, 2], split: 2 })).toBe('2')
  expect(steps({ kind: 'teacher-involved', timestep: 2, split: 2, teacherFrom: 1, teacher: {} })).toBe('3')
  expect(steps({ kind: 'teacher', teacher: {} })).toBe('teacher')
  expect(steps({ kind: 'teacher', teacher: {}, flow: { solver: 'dpm', steps: 32 } })).toBe('flow')
})

it.each([
  [{ model: 'var-dd-d16' }, /var-dd-d16, which is not here/],
  [{ rng: 'torch' }, /noise of another kind/],
  [{ class: 'boat' }, /not understood/],
  [{ plan: { kind: 'student', timesteps: [0, 1], split: 2 } }, /none of this model’s presets/],
  [{ ema: false }, /instead of their moving average/],
  [{ plan: { kind: 'teacher', teacher: {}, flow: { solver: 'heun', steps: 8 } } }, /flow map of 8 steps of heun/],
  [{ noise: { seed: 1, toward: { seed: 2, amount: 0.5 } } }, /mixed noise/],
])('says why an image with %j cannot be made again here', (part, why) => {
  expect(() => runOfImage({ ...image, ...part }, [model], 8)).toThrow(why)
})

it('says in what the picture made again is another one', () => {
  const drawn = { ...image, dtype: 'fp32', plan: { kind: 'teacher', teacher: { cfg: 2, topK: 0, greedy: false } } }
  const guided = { ...drawn, plan: { kind: 'teacher', teacher: { cfg: 4, topK: 0, greedy: true } } }
  expect(differences(guided, drawn)).toBe('cfg 4 (here 2), greedy true (here false)')
  expect(differences({ ...drawn, dtype: 'int8' }, drawn)).toBe('dtype int8 (here fp32)')
  expect(differences(drawn, structuredClone(drawn))).toBeUndefined()
  expect(differences(guided, { ...drawn, seed: 8 })).toBeUndefined()
  expect(differences(guided, image)).toBeUndefined()
})
