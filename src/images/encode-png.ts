// Writes a PNG file of 8-bit RGB pixels without an image library, for pages: rows without filters, deflated by the
// platform. A canvas could do it, but browsers that guard against fingerprinting change what is read from one.

import { joined, pngChunk, SIGNATURE, textChunk } from './png-text.ts'
import type { RgbImage } from './rgb.ts'

const RGB = 2

/**
 * The bytes of a PNG file with texts in it.
 * @param texts keywords of 1 to 79 Latin-1 characters, texts of any characters but NUL
 * @example
 * (await encodePng({ width: 1, height: 1, data: Uint8Array.of(255, 0, 0) }, { Comment: 'red' })).length > 60 // true
 */
export async function encodePng(
  { width, height, data }: RgbImage,
  texts: Readonly<Record<string, string>> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const head = new Uint8Array(13)
  const view = new DataView(head.buffer)
  view.setUint32(0, width)
  view.setUint32(4, height)
  head.set([8, RGB, 0, 0, 0], 8)
  const row = 3 * width
  const rows = new Uint8Array(height * (1 + row)) // a zero before each row means "no filter"
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * row, (y + 1) * row), y * (1 + row) + 1)
  return joined([
    Uint8Array.from(SIGNATURE),
    pngChunk('IHDR', head),
    ...Object.entries(texts).map(([key, text]) => textChunk(key, text)),
    pngChunk('IDAT', await deflated(rows)),
    pngChunk('IEND', new Uint8Array(0)),
  ])
}

/** In zlib's format, as PNG has it. */
async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}
