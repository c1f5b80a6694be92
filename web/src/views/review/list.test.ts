import { expect, it } from 'vitest'
import type { Verdict } from '../../../../src/review/events.ts'
import type { WireImage } from '../../../../src/review/wire.ts'
import { type Filters, following, matching, neighbour, neighbourGroup } from './list.ts'

/** Two models, two classes, two images each: "a7.0" ... "b9.1". */
const images = (verdicts: Record<string, Verdict> = {}): WireImage[] =>
  ['a', 'b'].flatMap((model) =>
    [7, 9].flatMap((label) =>
      [0, 1].map((n) => {
        const path = `${model}${label}.${n}`
        const verdict = verdicts[path] && { verdict: verdicts[path], reviewer: 'AB', time: '' }
        const image = {
          path,
          sha256: path,
          model,
          class: label,
          className: `class ${label}`,
          synonyms: [],
          n,
          index: n,
        }
        return { ...image, ...(verdict && { verdict }) }
      }),
    ),
  )

const all: Filters = { model: '', class: '', state: 'all' }
const shown = (list: WireImage[], filters: Partial<Filters>) => matching(list, { ...all, ...filters }).shown
const names = (list: readonly (WireImage | undefined)[]) => list.map((image) => image?.path)

it('filters by model, class and state together, and counts states within model and class', () => {
  const list = images({ 'a9.0': 'flagged', 'b9.1': 'flagged', 'a9.1': 'accepted' })
  expect(names(shown(list, { model: 'a', class: '9 class 9', state: 'flagged' }))).toEqual(['a9.0'])
  expect(names(shown(list, { model: 'a', state: 'open' }))).toEqual(['a7.0', 'a7.1'])
  expect(matching(list, { model: 'a', class: '', state: 'flagged' }).inScope).toHaveLength(4)
})

it('steps to the neighbour among those shown, also from an image that is filtered away', () => {
  const list = images({ 'a7.1': 'accepted' })
  const open = shown(list, { state: 'open' })
  expect(neighbour(list, open, 'a7.0', 1)?.path).toBe('a9.0')
  expect(neighbour(list, open, 'a7.1', -1)?.path).toBe('a7.0')
  expect(neighbour(list, open, 'a7.0', -1)).toBeUndefined()
  expect(neighbour(list, open, 'b9.1', 1)).toBeUndefined()
})

it('steps to the first image of the neighbouring class, either way', () => {
  const list = images()
  expect(neighbourGroup(list, list, 'a7.1', 1)?.path).toBe('a9.0')
  expect(neighbourGroup(list, list, 'b7.1', -1)?.path).toBe('a9.0')
  expect(neighbourGroup(list, list, 'a7.0', -1)).toBeUndefined()
})

it('after a verdict comes the next open image, from the start again at the end', () => {
  const list = images({ 'a7.1': 'accepted', 'b9.1': 'accepted', 'b9.0': 'accepted' })
  expect(following(list, list, all, 'a7.0')?.path).toBe('a9.0')
  expect(following(list, list, all, 'b9.1')?.path).toBe('a7.0')
})

it('among flagged images it is simply the next, and none behind the last', () => {
  const filters: Filters = { ...all, state: 'flagged' }
  const list = images({ 'a7.0': 'flagged', 'b7.0': 'flagged', 'a9.0': 'accepted' })
  expect(following(list, shown(list, filters), filters, 'a9.0')?.path).toBe('b7.0')
  const last = images({ 'a9.0': 'accepted' })
  expect(following(last, shown(last, filters), filters, 'a9.0')).toBeUndefined()
})
