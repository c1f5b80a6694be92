// What a checkpoint says of the codes in use is checked before a run goes on with it.
import { expect, it } from 'vitest'
import { CheckpointError } from '../../core/errors.ts'
import { codeUsage } from './tokenizer.ts'

it('comes back as it was saved', () => {
  const saved = { counts: [3, 0], last: 1 }
  const usage = codeUsage(2)
  usage.load(saved)
  expect([usage.save(), usage.inUse()]).toEqual([saved, 0.5])
})

it.each([
  {},
  { counts: [1], last: 1 },
  { counts: [1, 2, 3], last: 1 },
  { counts: ['1', 2], last: 1 },
  { counts: 'x', last: 1 },
  { counts: [1, 2], last: null },
])('is refused when it is not of this codebook: %j', (saved) => {
  expect(() => codeUsage(2).load(saved)).toThrow(CheckpointError)
})
