import { expect, test } from 'vitest'
import { learningRate } from './schedule.ts'

const settings = { lr: 2, steps: 100, warmupSteps: 10, floor: 0.1 }
const at = (schedule: 'cosine' | 'linear' | 'constant', step: number) => learningRate({ ...settings, schedule }, step)

test.each(['cosine', 'linear', 'constant'] as const)('%s warms up in a straight line', (schedule) => {
  expect(at(schedule, 0)).toBeCloseTo(2 / 11)
  expect(at(schedule, 9)).toBeCloseTo(20 / 11)
  expect(at(schedule, 10)).toBeCloseTo(2)
})

test('then each goes its way to the floor', () => {
  expect(at('constant', 99)).toBe(2)
  expect(at('linear', 55)).toBeCloseTo(2 * 0.55)
  expect(at('cosine', 55)).toBeCloseTo(2 * 0.55)
  expect(at('linear', 100)).toBeCloseTo(0.2)
  expect(at('cosine', 100)).toBeCloseTo(0.2)
  expect(at('cosine', 1000)).toBeCloseTo(0.2)
})
