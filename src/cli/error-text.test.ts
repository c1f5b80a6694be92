import { expect, it } from 'vitest'
import { UsageError } from '../core/errors.ts'
import { errorText } from './error-text.ts'

const flags = new Set(['teacherFrom', 'timesteps', 'rng', 'teacherOnly', 'student'])

it.each([
  ['`student` a.pth is a folder.', '--student a.pth is a folder.'],
  ['For example `timesteps: [0, 5]` with `teacherFrom: 4`.', 'For example --timesteps 0,5 with --teacher-from 4.'],
  ["Take `rng: 'philox'`.", 'Take --rng philox.'],
  ['Leave `teacherOnly: true` out.', 'Leave --teacher-only out.'],
  ['So `teacherOnly: false` says nothing.', 'So --no-teacher-only says nothing.'],
  ['`download: true` is no flag; `distilled inspect FILE` no option.', undefined],
])('%s', (written, shown) => {
  expect(errorText(new UsageError(written), flags)).toBe(shown ?? written)
})

it('takes the remedy for a shell, where there is one', () => {
  const error = new UsageError('It is missing.', {
    remedy: 'Load with `download: true`.',
    shellRemedy: 'Run: distilled download',
  })
  expect(errorText(error, flags)).toBe('It is missing. Run: distilled download')
  expect(error.message).toBe('It is missing. Load with `download: true`.')
})

it('leaves errors of others as they are', () => {
  expect(errorText(new TypeError('`student` is undefined'), flags)).toBe('`student` is undefined')
})
