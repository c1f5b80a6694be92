// Key-value texts in a PNG file: tEXt chunks for Latin-1, iTXt for everything else (PNG specification, third edition,
// section 11.3.3). sharp can read them but not write them. No pixel is decoded here.
import { crc32 } from '../core/crc32.ts'
import { CheckpointError } from '../core/errors.ts'

/** The first bytes of every PNG file. */
export const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
const latin1 = new TextDecoder('latin1')
const utf8 = new TextDecoder()
const encoder = new TextEncoder()

/** The settings of an image have some 300 bytes. */
const maxTextBytes = 2 ** 16

interface Chunk {
  type: string
  /** Where the chunk's length field starts. */
  start: number
  data: Uint8Array
}

/** Whether the bytes start as a PNG file does. */
export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte)
}

/**
 * All uncompressed texts of a PNG file by keyword.
 * @throws CheckpointError when the file is not a PNG file, or is damaged
 * @example
 * readPngText(await readFile('000000.png')).get('Comment')
 */
export function readPngText(png: Uint8Array): Map<string, string> {
  const texts = new Map<string, string>()
  for (const chunk of chunks(png)) {
    const key = keywordOf(chunk)
    const text = key && textOf(chunk, key)
    if (key && text !== undefined) texts.set(key, text)
  }
  return texts
}

/** The keyword of a chunk, which has 1 to 79 characters; undefined when it holds no text. */
function keywordOf({ type, data }: Chunk): string | undefined {
  if (type !== 'tEXt' && type !== 'iTXt') return undefined
  const end = data.subarray(0, 80).indexOf(0)
  return end > 0 ? latin1.decode(data.subarray(0, end)) : undefined
}

/** The text of a chunk with that keyword; undefined when it is compressed. */
function textOf({ type, data }: Chunk, keyword: string): string | undefined {
  const keyEnd = keyword.length
  if (data.length > maxTextBytes) {
    throw new CheckpointError(
      `The text "${keyword}" of this PNG file has ${data.length} bytes, expected at most ${maxTextBytes}.`,
    )
  }
  if (type === 'tEXt') return latin1.decode(data.subarray(keyEnd + 1))
  if (data[keyEnd + 1] !== 0) return undefined
  const languageEnd = data.indexOf(0, keyEnd + 3)
  return utf8.decode(data.subarray(data.indexOf(0, languageEnd + 1) + 1))
}

/**
 * The uncompressed text with that keyword. Only chunks before the pixel data are read: `addPngText` writes there.
 * @throws CheckpointError when the file is not a PNG file, or is damaged before the pixel data
 * @example
 * findPngText(await readFile('000000.png'), 'Comment') // 'AI-generated image'
 */
export function findPngText(png: Uint8Array, keyword: string): string | undefined {
  for (const chunk of chunks(png)) {
    if (chunk.type === 'IDAT') return undefined
    if (keywordOf(chunk) !== keyword) continue
    const text = textOf(chunk, keyword)
    if (text !== undefined) return text
  }
  return undefined
}

/**
 * The PNG file with `texts` added before its first pixel data; texts it already holds stay.
 * @param texts keywords of 1 to 79 Latin-1 characters, texts of any characters but NUL
 * @throws CheckpointError when the file is not a PNG file, or is damaged
 * @example
 * addPngText(png, { Comment: 'AI-generated image' })
 */
export function addPngText(png: Uint8Array, texts: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const first = [...chunks(png)].find((chunk) => chunk.type === 'IDAT')
  if (!first) throw new CheckpointError('This PNG file has no pixel data.')
  const added = Object.entries(texts).map(([key, text]) => textChunk(key, text))
  return joined([png.subarray(0, first.start), ...added, png.subarray(first.start)])
}

/** Printable ASCII is the same in Latin-1 and UTF-8, so only the rest needs iTXt. */
export function textChunk(key: string, text: string): Uint8Array {
  const plain = /^[\n\x20-\x7e]*$/.test(text)
  return pngChunk(plain ? 'tEXt' : 'iTXt', encoder.encode(plain ? `${key}\0${text}` : `${key}\0\0\0\0\0${text}`))
}

/** Length, type, data and checksum. */
export function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const chunk = joined([new Uint8Array(4), encoder.encode(type), data, new Uint8Array(4)])
  const view = new DataView(chunk.buffer)
  view.setUint32(0, data.length)
  view.setUint32(8 + data.length, crc32(chunk.subarray(4, -4)))
  return chunk
}

export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function* chunks(png: Uint8Array): Generator<Chunk> {
  if (!isPng(png)) throw new CheckpointError('This is not a PNG file.')
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  for (let start = SIGNATURE.length; start < png.length; ) {
    const length = start + 12 <= png.length ? view.getUint32(start) : Number.POSITIVE_INFINITY
    const end = start + 12 + length
    if (end > png.length) throw new CheckpointError(`This PNG file ends inside the chunk at byte ${start}.`)
    if (crc32(png.subarray(start + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw new CheckpointError(`This PNG file is damaged: the checksum of the chunk at byte ${start} is wrong.`)
    }
    const type = latin1.decode(png.subarray(start + 4, start + 8))
    yield { type, start, data: png.subarray(start + 8, end - 4) }
    if (type === 'IEND') return
    start = end
  }
}
