import { expect, it } from 'vitest'
import { changed, formatPlace, indexSetting, linkTo, parsePlace, wholeSetting } from './router.ts'

it('a place survives its way through the address', () => {
  const place = { view: 'walk', settings: { class: '3', title: 'a & b = c?' } } as const
  expect(parsePlace(formatPlace(place))).toEqual(place)
})

it('what names no view is the first one', () => {
  for (const hash of ['', '#', '#/', '#/nowhere', '#top']) expect(parsePlace(hash).view).toBe('generate')
})

it('settings change one by one, and undefined takes one away', () => {
  expect(changed({ seed: '1', first: '2' }, { seed: 7, first: undefined, live: false })).toEqual({
    seed: '7',
    live: 'false',
  })
})

it('numbers of an address are checked', () => {
  expect(wholeSetting('7', 0)).toBe(7)
  for (const bad of [undefined, '', '-1', '1.5', '1e3', 'x', '99999999999999999999'])
    expect(wholeSetting(bad, 4)).toBe(4)
  expect(wholeSetting('9', 4, 0, 8)).toBe(4)
})

it('links to other views keep model, class and seed', () => {
  expect(linkTo('walk', { model: 'm', class: '3', seed: '7', count: '8', steps: 'teacher' })).toBe(
    '#/walk?model=m&class=3&seed=7',
  )
})

it('the index of a noise goes along where it is read', () => {
  const settings = { seed: '7', index: '3' }
  expect(linkTo('trajectory', settings)).toBe('#/trajectory?seed=7&index=3')
  expect(linkTo('generate', settings)).toBe('#/generate?seed=7')
  expect(indexSetting(settings)).toBe(3)
  for (const bad of [undefined, '-1', 'x']) expect(indexSetting({ ...(bad && { index: bad }) })).toBe(0)
})
