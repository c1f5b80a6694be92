import { expect, it } from 'vitest'
import { pictureName, runName } from './download.ts'

const picture = (settings: Record<string, unknown>) => ({
  className: 'Fire engine',
  settings: { seed: 7, index: 2, ...settings },
})

it('names of pictures tell apart how they were made', () => {
  const ways = [
    { steps: 1, plan: { kind: 'student' } },
    { steps: 2, plan: { kind: 'student' } },
    { steps: 6, plan: { kind: 'teacher' } },
    { steps: 6, plan: { kind: 'teacher', flow: { solver: 'dpm', steps: 32 } } },
  ]
  expect(ways.map((settings) => pictureName(picture(settings)))).toEqual([
    'fire-engine-1-step-seed-7-2.png',
    'fire-engine-2-steps-seed-7-2.png',
    'fire-engine-teacher-seed-7-2.png',
    'fire-engine-flow-seed-7-2.png',
  ])
  expect(runName(picture({ steps: 1 }))).toBe('fire-engine-1-step-seed-7')
})
