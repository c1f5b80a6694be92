// The sprites' reader knows the sprites, and refuses what it was not trained on.
import { describe, expect, it } from 'vitest'
import { sharedEngine } from '../../../test/evaluate.ts'
import { fixturePath } from '../../../test/fixtures.ts'
import { spriteClasses, sprites } from '../../data/node/sprites.ts'
import { toBytes } from '../../data/planes.ts'
import type { FeatureReader, RgbBatch } from '../reader.ts'
import { classifierReader, spritesReader } from './sprites-reader.ts'

/** Images of another seed than the classifier's training. */
async function drawn(count: number): Promise<RgbBatch> {
  const data = sprites({ seed: 77 })
  const images = await Promise.all(Array.from({ length: count }, async (_, i) => toBytes((await data.get(i)).image)))
  return { data: Uint8Array.from(images.flatMap((image) => Array.from(image))), shape: [count, 32, 32, 3] }
}

const using = async (test: (reader: FeatureReader) => Promise<void>) => {
  await using reader = await spritesReader(await sharedEngine())
  await test(reader)
}

describe('the reader of the sprites', () => {
  it('recognises them', () =>
    using(async (reader) => {
      const { features, probabilities, spatial } = await reader.read(await drawn(120))
      expect(features.shape).toEqual([120, reader.width])
      expect(probabilities!.shape).toEqual([120, 12])
      expect(spatial).toBeUndefined()
      let right = 0
      for (let i = 0; i < 120; i++) {
        const row = Array.from(probabilities!.data.subarray(i * 12, (i + 1) * 12))
        expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5)
        if (row.indexOf(Math.max(...row)) === i % 12) right++
      }
      expect(right).toBeGreaterThan(115)
    }))

  it('gives every image its own row, whatever it is read with', () =>
    using(async (reader) => {
      const images = await drawn(70) // more than run at once
      const whole = await reader.read(images)
      const size = 32 * 32 * 3
      for (const i of [0, 63, 64, 69]) {
        const alone = await reader.read({ data: images.data.subarray(i * size, (i + 1) * size), shape: [1, 32, 32, 3] })
        expect(alone.features.data).toBeWithinRelative(whole.features.data.subarray(i * 128, (i + 1) * 128), 1e-5)
      }
    }))

  it('says what it is', () =>
    using(async ({ name, width, classes, offers, sha256, preprocessing }) => {
      expect({ name, width, offers, classes }).toEqual({
        name: 'sprites',
        width: 128,
        offers: ['probabilities'],
        classes: spriteClasses,
      })
      expect(sha256).toMatch(/^[0-9a-f]{64}$/)
      expect(preprocessing).toBe('x / 127.5 - 1, at 32 x 32 only')
    }))

  it('refuses images of another size', () =>
    using(async (reader) => {
      const images: RgbBatch = { data: new Uint8Array(64 * 48 * 3), shape: [1, 48, 64, 3] }
      await expect(reader.read(images)).rejects.toThrow('sprites reads images of 32 x 32; these are 64 x 48.')
    }))
})

it('another network is no classifier', async () => {
  const other = classifierReader(await sharedEngine(), fixturePath('var_tiny_dd.pth'), 'classifier')
  await expect(other).rejects.toThrow('var_tiny_dd.pth is no classifier that this project trained.')
})
