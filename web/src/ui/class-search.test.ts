import { expect, it } from 'vitest'
import type { ClassEntry } from '../backend/types.ts'
import { classOr, searchClasses } from './class-search.ts'

const entry = (id: number, name: string, ...synonyms: string[]): ClassEntry => ({
  id,
  name,
  synonyms: [name, ...synonyms],
  sensitive: false,
  policy: 'allow',
})
const classes = [
  entry(0, 'fireboat'),
  entry(1, 'goldfish', 'Carassius auratus'),
  entry(2, 'cat'),
  entry(3, 'speed boat'),
  entry(4, 'boathouse'),
  entry(5, 'caldron', 'cauldron'),
  entry(12, 'crêpe'),
]
const found = (text: string) => searchClasses(classes, text).map(({ entry: { name } }) => name)

it('the start of a name comes before the start of a word, and that before any part', () => {
  expect(found('boat')).toEqual(['boathouse', 'speed boat', 'fireboat'])
})

it('synonyms find their class, and say that they did', () => {
  expect(searchClasses(classes, 'cara')[0]).toMatchObject({ by: 'Carassius auratus' })
  expect(found('cauldron')).toEqual(['caldron'])
})

it('an id is a name, accents and case are none', () => {
  expect(found('12')).toEqual(['crêpe'])
  expect(found('CREPE')).toEqual(['crêpe'])
})

it('nothing typed is all classes, nonsense is none', () => {
  expect(found(' ')).toHaveLength(classes.length)
  expect(found('zebra')).toEqual([])
})

it('an unknown id becomes the first class that may be sampled', () => {
  const denied = { ...entry(0, 'a'), policy: 'deny' as const }
  expect(classOr([denied, entry(1, 'b')], 9)?.name).toBe('b')
  expect(classOr([denied, entry(1, 'b')], 0)?.name).toBe('a')
})
