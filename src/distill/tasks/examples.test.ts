// Which images are held out: a share with a limit, every class on both sides where that can be, the same shuffle otherwise.
import { describe, expect, it } from 'vitest'
import type { LabelledDataset } from '../../data/labels.ts'
import { examples, heldOutOf } from './examples.ts'

/** Images of so many of each class, one after another. */
function dataset(...counts: number[]): LabelledDataset {
  const labels = counts.flatMap((count, label) => new Array<number>(count).fill(label))
  return {
    name: 'toys',
    classes: counts.map(String),
    imageSize: 1,
    size: labels.length,
    labelOf: (index) => labels[index]!,
    get: async (index) => ({ image: new Float32Array(3), label: labels[index]! }),
  }
}

const share = { seed: 0, heldOut: 960, heldOutShare: 0.1 }

function sides(data: LabelledDataset, options = share) {
  const { heldOut, count, index } = examples(data, options)
  const trained = Array.from({ length: count }, (_, n) => index(n))
  return { heldOut, trained, labels: [heldOut, trained].map((side) => new Set(side.map(data.labelOf)).size) }
}

describe('how much is held out', () => {
  it.each([
    [2, 1],
    [9, 1],
    [60, 6],
    [9600, 960],
    [1_000_000, 960],
  ])('of %i examples: %i', (count, expected) => {
    expect(heldOutOf(count, share, 'toys')).toBe(expected)
  })

  it('one example cannot be both', () => {
    expect(() => examples(dataset(1), share)).toThrow(
      'toys has too few examples (1) to train on some and hold out others',
    )
  })
})

describe('which are held out', () => {
  it('every image is on one side', () => {
    for (const data of [dataset(20, 20, 20), dataset(1, 1, 1, 57), dataset(2), dataset(1, 1)]) {
      const { heldOut, trained } = sides(data)
      expect([...heldOut, ...trained].sort((a, b) => a - b)).toEqual([...new Array(data.size).keys()])
    }
  })

  it('every class is held out and trained on, whatever the seed', () => {
    for (let seed = 0; seed < 50; seed++) {
      expect(sides(dataset(20, 20, 20), { ...share, seed }).labels).toEqual([3, 3])
      expect(sides(dataset(50, 5, 5), { ...share, seed }).labels).toEqual([3, 3])
    }
  })

  it('a class of one image is trained on', () => {
    for (let seed = 0; seed < 50; seed++) expect(sides(dataset(30, 1, 1), { ...share, seed }).labels).toEqual([1, 3])
  })

  it('of more classes than are held out, as many as fit', () => {
    expect(sides(dataset(4, 4, 4, 4, 4)).labels).toEqual([2, 5])
  })

  it('an order that has every class on both sides is left as the seed shuffled it', () => {
    const { labelOf: _, ...unlabelled } = dataset(300, 300)
    expect(examples(dataset(300, 300), share).heldOut).toEqual(examples(unlabelled, share).heldOut)
  })
})
