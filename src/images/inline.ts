// Images inside a page: a data URI, so that the page is one file that needs nothing else.
import { extname } from 'node:path'
import { readWhole } from '../files/read.ts'

export interface InlineImage {
  /** `data:image/png;base64,...` */
  source: string
  /** In pixels; known of PNG files. */
  width: number | undefined
}

const mediaTypes: Readonly<Record<string, string>> = { '.jpg': 'jpeg', '.jpeg': 'jpeg', '.webp': 'webp' }
const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
/** Signature, length and name of the header, then the width. */
const widthAt = 16
/** Of an image that is put into a page. */
const mostBytes = 2 ** 26

/**
 * The image of a file as a data URI; undefined when the file is gone.
 * @throws what the file system says of a file that is there and cannot be read
 * @example
 * const { source, width } = await inlineImage('sheet.png')
 * const text = `${width} pixels, ${source.slice(0, 22)}`
 * text // '342 pixels, data:image/png;base64,'
 */
export async function inlineImage(path: string): Promise<InlineImage | undefined> {
  const bytes = await readWhole(path, mostBytes).catch((error) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!bytes) return undefined
  const isPng = bytes.subarray(0, pngSignature.length).equals(pngSignature) && bytes.length >= widthAt + 4
  const type = isPng ? 'png' : (mediaTypes[extname(path).toLowerCase()] ?? 'png')
  const width = isPng ? bytes.readUInt32BE(widthAt) : undefined
  return { source: `data:image/${type};base64,${bytes.toString('base64')}`, width }
}
