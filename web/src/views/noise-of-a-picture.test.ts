// The links below a picture lead to its own noise: that of seed and index.
import { expect, it } from 'vitest'
import type { ModelInfo } from '../backend/types.ts'
import { asksOf, readRows } from './same-noise/rows.ts'
import { readTrajectory } from './trajectory/trajectory-settings.ts'
import { recipeAt } from './walk/recipe.ts'
import { readWalk } from './walk/walk-settings.ts'

const model: ModelInfo = {
  id: 'm',
  family: 'var',
  imageSize: 32,
  groups: [1, 4],
  classes: 12,
  student: true,
  teacher: true,
  presets: [{ steps: 1, timesteps: [0], split: 2 }],
  defaultSteps: 1,
}
const address = { class: '3', seed: '7', index: '5' }

it('a walk begins at it', () => {
  const walk = { ...readWalk(address, model), total: 2 }
  expect(recipeAt(walk)).toEqual({ seed: 7, index: 5 })
  expect(recipeAt({ ...walk, at: 0.5 })).toEqual({ seed: 7, index: 5, toward: { seed: 8, amount: 0.5 } })
  expect(recipeAt({ ...walk, at: 1, moving: [1] })).toEqual({ seed: 7, index: 5, groups: [{ group: 1, seed: 8 }] })
  expect(recipeAt({ ...walk, at: 0.5, moving: [1] }).groups).toEqual([{ group: 0, seed: 7, index: 5 }])
})

it('a walk leads from one picture of a seed to its first one', () => {
  const walk = { ...readWalk({ ...address, to: '7' }, model), total: 2 }
  expect(recipeAt({ ...walk, at: 1 })).toEqual({ seed: 7 })
  expect(recipeAt({ ...walk, at: 0.5 })).toEqual({ seed: 7, index: 5, toward: { seed: 7, amount: 0.5 } })
})

it('the trajectory is its own', () => {
  expect(readTrajectory(address, model)).toMatchObject({ seed: 7, index: 5 })
})

it('the comparison begins with it', () => {
  expect(asksOf(readRows(address, model)).map(({ noise }) => noise)).toEqual([
    { seed: 7, index: 5 },
    { seed: 7, index: 6 },
    { seed: 7, index: 7 },
  ])
})
