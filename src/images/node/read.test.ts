// What PIL reads and what we read are the same bytes, for every kind of file that PIL writes; what is too large or something else
// is refused before it is decoded.
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import images from '../../../test/fixtures/pil_images.json' with { type: 'json' }
import { itWith, linux } from '../../../test/requirements.ts'
import { CheckpointError, UsageError } from '../../core/errors.ts'
import { joined, pngChunk, SIGNATURE } from '../png-text.ts'
import { openImage, readImage, readSettings } from './read.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-images-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

describe('plain pixels', () => {
  it.each(images)("of $name (PIL's mode $mode) are PIL's convert('RGB'), byte for byte", async (golden) => {
    const path = await file(golden.name, Buffer.from(golden.file, 'base64'))
    const read = await readImage(path, { plain: true })
    expect([read.width, read.height]).toEqual([golden.width, golden.height])
    expect(Buffer.from(read.data)).toEqual(Buffer.from(golden.rgb, 'base64'))
  })
})

/** A PNG of zeros, 8 bits RGB, of which only the header matters. */
function png(width: number, height: number, interlaced = false): Uint8Array {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, interlaced ? 1 : 0], 8)
  const chunks = [
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.alloc(64))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]
  return joined([Uint8Array.from(SIGNATURE), ...chunks])
}

describe('what is refused', () => {
  it('is more pixels than are decoded, by the header alone', async () => {
    const most = await openImage(await file('most.png', png(6400, 4096)))
    expect([most.kind, most.width, most.height]).toEqual(['PNG', 6400, 4096])
    for (const [name, bytes] of [
      ['wide.png', png(6400, 4097)],
      ['interlaced.png', png(3072, 4097, true)],
    ] as const) {
      const path = await file(name, bytes)
      await expect(openImage(path)).rejects.toThrow(
        /The image has \d+ x 4097 pixels; at most \d+ are decoded\. Make it smaller/,
      )
      await expect(readImage(path)).rejects.toBeInstanceOf(CheckpointError)
    }
    await expect(openImage(await file('huge.png', png(100_000, 100_000)))).rejects.toThrow(/100000 x 100000 pixels/)
  })

  it('is what only has the name of an image', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4"/></svg>'
    const tiff = await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
      .tiff()
      .toBuffer()
    const gif = await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
      .gif()
      .toBuffer()
    for (const bytes of [svg, tiff, gif, 'RIFF....WAVE', '', '%PDF-1.7']) {
      const path = await file('other.png', bytes)
      await expect(readImage(path)).rejects.toThrow(
        `${path}: The first bytes are those of no PNG, JPEG or WebP file. Expected a PNG, JPEG or WebP file.`,
      )
      await expect(readSettings(path)).rejects.toBeInstanceOf(CheckpointError)
    }
  })

  it('is a file too large to be an image, and what is no file', async () => {
    const path = await file('long.png', png(2, 2))
    await truncate(path, 2 ** 26 + 1)
    await expect(readImage(path)).rejects.toThrow(/has 67108865 bytes; an image file may have 67108864/)
    await expect(readImage(folder)).rejects.toThrow(/it is not a regular file/)
    await expect(readImage(folder)).rejects.toBeInstanceOf(UsageError)
  })
})

describe('names', () => {
  itWith(linux)('need not be text', async () => {
    const bytes = Buffer.concat([Buffer.from(`${folder}/a`), Buffer.from([0xff, 0x1b]), Buffer.from('.png')])
    await writeFile(
      bytes,
      await sharp({ create: { width: 3, height: 2, channels: 3, background: 'red' } })
        .png()
        .toBuffer(),
    )
    expect(await readImage(bytes)).toMatchObject({ width: 3, height: 2 })
    await writeFile(bytes, 'none')
    await expect(readImage(bytes)).rejects.toThrow(`${folder}/a\\xff\\x1b.png: The first bytes`)
  })
})
