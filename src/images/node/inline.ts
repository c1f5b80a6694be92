// Images inside a page: a data URI, so that the page is one file that needs nothing else. A page may be given to others, so a file is
// only put into it when its first bytes are those of an image and it is in the named folder after links are followed.
import { realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { readWhole, UnreadableError } from '../../files/read.ts'
import { kindOf } from './read.ts'

export interface InlineImage {
  /** `data:image/png;base64,...` */
  source: string
  /** In pixels; only known for PNG files. */
  width: number | undefined
}

/** Signature, length and name of the header, then the width. */
const widthAt = 16
/** The most bytes of an image that is put into a page. */
const mostBytes = 2 ** 26

/**
 * The image `folder`/`name` as a data URI; undefined when the file is gone.
 * @throws UnreadableError when it is outside of the folder, not a regular file, too large, or not a PNG, JPEG or WebP image; the
 * file system's error when it exists but cannot be read
 * @example
 * const { source, width } = await inlineImage('.', 'sheet.png')
 * const text = `${width} pixels, ${source.slice(0, 22)}`
 * text // '342 pixels, data:image/png;base64,'
 */
export async function inlineImage(folder: string, name: string): Promise<InlineImage | undefined> {
  const path = join(folder, name)
  const bytes = await readInside(folder, path).catch((error) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!bytes) return undefined
  const kind = kindOf(bytes)
  if (!kind) throw new UnreadableError(path, 'is not a PNG, JPEG or WebP image')
  const width = kind === 'PNG' && bytes.length >= widthAt + 4 ? bytes.readUInt32BE(widthAt) : undefined
  return { source: `data:image/${kind.toLowerCase()};base64,${bytes.toString('base64')}`, width }
}

async function readInside(folder: string, path: string): Promise<Buffer> {
  const outer = await realpath(folder)
  const real = await realpath(path)
  const start = outer.endsWith(sep) ? outer : `${outer}${sep}`
  if (!real.startsWith(start)) throw new UnreadableError(path, 'lies outside of the folder that names it')
  return readWhole(real, mostBytes)
}
