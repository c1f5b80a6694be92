import { expect, it } from 'vitest'
import { type Run, withRun } from './history.ts'

const run = (key: string, at = 0): Run => ({ key, at, settings: {}, title: key, detail: '', thumbnail: new Blob() })
const keys = (runs: readonly Run[]) => runs.map(({ key }) => key).join('')

it('the latest run is the first, and a run made again moves there', () => {
  const runs = [run('a'), run('b'), run('c')]
  expect(keys(withRun(runs, run('d')))).toBe('dabc')
  expect(keys(withRun(runs, run('b', 1)))).toBe('bac')
})

it('the oldest leave when there are too many', () => {
  expect(keys(withRun([run('a'), run('b'), run('c')], run('d'), 3))).toBe('dab')
})
