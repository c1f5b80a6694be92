// The drawn data set: the same image whatever else is drawn, balanced classes, figures that stand out, real variety.
import { describe, expect, it } from 'vitest'
import { readBatch } from '../dataset.ts'
import { figures } from '../sprites/figures.ts'
import { spriteClasses, spriteSvg, sprites } from './sprites.ts'

const data = sprites({ seed: 0 })
const perClass = 12
const indicesOf = (label: number) => Array.from({ length: perClass }, (_, i) => label + i * spriteClasses.length)
const pixelsOf = (label: number) => Promise.all(indicesOf(label).map(async (index) => (await data.get(index)).image))
const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length
const distance = (a: Float32Array, b: Float32Array) => mean(a.map((value, i) => Math.abs(value - b[i]!)))

describe('sprites', () => {
  it('draws the same image alone, again, and in another order', async () => {
    const forward = await readBatch(data, [0, 1, 2, 3, 4, 5])
    const backward = await readBatch(sprites({ seed: 0 }), [5, 4, 3, 2, 1, 0])
    const size = forward.images.length / 6
    for (let i = 0; i < 6; i++) {
      const image = forward.images.subarray(i * size, (i + 1) * size)
      expect(backward.images.subarray((5 - i) * size, (6 - i) * size)).toEqual(image)
      expect((await data.get(i)).image).toEqual(image)
    }
  })

  it('draws other images for another seed', async () => {
    expect(spriteSvg({ seed: 1, index: 41, imageSize: 32 })).not.toBe(spriteSvg({ seed: 0, index: 41, imageSize: 32 }))
    expect(distance((await sprites({ seed: 1 }).get(41)).image, (await data.get(41)).image)).toBeGreaterThan(0.05)
  })

  it('has as many images of every class, and knows a label without drawing', async () => {
    const { labels } = await readBatch(
      data,
      Array.from({ length: 24 }, (_, i) => i),
    )
    expect(labels).toEqual([...spriteClasses.keys(), ...spriteClasses.keys()])
    expect(labels.map((_, index) => data.labelOf(index))).toEqual(labels)
    expect(data).toMatchObject({ imageSize: 32, size: 1_000_000 })
    expect(spriteClasses).toHaveLength(12)
  })

  it.each([...spriteClasses.entries()])('class %i, %s: pixels in [-1, 1], contrast, variety', async (label) => {
    const images = await pixelsOf(label)
    for (const image of images) {
      expect(image).toHaveLength(3 * 32 * 32)
      expect(image.every((value) => value >= -1 && value <= 1)).toBe(true)
      const average = mean(image)
      expect(Math.abs(average)).toBeLessThan(0.8)
      // The standard deviation: 0 for a blank image, 1 for one half black and half white.
      expect(Math.sqrt(mean(image.map((value) => (value - average) ** 2)))).toBeGreaterThan(0.2)
    }
    const pairs = images.flatMap((a, i) => images.slice(i + 1).map((b) => distance(a, b)))
    expect(Math.min(...pairs)).toBeGreaterThan(0.02)
    expect(mean(pairs)).toBeGreaterThan(0.2)
  })

  it('draws 200 different images of every class, half of them mirrored where a figure has a side', () => {
    const drawings = (label: number) =>
      Array.from({ length: 200 }, (_, i) => spriteSvg({ seed: 3, index: label + 12 * i, imageSize: 32 }))
    for (const [label, name] of spriteClasses.entries()) {
      const { mirrored } = figures[name]!
      const all = drawings(label)
      expect(new Set(all).size).toBe(all.length)
      const flipped = all.filter((svg) => svg.includes('scale(-')).length
      expect(flipped).toBeGreaterThanOrEqual(mirrored ? 70 : 0)
      expect(flipped).toBeLessThanOrEqual(mirrored ? 130 : 0)
    }
  })

  it('scales as a drawing does: 64 pixels averaged in squares are the 32-pixel image', async () => {
    const large = (await sprites({ seed: 0, imageSize: 64 }).get(41)).image
    const at = (i: number) => {
      const plane = Math.floor(i / 1024)
      const y = Math.floor(i / 32) % 32
      const x = i % 32
      const corner = plane * 4096 + 2 * y * 64 + 2 * x
      return (large[corner]! + large[corner + 1]! + large[corner + 64]! + large[corner + 65]!) / 4
    }
    const { image } = await data.get(41)
    expect(
      distance(
        image,
        image.map((_, i) => at(i)),
      ),
    ).toBeLessThan(0.03)
  })

  it('refuses what is no index', async () => {
    await expect(readBatch(data, [1_000_000])).rejects.toThrow('sprites has images 0 to 999999, got index 1000000.')
    await expect(data.get(-1)).rejects.toThrow('An image index must be a whole number')
  })
})
