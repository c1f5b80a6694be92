import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../core/errors.ts'
import { type ClassList, classInfo, imagenet, resolveClass, resolveClasses } from './classes.ts'

describe('the ImageNet class list', () => {
  it('has 1000 classes in the standard order', () => {
    expect(imagenet.labels).toHaveLength(1000)
    const known: [number, string][] = [
      [0, 'tench'],
      [7, 'cock'],
      [207, 'golden retriever'],
      [360, 'otter'],
      [403, 'aircraft carrier'],
      [413, 'assault rifle'],
      [445, 'bikini'],
      [607, "jack-o'-lantern"],
      [985, 'daisy'],
      [999, 'toilet tissue'],
    ]
    for (const [id, name] of known) expect(classInfo(id).name).toBe(name)
  })

  it('has no two classes with one label, apart from the two cranes', () => {
    const twice = imagenet.labels.filter((label, id) => imagenet.labels.indexOf(label) !== id)
    expect(twice).toEqual(['crane'])
  })

  it('marks the 17 classes of the model card as sensitive', () => {
    const names = [...imagenet.sensitive].map((id) => classInfo(id).name)
    expect(names).toEqual([
      'cock',
      'aircraft carrier',
      'assault rifle',
      'bikini',
      'brassiere',
      'bulletproof vest',
      'cannon',
      'chain saw',
      'holster',
      'military uniform',
      'miniskirt',
      'missile',
      'mortar',
      'nipple',
      'projectile',
      'revolver',
      'warplane',
    ])
    expect(classInfo(413).sensitive).toBe(true)
    expect(classInfo(207).sensitive).toBe(false)
  })

  it('separates the name of a class from its synonyms', () => {
    expect(classInfo(0)).toEqual({ id: 0, name: 'tench', synonyms: ['Tinca tinca'], sensitive: false })
  })
})

describe('resolveClass', () => {
  it.each([
    [207, 207],
    ['207', 207],
    [' 0 ', 0],
    ['golden retriever', 207],
    ['Golden_Retriever', 207],
    ['GOLDEN-RETRIEVER', 207],
    ['Tinca tinca', 0],
    ['tench, Tinca tinca', 0],
    ['jack o lantern', 607],
    ["potter's wheel", 739],
    ['potters wheel', 739],
    ['pomeran', 259],
    ['toilet paper', 999],
  ])('takes %j for class %i', (label, id) => {
    expect(resolveClass(label)).toBe(id)
  })

  it('prefers the name of one class to the synonym of another', () => {
    expect(imagenet.labels[744]).toBe('projectile, missile')
    expect(resolveClass('missile')).toBe(657)
  })

  it('prefers whole words to fragments', () => {
    expect(imagenet.labels.filter((label) => label.includes('otter')).length).toBeGreaterThan(1)
    expect(resolveClass('otter')).toBe(360)
    expect(resolveClass('maltese')).toBe(153)
  })

  it('resolves every full label to its own class, except the two cranes', () => {
    for (const [id, label] of imagenet.labels.entries()) if (label !== 'crane') expect(resolveClass(label)).toBe(id)
  })

  it('lists the candidates of an ambiguous label', () => {
    expect(() => resolveClass('crane')).toThrow('"crane" fits 2 classes of ImageNet: 134 crane; 517 crane.')
    expect(() => resolveClass('terrier')).toThrow(
      /fits \d+ classes .*; and \d+ more\. Give more of the name, or the id\./,
    )
  })

  it('suggests the name a slip of the pen came from', () => {
    expect(() => resolveClass('goldn retreiver')).toThrow(
      'There is no class "goldn retreiver" in ImageNet. Did you mean "golden retriever" (class 207)?',
    )
  })

  it.each(['1000', '-1', '2.5', ''])('refuses %j', (label) => {
    expect(() => resolveClass(label)).toThrow(UsageError)
  })

  it('either finds an existing class or throws a UsageError of bounded length, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), (text) => {
        try {
          expect(classInfo(resolveClass(text)).id).toBeGreaterThanOrEqual(0)
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError)
          expect((error as Error).message.length).toBeLessThan(2000)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('works on the classes of another model', () => {
    const shapes: ClassList = { name: 'Shapes', labels: ['red circle, ball', 'red square'], sensitive: new Set() }
    expect(resolveClass('ball', shapes)).toBe(0)
    expect(resolveClass('square', shapes)).toBe(1)
    expect(() => resolveClass(2, shapes)).toThrow('There is no class 2: the classes of Shapes are 0 to 1.')
    expect(() => resolveClass('red', shapes)).toThrow('0 red circle, ball; 1 red square')
  })
})

describe('resolveClasses', () => {
  it.each([
    ['207,360', [207, 360]],
    ['0-9', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['golden retriever', [207]],
    ['goldfish, otter', [1, 360]],
    ['tench, Tinca tinca', [0]],
    ['tench, Tinca tinca, 5 - 6, goldfish', [0, 5, 6, 1]],
    ['carrier, flattop', [403]],
    ['207,207', [207, 207]],
    [7, [7]],
    [
      ['goldfish', 207, '1-2'],
      [1, 207, 1, 2],
    ],
  ])('reads %j', (spec, ids) => {
    expect(resolveClasses(spec)).toEqual(ids)
  })

  it.each(['9-0', '0-1000', '207,,360', 'goldfish, nonsuch thing'])('refuses %j', (spec) => {
    expect(() => resolveClasses(spec)).toThrow(UsageError)
  })
})
