import sharp from 'sharp'
import { expect, it } from 'vitest'
import { encodePng } from './encode-png.ts'
import { readPngText } from './png-text.ts'

it.each([
  [1, 1],
  [5, 3],
  [256, 256],
])('%i x %i pixels come back as they were, with their texts', async (width, height) => {
  const data = new Uint8Array(3 * width * height).map((_, i) => (i * 37) % 256)
  const png = await encodePng({ width, height, data }, { Comment: 'red', Title: 'Grün' })
  const { data: pixels, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
  expect(info).toMatchObject({ width, height, channels: 3 })
  expect(new Uint8Array(pixels)).toEqual(data)
  expect(Object.fromEntries(readPngText(png))).toEqual({ Comment: 'red', Title: 'Grün' })
})
