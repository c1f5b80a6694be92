import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CheckpointError, EngineError, UsageError } from '../../core/errors.ts'
import { addPngText, readPngText } from '../png-text.ts'
import { toUint8 } from '../rgb.ts'
import { GeneratedImage, type ImageFormat } from './image.ts'
import { readImage, readSettings, toFloat } from './read.ts'

const settings = {
  model: 'var-dd-d16',
  classes: [207],
  className: 'golden retriever & "friend" <Grüße, 画像>',
  seed: 2 ** 53 - 1,
  index: 3,
}
const width = 12
const height = 8
const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 37) % 256)
const image = new GeneratedImage({ data, width, height, settings })
const formats: ImageFormat[] = ['png', 'jpeg', 'webp']

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'images-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('rounding', () => {
  // floor(clamp(255 x + 0.5)) by torch 1.13.1 in float32, halves and their neighbours included.
  test.each([
    [0, 0],
    [0.0019607841968536377, 1],
    [0.0019607844296842813, 1],
    [0.001960745081305504, 0],
    [0.0058823530562222, 2],
    [0.009803921915590763, 3],
    [0.39411765336990356, 101],
    [0.5, 128],
    [0.9980000257492065, 254],
    [0.998039186000824, 255],
    [1, 255],
    [1.2000000476837158, 255],
    [-0.3, 0],
    [Number.POSITIVE_INFINITY, 255],
    [Number.NEGATIVE_INFINITY, 0],
  ])('%f becomes %i', (value, byte) => {
    expect(toUint8(new Float32Array(3).fill(value), 1, 1)).toEqual(new Uint8Array(3).fill(byte))
  })

  test('planes become interleaved pixels, and back', () => {
    const planes = Float32Array.from([10, 11, 20, 21, 30, 31], (byte) => byte / 255)
    const pixels = toUint8(planes, 2, 1)
    expect([...pixels]).toEqual([10, 20, 30, 11, 21, 31])
    expect(toFloat({ data: pixels, width: 2, height: 1 })).toEqual(planes)
  })

  test('a NaN is an error that says where, a wrong size one that says what', () => {
    const planes = new Float32Array(3 * 4)
    planes[4 + 3] = Number.NaN
    expect(() => toUint8(planes, 2, 2)).toThrow(EngineError)
    expect(() => toUint8(planes, 2, 2)).toThrow('NaN at channel 1, row 1, column 1')
    expect(() => toUint8(planes, 3, 2)).toThrow('3 x 2 x 3 hold 18 values, got 12')
    expect(() => new GeneratedImage({ data, width: 5, height: 5 })).toThrow(UsageError)
  })
})

describe.each(formats)('%s', (format) => {
  test('carries its settings and the AI-generated mark, and is a valid image', async () => {
    const path = join(folder, `settings.${format}`)
    await image.save(path)
    expect(await readSettings(path)).toEqual(settings)
    expect((await readFile(path)).includes('AI-generated image')).toBe(true)
    const read = await sharp(path).metadata()
    expect(read).toMatchObject({ format, width, height, channels: 3 })
  })

  test('without metadata holds neither', async () => {
    const path = join(folder, `bare.${format}`)
    await image.save(path, { metadata: false })
    expect(await readSettings(path)).toBeUndefined()
    const bytes = await readFile(path)
    expect(bytes.includes('AI-generated')).toBe(false)
    expect((await sharp(bytes).metadata()).xmp).toBeUndefined()
    if (format === 'png') expect(readPngText(bytes).size).toBe(0)
  })

  test('of an image without settings is marked all the same', async () => {
    const path = join(folder, `unset.${format}`)
    await new GeneratedImage({ data, width, height }).save(path)
    expect(await readSettings(path)).toBeUndefined()
    expect((await readFile(path)).includes('AI-generated image')).toBe(true)
  })
})

test('PNG gives back every byte of the pixels', async () => {
  const path = join(folder, 'exact.png')
  await image.save(path)
  expect(await readImage(path)).toEqual({ data, width, height })
})

test('quality makes JPEG and WebP smaller', async () => {
  for (const format of ['jpeg', 'webp'] as const) {
    expect((await image.encode(format, { quality: 10 })).length).toBeLessThan((await image.encode(format)).length)
  }
})

test('impossible requests are refused before anything is written', async () => {
  await expect(image.save(join(folder, 'a.pgn'))).rejects.toThrow('Did you mean .png?')
  await expect(image.save(join(folder, 'a'))).rejects.toThrow(UsageError)
  await expect(image.encode('bmp' as 'png')).rejects.toThrow('known are png, jpeg, webp')
  await expect(image.encode('png', { quality: 90 })).rejects.toThrow('lossless')
  await expect(image.encode('webp', { quality: 0 })).rejects.toThrow(UsageError)
  const long = new GeneratedImage({ data, width, height, settings: { note: 'x'.repeat(60_000) } })
  await expect(long.encode('jpeg')).rejects.toThrow('too long for a JPEG')
  await long.save(join(folder, 'long.webp'))
  expect(await readSettings(join(folder, 'long.webp'))).toEqual(long.settings)
})

describe('PNG texts', () => {
  test('any text round trips, in tEXt when it is ASCII and iTXt otherwise, and pixels stay', async () => {
    const png = await image.encode('png', { metadata: false })
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
        fc.pre(!text.includes('\0'))
        const texts = { Title: text, Comment: 'plain' }
        const withText = addPngText(png, texts)
        expect(Object.fromEntries(readPngText(withText))).toEqual(texts)
        const info = await sharp(withText).raw().toBuffer()
        expect(new Uint8Array(info)).toEqual(data)
      }),
      { numRuns: 30 },
    )
  })

  test('sharp reads the same texts', async () => {
    const { comments } = await sharp(await image.encode('png')).metadata()
    expect(comments).toContainEqual({ keyword: 'Comment', text: 'AI-generated image' })
    expect(comments).toContainEqual({ keyword: 'distilled-decoding', text: JSON.stringify(settings) })
  })

  test('files that are no PNG, cut off, or changed are refused', async () => {
    const png = await image.encode('png')
    expect(() => readPngText(new Uint8Array(20))).toThrow('not a PNG')
    expect(() => readPngText(png.subarray(0, png.length - 20))).toThrow('ends inside the chunk')
    const changed = png.slice()
    changed[20]! ^= 1
    expect(() => readPngText(changed)).toThrow('checksum of the chunk at byte 8')
    fc.assert(
      fc.property(fc.nat(png.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const broken = png.slice()
        broken[at]! ^= flip
        expect(() => readPngText(broken)).toThrow(CheckpointError)
      }),
    )
  })
})

describe('reading', () => {
  test('what is no image is refused by name; a missing file is a usage error', async () => {
    const path = join(folder, 'notes.png')
    await writeFile(path, 'no image at all')
    await expect(readImage(path)).rejects.toThrow(CheckpointError)
    await expect(readImage(path)).rejects.toThrow(path)
    await expect(readSettings(path)).rejects.toThrow(CheckpointError)
    await expect(readImage(join(folder, 'missing.png'))).rejects.toThrow(UsageError)
    await expect(readSettings(join(folder, 'missing.png'))).rejects.toThrow('no such file')
  })

  test('damaged settings are an error, not an empty answer', async () => {
    const path = join(folder, 'damaged.png')
    const png = await image.encode('png', { metadata: false })
    for (const text of ['{"model":', '[1]', 'null']) {
      await writeFile(path, addPngText(png, { 'distilled-decoding': text }))
      await expect(readSettings(path)).rejects.toThrow(CheckpointError)
    }
  })

  test('size takes the centre square; transparency and grey become RGB', async () => {
    const path = join(folder, 'wide.png')
    const left = { create: { width: 3, height: 4, channels: 3 as const, background: 'red' } }
    await sharp({ create: { width: 10, height: 4, channels: 4, background: '#0000ff' } })
      .composite([{ input: left, left: 0, top: 0 }])
      .png()
      .toFile(path)
    const read = await readImage(path, { size: 4 })
    expect([read.width, read.height]).toEqual([4, 4])
    expect(read.data).toEqual(Uint8Array.from({ length: 48 }, (_, i) => (i % 3 === 2 ? 255 : 0)))
    await sharp({ create: { width: 2, height: 2, channels: 4, background: '#ff000000' } })
      .png()
      .toFile(path)
    expect((await readImage(path)).data).toEqual(new Uint8Array(12))
    await sharp(Buffer.of(7, 8), { raw: { width: 2, height: 1, channels: 1 } })
      .png()
      .toFile(path)
    expect([...(await readImage(path)).data]).toEqual([7, 7, 7, 8, 8, 8])
  })
})
